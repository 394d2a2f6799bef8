"""What the page of an integration begins with: how it is doing, its URL, and who is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from alertops.lib import durations
from alertops.lib.wording import worded
from alerts.models import Alert, EscalationStep
from integrations import operations
from integrations.admin.doing import Doing, doing_of
from integrations.admin.setup import Setup, setup_of
from integrations.logic import payload, pipeline, trace
from integrations.models import InboundMessage, Integration

MOST_COUNTED = 1000
MOST_NAMES, MOST_STEPS = 6, 6  # that are read
MOST_SHOWN = 4


@dataclass(frozen=True)
class Above:
    """What stands there.

    last: the newest delivery.  living_count: its alerts that are not closed.  reading: what the rules make
    of the sample, in a sentence.
    """

    setup: Setup
    doing: Doing
    last: InboundMessage | None
    living_count: int
    told: str
    reading: str
    old_url_until: datetime | None


def above(integration: Integration, request: HttpRequest, now: datetime) -> Above:
    doing = doing_of(integration, now)
    expires_at = integration.previous_token_expires_at
    return Above(
        setup=setup_of(integration, request),
        doing=doing,
        last=InboundMessage.objects.filter(integration=integration).defer("body", "headers").first(),
        living_count=Alert.objects.not_closed()
        .filter(integration=integration)
        .order_by()[:MOST_COUNTED]
        .count(),
        told=_told(integration),
        reading=reading(integration),
        old_url_until=expires_at if expires_at and expires_at > now else None,
    )


def _told(integration: Integration) -> str:
    """Say who is told, step by step; empty when nobody is."""
    recipients = [
        *integration.recipient_users.all()[:MOST_NAMES],
        *integration.recipient_teams.all()[:MOST_NAMES],
    ]
    steps = EscalationStep.objects.filter(policy=integration.escalation_policy_id or 0)
    rows = list(steps.prefetch_related("users", "teams").order_by("position", "id")[:MOST_STEPS])
    told = [] if any(step.tells_recipients for step in rows) or not recipients else [_names(recipients)]
    for step in rows:
        names = _names([*step.users.all(), *step.teams.all(), *(recipients if step.tells_recipients else ())])
        names = names or (_("the owner") if step.tells_owner else _("nobody"))
        if step.wait:
            names = _("%(names)s after %(wait)s") % {"names": names, "wait": durations.spell(step.wait)}
        told.append(names)
    if not told:
        return ""
    text = _(", then ").join(told[:MOST_SHOWN])
    more = _(" and so on.") if len(told) > MOST_SHOWN else "."
    return f"{text}{more}"


def _names(people: list[Any]) -> str:
    names = list(map(str, people[:MOST_SHOWN]))
    if len(people) > MOST_SHOWN:
        return _("%(names)s and others") % {"names": ", ".join(names)}
    return get_text_list(names, _("and"))


def reading(integration: Integration) -> str:
    """Say what the rules as they are now make of the sample; nothing is done."""
    if not integration.sample_body:
        return ""
    try:
        decoded = payload.decode(
            integration.sample_body.encode(), content_type="", headers=integration.sample_headers
        )
    except payload.UnreadableBody as error:
        return worded(str(error))
    return worded(trace.sentence(pipeline.evaluate(decoded, operations.config_of(integration))))
