"""Shifts in zones whose clocks jump, against somebody who watches the clock on the wall."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.logic.oncall import Kind, Rotation, Schedule, lines, shifts
from alerts.logic.oncall_clock import wall_of
from tests.alerts.logic.oncall_rules import rotations
from tests.alerts.logic.oncall_walk import check, edges
from tests.alerts.logic.zones import HARD_ZONES

AROUND = timedelta(days=2)


@pytest.mark.parametrize("name", HARD_ZONES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_shifts_are_what_somebody_who_watches_the_clock_sees(name, data):
    zone = ZoneInfo(name)
    edge = data.draw(st.sampled_from(_edges(name)))
    rotation = data.draw(rotations(zone, edge))

    check(rotation, edge - AROUND, edge + AROUND)


@pytest.mark.parametrize("name", HARD_ZONES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_hand_off_is_at_the_stated_time_unless_the_clock_jumps_over_it(name, data):
    zone = ZoneInfo(name)
    edge = data.draw(st.sampled_from(_edges(name)))
    rotation = data.draw(rotations(zone, edge).filter(lambda one: one.kind is not Kind.HOURLY))
    always = Rotation(**{**vars(rotation), "hours": (), "ends_on": None})

    for shift in lines(Schedule((always,)), edge - AROUND, edge + AROUND)[1]:
        shown = wall_of(shift.begin, zone)
        just_before = wall_of(shift.begin - timedelta(seconds=1), zone)
        stated = shown.replace(hour=rotation.hand_off.hour, minute=rotation.hand_off.minute)
        is_jump = shown - just_before > timedelta(seconds=1)
        assert shown == stated or is_jump or shift.begin == edge - AROUND


@pytest.mark.parametrize("name", HARD_ZONES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_two_halves_of_a_time_say_what_the_whole_says(name, data):
    edge = data.draw(st.sampled_from(_edges(name)))
    schedule = Schedule((data.draw(rotations(ZoneInfo(name), edge)),))
    begin, end = edge - AROUND, edge + AROUND
    cut = begin + data.draw(st.integers(1, 95)) * timedelta(hours=1)

    whole = shifts(schedule, begin, end)
    halves = (*shifts(schedule, begin, cut), *shifts(schedule, cut, end))

    for instant in (begin + number * timedelta(minutes=30) for number in range(192)):
        assert _having(whole, instant) == _having(halves, instant)


def _having(found, instant):
    return [(one.role, one.users) for one in found if one.begin <= instant < one.end]


def _edges(name):
    """Where nothing jumps, any day will do."""
    year = HARD_ZONES[name]
    return edges(ZoneInfo(name), [year]) or [datetime(year, 3, 1, tzinfo=UTC)]
