"""Rotations that hypothesis makes up: all kinds, with hours, in a zone around one of its edges."""

from datetime import time, timedelta

from hypothesis import strategies as st

from alerts.logic.oncall import Hours, Kind, Role, Rotation

MINUTES = [0, 5, 15, 30, 45]
HOURS_OF_EDGES = [0, 1, 2, 3, 23]


def times():
    """Times of day, more often those at which clocks are changed."""
    hours = st.sampled_from(HOURS_OF_EDGES) | st.integers(0, 23)
    return st.builds(time, hours, st.sampled_from(MINUTES))


def hours():
    return st.builds(Hours, st.frozensets(st.integers(0, 6), min_size=1), times(), times())


@st.composite
def rotations(draw, zone, edge, users=(1, 2, 3, 4)):
    """Return a rotation that began up to 40 days before an edge of its zone, or begins a day after it."""
    day = edge.astimezone(zone).date()
    starts_on = day - timedelta(days=draw(st.integers(-1, 40)))
    turn = st.lists(st.sampled_from(users), min_size=1, max_size=2, unique=True).map(tuple)
    turns = draw(st.lists(turn, min_size=1, max_size=4))
    return Rotation(
        line=1,
        role=draw(st.sampled_from(Role)),
        kind=draw(st.sampled_from([kind for kind in Kind if kind is not Kind.CALENDAR])),
        every=draw(st.integers(1, 3) | st.sampled_from([5, 8, 12, 24])),
        hand_off=draw(times()),
        weekday=draw(st.integers(0, 6)),
        day=draw(st.sampled_from([1, 15, 28, 29, 30, 31])),
        starts_on=starts_on,
        ends_on=draw(st.none() | st.integers(0, 3).map(lambda days: day + timedelta(days=days))),
        zone=zone,
        turns=tuple(turns),
        first_turn=draw(st.integers(0, len(turns) - 1)),
        hours=tuple(draw(st.lists(hours(), max_size=3))),
    )
