"""How a step of an escalation is run: its people are told, and the next one gets its time."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.db import transaction
from django.utils.translation import gettext as _

from alerts.logic import escalation as rules
from alerts.logic.escalation import Move, Plan, Position, Step, Stop
from alerts.logic.lifecycle import Status
from alerts.logic.notification import Kind
from alerts.models import Alert, AlertEvent, Escalation, User
from alerts.operations import targets, telling, timeline

ESCALATE = "alerts.tasks.escalate"
LEASE = timedelta(seconds=10)
# A step that broke its worker, or raised, so many times is passed over: the next one tells somebody.
MOST_STARTS = 5


class State(TypedDict):
    """What the rules want to know of an alert."""

    status: Status
    has_owner: bool


@dataclass(frozen=True)
class _Turn:
    """One wake-up of one escalation.

    is_asked_for: by a person, so that no stop counts.  told: who was told in this turn.
    """

    escalation: Escalation
    alert: Alert
    plan: Plan
    now: datetime
    is_asked_for: bool = False
    told: set[int] = field(default_factory=set)

    @property
    def state(self) -> State:
        return state_of(self.alert)

    def stop_of(self, stop: Stop) -> Stop:
        """Return the stop of what is told now: one that is met already would call it off at once."""
        is_met = self.is_asked_for and rules.stop_met(stop, **self.state)
        return Stop.ACKNOWLEDGED if is_met else stop


def run_due(escalation_id: int, *, now: datetime) -> bool:
    """Run what is due of an escalation; tell whether this process did.

    1. Claim the escalation, and count the start: that is committed before anything is tried.
    2. Lock the alert, so that no action comes between what is read and what is written.
    3. Look again: what has been paused or ended meanwhile is left alone.
    4. Tell the people of the step and set the time of the next one, in one transaction.
    """
    due = Escalation.objects.filter(pk=escalation_id, due_at__lte=now)
    if not due.claim(now=now, lease=LEASE):
        return False
    with transaction.atomic():
        alert = Alert.objects.select_for_update(no_key=True, of=("self",)).get(escalations=escalation_id)
        escalation = due.mine().first()
        if escalation is None:
            return False
        if escalation.start_count > MOST_STARTS:
            _pass_over(escalation, alert, now)
        else:
            run(escalation, alert, now=now)
    return True


def run(escalation: Escalation, alert: Alert, *, now: datetime, is_asked_for: bool = False) -> None:
    """Run the step an escalation has come to, and go on at once while nobody is reached.

    In the caller's transaction, which has locked the alert. A step is judged by what the alert is now;
    nothing late is made up for.  is_asked_for: a person wants the next step, whatever its stop.
    """
    turn = _Turn(escalation, alert, plan_of(escalation), now, is_asked_for)
    position = position_of(escalation)
    if not is_asked_for:
        if not goes_on(escalation, alert, now):
            return put(escalation, position, None, Escalation.Status.PAUSED)
        move = rules.position_to_run(turn.plan, position, **turn.state)
        if move.wait:
            return put(escalation, move.position, _due_at(turn, move))
        position = move.position
    return _tell_on(turn, position)


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
    Escalation.objects.filter(pk=escalation.pk).update(
        run=position.run,
        step=position.step,
        member=position.member,
        due_at=due_at,
        status=status,
        start_count=0,
        claimed_by="",
        lease_until=None,
    )


def plan_of(escalation: Escalation) -> Plan:
    return Plan(tuple(map(Step.from_json, escalation.steps)), escalation.runs)


def position_of(escalation: Escalation) -> Position:
    return Position(escalation.run, escalation.step, escalation.member)


def state_of(alert: Alert) -> State:
    return State(status=Status(alert.status), has_owner=alert.owner_id is not None)


def place(escalation_id: int, position: Position) -> str:
    """Return what the dedup keys of a step's notifications begin with, to the last colon."""
    return f"step:{escalation_id}:{position.run}:{position.step}:{position.member}"


def _tell_on(turn: _Turn, position: Position) -> None:
    """Tell the people of a step, and of all that are due at the same moment; then comes a wait.

    While nobody is reached the next step is due at once, and in the end the last resort. No step is
    tried twice: where a whole round reaches nobody, another one would not either.
    """
    tried: set[tuple[int, int]] = set()
    is_reached = False
    while not turn.plan.is_end(position) and (position.step, position.member) not in tried:
        tried.add((position.step, position.member))
        size = targets.team_size(turn.plan.step_at(position))
        move = rules.next_position(turn.plan, position, team_size=size, **turn.state)
        is_reached |= _tell(turn, position, move)
        if is_reached and move.wait:
            return put(turn.escalation, move.position, _due_at(turn, move))
        position = move.position
    return _tell_last_resort(turn)


