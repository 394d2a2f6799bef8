"""What an event does to alerts."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from alerts.logic.event import Event, Kind, Reason, Severity
from alerts.logic.lifecycle import Action, Status, is_reopening, is_worse
from alerts.models import Alert, AlertEvent, Notification
from alerts.operations import escalation
from alerts.operations.acting import NOBODY_HAS_IT, Overtaken, claim, count_event
from alerts.operations.arrival import Arrival, fitting
from alerts.operations.closing import closing
from alerts.operations.keys import note_decision
from alerts.operations.named import add_named
from alerts.operations.opening import Sender, auto_close, opening, reopening
from alerts.operations.severity import reach, tell_of_raise
from alerts.operations.timeline import record

ATTEMPTS = 5


@dataclass(frozen=True)
class Ingested:
    """What became of an event, and the alert it concerns."""

    reason: Reason
    alert: Alert | None


def ingest(
    integration: Sender, event: Event, *, now: datetime, notifies: bool = True, is_replay: bool = False
) -> Ingested:
    """Open, join, update or close the alert of an event's key, with all that follows, or nothing at all.

    One alert that is not closed per key: the database sees to it, and whoever comes second joins.
    notifies: whether people are told.  is_replay: the event is from the past and keeps its own times.
    In the caller's transaction if there is one.
    """
    arrival = Arrival(sender=integration, event=event, now=now, notifies=notifies, is_replay=is_replay)
    with transaction.atomic(savepoint=False):
        if not note_decision(arrival.digest, arrival.told_at) and arrival.can_be_stale:
            return _stale(arrival)
        for _attempt in range(ATTEMPTS):
            with suppress(Overtaken):
                return _HANDLERS[event.kind](arrival)
        raise Overtaken(f"Key {arrival.digest} changed {ATTEMPTS} times while one event was taken in.")


def _open(arrival: Arrival) -> Ingested:
    """Join what is there, or reopen what was closed a moment ago, or open a new alert."""
    alert = _current(arrival)
    if alert:
        is_raise = is_worse(Severity(arrival.event.severity), Severity(alert.severity))
        return (_raise if is_raise else _join)(arrival, alert)
    closed = _last_closed(arrival)
    if closed is None or closed.closed_at is None:
        return _create(arrival)
    if arrival.is_replay and closed.closed_at > (arrival.event.received_at or arrival.at):
        return _stale(arrival)
    window = arrival.sender.reopen_window
    return (
        _reopen(arrival, closed) if is_reopening(closed.closed_at, arrival.at, window) else _create(arrival)
    )


def _join(arrival: Arrival, alert: Alert) -> Ingested:
    """Count one more; nobody is told."""
    claim(alert, Action.OPEN_EVENT, **count_event(alert), **_heard(arrival, alert))
    record(alert, AlertEvent.Kind.JOINED, **arrival.line)
    return Ingested(Reason.DUPLICATE, alert)


def _raise(arrival: Arrival, alert: Alert) -> Ingested:
    """Count one more that is worse: told at once, whoever has the alert and however quiet it was meant."""
    before, after = alert.severity, Severity(arrival.event.severity).value
    reached = reach(alert, Action.RAISE_EVENT)
    was_taken = alert.status == Status.ACKNOWLEDGED
    opens = NOBODY_HAS_IT if was_taken else {"snoozed_until": None}
    claim(
        alert,
        Action.RAISE_EVENT,
        guard=Q(severity=before),
        severity=after,
        **opens,
        **count_event(alert),
        **_heard(arrival, alert),
    )
    if was_taken:
        alert.acknowledgers.clear()
    line = record(alert, AlertEvent.Kind.RAISED, **arrival.line, data={"from": before, "to": after})
    tell_of_raise(alert, line, reached, now=arrival.now, notifies=arrival.notifies)
    return Ingested(Reason.DUPLICATE, alert)


def _reopen(arrival: Arrival, alert: Alert) -> Ingested:
    """Open a closed alert anew; whoever had it last hears first, and then the policy begins."""
    last = alert.owner
    policy = arrival.sender.escalation_policy
    try:
        with transaction.atomic():
            claim(
                alert,
                Action.OPEN_EVENT,
                **arrival.facts,
                **reopening(policy, arrival.at),
                **auto_close(arrival.sender, arrival.now),
                **count_event(alert),
                last_event_at=arrival.at,
            )
    except IntegrityError as another_was_first:
        raise Overtaken from another_was_first
    alert.acknowledgers.clear()
    record(alert, AlertEvent.Kind.REOPENED, **arrival.line)
    add_named(alert, arrival.event, arrival.actor, now=arrival.now)
    first = [last] if last and last.is_active else []
    escalation.start(alert, now=arrival.now, first=first, notifies=arrival.notifies)
    return Ingested(Reason.REOPENED, alert)


def _create(arrival: Arrival) -> Ingested:
    try:
        with transaction.atomic():
            alert = Alert.objects.create(
                created_at=arrival.now,
                last_event_at=arrival.at,
                **arrival.origin,
                **arrival.facts,
                **opening(arrival.sender.escalation_policy, arrival.at),
                **auto_close(arrival.sender, arrival.now),
            )
    except IntegrityError as another_was_first:
        raise Overtaken from another_was_first
    record(alert, AlertEvent.Kind.OPENED, **arrival.line)
    add_named(alert, arrival.event, arrival.actor, now=arrival.now)
    escalation.start(alert, now=arrival.now, notifies=arrival.notifies)
    return Ingested(Reason.OPENED, alert)


def _close(arrival: Arrival) -> Ingested:
    """Close, whoever has the alert and however quiet it is: the source knows best."""
    alert = _current(arrival)
    if alert is None:
        return Ingested(Reason.CLOSE_WITHOUT_OPEN, None)
    if alert.key_digest != arrival.digest:
        return _add_line(arrival, alert)  # merged: the rest of what it was merged into goes on
    claim(
        alert,
        Action.CLOSE_EVENT,
        **closing(arrival.sender.name, arrival.at, arrival.line["text"]),
        last_event_at=arrival.at,
        source_status=fitting("source_status", arrival.event.source_status),
    )
    record(alert, AlertEvent.Kind.CLOSED, **arrival.line)
    escalation.end(alert, now=arrival.now)
    if not arrival.notifies:
        Notification.objects.pending().filter(alert=alert).update(status=Notification.Status.CANCELLED)
    return Ingested(Reason.CLOSED, alert)


def _update(arrival: Arrival) -> Ingested:
    alert = _current(arrival)
    return _add_line(arrival, alert) if alert else Ingested(Reason.UPDATE_WITHOUT_OPEN, None)


def _add_line(arrival: Arrival, alert: Alert) -> Ingested:
    claim(alert, Action.UPDATE_EVENT, **_heard(arrival, alert))
    record(alert, AlertEvent.Kind.UPDATED, **arrival.line)
    return Ingested(Reason.UPDATED, alert)


def _stale(arrival: Arrival) -> Ingested:
    return Ingested(Reason.STALE, Alert.objects.filter(key_digest=arrival.digest).order_by("-id").first())


_HANDLERS: dict[Kind, Callable[[Arrival], Ingested]] = {
    Kind.OPEN: _open,
    Kind.CLOSE: _close,
    Kind.UPDATE: _update,
}


def _current(arrival: Arrival) -> Alert | None:
    """Return the alert of the key that is not closed, or else the one that a closed one was merged into.

    Two look-ups by index in one statement.
    """
    there = Alert.objects.not_closed().order_by()
    rows = there.filter(key_digest=arrival.digest).union(
        there.filter(merged__key_digest=arrival.digest), all=True
    )
    return min(rows, key=lambda alert: alert.key_digest != arrival.digest, default=None)


def _last_closed(arrival: Arrival) -> Alert | None:
    """Return the alert of the key that was closed last, if that can matter."""
    since = arrival.at - arrival.sender.reopen_window
    closed = Alert.objects.closed().filter(key_digest=arrival.digest, closed_at__gt=since)
    return closed.select_related("owner").order_by("-closed_at").first()


def _heard(arrival: Arrival, alert: Alert) -> dict[str, Any]:
    """Return the columns that every event moves. What its source says now is the latest; who merged
    alerts kept the texts of the one."""
    columns: dict[str, Any] = {"last_event_at": arrival.at}
    if alert.key_digest != arrival.digest:
        return columns
    event = arrival.event
    columns |= auto_close(arrival.sender, arrival.now)
    columns["source_status"] = fitting("source_status", event.source_status)
    if event.source_url:
        columns["source_url"] = fitting("source_url", event.source_url)
    return columns
