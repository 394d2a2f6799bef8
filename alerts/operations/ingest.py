"""What events do to alerts: read together, decided one by one in order, written together."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from alerts.logic import delay as delays
from alerts.logic.event import Event, Kind, Reason, Severity
from alerts.logic.lifecycle import Action, Status, is_reopening, is_worse
from alerts.models import Alert, AlertEvent, EscalationPolicy
from alerts.operations.acting import NOBODY_HAS_IT, Overtaken, claim, count_event
from alerts.operations.arrival import Arrival, fitting
from alerts.operations.closing import closing
from alerts.operations.keys import note_decisions
from alerts.operations.ledger import Ledger
from alerts.operations.opening import Sender, auto_close, opening, reopening
from alerts.operations.problems import Problem, read_problems
from alerts.operations.severity import reach, tell_of_raise
from alerts.operations.timeline import record

ATTEMPTS = 5


@dataclass(frozen=True)
class Ingested:
    """What became of an event, and the alert it concerns. count: the events that this had had by then."""

    reason: Reason
    alert: Alert | None = None
    count: int = 0


def ingest(
    integration: Sender, event: Event, *, now: datetime, notifies: bool = True, is_replay: bool = False
) -> Ingested:
    """Do for one event what `ingest_all` does for many."""
    return ingest_all(integration, [event], now=now, notifies=notifies, is_replay=is_replay)[0]


def ingest_all(
    integration: Sender,
    events: Sequence[Event],
    *,
    now: datetime,
    notifies: bool = True,
    is_replay: bool = False,
) -> list[Ingested]:
    """Open, join, update or close the alerts of events' keys, with all that follows, or nothing at all.

    In order, and with the same few statements however many they are. One alert that is not closed per
    key: the database sees to it, and whoever comes second joins.
    notifies: whether people are told.  is_replay: the events are from the past and keep their own times.
    In the caller's transaction if there is one.
    """
    policies = _policies_of(integration, events)
    arrivals = [
        Arrival(
            sender=integration,
            event=event,
            policy=policies.get(event.policy_id, integration.escalation_policy),
            now=now,
            notifies=notifies,
            is_replay=is_replay,
        )
        for event in events
    ]
    if not arrivals:
        return []
    for _attempt in range(ATTEMPTS):
        with suppress(Overtaken), transaction.atomic():
            return _take_in(arrivals)
    raise Overtaken(f"Keys changed {ATTEMPTS} times while their events were taken in.")


def _policies_of(integration: Sender, events: Sequence[Event]) -> dict[int | None, EscalationPolicy]:
    """Return by number the policies that events ask for, in place of their sender's."""
    asked = {event.policy_id for event in events if event.policy_id is not None}
    return {**EscalationPolicy.objects.in_bulk(asked)} if asked else {}


def _take_in(arrivals: Sequence[Arrival]) -> list[Ingested]:
    is_newest = note_decisions([(arrival.digest, arrival.told_at) for arrival in arrivals])
    stale = {index for index, arrival in enumerate(arrivals) if arrival.can_be_stale and not is_newest[index]}
    fresh = [arrival for index, arrival in enumerate(arrivals) if index not in stale]
    problems = read_problems(fresh, stale={arrivals[index].digest for index in stale})
    ledger = Ledger(now=arrivals[0].now, notifies=arrivals[0].notifies)
    ingested = [
        Ingested(Reason.STALE, problems[arrival.digest].newest)
        if index in stale
        else _HANDLERS[arrival.event.kind](ledger, arrival, problems[arrival.digest])
        for index, arrival in enumerate(arrivals)
    ]
    ledger.write()
    return ingested


def _open(ledger: Ledger, arrival: Arrival, problem: Problem) -> Ingested:
    """Join what is there, or reopen what was closed a moment ago, or open a new alert."""
    alert, closed = problem.current, problem.last_closed
    if alert:
        is_raise = is_worse(Severity(arrival.event.severity), Severity(alert.severity))
        if is_raise and alert.is_muted:
            return _worsen(ledger, arrival, alert)
        return (_raise if is_raise else _join)(ledger, arrival, alert)
    if closed is None or closed.closed_at is None:
        return _create(ledger, arrival, problem)
    if not is_reopening(closed.closed_at, arrival.at, arrival.sender.reopen_window):
        return _create(ledger, arrival, problem)
    if arrival.is_replay and closed.closed_at > (arrival.event.received_at or arrival.at):
        return Ingested(Reason.STALE, closed)
    return _reopen(ledger, arrival, problem, closed)


