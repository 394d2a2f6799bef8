"""Which step of an escalation is next, and after which wait.

The rules, in words: docs/escalation.md. A position names a step that is to be run; the end of a plan is a
position of its own, and what happens there (the last resort) is not this module's matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from alerts.logic.condition import ALWAYS, Condition
from alerts.logic.event import Urgency
from alerts.logic.lifecycle import Status


class Stop(StrEnum):
    """What ends the telling of people; closing always does."""

    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    CLOSED = "closed"


class TeamOrder(StrEnum):
    ALL = "all"
    ONE_BY_ONE = "one_by_one"


class Role(StrEnum):
    """Whom of a team, or of those on call by a schedule."""

    EVERYBODY = "everybody"
    PRIMARY = "primary"
    SECONDARY = "secondary"
    ESCALATION_MANAGER = "escalation_manager"


# What the last person of a round gets at least, before the round begins again or nobody is left; and
# the start that the last owner of a reopened alert has before everybody else.
PATIENCE = timedelta(minutes=5)
LAST_RESORT_EVERY = timedelta(minutes=60)
# Lateness that the next wait makes up for. What was later than this was an outage: its people get
# their whole wait.
DRIFT = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step as it was when its escalation started: whom it names, not who they are.

    number: as people count the policy's steps; 0 is what we put before them.
    team_role: whom of its teams, and of the recipients' teams.  schedule_role: whom of those on call.
    is_once: only in the first round.  urgency: None is what the severity says.
    condition: asked when its time has come; what it keeps from running is passed over.
    """

    number: int = 0
    wait: timedelta = timedelta(0)
    users: tuple[int, ...] = ()
    teams: tuple[int, ...] = ()
    team_order: TeamOrder = TeamOrder.ALL
    member_wait: timedelta = PATIENCE
    team_role: Role = Role.EVERYBODY
    schedules: tuple[int, ...] = ()
    schedule_role: Role = Role.PRIMARY
    tells_recipients: bool = False
    tells_owner: bool = False
    stop: Stop = Stop.ACKNOWLEDGED
    urgency: Urgency | None = None
    is_once: bool = False
    condition: Condition = ALWAYS

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads: whole seconds, ids, plain words; what few steps use only there."""
        row: dict[str, Any] = {
            "number": self.number,
            "wait": int(self.wait.total_seconds()),
            "users": list(self.users),
            "teams": list(self.teams),
            "team_order": self.team_order.value,
            "member_wait": int(self.member_wait.total_seconds()),
            "tells_recipients": self.tells_recipients,
            "tells_owner": self.tells_owner,
            "stop": self.stop.value,
            "urgency": self.urgency.value if self.urgency else "",
            "is_once": self.is_once,
        }
        if self.team_role is not Role.EVERYBODY:
            row["team_role"] = self.team_role.value
        if self.schedules:
            row |= {"schedules": list(self.schedules), "schedule_role": self.schedule_role.value}
        if self.condition != ALWAYS:
            row["condition"] = self.condition.as_json()
        return row

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        """Read a frozen step; what an older version did not write has its default."""
        return cls(
            number=row.get("number", 0),
            wait=timedelta(seconds=row.get("wait", 0)),
            users=tuple(row.get("users", ())),
            teams=tuple(row.get("teams", ())),
            team_order=TeamOrder(row.get("team_order", TeamOrder.ALL)),
            member_wait=timedelta(seconds=row.get("member_wait", PATIENCE.total_seconds())),
            team_role=Role(row.get("team_role", Role.EVERYBODY)),
            schedules=tuple(row.get("schedules", ())),
            schedule_role=Role(row.get("schedule_role", Role.PRIMARY)),
            tells_recipients=row.get("tells_recipients", False),
            tells_owner=row.get("tells_owner", False),
            stop=Stop(row.get("stop", Stop.ACKNOWLEDGED)),
            urgency=Urgency(row["urgency"]) if row.get("urgency") else None,
            is_once=row.get("is_once", False),
            condition=Condition.from_json(row["condition"]) if row.get("condition") else ALWAYS,
        )


@dataclass(frozen=True)
class Position:
    """Which round, which step of it, and which member where a team is told one by one; from 0."""

    run: int
    step: int
    member: int = 0


@dataclass(frozen=True)
class Move:
    """Where an escalation goes, and after which wait."""

    position: Position
    wait: timedelta


@dataclass(frozen=True)
class Plan:
    """The frozen steps and how often they are gone through in all."""

    steps: tuple[Step, ...]
    runs: int

    @property
    def end(self) -> Position:
        """The position after the last: nobody is left to be told."""
        return Position(self.runs, 0)

    @property
    def taken(self) -> Stop:
        """What counts as taken once nobody is left: an owner is enough where it was for every step."""
        is_assigned = bool(self.steps) and all(step.stop is Stop.ASSIGNED for step in self.steps)
        return Stop.ASSIGNED if is_assigned else Stop.ACKNOWLEDGED

    def step_at(self, position: Position) -> Step:
        return self.steps[position.step]

    def is_end(self, position: Position) -> bool:
        return position.run >= self.runs or position.step >= len(self.steps)


def plan_of(
    steps: Sequence[Step], *, runs: int, stop: Stop, has_recipients: bool, first: Sequence[int] = ()
) -> Plan:
    """Return the plan of a policy's steps.

    The recipients are told before the first step if none names them. `first` are users who are told at
    once, before everybody else, and only in the first round: those who had it last.
    """
    later = list(steps)
    if has_recipients and not any(step.tells_recipients for step in steps):
        later.insert(0, Step(tells_recipients=True, stop=stop))
    if not first:
        return Plan(tuple(later), runs)
    head_start = [replace(step, wait=max(step.wait, PATIENCE)) for step in later[:1]]
    return Plan(
        (Step(users=tuple(first), stop=stop, is_once=True), *head_start, *later[1:]), runs if later else 1
    )


def stop_met(stop: Stop, *, status: Status, has_owner: bool) -> bool:
    """Tell whether a stop ends the telling. Who acknowledges takes at least what an owner takes."""
    if status is Status.OPEN:
        return stop is Stop.ASSIGNED and has_owner
    return status is Status.CLOSED or stop is not Stop.CLOSED


def first_position(plan: Plan, *, status: Status, has_owner: bool) -> Move:
    """Return where an escalation begins; steps whose stop is met are passed over, their waits are not."""
    if not plan.steps:
        return Move(plan.end, timedelta(0))
    begin = Move(Position(0, 0), plan.steps[0].wait)
    return _passing_over(plan, begin, status=status, has_owner=has_owner)


def next_position(plan: Plan, position: Position, *, team_size: int, status: Status, has_owner: bool) -> Move:
    """Return where an escalation goes after a step has been run.

    team_size: how many members the longest team of that step has now; it may have changed since.
    """
    step = plan.step_at(position)
    if step.team_order is TeamOrder.ONE_BY_ONE and position.member + 1 < team_size:
        return Move(replace(position, member=position.member + 1), step.member_wait)
    return _passing_over(plan, _following(plan, position), status=status, has_owner=has_owner)


def position_to_run(plan: Plan, position: Position, *, status: Status, has_owner: bool) -> Move:
    """Return what is to be run of what is due: the position itself, or a later one if its stop is met."""
    return _passing_over(plan, Move(position, timedelta(0)), status=status, has_owner=has_owner)


def goes_on(plan: Plan, position: Position, *, status: Status, has_owner: bool) -> bool:
    """Tell whether anything is left to be done from a position on, as the alert is now."""
    if not stop_met(plan.taken, status=status, has_owner=has_owner):
        return True
    return not plan.is_end(position_to_run(plan, position, status=status, has_owner=has_owner).position)


def due_after(wait: timedelta, *, due_at: datetime, now: datetime) -> datetime:
    """Return when a wait ends that began with a step that was due at an instant and is run now."""
    return (due_at if now - due_at <= DRIFT else now) + wait


def _passing_over(plan: Plan, move: Move, *, status: Status, has_owner: bool) -> Move:
    """Go on from a move while the stop of its step is met, and add up the waits."""
    if all(stop_met(step.stop, status=status, has_owner=has_owner) for step in plan.steps):
        return Move(plan.end, move.wait)
    while not plan.is_end(move.position) and stop_met(
        plan.step_at(move.position).stop, status=status, has_owner=has_owner
    ):
        following = _following(plan, move.position)
        move = Move(following.position, move.wait + following.wait)
    return move if not plan.is_end(move.position) else Move(plan.end, move.wait)


def _following(plan: Plan, position: Position) -> Move:
    """Return the next step of the round, or the first of the next round."""
    if position.step + 1 < len(plan.steps):
        return Move(Position(position.run, position.step + 1), plan.steps[position.step + 1].wait)
    pause = max(plan.steps[-1].wait, PATIENCE)
    if position.run + 1 >= plan.runs:
        return Move(plan.end, pause)
    begin = sum(step.is_once for step in plan.steps)
    return Move(Position(position.run + 1, begin), max(pause, plan.steps[begin].wait))
