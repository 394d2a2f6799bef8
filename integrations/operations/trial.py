"""What a delivery would do by rules that need not be saved, if it came now: nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.logic.event import Event, Severity, key_digest, told_at
from alerts.logic.lifecycle import Status, is_worse
from alerts.models import Alert, AlertKey
from alerts.operations import rehearsal
from integrations.logic.outcome import Reason
from integrations.logic.payload import Payload
from integrations.logic.pipeline import Config
from integrations.logic.routing import follow
from integrations.logic.trace import Decision, Trace
from integrations.models import Integration
from integrations.operations import pushes
from integrations.operations.forecast import Problem

MOST_FORESEEN = 30  # events of one delivery that are followed to their alerts
MOST_OF_KEY = 20  # alerts of one key that are looked at
_OPENING = (Reason.OPENED, Reason.REOPENED)


@dataclass(frozen=True)
class Foreseen:
    """What one event would do. alert: that it would join, close, update or reopen; None for a new one.

    is_raise: whether it is worse than its alert, so that people are told though the alert is known.
    """

    decision: Decision
    reason: Reason
    alert: Alert | None = None
    is_raise: bool = False


@dataclass(frozen=True)
class Trial:
    """What was found.

    events: the first ones of the delivery.  rehearsed: who would be told of the first that opens an alert;
    None when none does.
    """

    trace: Trace
    events: tuple[Foreseen, ...]
    rehearsed: rehearsal.Rehearsal | None


def try_rules(integration: Integration, config: Config, payload: Payload, *, now: datetime) -> Trial:
    """Say what these rules make of a delivery, and what would follow from it now."""
    trace = pushes.evaluate(payload, config)
    decisions = trace.decisions[:MOST_FORESEEN]
    known = _Known(integration, [decision.event for decision in decisions if decision.event], now)
    events = tuple(known.foresee(decision) for decision in decisions)
    opening = next((each for each in events if each.reason in _OPENING and each.decision.event), None)
    rehearsed = None
    if opening and opening.decision.event:
        owner = opening.alert.owner if opening.alert else None
        rehearsed = rehearsal.of_event(
            integration,
            follow(opening.decision.event, opening.decision.routes, now),
            now=now,
            last_owner=owner,
        )
    return Trial(trace, events, rehearsed)


class _Known:
    """How it stands with the problems of some events, as each event in turn would change it."""

    def __init__(self, integration: Integration, events: Sequence[Event], now: datetime) -> None:
        self.integration, self.now = integration, now
        self.problems = {key_digest(integration.pk, event): Problem() for event in events}
        self.alerts: dict[int, Alert] = {}
        if events:
            self._read()

    def foresee(self, decision: Decision) -> Foreseen:
        event = decision.event
        if event is None:
            return Foreseen(decision, decision.reason or Reason.ERROR)
        problem = self.problems[key_digest(self.integration.pk, event)]
        at = told_at(event, self.now)
        if event.occurred_at and problem.decided_at and problem.decided_at > at:
            return Foreseen(decision, Reason.STALE, self.alerts.get(problem.alert_id or 0))
        problem.decided_at = max(filter(None, (problem.decided_at, at)))
        reason = problem.answer(event, at=self.now, window=self.integration.reopen_window)
        alert = self.alerts.get(problem.alert_id or 0)
        is_raise = (
            reason is Reason.DUPLICATE
            and alert is not None
            and not alert.is_muted
            and is_worse(event.severity, Severity(alert.severity))
        )
        return Foreseen(decision, reason, alert, is_raise)

    def _read(self) -> None:
        """Look at what matters of each key: its last closing, what it was merged into, its living alert."""
        keys, since = list(self.problems), self.now - self.integration.reopen_window
        for row in AlertKey.objects.filter(digest__in=keys):
            self.problems[row.digest].decided_at = row.decided_at
        of_keys = Alert.objects.filter(key_digest__in=keys).select_related("owner").order_by("-closed_at")
        for alert in reversed(of_keys.closed().filter(closed_at__gt=since)[: MOST_OF_KEY * len(keys)]):
            problem = self._note(alert.key_digest, alert)
            problem.closed_at = alert.closed_at
        merged = of_keys.filter(merged_into__gte=0).exclude(merged_into__status=Status.CLOSED)
        for alert in merged.select_related("merged_into")[: MOST_OF_KEY * len(keys)]:
            problem = self._note(alert.key_digest, alert.merged_into)
            problem.is_open = problem.is_merged = True
        for alert in of_keys.not_closed():
            problem = self._note(alert.key_digest, alert)
            problem.is_open, problem.is_merged = True, False

    def _note(self, digest: str | None, alert: Any) -> Problem:
        """Have an alert as the one that a problem is about."""
        self.alerts[alert.pk] = alert
        problem = self.problems[digest or ""]
        problem.alert_id = alert.pk
        return problem
