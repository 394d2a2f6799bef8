"""Who would be told of an alert that is not opened yet, step by step: the rules run, and nothing is sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from alerts.logic import escalation as rules
from alerts.logic.escalation import Plan, Step
from alerts.logic.event import Event, Urgency
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
    """

    after: timedelta
    step: Step | None
    round: int
    reach: Targets
    urgency: Urgency

    @property
    def label(self) -> str:
        return steps.label(self.step, self.round - 1) if self.step else ""


@dataclass(frozen=True)
class Rehearsal:
    """What would happen to an alert that nobody takes. runs: how often the steps would be gone through."""

    stages: tuple[Stage, ...] = ()
    runs: int = 1

    @property
    def first_round(self) -> list[Stage]:
        return [stage for stage in self.stages if stage.step and stage.round == 1]

    @property
    def last_resort(self) -> Stage | None:
        """The end; None where that is further away than is looked ahead."""
        last = self.stages[-1] if self.stages else None
        return last if last and not last.step else None


def of_event(sender: Sender, event: Event, *, last_owner: User | None = None) -> Rehearsal:
    """Return what would happen if an event opened an alert now.

    last_owner: who had the alert, where it would be opened anew.
    """
    alert = Alert(pk=0, policy=sender.escalation_policy, severity=event.severity.value)
    alert.integration_id = sender.pk
    users = list(named.people_called(event.users)) if event.users else []
    teams = list(named.teams_called(event.teams)) if event.teams else []
    return _rehearse(alert, users, teams, [last_owner] if last_owner and last_owner.is_active else [])


def of_manual(policy: EscalationPolicy | None, recipients: Iterable[User]) -> Rehearsal:
    """Return what would happen if a person opened an alert now, who names these recipients."""
    users = list(recipients)
    return _rehearse(Alert(pk=0, policy=policy), users, [], []) if policy or users else Rehearsal()


def _rehearse(alert: Alert, users: list[User], teams: list[Team], first: list[User]) -> Rehearsal:
    """Go through the plan that a new alert would get. users, teams: whom it names."""
    plan = escalation.plan_of_new(alert, first=first, is_named=bool(users or teams))
    directory = Directory([alert], plan.steps)
    directory.name(alert, users, teams)
    return Rehearsal(tuple(islice(_stages(alert, plan, directory), MOST_STAGES)), plan.runs)


def _stages(alert: Alert, plan: Plan, directory: Directory) -> Iterator[Stage]:
    """Yield what is told, as `steps` would tell it."""
    state, urgency = steps.state_of(alert), telling.urgency_of(alert)
    move = rules.first_position(plan, **state)
    position, after = move.position, move.wait
    told: set[int] = set()
    tried: set[tuple[int, int]] = set()
    while not plan.is_end(position) and (position.step, position.member) not in tried:
        tried.add((position.step, position.member))
        step = plan.step_at(position)
        reach = steps.without_told(targets.targets_of(step, position.member, alert, directory), told)
        told.update(user.pk for user in reach.people)
        if reach.people or reach.missed or not position.member:
            yield Stage(after, step, position.run + 1, reach, step.urgency or urgency)
        size = targets.team_size(step, directory)
        move = rules.next_position(plan, position, team_size=size, **state)
        position = move.position
        if told and move.wait:
            after, told, tried = after + move.wait, set(), set()
    yield Stage(after, None, plan.runs, targets.last_resort(alert.policy, directory), urgency)
