"""The live part of the set-up page: waits for a delivery, and turns into it when it comes.

The page asks every second. As long as nothing has changed the answer is empty, so that nothing on the page
moves; it stops when the delivery has come, and after ten minutes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from alertops.lib.admin import may
from alertops.lib.display import clock, exact
from integrations import operations
from integrations.logic.outcome import Reason, Status
from integrations.models import InboundMessage, Integration, UnmatchedDelivery

PATIENCE = timedelta(minutes=10)
LATE = timedelta(seconds=10)  # after this a delivery should have been processed
WAITING = (Status.PENDING, Status.PROCESSING)
LARGEST = 2**63 - 1


class State(StrEnum):
    WAITING = "waiting"
    ASTRAY = "astray"  # something came to a URL that nobody has
    REFUSED = "refused"
    RECEIVED = "received"
    LATE = "late"  # received, and still not processed
    CAME = "came"
    FAILED = "failed"  # came, and could not be mapped
    STOPPED = "stopped"


LOOKS_ON = frozenset({State.WAITING, State.ASTRAY, State.REFUSED, State.RECEIVED, State.LATE})


@dataclass(frozen=True)
class Arrival:
    """What there is to see.

    after: the last delivery before the wait began.  began: when that was.
    row: the delivery, or the one that went astray.  may_alert: the reader may see alerts.
    may_change: the reader may mend the integration.
    """

    integration: Integration
    state: State
    after: int
    began: datetime
    row: Any
    now: datetime
    may_alert: bool
    may_change: bool

    @property
    def shows(self) -> str:
        """A name for what is shown; while it is the same, the page has nothing new to show."""
        return f"{self.state}-{self.row.pk if self.row else 0}"

    @property
    def looks_on(self) -> bool:
        return self.state in LOOKS_ON

    @property
    def url(self) -> str:
        address = reverse("admin:integrations_integration_arrival", args=[self.integration.pk])
        began = int(self.began.timestamp())
        return f"{address}?{urlencode({'after': self.after, 'began': began, 'shows': self.shows})}"

    @property
    def looked(self) -> str:
        return _("Looked at %(time)s.") % {"time": exact(self.now)}

    @property
    def sentence(self) -> str:
        return operations.sentence(self.row)

    @property
    def alert_id(self) -> int | None:
        return self.row.alert_id if self.may_alert else None

    @property
    def is_unsigned(self) -> bool:
        return self.row.reason == Reason.BAD_SIGNATURE

    @property
    def is_off(self) -> bool:
        return self.row.reason == Reason.DISABLED

    @property
    def is_ours(self) -> bool:
        """Whether what went astray was posted to a URL that begins like this one."""
        return bool(self.row.token_hint) and self.integration.token.startswith(self.row.token_hint)


def begin(integration: Integration, request: HttpRequest, now: datetime) -> Arrival | None:
    """Begin to wait for what comes next; nothing for who may not see deliveries."""
    if not request.user.has_perm("integrations.view_inboundmessage"):
        return None
    newest = InboundMessage.objects.filter(integration=integration).values_list("pk", flat=True).first()
    return _look(integration, request, after=newest or 0, began=now, now=now)


def answer(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Answer the page that waits: what has come, or nothing."""
    integration = page.get_viewable(request, str(number))
    if not request.user.has_perm("integrations.view_inboundmessage"):
        raise PermissionDenied
    now = clock()
    began = min(now, datetime.fromtimestamp(_number(request, "began", most=2**32), UTC))
    after = _number(request, "after", most=LARGEST)
    found = _look(integration, request, after=after, began=began, now=now)
    looked = {"X-Looked": quote(found.looked), "Cache-Control": "no-store"}
    if found.shows == request.GET.get("shows"):
        return HttpResponse(status=204, headers=looked)
    return TemplateResponse(request, "admin/integrations/arrival.html", {"arrival": found}, headers=looked)


def _look(
    integration: Integration, request: HttpRequest, *, after: int, began: datetime, now: datetime
) -> Arrival:
    state, row = _found(integration, after, began, now)
    may_alert = request.user.has_perm("alerts.view_alert")
    may_change = may(request, "integrations.change_integration", integration)
    return Arrival(integration, state, after, began, row, now, may_alert, may_change)


def _found(integration: Integration, after: int, began: datetime, now: datetime) -> tuple[State, Any]:
    """Return how it stands: the first delivery that was taken, else the last that was not."""
    rows = InboundMessage.objects.filter(integration=integration, pk__gt=after).defer("body", "headers")
    taken = rows.exclude(status=Status.REFUSED).order_by("pk").first()
    if taken:
        return _state_of(taken, now), taken
    if now - began > PATIENCE:
        return State.STOPPED, None
    refused = rows.order_by("-pk").first()
    if refused:
        return State.REFUSED, refused
    astray = UnmatchedDelivery.objects.filter(received_at__gte=began).first()
    return (State.ASTRAY, astray) if astray else (State.WAITING, None)


def _state_of(message: InboundMessage, now: datetime) -> State:
    if message.status in WAITING:
        return State.LATE if now - message.received_at > LATE else State.RECEIVED
    return State.FAILED if message.status == Status.MAPPING_FAILED else State.CAME


def _number(request: HttpRequest, name: str, *, most: int) -> int:
    text = request.GET.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 20 else 0