def _join(ledger: Ledger, arrival: Arrival, alert: Alert) -> Ingested:
    """Count one more; nobody is told."""
    ledger.move(alert, Action.OPEN_EVENT, {**_counted(arrival, alert), **_heard(arrival, alert)})
    ledger.write_line(alert, arrival, AlertEvent.Kind.JOINED)
    if arrival.lets_go(alert):
        ledger.let_go(alert)
    return _done(Reason.DUPLICATE, alert)


def _worsen(ledger: Ledger, arrival: Arrival, alert: Alert) -> Ingested:
    """Count one more that is worse of what is muted: it is put on record, and nobody is told."""
    columns = {**_counted(arrival, alert), "severity": Severity(arrival.event.severity).value}
    ledger.move(alert, Action.OPEN_EVENT, {**columns, **_heard(arrival, alert)})
    ledger.write_line(alert, arrival, AlertEvent.Kind.RAISED)
    return _done(Reason.DUPLICATE, alert)


def _raise(ledger: Ledger, arrival: Arrival, alert: Alert) -> Ingested:
    """Count one more that is worse: told at once, whoever has the alert and however quiet it was meant.

    Whom that reaches is looked up, so all that came before is written first.
    """
    ledger.write()
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
        **{**_counted(arrival, alert), **count_event(alert)},
        **_heard(arrival, alert),
    )
    if was_taken:
        alert.acknowledgers.clear()
    line = record(alert, AlertEvent.Kind.RAISED, **arrival.line, data={"from": before, "to": after})
    tell_of_raise(alert, line, reached, now=arrival.now, notifies=arrival.notifies)
    return _done(Reason.DUPLICATE, alert)


def _reopen(ledger: Ledger, arrival: Arrival, problem: Problem, alert: Alert) -> Ingested:
    columns = {
        **arrival.facts,
        **reopening(arrival.policy, arrival.at),
        **auto_close(arrival.sender, arrival.now),
        **_counted(arrival, alert),
        "last_event_at": arrival.at,
    }
    ledger.reopen(alert, arrival, columns)
    problem.begin(alert)
    return _done(Reason.REOPENED, alert)


def _create(ledger: Ledger, arrival: Arrival, problem: Problem) -> Ingested:
    alert = Alert(
        created_at=arrival.now,
        last_event_at=arrival.at,
        **arrival.origin,
        **arrival.facts,
        **opening(arrival.policy, arrival.at),
        **auto_close(arrival.sender, arrival.now),
        recent_reports=delays.remember(arrival.sender.delay, (), arrival.told_at) or None,
    )
    ledger.open(alert, arrival)
    problem.begin(alert)
    return _done(Reason.OPENED, alert)


def _close(ledger: Ledger, arrival: Arrival, problem: Problem) -> Ingested:
    """Close, whoever has the alert and however quiet it is: the source knows best."""
    alert = problem.current
    if alert is None:
        return Ingested(Reason.CLOSE_WITHOUT_OPEN)
    if alert.key_digest != arrival.digest:
        return _add_line(ledger, arrival, alert)  # merged: the rest of what it was merged into goes on
    columns = {
        **closing(arrival.sender.name, arrival.at, arrival.line["text"]),
        "last_event_at": arrival.at,
        "source_status": fitting("source_status", arrival.event.source_status),
    }
    ledger.close(alert, arrival, columns)
    return _done(Reason.CLOSED, alert)


def _update(ledger: Ledger, arrival: Arrival, problem: Problem) -> Ingested:
    alert = problem.current
    return _add_line(ledger, arrival, alert) if alert else Ingested(Reason.UPDATE_WITHOUT_OPEN)


def _add_line(ledger: Ledger, arrival: Arrival, alert: Alert) -> Ingested:
    ledger.move(alert, Action.UPDATE_EVENT, _heard(arrival, alert))
    ledger.write_line(alert, arrival, AlertEvent.Kind.UPDATED)
    return _done(Reason.UPDATED, alert)


_HANDLERS: dict[Kind, Callable[[Ledger, Arrival, Problem], Ingested]] = {
    Kind.OPEN: _open,
    Kind.CLOSE: _close,
    Kind.UPDATE: _update,
}


def _done(reason: Reason, alert: Alert) -> Ingested:
    return Ingested(reason, alert, alert.event_count)


def _counted(arrival: Arrival, alert: Alert) -> dict[str, Any]:
    """Return the columns that count one more report."""
    recent = delays.remember(arrival.sender.delay, alert.recent_reports or (), arrival.told_at)
    columns: dict[str, Any] = {"event_count": alert.event_count + 1}
    return {**columns, "recent_reports": recent} if recent else columns


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
