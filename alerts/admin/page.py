"""What the page of one alert tells: how it stands, who was told, who is next, what happened."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alertops.lib.display import link, page_of, when
from alerts.logic.lifecycle import Status
from alerts.models import Alert, Escalation
from alerts.operations import forecast, links

MOST_LINES = 200
MOST_NOTIFICATIONS = 50
MOST_MESSAGES = 20


def contents(alert: Alert, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return what the page shows beside the alert's own columns; a fixed number of queries."""
    live = Escalation.objects.live().filter(alert=alert).first()
    acknowledgers = list(alert.acknowledgers.all())
    return {
        "now": now,
        "sentence": sentence(alert, now),
        "counted": _counted(alert, now),
        "is_exhausted": live is not None and live.status == Escalation.Status.EXHAUSTED,
        "upcoming": forecast.upcoming(alert, now=now),
        "source_url": alert.source_url if links.is_web(alert.source_url) else "",
        "runbook_url": alert.runbook_url if links.is_web(alert.runbook_url) else "",
        "notifications": alert.notifications.order_by("-id")[:MOST_NOTIFICATIONS],
        "timeline": alert.events.order_by("-id")[:MOST_LINES],
        "has_acknowledged": request.user in acknowledgers,
        "facts": [
            (label, value) for label, value in _facts(alert, request, now) if value not in (None, "", "–")
        ]
        + ([(_("Acknowledged by"), ", ".join(map(str, acknowledgers)))] if acknowledgers else []),
        "deliveries": alert.messages.defer("body", "headers").order_by("-id")[:MOST_MESSAGES],
    }


def sentence(alert: Alert, now: datetime) -> SafeString:
    """Say in one sentence how an alert stands."""
    if alert.status == Status.CLOSED:
        said = _("Closed {time} by {who}.")
        who = alert.closed_by or _("nobody in particular")
        return format_html(said, time=when(alert.closed_at, now), who=who)
    if alert.snoozed_until:
        said = _("Snoozed: nobody is told until it ends, {time}.")
        return format_html(said, time=when(alert.snoozed_until, now))
    if alert.status == Status.ACKNOWLEDGED:
        said = _("{who} has it; acknowledged {time}.")
        return format_html(said, who=alert.owner or _("Somebody"), time=when(alert.acknowledged_at, now))
    if alert.owner:
        said = _("Opened {time} and given to {who}, who has not acknowledged it yet.")
        return format_html(said, time=when(alert.opened_at, now), who=alert.owner)
    return format_html(_("Opened {time}. Nobody has taken it yet."), time=when(alert.opened_at, now))


def _counted(alert: Alert, now: datetime) -> SafeString | str:
    if alert.event_count <= 1:
        return ""
    said = ngettext("Reported {n} time, last {time}.", "Reported {n} times, last {time}.", alert.event_count)
    return format_html(said, n=alert.event_count, time=when(alert.last_event_at, now))


def _facts(alert: Alert, request: HttpRequest, now: datetime) -> Iterator[tuple[str, Any]]:
    may = request.user.has_perm
    yield _("Number"), f"#{alert.pk}"
    if alert.integration:
        sees = may("integrations.view_integration")
        name = alert.integration.name
        yield _("Integration"), link(page_of(alert.integration), name) if sees else name
    yield _("Source"), alert.source
    yield _("Source Name"), alert.source_name
    yield _("Source Id"), alert.source_id
    yield _("Source Status"), alert.source_status
    yield _("Source URL"), "" if links.is_web(alert.source_url) else alert.source_url
    yield _("Assignee at the source"), alert.assignee
    yield _("Tags"), format_html_join(", ", "{}={}", sorted(alert.tags.items()))
    if alert.policy:
        sees = may("alerts.view_escalationpolicy")
        yield _("Escalation policy"), link(page_of(alert.policy), alert.policy) if sees else alert.policy
    yield _("Owner"), alert.owner
    yield _("Opened by"), alert.created_by
    yield _("First opened"), when(alert.created_at, now)
    yield _("First assigned"), when(alert.first_assigned_at, now)
    yield _("Acknowledgement ends"), when(alert.acknowledgement_expires_at, now)
    yield _("Closes by itself"), when(alert.auto_close_at, now)
    yield _("Should be closed"), when(alert.sla_due_at, now)
