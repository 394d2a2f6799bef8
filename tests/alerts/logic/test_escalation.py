"""Which step is next: tables of whole escalations, walked from the first wait to the end."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.logic.escalation import (
    Move,
    Plan,
    Position,
    Step,
    Stop,
    TeamOrder,
    due_after,
    first_position,
    goes_on,
    next_position,
    plan_of,
    position_to_run,
    stop_met,
)
from alerts.logic.event import Urgency
from alerts.logic.lifecycle import Status

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OPEN = {"status": Status.OPEN, "has_owner": False}
ASSIGNED = {"status": Status.OPEN, "has_owner": True}
ACKNOWLEDGED = {"status": Status.ACKNOWLEDGED, "has_owner": True}
CLOSED = {"status": Status.CLOSED, "has_owner": True}


def minutes(count):
    return timedelta(minutes=count)


def steps(*waits, **options):
    return [Step(number=n, wait=minutes(wait), **options) for n, wait in enumerate(waits, start=1)]


def plan(*rows, runs=1):
    return Plan(tuple(rows), runs)


def walk(a_plan, state, sizes=()):
    """Return (minute, run, step, member) of all that is run, and the minute at which nobody is left.

    sizes: how many members the team has each time it is looked at; the last one holds from then on.
    """
    sizes = list(sizes) or [0]
    move, at, seen = first_position(a_plan, **state), 0, []
    while True:
        at += move.wait // minutes(1)
        position = move.position
        if a_plan.is_end(position):
            return seen, at
        seen.append((at, position.run, position.step, position.member))
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        move = next_position(a_plan, position, team_size=size, **state)


TWO_TEAMS = Step(number=1, teams=(1,), team_order=TeamOrder.ONE_BY_ONE, member_wait=minutes(3))
CLOSED_STEP = Step(number=3, wait=minutes(10), stop=Stop.CLOSED)

WALKS = {
    "no steps at all": (plan(), OPEN, (), [], 0),
    "one step at once": (plan(*steps(0)), OPEN, (), [(0, 0, 0, 0)], 5),
    "the first step waits for the alert": (plan(*steps(2)), OPEN, (), [(2, 0, 0, 0)], 7),
    "waits are from step to step": (
        plan(*steps(0, 5, 10)),
        OPEN,
        (),
        [(0, 0, 0, 0), (5, 0, 1, 0), (15, 0, 2, 0)],
        25,
    ),
    "the last has five minutes before the next round": (
        plan(*steps(0), runs=3),
        OPEN,
        (),
        [(0, 0, 0, 0), (5, 1, 0, 0), (10, 2, 0, 0)],
        15,
    ),
    "the last has its own wait before the next round": (
        plan(*steps(0, 20), runs=2),
        OPEN,
        (),
        [(0, 0, 0, 0), (20, 0, 1, 0), (40, 1, 0, 0), (60, 1, 1, 0)],
        80,
    ),
    "a long first wait comes in each round": (
        plan(*steps(30), runs=2),
        OPEN,
        (),
        [(30, 0, 0, 0), (60, 1, 0, 0)],
        90,
    ),
    "the end does not wait as long as the first step": (
        plan(*steps(20, 1)),
        OPEN,
        (),
        [(20, 0, 0, 0), (21, 0, 1, 0)],
        26,
    ),
    "one by one": (
        plan(TWO_TEAMS, *steps(5)),
        OPEN,
        (3, 3, 3, 0),
        [(0, 0, 0, 0), (3, 0, 0, 1), (6, 0, 0, 2), (11, 0, 1, 0)],
        16,
    ),
    "one by one, the team grows": (
        plan(TWO_TEAMS),
        OPEN,
        (1 + 1, 3, 3),
        [(0, 0, 0, 0), (3, 0, 0, 1), (6, 0, 0, 2)],
        11,
    ),
    "one by one, the team shrinks": (
        plan(TWO_TEAMS, *steps(1)),
        OPEN,
        (3, 1, 0),
        [(0, 0, 0, 0), (3, 0, 0, 1), (4, 0, 1, 0)],
        9,
    ),
    "one by one, nobody in the team": (plan(TWO_TEAMS), OPEN, (0,), [(0, 0, 0, 0)], 5),
    "all at once whatever the size": (
        plan(Step(teams=(1,), team_order=TeamOrder.ALL)),
        OPEN,
        (9,),
        [(0, 0, 0, 0)],
        5,
    ),
    "once is once": (
        plan(Step(is_once=True), Step(wait=minutes(5)), runs=2),
        OPEN,
        (),
        [(0, 0, 0, 0), (5, 0, 1, 0), (10, 1, 1, 0)],
        15,
    ),
    "acknowledged: only what stops at closing, and its waits are kept": (
        plan(*steps(0, 5), CLOSED_STEP, runs=2),
        ACKNOWLEDGED,
        (),
        [(15, 0, 2, 0), (40, 1, 2, 0)],
        50,
    ),
    "assigned: what stops at an owner is passed over": (
        plan(Step(stop=Stop.ASSIGNED), Step(wait=minutes(4))),
        ASSIGNED,
        (),
        [(4, 0, 1, 0)],
        9,
    ),
    "closed: nothing": (plan(*steps(0, 5), CLOSED_STEP, runs=9), CLOSED, (), [], 0),
}


@pytest.mark.parametrize(("a_plan", "state", "sizes", "seen", "end"), WALKS.values(), ids=WALKS)
def test_a_whole_escalation_goes_as_its_policy_says(a_plan, state, sizes, seen, end):
    assert walk(a_plan, state, sizes) == (seen, end)


STOPS = {
    (Stop.ACKNOWLEDGED, "open"): (OPEN, False),
    (Stop.ACKNOWLEDGED, "assigned"): (ASSIGNED, False),
    (Stop.ACKNOWLEDGED, "acknowledged"): (ACKNOWLEDGED, True),
    (Stop.ACKNOWLEDGED, "closed"): (CLOSED, True),
    (Stop.ASSIGNED, "open"): (OPEN, False),
    (Stop.ASSIGNED, "assigned"): (ASSIGNED, True),
    (Stop.ASSIGNED, "acknowledged by who has no name"): (
        {"status": Status.ACKNOWLEDGED, "has_owner": False},
        True,
    ),
    (Stop.ASSIGNED, "closed"): (CLOSED, True),
    (Stop.CLOSED, "open"): (OPEN, False),
    (Stop.CLOSED, "assigned"): (ASSIGNED, False),
    (Stop.CLOSED, "acknowledged"): (ACKNOWLEDGED, False),
    (Stop.CLOSED, "closed"): (CLOSED, True),
}


@pytest.mark.parametrize(("case", "expected"), STOPS.items(), ids=str)
def test_a_stop_is_met(case, expected):
    state, is_met = expected
    assert stop_met(case[0], **state) is is_met


def test_what_is_due_but_stopped_gives_way_to_a_later_step_with_its_wait():
    a_plan = plan(*steps(0, 5), CLOSED_STEP)

    move = position_to_run(a_plan, Position(0, 1), **ACKNOWLEDGED)

    assert move == Move(Position(0, 2), minutes(10))


def test_what_is_due_and_wanted_is_run_now():
    assert position_to_run(plan(*steps(0, 5)), Position(0, 1), **OPEN) == Move(Position(0, 1), minutes(0))


GOING_ON = {
    "open, in the middle": (plan(*steps(0, 5)), Position(0, 1), OPEN, True),
    "open, nobody left: the last resort": (plan(*steps(0, 5)), Position(1, 0), OPEN, True),
    "acknowledged": (plan(*steps(0, 5)), Position(0, 1), ACKNOWLEDGED, False),
    "acknowledged, a later step stops at closing": (
        plan(*steps(0), CLOSED_STEP),
        Position(0, 0),
        ACKNOWLEDGED,
        True,
    ),
    "acknowledged, that step is over": (plan(*steps(0), CLOSED_STEP), Position(1, 0), ACKNOWLEDGED, False),
    "acknowledged, that step comes again": (
        plan(*steps(0), CLOSED_STEP, runs=2),
        Position(1, 0),
        ACKNOWLEDGED,
        True,
    ),
    "an owner where acknowledging counts": (plan(*steps(0)), Position(0, 0), ASSIGNED, True),
    "an owner where an owner is enough": (plan(Step(stop=Stop.ASSIGNED)), Position(0, 0), ASSIGNED, False),
    "an owner is enough for the last resort, too": (
        plan(Step(stop=Stop.ASSIGNED)),
        Position(1, 0),
        ASSIGNED,
        False,
    ),
    "no steps: the last resort": (plan(), Position(1, 0), OPEN, True),
}


@pytest.mark.parametrize(("a_plan", "position", "state", "expected"), GOING_ON.values(), ids=GOING_ON)
def test_an_escalation_goes_on_while_something_is_left_to_do(a_plan, position, state, expected):
    assert goes_on(a_plan, position, **state) is expected


POLICY = (Step(number=1, users=(7,)), Step(number=2, users=(8,), wait=minutes(10)))
RECIPIENTS = Step(tells_recipients=True)
FIRST = Step(users=(3,), is_once=True)
STARTER = (Step(number=1, tells_recipients=True), Step(number=2, users=(8,), wait=minutes(5)))
PLANS = {
    "a policy alone": (POLICY, False, (), POLICY, 4),
    "recipients whom no step names come before": (POLICY, True, (), (RECIPIENTS, *POLICY), 4),
    "recipients whom a step names come there": (STARTER, True, (), STARTER, 4),
    "recipients alone": ((), True, (), (RECIPIENTS,), 4),
    "nothing": ((), False, (), (), 4),
    "who had it last comes first, with a head start": (
        POLICY,
        False,
        (3,),
        (FIRST, Step(number=1, users=(7,), wait=minutes(5)), POLICY[1]),
        4,
    ),
    "who had it last and nobody else: once": ((), False, (3,), (FIRST,), 1),
    "the recipients wait for who had it last": (
        POLICY,
        True,
        (3,),
        (FIRST, Step(tells_recipients=True, wait=minutes(5)), *POLICY),
        4,
    ),
}


@pytest.mark.parametrize(("rows", "has_recipients", "first", "expected", "runs"), PLANS.values(), ids=PLANS)
def test_a_plan_is_the_policy_and_whom_it_forgot(rows, has_recipients, first, expected, runs):
    made = plan_of(rows, runs=4, stop=Stop.ACKNOWLEDGED, has_recipients=has_recipients, first=first)

    assert made == Plan(expected, runs)


def test_what_we_put_before_the_policy_stops_as_the_policy_does():
    made = plan_of((), runs=1, stop=Stop.ASSIGNED, has_recipients=True, first=(3,))

    assert [step.stop for step in made.steps] == [Stop.ASSIGNED, Stop.ASSIGNED]


LATENESS = {
    "on time": (0, 300),
    "a moment late: made up for": (5, 300),
    "an outage: the whole wait": (6, 306),
}


@pytest.mark.parametrize(("late", "after"), LATENESS.values(), ids=LATENESS)
def test_lateness_is_made_up_for_unless_it_was_an_outage(late, after):
    due = due_after(minutes(5), due_at=NOW, now=NOW + timedelta(seconds=late))

    assert due - NOW == timedelta(seconds=after)


def test_a_step_is_read_as_it_was_written():
    step = Step(
        number=2,
        wait=minutes(5),
        users=(1, 2),
        teams=(3,),
        team_order=TeamOrder.ONE_BY_ONE,
        member_wait=minutes(7),
        tells_recipients=True,
        tells_owner=True,
        stop=Stop.CLOSED,
        urgency=Urgency.LOW,
        is_once=True,
    )

    assert Step.from_json(step.as_json()) == step


def test_a_step_that_an_older_version_wrote_has_defaults_for_what_is_new():
    assert Step.from_json({"users": [4]}) == Step(users=(4,))
