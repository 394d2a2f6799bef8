"""The overview: is anything wrong that nobody has taken?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, Max, Min, Q, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alertops import health
from alertops.lib.display import Tone, clock, list_of, page_of
from alerts.logic import lifecycle
from alerts.logic.event import Severity
from alerts.models import Alert, Escalation, EscalationPolicy, Notification
from integrations.logic import outcome
from integrations.models import InboundMessage, Integration, UnmatchedDelivery

MOST_ALERTS = 10
# Today's deliveries are counted among the newest only: the page costs the same on the worst day.
MOST_DELIVERIES = 10_000
RECENT = timedelta(days=1)


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


def overview(request: HttpRequest) -> dict[str, Any]:
    """Return what the overview shows, of what this person may see."""
    now = clock()
    may = request.user.has_perm
    context: dict[str, Any] = {"now": now, "notices": [*_health_notices(now)]}
    if may("alerts.view_alert"):
        context |= _alerts(is_well=not context["notices"])
        context["notices"] += _untaken_notices()
    if may("integrations.view_inboundmessage"):
        context |= _deliveries(now)
    if may("alerts.view_notification"):
        context["notices"] += _failure_notices(now)
    if may("integrations.change_integration"):
        context["notices"] += [*_mail_notices(), *_unmatched_notices(now)]
        context["steps"] = _steps()
    return context


# Alerts


def _alerts(*, is_well: bool) -> dict[str, Any]:
    is_open, is_awake = Q(status=lifecycle.Status.OPEN), Q(snoozed_until=None)
    found = Alert.objects.not_closed().aggregate(
        open=Count("id", filter=is_open & is_awake),
        acknowledged=Count("id", filter=Q(status=lifecycle.Status.ACKNOWLEDGED) & is_awake),
        snoozed=Count("id", filter=~is_awake),
        oldest=Min("opened_at", filter=is_open & is_awake),
    )
    rows = Alert.objects.open().filter(is_awake).select_related("integration")
    worst_first = rows.order_by(Case(*_BY_SEVERITY), "-id")[:MOST_ALERTS]
    return {
        "found": found,
        "open_alerts": worst_first,
        "answer": _answer(found, is_well=is_well),
        "is_bad": bool(found["open"]) or not is_well,
    }


_BY_SEVERITY = [When(severity=severity, then=-severity.rank) for severity in Severity]


def _answer(found: dict[str, Any], *, is_well: bool) -> str:
    """Answer in one sentence whether anything is wrong that nobody has taken."""
    if found["open"]:
        return ngettext(
            "%d alert is open and nobody has taken it.",
            "%d alerts are open and nobody has taken them.",
            found["open"],
        ) % (found["open"],)
    if not is_well:
        return _("No alert is open, but alertops itself is not well: it may not know what is wrong.")
    if found["acknowledged"] or found["snoozed"]:
        return _("Nothing is left lying: somebody has taken each alert.")
    return _("Nothing is wrong.")


def _untaken_notices() -> Iterator[Notice]:
    """Alerts whose policy is used up, and nobody took them."""
    exhausted = Escalation.objects.live().filter(status=Escalation.Status.EXHAUSTED)
    for escalation in exhausted.select_related("alert").order_by("id")[:5]:
        yield Notice(
            Tone.RED,
            _("Everybody in the policy was told about #%(number)d “%(subject)s”, and nobody took it.")
            % {"number": escalation.alert_id, "subject": escalation.alert.subject},
            page_of(escalation.alert),
            _("Open the alert"),
        )


# Deliveries and notifications


def _deliveries(now: datetime) -> dict[str, Any]:
    """Count today's deliveries by status, by the reader's day."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    newest = InboundMessage.objects.aggregate(Max("id"))["id__max"] or 0
    today = InboundMessage.objects.filter(id__gt=newest - MOST_DELIVERIES, received_at__gte=midnight)
    counts = dict(today.order_by().values_list("status").annotate(Count("id")))
    labels = dict(InboundMessage._meta.get_field("status").flatchoices)
    return {
        "has_deliveries": bool(newest),
        "delivery_count": sum(counts.values()),
        "deliveries": [
            {"label": labels[name], "count": counts[name], "url": list_of(InboundMessage, status=name)}
            for name in outcome.Status
            if name in counts
        ],
    }


def _failure_notices(now: datetime) -> Iterator[Notice]:
    failed = Notification.objects.filter(status=Notification.Status.FAILED, created_at__gte=now - RECENT)
    count = failed[:100].count()
    if count:
        yield Notice(
            Tone.RED,
            ngettext(
                "%d notification of the last day could not be sent.",
                "%d notifications of the last day could not be sent.",
                count,
            )
            % (count,),
            list_of(Notification, status=Notification.Status.FAILED),
            _("See why"),
        )


# The installation


def _health_notices(now: datetime) -> Iterator[Notice]:
    for reading in health.readings(now):
        if reading.reason:
            yield Notice(Tone.RED, reading.reason)


def _mail_notices() -> Iterator[Notice]:
    if not settings.EMAIL_URL:
        yield Notice(
            Tone.AMBER,
            _("Mails reach nobody yet: they are written to %(folder)s. Set EMAIL_URL to send them.")
            % {"folder": settings.MAIL_FOLDER},
        )


def _unmatched_notices(now: datetime) -> Iterator[Notice]:
    count = UnmatchedDelivery.objects.filter(received_at__gte=now - RECENT).count()
    if count:
        yield Notice(
            Tone.AMBER,
            ngettext(
                "%d delivery of the last day went to a URL that no integration has.",
                "%d deliveries of the last day went to a URL that no integration has.",
                count,
            )
            % (count,),
            list_of(UnmatchedDelivery),
            _("See from where"),
        )


def _steps() -> list[Step]:
    """Return the three first steps, until a delivery has arrived."""
    if InboundMessage.objects.exists():
        return []
    integration = Integration.objects.first()
    return [
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
