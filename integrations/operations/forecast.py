"""What processing again would do, said before it is done: nothing is written, no alert gets a number.

The same rules and the same reading of the range as the run itself; only what `alerts` would answer to
each event is foretold from what it has on record.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from alerts.logic.event import Event, Kind, key_digest, told_at
from alerts.logic.lifecycle import is_reopening
from alerts.models import Alert, AlertKey, EscalationStep, TeamMembership, User
from integrations.logic.outcome import WITH_EFFECT, Reason, Status, most_telling
from integrations.logic.pipeline import Config
from integrations.logic.trace import Decision
from integrations.models import InboundMessage, Integration
from integrations.operations.config import config_of
from integrations.operations.effects import Manner, Unusable, evaluate, event_of
from integrations.operations.past import Past, effects, read_past
from integrations.operations.process import delivered_before
from integrations.operations.replay import MOST_MESSAGES, replayable


@dataclass(frozen=True)
class Preview:
    """rows: as in the report of a run; the alert of what would open is null.

    people_count: who would be told, as far as the policy goes, if telling is asked for.
    """

    rows: list[dict[str, Any]]
    people_count: int


@dataclass
class Problem:
    """How it stands with one problem.

    alert_id: of its alert that is not closed, else of the last one that was; None is one that has no
    number yet.  is_merged: it was merged into another alert, which is not closed.
    """

    alert_id: int | None = None
    is_open: bool = False
    is_merged: bool = False
    closed_at: datetime | None = None
    decided_at: datetime | None = None

    def hear(self, event: Event, *, at: datetime, window: timedelta) -> Reason:
        """Take in an event from the past, at its own time, and return what `alerts` would answer."""
        if self.decided_at and self.decided_at > at:
            return Reason.STALE
        self.decided_at = at
        return self.answer(event, at=at, window=window)

    def answer(self, event: Event, *, at: datetime, window: timedelta) -> Reason:
        """Take in an event that is not stale."""
        if event.kind is Kind.OPEN:
            return self._open(event, at, window)
        if not self.is_open:
            return _IN_VAIN[event.kind]
        if event.kind is Kind.UPDATE or self.is_merged:
            return Reason.UPDATED
        self.is_open, self.closed_at = False, at
        return Reason.CLOSED

    def _open(self, event: Event, at: datetime, window: timedelta) -> Reason:
        if self.is_open:
            return Reason.DUPLICATE
        if self.closed_at and is_reopening(self.closed_at, at, window):
            if self.closed_at > (event.received_at or at):
                return Reason.STALE
            self.is_open = True
            return Reason.REOPENED
        self.alert_id, self.is_open = None, True
        return Reason.OPENED


_IN_VAIN = {Kind.CLOSE: Reason.CLOSE_WITHOUT_OPEN, Kind.UPDATE: Reason.UPDATE_WITHOUT_OPEN}


def preview(
    integration: Integration,
    message_ids: Iterable[int],
    *,
    now: datetime,
    config: Config | None = None,
    with_unsigned: bool = False,
) -> Preview:
    """Say what processing these messages again would do; of too many, for the first ones.

    config: draft rules; None is the rules as they are saved.
    """
    ids = replayable(integration, message_ids, with_unsigned=with_unsigned)[:MOST_MESSAGES]
    config = config or config_of(integration)
    past = read_past(integration, ids, config=config, manner=Manner(now=now, is_replay=True))
    forecast = _Forecast(past, _problems(past.keys))
    rows = [row for messages in past.chunks() for row in forecast.rows(messages)]
    return Preview(rows, _people_count(integration) if forecast.opens else 0)


class _Forecast:
    """Goes through a range in order and remembers what each event would have changed."""

    def __init__(self, past: Past, problems: dict[str, Problem]) -> None:
        self.past, self.problems = past, problems
        self.originals: dict[str, int] = {}
        self.opens = False

    def rows(self, messages: list[InboundMessage]) -> Iterator[dict[str, Any]]:
        before = delivered_before(self.past.sender.pk, messages)
        self.originals = {**before, **self.originals}
        for message in messages:
            found = self._outcomes(message)
            if found is None:
                reason, alert_id = message.reason, message.alert_id
            else:
                reason = most_telling(reason for reason, _alert_id in found)
                alert_id = next((number for found_reason, number in found if found_reason == reason), None)
            yield {"message": message.pk, "before": message.reason, "after": str(reason), "alert": alert_id}

    def _outcomes(self, message: InboundMessage) -> list[tuple[Reason, int | None]] | None:
        """Return the reason and the alert of each event; None when the message stays as it is."""
        read = evaluate(message, self.past.config)
        had = {index: (Reason(row.reason), row.alert_id) for index, row in effects(message).items()}
        if isinstance(read, Unusable):
            found = {0: (Reason.ERROR, None), **had}
            return None if message.status == Status.REFUSED else list(found.values())
        if self.originals.get(message.delivery_id, message.pk) != message.pk:
            return [(Reason.REDELIVERED, None), *had.values()]
        return [
            had[decision.index] if decision.index in had else self._foresee(message, decision)
            for decision in read.decisions
        ]

    def _foresee(self, message: InboundMessage, decision: Decision) -> tuple[Reason, int | None]:
        event = event_of(message, decision, self.past.manner.now)
        if event is None:
            return decision.reason or Reason.ERROR, None
        if (message.pk, decision.index) in self.past.overruled:
            return Reason.STALE, None
        problem = self.problems[key_digest(self.past.sender.pk, event)]
        window = self.past.sender.reopen_window
        reason = problem.hear(event, at=told_at(event, self.past.manner.now), window=window)
        self.opens |= reason in (Reason.OPENED, Reason.REOPENED)
        if reason in WITH_EFFECT and message.delivery_id:
            self.originals.setdefault(message.delivery_id, message.pk)
        return reason, problem.alert_id


def _problems(keys: set[str]) -> dict[str, Problem]:
    """Return how it stands with each key, in four look-ups by index."""
    problems = {key: Problem() for key in keys}
    of_keys = Alert.objects.filter(key_digest__in=keys)
    for decision in AlertKey.objects.filter(digest__in=keys):
        problems[decision.digest].decided_at = decision.decided_at
    for alert in of_keys.closed().order_by("closed_at").only("key_digest", "closed_at"):
        problem = problems[alert.key_digest or ""]
        problem.alert_id, problem.closed_at = alert.pk, alert.closed_at
    merged = of_keys.closed().filter(merged_into__in=Alert.objects.not_closed())
    for alert in merged.only("key_digest", "merged_into"):
        problem = problems[alert.key_digest or ""]
        problem.alert_id, problem.is_open, problem.is_merged = alert.merged_into_id, True, True
    for alert in of_keys.not_closed().only("key_digest"):
        problem = problems[alert.key_digest or ""]
        problem.alert_id, problem.is_open, problem.is_merged = alert.pk, True, False
    return problems


def _people_count(integration: Integration) -> int:
    """Count whom the recipients and all steps of the policy reach."""
    own, other = Q(policy=integration.escalation_policy_id or 0), Q(policy__routes__integration=integration)
    steps = EscalationStep.objects.filter(own | other)
    in_teams = TeamMembership.objects.filter(
        Q(team__in=integration.recipient_teams.all()) | Q(team__in=steps.values("teams"))
    )
    reached = (
        Q(pk__in=integration.recipient_users.values("pk"))
        | Q(pk__in=steps.values("users"))
        | Q(pk__in=in_teams.values("user"))
    )
    return User.objects.filter(reached, is_active=True).count()
