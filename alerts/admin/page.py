"""What the page of one alert tells: how it stands, who was told, who is next, what happened."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Substr
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alertops.lib.display import Tone, link, page_of, when
from alerts.admin import timeline
from alerts.badges import SEVERITY, countdown
from alerts.logic import notification as calls
from alerts.logic.event import Severity
from alerts.logic.lifecycle import Status
from alerts.models import Alert, AlertEvent, Attempt, Notification
from alerts.operations import forecast, links

MOST_NOTIFICATIONS = 50
# So many stand open on the page; those before them are folded, so that what stands below is found.
NEWEST_TOLD, NEWEST_TOLD_OF_CLOSED = 6, 3
MOST_MESSAGES = 20
MOST_BYTES = 4000


@dataclass(frozen=True)
class Coming:
    """What happens next by itself, and when.  tone: how bad that is."""

    words: str
    time: SafeString | str = ""
    tone: Tone = Tone.GREY


@dataclass(frozen=True)
class Told:
    """One message to one person.  reply: what that person did then."""

    row: Notification
    reply: timeline.Reply | None


def contents(alert: Alert, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return what the live parts of the page show; a fixed number of queries."""
    lines = timeline.newest(alert)
    rows = list(_notifications(alert))
    acknowledgers = list(alert.acknowledgers.all())
    is_over = alert.status == Status.CLOSED
    told = list(_with_replies(rows, lines))
    shown = NEWEST_TOLD_OF_CLOSED if is_over else NEWEST_TOLD
    return {
        "now": now,
        "tone": Tone.GREY if is_over else SEVERITY[Severity(alert.severity)][0],
        "sentence": sentence(alert, now, request.user.pk),
        "counted": _counted(alert, now),
        "told": _told(alert, rows),
        "coming": coming(alert, now),
        "source_url": alert.source_url if links.is_web(alert.source_url) else "",
        "runbook_url": alert.runbook_url if links.is_web(alert.runbook_url) else "",
        "notifications": told[:shown],
        "told_earlier": told[shown:],
        "sees_log": request.user.has_perm("alerts.view_notification"),
        "sees_messages": request.user.has_perm("integrations.view_inboundmessage"),
        "timeline": timeline.told(lines[: timeline.MOST_LINES]),
        "is_cut": len(lines) > timeline.MOST_LINES,
        "has_acknowledged": request.user in acknowledgers,
        "acknowledgers": acknowledgers,
        "tags": sorted(alert.tags.items()),
    }


def sentence(alert: Alert, now: datetime, reader_id: int | None) -> SafeString:
    """Say in one sentence to its reader how an alert stands."""
    if alert.status == Status.CLOSED:
        said = _("Closed {time} by {who}.")
        who = alert.closed_by or _("nobody in particular")
        return format_html(said, time=when(alert.closed_at, now), who=who)
    if alert.is_muted:
        said = _("Opened {time}; muted until {source} says that it is over.")
        return format_html(said, time=_opened(alert, now), source=alert.source or _("its source"))
    if alert.snoozed_until:
        return format_html(_("Opened {time}; nobody is told while it is snoozed."), time=_opened(alert, now))
    if alert.status == Status.ACKNOWLEDGED:
        is_own = alert.owner_id is not None and alert.owner_id == reader_id
        said = _("You have it; acknowledged {time}.") if is_own else _("{who} has it; acknowledged {time}.")
        return format_html(said, who=alert.owner or _("Somebody"), time=when(alert.acknowledged_at, now))
    if alert.owner:
        said = _("Opened {time} and given to {who}, who has not acknowledged it yet.")
        return format_html(said, time=_opened(alert, now), who=alert.owner)
    return format_html(_("Opened {time}. Nobody has taken it yet."), time=_opened(alert, now))


def coming(alert: Alert, now: datetime) -> Coming | None:
    """Return what happens next by itself; None when there is nothing to be said of it."""
    if alert.status == Status.CLOSED:
        return None
    if alert.is_muted:
        return Coming(_("Nobody is told, whatever its source reports, until that closes it"))
    if alert.snoozed_until:
        words = _("Then it is open again, and its policy begins anew")
        return Coming(words, countdown(alert.snoozed_until, now))
    upcoming = forecast.upcoming(alert, now=now)
    if upcoming is not None:
        return _next(upcoming, now)
    if alert.status == Status.OPEN:
        return Coming(_("Nobody more is told by itself: assign it, or ask somebody for help"), "", Tone.RED)
    if alert.acknowledgement_expires_at:
        words = _("Acknowledge again before it is open again")
        return Coming(words, countdown(alert.acknowledgement_expires_at, now))
    return None


def facts(alert: Alert, request: HttpRequest, now: datetime) -> list[tuple[str, Any]]:
    """Return what else is known of an alert, as pairs of a word and a value."""
    return [(label, value) for label, value in _facts(alert, request, now) if value not in (None, "", "–")]


