"""Who would be told of an alert that is not opened yet, step by step: the rules run, and nothing is sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from alerts.logic import delay as delays
from alerts.logic import escalation as rules
from alerts.logic.delay import Delay, Reports
from alerts.logic.escalation import Plan, Position, Step
from alerts.logic.event import Event, Severity, Urgency
from alerts.models import Alert, EscalationPolicy, Team, User
from alerts.operations import escalation, named, steps, targets, telling
from alerts.operations.opening import Sender
from alerts.operations.targets import Directory, Targets

MOST_STAGES = 500  # that are looked ahead


@dataclass(frozen=True)
class Stage:
    """One step as it would run.

    after: since the alert opens, while nobody takes it.  step: None for the last resort.
    round: from 1.  reach: who is told, who was told a moment before, and who cannot be.
    is_for_now: whether its conditions are met.  is_held: until somebody is on call.
    """

    after: timedelta
    step: Step | None
    round: int
    reach: Targets
    urgency: Urgency
    is_for_now: bool = True
    is_held: bool = False

    @property
    def label(self) -> str:
        return steps.label(self.step, self.round - 1) if self.step else ""


@dataclass(frozen=True)
class Rehearsal:
    """What would happen to an alert that nobody takes.

    runs: how often the steps would be gone through.  waits_for: the delay, where more reports are needed
    before anybody is told; what is told counts from then.
    """

    stages: tuple[Stage, ...] = ()
    runs: int = 1
    waits_for: Delay | None = None

    @property
    def first_round(self) -> list[Stage]:
        return [stage for stage in self.stages if stage.step and stage.round == 1]

    @property
    def last_resort(self) -> Stage | None:
        """The end; None where that is further away than is looked ahead."""
        last = self.stages[-1] if self.stages else None
        return last if last and not last.step else None


@dataclass(frozen=True, kw_only=True)
class _Opening:
    """An alert that would open at an instant. users, teams: whom it names.  first: who had it last."""

    alert: Alert
    at: datetime
    users: list[User]
    teams: list[Team]
    first: list[User]
    delay: Delay | None = None


def of_event(sender: Sender, event: Event, *, now: datetime, last_owner: User | None = None) -> Rehearsal:
    """Return what would happen if an event opened an alert now.

    last_owner: who had the alert, where it would be opened anew.
    """
    policy = sender.escalation_policy
    if event.policy_id is not None:
        policy = EscalationPolicy.objects.filter(pk=event.policy_id).first() or policy
    alert = Alert(pk=0, policy=policy, severity=event.severity.value, tags=event.tags)
    alert.integration_id = sender.pk
    return _rehearse(
        _Opening(
            alert=alert,
            at=now,
            users=list(named.people_called(event.users)) if event.users else [],
            teams=list(named.teams_called(event.teams)) if event.teams else [],
            first=[last_owner] if last_owner and last_owner.is_active else [],
            delay=sender.delay,
        )
    )


def of_manual(
    policy: EscalationPolicy | None,
    recipients: Iterable[User],
    *,
    now: datetime,
    severity: Severity = Severity.ERROR,
) -> Rehearsal:
    """Return what would happen if a person opened an alert now, who names these recipients."""
    users = list(recipients)
    if not policy and not users:
        return Rehearsal()
    alert = Alert(pk=0, policy=policy, severity=severity.value)
    return _rehearse(_Opening(alert=alert, at=now, users=users, teams=[], first=[]))


def _rehearse(opening: _Opening) -> Rehearsal:
    """Go through the plan that a new alert would get."""
    alert, is_named = opening.alert, bool(opening.users or opening.teams)
    plan = escalation.plan_of_new(alert, now=opening.at, first=opening.first, is_named=is_named)
    directory = Directory([alert], plan.steps)
    directory.name(alert, opening.users, opening.teams)
    begins_at = delays.begins_at(opening.delay, Reports(1), Severity(alert.severity), opening.at)
    walk = _Walk(alert, plan, directory, opening.at, (begins_at or opening.at) - opening.at)
    stages = tuple(islice(walk.stages(), MOST_STAGES))
    return Rehearsal(stages, plan.runs, opening.delay if begins_at is None else None)


@dataclass
class _Walk:
    """Goes through a plan as `steps` would. after: since the opening."""

    alert: Alert
    plan: Plan
    directory: Directory
    opened_at: datetime
    after: timedelta

    def stages(self) -> Iterator[Stage]:
        plan, state = self.plan, steps.state_of(self.alert)
        move = rules.first_position(plan, **state)
        position, self.after = move.position, self.after + move.wait
        told: set[int] = set()
        tried: set[tuple[int, int]] = set()
        while not plan.is_end(position) and (position.step, position.member) not in tried:
            stage = self._stage(position, told)
            if stage.is_held and stage.reach.covered_at:
                yield stage
                self.after, told, tried = stage.reach.covered_at - self.opened_at, set(), set()
                continue
            tried.add((position.step, position.member))
            told.update(user.pk for user in stage.reach.people)
            if not stage.reach.is_nobody or stage.reach.missed or not position.member:
                yield stage
            size = targets.team_size(plan.step_at(position), self.directory) if stage.is_for_now else 0
            move = rules.next_position(plan, position, team_size=size, **state)
            position = move.position
            if (told or not stage.is_for_now) and move.wait:
                self.after, told, tried = self.after + move.wait, set(), set()
        reach = targets.last_resort(self.alert.policy, self.directory)
        yield Stage(self.after, None, plan.runs, reach, telling.urgency_of(self.alert))

    def _stage(self, position: Position, told: set[int]) -> Stage:
        step, at = self.plan.step_at(position), self.opened_at + self.after
        severity = Severity(self.alert.severity)
        is_for_now = position.member > 0 or step.condition.holds(severity, self.alert.tags, at)
        reach = targets.Targets((), (), ())
        if is_for_now:
            reach = targets.targets_of(step, position.member, self.alert, self.directory, at)
        is_held = steps.is_held(reach, severity)
        return Stage(
            self.after,
            step,
            position.run + 1,
            steps.without_told(reach, told),
            step.urgency or telling.urgency_of(self.alert),
            is_for_now=is_for_now,
            is_held=is_held,
        )
