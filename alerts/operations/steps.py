"""How steps of escalations are run: their people are told, and the next ones get their time.

In transactions of those who ask for it, and of `due_steps`, which have locked the alerts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypedDict

from alertops.lib.rows import insert_rows, update_rows
from alerts.logic import escalation as rules
from alerts.logic.escalation import Move, Plan, Position, Step, Stop
from alerts.logic.event import Severity
from alerts.logic.lifecycle import Status
from alerts.logic.notification import Kind
from alerts.models import Alert, AlertEvent, Escalation, User
from alerts.operations import targets, telling, timeline
from alerts.operations.targets import Directory
from alerts.operations.telling import Notice

ESCALATE = "alerts.tasks.escalate"
# A step that broke its worker, or raised, so many times is passed over: the next one tells somebody.
MOST_STARTS = 5
# How long a step is held for somebody to be on call before it is looked at again.
HOLDS_AT_MOST = timedelta(hours=1)
_NOBODY = targets.Targets((), (), ())
_PUT = (
    *("run", "step", "member", "due_at", "status", "urgency"),
    *("start_count", "claimed_by", "lease_until"),
)


class State(TypedDict):
    """What the rules want to know of an alert."""

    status: Status
    has_owner: bool


@dataclass(frozen=True)
class Place:
    """Where an escalation is, and when it goes on by itself; never, when that is None."""

    escalation: Escalation
    position: Position
    due_at: datetime | None
    status: Escalation.Status = Escalation.Status.RUNNING


@dataclass(frozen=True)
class _Turn:
    """One wake-up of one escalation, and what comes of it.

    is_asked_for: by a person, so that no stop counts.  told: who was told in this turn.
    notices, lines: to be written when all is decided.
    """

    escalation: Escalation
    alert: Alert
    plan: Plan
    directory: Directory
    now: datetime
    is_asked_for: bool = False
    told: set[int] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)
    lines: list[AlertEvent] = field(default_factory=list)

    @property
    def state(self) -> State:
        return state_of(self.alert)

    def stop_of(self, stop: Stop) -> Stop:
        """Return the stop of what is told now: one that is met already would call it off at once."""
        is_met = self.is_asked_for and rules.stop_met(stop, **self.state)
        return Stop.ACKNOWLEDGED if is_met else stop

    def is_for_now(self, step: Step, position: Position) -> bool:
        """Tell whether a step's conditions are met; what has begun with a team's first member goes on."""
        severity = Severity(self.alert.severity)
        return position.member > 0 or step.condition.holds(severity, self.alert.tags, self.now)

    def note(self, kind: AlertEvent.Kind, text: str, details: dict[str, Any] | None = None) -> None:
        self.lines.append(timeline.line(self.alert, kind, now=self.now, text=text, data=details))


def run(
    escalation: Escalation, alert: Alert, *, now: datetime, is_asked_for: bool = False
) -> tuple[User, ...]:
    """Run the step an escalation has come to, and go on at once while nobody is reached; return who is told.

    In the caller's transaction, which has locked the alert. A step is judged by what the alert is now;
    nothing late is made up for.  is_asked_for: a person wants the next step, whatever its stop.
    """
    return run_all([(escalation, alert)], now, is_asked_for=is_asked_for)


def run_all(
    due: Sequence[tuple[Escalation, Alert]], now: datetime, *, is_asked_for: bool = False
) -> tuple[User, ...]:
    """Decide for each what is to be done, then write it all, in a few statements however many they are."""
    plans = [plan_of(escalation) for escalation, _alert in due]
    directory = Directory([alert for _e, alert in due], {step for plan in plans for step in plan.steps})
    turns = [
        _Turn(escalation, alert, plan, directory, now, is_asked_for)
        for (escalation, alert), plan in zip(due, plans, strict=True)
    ]
    places = [_run_turn(turn) for turn in turns]
    telling.write((notice for turn in turns for notice in turn.notices), now=now)
    insert_rows([line for turn in turns for line in turn.lines])
    _put(places)
    return tuple(user for turn in turns for notice in turn.notices for user in notice.people)


def goes_on(escalation: Escalation, alert: Alert, now: datetime) -> bool:
    """Tell whether an escalation has anything left to do by itself, as its alert is now."""
    if alert.snoozed_until is not None and alert.snoozed_until > now:
        return False
    return rules.goes_on(plan_of(escalation), position_of(escalation), **state_of(alert))


def put(
    escalation: Escalation,
    position: Position,
    due_at: datetime | None,
    status: Escalation.Status = Escalation.Status.RUNNING,
) -> None:
    """Write where an escalation is and when it goes on, and give it back."""
    _put([Place(escalation, position, due_at, status)])


def plan_of(escalation: Escalation) -> Plan:
    return Plan(tuple(map(Step.from_json, escalation.steps)), escalation.runs)


def position_of(escalation: Escalation) -> Position:
    return Position(escalation.run, escalation.step, escalation.member)


def state_of(alert: Alert) -> State:
    return State(status=Status(alert.status), has_owner=alert.owner_id is not None)


def place(escalation_id: int, position: Position) -> str:
    """Return what the dedup keys of a step's notifications begin with, to the last colon."""
    return f"step:{escalation_id}:{position.run}:{position.step}:{position.member}"


