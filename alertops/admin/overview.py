"""The overview: is anything wrong that nobody has taken?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from alertops import health
from alertops.admin.duty import duty
from alertops.admin.standing import row, standing
from alertops.admin.traffic import traffic
from alertops.lib.display import Tone, clock, page_of
from alerts import operations
from alerts.logic.lifecycle import Act, Action, Actor, InvalidTransition
from alerts.models import Alert, EscalationPolicy
from integrations.models import InboundMessage, Integration

RESPOND = "alerts.respond_alert"
CONFIGURE = "integrations.change_integration"


@dataclass(frozen=True)
class Notice:
    """Something a person should know, and where to see to it."""

    tone: Tone
    text: str
    url: str = ""
    act: str = ""


@dataclass(frozen=True)
class Step:
    """One of the three first things to do in a new installation."""

    title: str
    text: str
    url: str
    act: str
    is_done: bool
    is_next: bool = False


@dataclass(frozen=True)
class Part:
    """A part of the page that refreshes by itself.

    build: what its template needs.  permissions: one of these is asked for.  every: seconds.
    """

    build: Callable[[HttpRequest, datetime], dict[str, Any]]
    template: str
    permissions: tuple[str, ...]
    every: int

    def is_for(self, request: HttpRequest) -> bool:
        return any(request.user.has_perm(permission) for permission in self.permissions)


def overview(request: HttpRequest) -> dict[str, Any]:
    """Return what the overview shows, of what this person may see."""
    now = clock()
    if steps := _steps(request):
        notices = [*_health_notices(request, now), *_mail_notices()]
        return {"steps": steps, "notices": notices, "now": now, "parts": []}
    context: dict[str, Any] = {"now": now, "parts": [], "steps": []}
    for name, part in PARTS.items():
        if part.is_for(request):
            context |= part.build(request, now)
            context["parts"].append((name, part))
    return context


def part_view(request: HttpRequest, part: str) -> HttpResponse:
    """Show one part anew."""
    if part not in PARTS:
        raise Http404
    wanted, now = PARTS[part], clock()
    if not wanted.is_for(request):
        raise PermissionDenied
    context = {**wanted.build(request, now), "now": now, "is_part": True}
    return TemplateResponse(request, wanted.template, context)


def acknowledge_view(request: HttpRequest, number: int) -> HttpResponse:
    """Take an alert from its row, and show the row and the first sentence as they are then."""
    alert = Alert.objects.filter(pk=number).first()
    if alert is None:
        raise Http404(_("There is no such alert; it may have been deleted."))
    if not (request.user.has_perm("alerts.view_alert") and request.user.has_perm(RESPOND)):
        raise PermissionDenied
    now = clock()
    actor = Actor(label=str(request.user), via="admin", user_id=request.user.pk)
    try:
        said = operations.act(number, Act(action=Action.ACKNOWLEDGE, actor=actor), now=now).sentence
    except InvalidTransition as refusal:
        said = str(refusal)
    if "HX-Request" not in request.headers:
        messages.info(request, said)
        return HttpResponseRedirect(reverse("admin:index"))
    alert = Alert.objects.for_list().get(pk=number)
    shown = {"row": row(alert, now, request.user), "said": said, "has_acted": True}  # type: ignore[arg-type]
    return TemplateResponse(
        request, "admin/overview/acknowledged.html", {**_alerts(request, now), **shown, "is_part": True}
    )


# The parts


def _alerts(request: HttpRequest, now: datetime) -> dict[str, Any]:
    complaints = list(_health_notices(request, now))
    mails = _mail_notices() if request.user.has_perm(CONFIGURE) else []
    return {
        **standing(now, request.user, is_well=not complaints),  # type: ignore[arg-type]
        "notices": [*complaints, *mails],
        "may_respond": request.user.has_perm(RESPOND),
    }


PARTS = {
    "alerts": Part(_alerts, "admin/overview/alerts.html", ("alerts.view_alert",), every=5),
    "duty": Part(duty, "admin/overview/duty.html", ("alerts.view_schedule",), every=30),
    "day": Part(
        traffic,
        "admin/overview/day.html",
        ("integrations.view_inboundmessage", "alerts.view_notification"),
        every=30,
    ),
}


# The installation


def _health_notices(request: HttpRequest, now: datetime) -> Iterator[Notice]:
    sees_health = request.user.has_perm(CONFIGURE)
    url, act = (reverse("admin:health"), _("What to do")) if sees_health else ("", "")
    for reading in health.readings(now):
        if reading.reason:
            yield Notice(Tone.RED, reading.reason, url, act)


def _mail_notices() -> Iterator[Notice]:
    if not settings.EMAIL_URL:
        yield Notice(
            Tone.AMBER,
            _("Mails reach nobody yet: they are written to %(folder)s. Set EMAIL_URL to send them.")
            % {"folder": settings.MAIL_FOLDER},
        )


def _steps(request: HttpRequest) -> list[Step]:
    """Return the three first steps, for who can go them, until a delivery or an alert is there."""
    if not request.user.has_perm(CONFIGURE) or InboundMessage.objects.exists() or Alert.objects.exists():
        return []
    steps = list(_three_steps())
    following = next(step for step in steps if not step.is_done)
    return [replace(step, is_next=step is following) for step in steps]


def _three_steps() -> Iterator[Step]:
    integration = Integration.objects.first()
    yield from [
        Step(
            _("Say who is told"),
            _("A policy says who is told about an alert, in which order, and how long each step waits."),
            reverse("admin:alerts_escalationpolicy_add"),
            _("Add a policy"),
            EscalationPolicy.objects.filter(steps__isnull=False).exists(),
        ),
        Step(
            _("Add an integration"),
            _("It gives you a secret URL. Whatever is posted to it is recorded and understood by its rules."),
            reverse("admin:integrations_integration_add"),
            _("Add API integration"),
            integration is not None,
        ),
        Step(
            _("Send the first delivery"),
            _("Give the URL to Bitbucket, Grafana or any tool that posts JSON, or send the sample data."),
            page_of(integration) if integration else "",
            _("Open the integration"),
            is_done=False,
        ),
    ]