def _tell(turn: _Turn, position: Position, move: Move) -> bool:
    """Tell the people of one step; tell whether anybody is reached."""
    step = turn.plan.step_at(position)
    reach = _without_told(targets.targets_of(step, position.member, turn.alert), turn.told)
    wording = telling.Wording(
        kind=Kind.PAGE,
        key=place(turn.escalation.pk, position),
        stop=turn.stop_of(step.stop),
        urgency=step.urgency or telling.urgency_of(turn.alert),
        escalation_id=turn.escalation.pk,
    )
    telling.write(turn.alert, reach.people, wording, now=turn.now)
    turn.told.update(user.pk for user in reach.people)
    is_reached = bool(reach.people or reach.knowing)
    next_at = _due_at(turn, move) if is_reached or turn.told else turn.now
    details = _details(turn, position, reach, next_at)
    kind = AlertEvent.Kind.STEP if is_reached else AlertEvent.Kind.NOBODY_REACHED
    if is_reached or reach.missed or not position.member:
        text = f"{_label(step, position.run)}: {_sentence(reach)}"
        timeline.record(turn.alert, kind, now=turn.now, text=text, data=details)
    return is_reached


def _without_told(reach: targets.Targets, told: set[int]) -> targets.Targets:
    """Leave in peace who was told a moment ago by a step that was due at the same time."""
    again = tuple(user for user in reach.people if user.pk in told)
    people = tuple(user for user in reach.people if user.pk not in told)
    return replace(reach, people=people, knowing=(*reach.knowing, *again))


def _tell_last_resort(turn: _Turn) -> None:
    """Tell the last resort that nobody took the alert, and again after an hour."""
    taken = turn.plan.taken
    if not turn.is_asked_for and rules.stop_met(taken, **turn.state):
        return put(turn.escalation, turn.plan.end, None, Escalation.Status.PAUSED)
    reach = targets.last_resort(turn.escalation.policy)
    wording = telling.Wording(
        kind=Kind.LAST_RESORT,
        key=f"last:{turn.escalation.pk}:{turn.now.isoformat()}",
        stop=turn.stop_of(taken),
        urgency=telling.urgency_of(turn.alert),
        escalation_id=turn.escalation.pk,
    )
    telling.write(turn.alert, reach.people, wording, now=turn.now)
    again_at = turn.now + rules.LAST_RESORT_EVERY
    text = _("Nobody has taken this alert and all steps are used up. Last resort: %(sentence)s") % {
        "sentence": _sentence(reach)
    }
    details = _details(turn, turn.plan.end, reach, again_at)
    timeline.record(turn.alert, AlertEvent.Kind.EXHAUSTED, now=turn.now, text=text, data=details)
    return put(turn.escalation, turn.plan.end, again_at, Escalation.Status.EXHAUSTED)


def _pass_over(escalation: Escalation, alert: Alert, now: datetime) -> None:
    """Leave a step that cannot be run, and have the next one run at once."""
    plan, position = plan_of(escalation), position_of(escalation)
    text = _("A step could not be run; the worker's log says why. The next step runs at once.")
    timeline.record(alert, AlertEvent.Kind.NOBODY_REACHED, now=now, text=text)
    if plan.is_end(position):
        return put(escalation, position, now + rules.LAST_RESORT_EVERY, Escalation.Status.EXHAUSTED)
    move = rules.next_position(plan, position, team_size=0, **state_of(alert))
    return put(escalation, move.position, now)


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


def _label(step: Step, run: int) -> str:
    if step.is_once:
        return _("Who had it last")
    if not step.number:
        return _("Recipients")
    label = _("Step %(number)d") % {"number": step.number}
    return label if not run else _("%(step)s, round %(round)d") % {"step": label, "round": run + 1}


def _sentence(reach: targets.Targets) -> str:
    sentences = []
    if reach.people:
        sentences.append(_("telling %(people)s.") % {"people": _names(reach.people)})
    elif reach.knowing:
        sentences.append(_("no need to tell %(people)s again.") % {"people": _names(reach.knowing)})
    else:
        sentences.append(_("nobody can be told."))
    if reach.missed:
        sentences.append(_("Not reached: %(people)s.") % {"people": ", ".join(reach.missed)})
    return " ".join(sentences)


def _names(users: tuple[User, ...]) -> str:
    return ", ".join(map(str, users))
