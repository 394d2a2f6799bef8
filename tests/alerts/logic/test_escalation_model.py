"""Random plans against one who writes the whole agenda down first, and strikes out what does not count."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.logic.escalation import (
    PATIENCE,
    Plan,
    Position,
    Step,
    Stop,
    TeamOrder,
    first_position,
    goes_on,
    next_position,
    position_to_run,
    stop_met,
)
from alerts.logic.lifecycle import Status

MINUTE = timedelta(minutes=1)
STATES = [{"status": status, "has_owner": has_owner} for status in Status for has_owner in (False, True)]

step_rows = st.builds(
    Step,
    wait=st.integers(0, 12).map(lambda count: count * MINUTE),
    member_wait=st.integers(0, 4).map(lambda count: count * MINUTE),
    team_order=st.sampled_from(TeamOrder),
    stop=st.sampled_from(Stop),
)


@st.composite
def plans(draw):
    """Up to five steps, gone through up to three times, the first perhaps only once."""
    steps = draw(st.lists(step_rows, max_size=5))
    if len(steps) > 1 and draw(st.booleans()):
        steps[0] = Step(is_once=True, wait=steps[0].wait, stop=steps[0].stop)
    return Plan(tuple(steps), draw(st.integers(1, 3)))


def agenda(plan, size):
    """Return each step of all rounds with its time, as if it took none; and when nobody is left."""
    at, moments = timedelta(0), []
    pause = max(plan.steps[-1].wait, PATIENCE) if plan.steps else timedelta(0)
    for run in range(plan.runs if plan.steps else 0):
        in_round = [(number, step) for number, step in enumerate(plan.steps) if not (run and step.is_once)]
        for place, (number, step) in enumerate(in_round):
            at += max(pause, step.wait) if run and place == 0 else step.wait
            members = max(size, 1) if step.team_order is TeamOrder.ONE_BY_ONE else 1
            moments.append((at, step, [Position(run, number, member) for member in range(members)]))
    return moments, at + pause


def slow_walk(plan, size, state):
    """Go through the agenda; the members of a step that runs move all that comes after them."""
    if plan.steps and all(stop_met(step.stop, **state) for step in plan.steps):
        return [], None
    moments, end = agenda(plan, size)
    shift, seen = timedelta(0), []
    for at, step, positions in moments:
        if stop_met(step.stop, **state):
            continue
        seen += [(at + shift + position.member * step.member_wait, position) for position in positions]
        shift += (len(positions) - 1) * step.member_wait
    return seen, end + shift


def walk(plan, size, state):
    move, at, seen = first_position(plan, **state), timedelta(0), []
    while True:
        at += move.wait
        if plan.is_end(move.position):
            return seen, at
        seen.append((at, move.position))
        move = next_position(plan, move.position, team_size=size, **state)


@given(plans(), st.integers(0, 4), st.sampled_from(STATES))
def test_a_plan_is_gone_through_as_its_agenda_says(plan, size, state):
    seen, end = walk(plan, size, state)

    expected, expected_end = slow_walk(plan, size, state)
    assert seen == expected
    assert expected_end is None or end == expected_end


@given(plans(), st.sampled_from(STATES), st.data())
def test_what_is_run_of_what_is_due_is_the_next_of_the_agenda_whose_stop_is_not_met(plan, state, data):
    if not plan.steps:
        return
    run, number = data.draw(st.integers(0, plan.runs - 1)), data.draw(st.integers(0, len(plan.steps) - 1))
    begin = Position(run, number)
    if run and plan.steps[number].is_once:
        return
    moments, _end = agenda(plan, 0)
    from_here = [
        (at, step, positions[0])
        for at, step, positions in moments
        if (positions[0].run, positions[0].step) >= (run, number)
    ]
    left = [row for row in from_here if not stop_met(row[1].stop, **state)]

    move = position_to_run(plan, begin, **state)

    if not left:
        assert plan.is_end(move.position)
    else:
        assert (move.wait, move.position) == (left[0][0] - from_here[0][0], left[0][2])


@given(plans(), st.sampled_from(STATES))
def test_nothing_goes_on_exactly_when_it_is_taken_and_no_later_step_would_run(plan, state):
    begin = Position(0, 0) if plan.steps else plan.end
    would_run = any(not stop_met(step.stop, **state) for step in plan.steps)

    assert goes_on(plan, begin, **state) is (not stop_met(plan.taken, **state) or would_run)


@given(plans())
def test_steps_are_frozen_and_read_again(plan):
    assert all(Step.from_json(step.as_json()) == step for step in plan.steps)