def deliveries(alert: Alert, request: HttpRequest) -> dict[str, Any]:
    """Return the deliveries the alert was made of, and how the newest begins; for who may see the log."""
    if not request.user.has_perm("integrations.view_inboundmessage"):
        return {}
    rows = list(alert.messages.defer("body", "headers").order_by("-id")[:MOST_MESSAGES])
    if not rows:
        return {}
    beginning = Substr("body", 1, MOST_BYTES)
    raw = alert.messages.filter(pk=rows[0].pk).values_list(beginning, flat=True).first()
    is_whole = rows[0].body_size <= MOST_BYTES
    return {"deliveries": rows, "raw": _readable(bytes(raw or b""), is_whole=is_whole), "is_whole": is_whole}


def _opened(alert: Alert, now: datetime) -> SafeString | str:
    return when(alert.opened_at, now)


def _next(upcoming: forecast.Next, now: datetime) -> Coming:
    if upcoming.due_at is None:
        return Coming(_("Nobody is told before it has been reported more often, as its integration says"))
    time = countdown(upcoming.due_at, now)
    names = {"names": ", ".join(map(str, upcoming.people))}
    if not upcoming.people:
        return Coming(_("Next: a step that reaches nobody"), time, Tone.RED)
    if upcoming.is_last_resort:
        return Coming(_("Nobody is left in the policy. Last resort: %(names)s") % names, time, Tone.RED)
    return Coming(_("Next: %(names)s") % names, time)


def _counted(alert: Alert, now: datetime) -> SafeString | str:
    if alert.event_count <= 1:
        return ""
    said = ngettext("Reported {n} time, last {time}.", "Reported {n} times, last {time}.", alert.event_count)
    return format_html(said, n=alert.event_count, time=when(alert.last_event_at, now))


def _notifications(alert: Alert) -> Iterable[Notification]:
    """Return what was said to whom, newest first, each with what the provider answered last."""
    attempts = Attempt.objects.filter(notification=OuterRef("pk")).order_by("-number")
    rows = alert.notifications.annotate(answer=Subquery(attempts.values("answer")[:1]))
    return rows.order_by("-id")[:MOST_NOTIFICATIONS]


def _told(alert: Alert, rows: Iterable[Notification]) -> str:
    """Say who was told since the alert opened, and who could not be."""
    if alert.status == Status.CLOSED:
        return ""
    calling = [row for row in rows if row.kind in calls.CALLS and row.created_at >= alert.opened_at]
    sent = _names(calling, Notification.Status.SENT)
    waiting = _names(calling, Notification.Status.PENDING, but=sent)
    failed = _names(calling, Notification.Status.FAILED, but=[*sent, *waiting])
    said = [
        (sent, ngettext("%s was told.", "%s were told.", len(sent))),
        (waiting, ngettext("%s is being told.", "%s are being told.", len(waiting))),
        (failed, ngettext("%s could not be told.", "%s could not be told.", len(failed))),
    ]
    return " ".join(words % ", ".join(names) for names, words in said if names)


def _names(rows: Iterable[Notification], status: str, but: Iterable[str] = ()) -> list[str]:
    names = dict.fromkeys(row.user_label for row in rows if row.status == status)
    return [name for name in reversed(names) if name not in but]


def _with_replies(rows: Iterable[Notification], lines: Iterable[AlertEvent]) -> Iterator[Told]:
    """Yield each message with the first thing that its person did after it, on the newest before that."""
    replies = timeline.replies(lines)
    for row in rows:
        reply = next((one for one in replies.get(row.user_id, ()) if one.at >= row.created_at), None)
        if reply is not None:
            replies[row.user_id] = [one for one in replies[row.user_id] if one.at < row.created_at]
        yield Told(row, reply)


def _readable(raw: bytes, *, is_whole: bool) -> str:
    """Return a body for people: JSON with a line for each value."""
    text = raw.decode("utf-8", "replace")
    if not is_whole:
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _facts(alert: Alert, request: HttpRequest, now: datetime) -> Iterator[tuple[str, Any]]:
    may = request.user.has_perm
    if alert.integration:
        sees = may("integrations.view_integration")
        name = alert.integration.name
        yield _("Integration"), link(page_of(alert.integration), name) if sees else name
    yield _("Source"), alert.source
    yield _("Source Name"), alert.source_name
    yield _("Source Id"), alert.source_id
    yield _("Source Status"), alert.source_status
    yield _("Source URL"), "" if links.is_web(alert.source_url) else alert.source_url
    yield _("Runbook"), "" if links.is_web(alert.runbook_url) else alert.runbook_url
    yield _("Assignee at the source"), alert.assignee
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
    yield _("SLA missed"), when(alert.sla_missed_at, now)