def label(step: Step, run: int) -> str:
    """Return what people call a step."""
    template, names = _label(step, run)
    return template % names


def _label(step: Step, run: int) -> tuple[str, dict[str, int]]:
    if step.is_once:
        return timeline.LAST_OWNER, {}
    if not step.number:
        return timeline.RECIPIENTS, {}
    names = {"number": step.number, "round": run + 1}
    return (timeline.STEP_OF_ROUND if run else timeline.STEP), names


def is_held(reach: targets.Targets, severity: Severity) -> bool:
    """Tell whether to wait until somebody is on call; what is critical never waits."""
    return reach.is_nobody and reach.covered_at is not None and severity is not Severity.CRITICAL


def without_told(reach: targets.Targets, told: set[int]) -> targets.Targets:
    """Leave in peace who was told a moment ago by a step that was due at the same time."""
    again = tuple(user for user in reach.people if user.pk in told)
    people = tuple(user for user in reach.people if user.pk not in told)
    return replace(reach, people=people, knowing=(*reach.knowing, *again))


def _put(places: Sequence[Place]) -> None:
    """Write places in one go; bulk_update would take far longer."""
    for place in places:
        row, position = place.escalation, place.position
        row.run, row.step, row.member = position.run, position.step, position.member
        row.due_at, row.status = place.due_at, place.status
        row.start_count, row.claimed_by, row.lease_until = 0, "", None
    update_rows([place.escalation for place in places], _PUT)


def _run_turn(turn: _Turn) -> Place:
    """Run what is due in one turn; return where its escalation is then."""
    escalation, position = turn.escalation, position_of(turn.escalation)
    escalation.urgency = telling.urgency_of(turn.alert)
    if not turn.is_asked_for:
        if escalation.start_count > MOST_STARTS:
            return _pass_over(turn, position)
        if not goes_on(escalation, turn.alert, turn.now):
            return Place(escalation, position, None, Escalation.Status.PAUSED)
        move = rules.position_to_run(turn.plan, position, **turn.state)
        if move.wait:
            return Place(escalation, move.position, _due_at(turn, move))
        position = move.position
    return _tell_on(turn, position)


def _tell_on(turn: _Turn, position: Position) -> Place:
    """Tell the people of a step, and of all that are due at the same moment; then comes a wait.

    While nobody is reached the next step is due at once, and in the end the last resort. No step is
    tried twice: where a whole round reaches nobody, another one would not either.
    """
    tried: set[tuple[int, int]] = set()
    is_reached = False
    while not turn.plan.is_end(position) and (position.step, position.member) not in tried:
        tried.add((position.step, position.member))
        step = turn.plan.step_at(position)
        is_for_now = turn.is_for_now(step, position)
        size = targets.team_size(step, turn.directory) if is_for_now else 0
        move = rules.next_position(turn.plan, position, team_size=size, **turn.state)
        if is_for_now:
            reach = targets.targets_of(step, position.member, turn.alert, turn.directory, turn.now)
            if not turn.is_asked_for and is_held(reach, Severity(turn.alert.severity)):
                return _hold(turn, position, reach)
            is_reached |= _tell(turn, position, move, reach)
        else:
            _pass_by(turn, position, move)
        if move.wait and (is_reached or not (is_for_now or turn.is_asked_for)):
            return Place(turn.escalation, move.position, _due_at(turn, move))
        position = move.position
    return _tell_last_resort(turn)


def _tell(turn: _Turn, position: Position, move: Move, reach: targets.Targets) -> bool:
    """Tell the people of one step; tell whether anybody is reached."""
    step = turn.plan.step_at(position)
    reach = without_told(reach, turn.told)
    wording = telling.Wording(
        kind=Kind.PAGE,
        key=place(turn.escalation.pk, position),
        stop=turn.stop_of(step.stop),
        urgency=step.urgency or telling.urgency_of(turn.alert),
        escalation_id=turn.escalation.pk,
    )
    turn.notices.append(Notice(turn.alert, reach.people, wording))
    turn.told.update(user.pk for user in reach.people)
    is_reached = not reach.is_nobody
    next_at = _due_at(turn, move) if is_reached or turn.told else turn.now
    kind = AlertEvent.Kind.STEP if is_reached else AlertEvent.Kind.NOBODY_REACHED
    if is_reached or reach.missed or not position.member:
        _note_step(turn, kind, position, _sentence(reach), _details(turn, position, reach, next_at))
    return is_reached


def _pass_by(turn: _Turn, position: Position, move: Move) -> None:
    """Leave out a step whose conditions are not met; its wait is kept."""
    details = _details(turn, position, _NOBODY, _due_at(turn, move))
    _note_step(turn, AlertEvent.Kind.STEP, position, timeline.NOT_NOW, details)


def _hold(turn: _Turn, position: Position, reach: targets.Targets) -> Place:
    """Wait until somebody is on call; looked at again from time to time, as somebody may step in."""
    again_at = min(reach.covered_at or turn.now, turn.now + HOLDS_AT_MOST)
    if turn.escalation.status != Escalation.Status.HELD:
        details = _details(turn, position, _NOBODY, again_at)
        _note_step(turn, AlertEvent.Kind.STEP, position, timeline.HELD, details)
    return Place(turn.escalation, position, again_at, Escalation.Status.HELD)


def _note_step(
    turn: _Turn, kind: AlertEvent.Kind, position: Position, what: str, details: dict[str, Any]
) -> None:
    template, names = _label(turn.plan.step_at(position), position.run)
    turn.note(kind, timeline.SAYS[template] % {**names, "what": what}, details)


def _tell_last_resort(turn: _Turn) -> Place:
    """Tell the last resort that nobody took the alert, and again after an hour."""
    taken = turn.plan.taken
    if not turn.is_asked_for and rules.stop_met(taken, **turn.state):
        return Place(turn.escalation, turn.plan.end, None, Escalation.Status.PAUSED)
    reach = targets.last_resort(turn.escalation.policy, turn.directory)
    wording = telling.Wording(
        kind=Kind.LAST_RESORT,
        key=f"last:{turn.escalation.pk}:{turn.now.isoformat()}",
        stop=turn.stop_of(taken),
        urgency=telling.urgency_of(turn.alert),
        escalation_id=turn.escalation.pk,
    )
    turn.notices.append(Notice(turn.alert, reach.people, wording))
    again_at = turn.now + rules.LAST_RESORT_EVERY
    text = timeline.USED_UP % {"what": _sentence(reach)}
    turn.note(AlertEvent.Kind.EXHAUSTED, text, _details(turn, turn.plan.end, reach, again_at))
    return Place(turn.escalation, turn.plan.end, again_at, Escalation.Status.EXHAUSTED)


def _pass_over(turn: _Turn, position: Position) -> Place:
    """Leave a step that cannot be run, and have the next one run at once."""
    turn.note(AlertEvent.Kind.NOBODY_REACHED, timeline.PASSED_OVER)
    if turn.plan.is_end(position):
        again_at = turn.now + rules.LAST_RESORT_EVERY
        return Place(turn.escalation, position, again_at, Escalation.Status.EXHAUSTED)
    move = rules.next_position(turn.plan, position, team_size=0, **turn.state)
    return Place(turn.escalation, move.position, turn.now)


def _due_at(turn: _Turn, move: Move) -> datetime:
    return rules.due_after(move.wait, due_at=turn.escalation.due_at or turn.now, now=turn.now)


def _details(turn: _Turn, position: Position, reach: targets.Targets, next_at: datetime) -> dict[str, Any]:
    """Return what pages show of a step beside its sentence; ids and figures only."""
    return {
        "escalation": turn.escalation.pk,
        "run": position.run,
        "step": position.step,
        "member": position.member,
        "told": [user.pk for user in reach.people],
        "next_at": next_at.isoformat(),
    }


def _sentence(reach: targets.Targets) -> str:
    if reach.people:
        what = timeline.TELLING % {"people": _names(reach.people)}
    elif reach.knowing:
        what = timeline.NO_NEED % {"people": _names(reach.knowing)}
    else:
        what = timeline.NOBODY
    return timeline.MISSED % {"what": what, "people": ", ".join(reach.missed)} if reach.missed else what


def _names(users: tuple[User, ...]) -> str:
    return ", ".join(map(str, users))
