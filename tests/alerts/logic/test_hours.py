"""Support hours: what the wall clock shows decides, on both days on which it is set, too."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.logic.hours import DAY, Hours, Span, UnreadableHours, hours_of, is_within, next_within, read_day

MINUTE = timedelta(minutes=1)
OFFICE = hours_of("Europe/Berlin", ["09:00-17:00"] * 5 + ["", ""])
NIGHTS = hours_of("Europe/Berlin", ["22:00-06:00"] * 7)
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"]


def berlin(text, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("09:00-17:00", [(540, 480)]),
        ("9:00 – 17:00", [(540, 480)]),
        ("08:00-12:00, 13:00-17:30", [(480, 240), (780, 270)]),
        ("22:00-06:00", [(1320, 480)]),
        ("00:00-24:00", [(0, DAY)]),
        ("09:00-09:00", [(540, DAY)]),
        ("23:59-00:00", [(1439, 1)]),
    ],
)
def test_hours_of_a_day_are_read(text, spans):
    assert read_day(text) == spans


@pytest.mark.parametrize("text", ["9-17", "24:00-25:00", "09:60-10:00", "24:00-06:00", "09:00", "morning"])
def test_what_is_no_hours_is_refused(text):
    with pytest.raises(UnreadableHours):
        read_day(text)


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (OFFICE, "2026-03-02 08:59:59", False),
        (OFFICE, "2026-03-02 09:00:00", True),
        (OFFICE, "2026-03-02 16:59:59", True),
        (OFFICE, "2026-03-02 17:00:00", False),
        (OFFICE, "2026-03-07 12:00:00", False),
        (NIGHTS, "2026-03-02 21:59:59", False),
        (NIGHTS, "2026-03-02 22:00:00", True),
        (NIGHTS, "2026-03-02 05:59:59", True),
        (NIGHTS, "2026-03-02 06:00:00", False),
        (Hours("Europe/Berlin", (Span(6, 1320, 480),)), "2026-03-02 05:00:00", True),
        (Hours("Europe/Berlin", ()), "2026-03-02 12:00:00", False),
    ],
)
def test_hours_are_half_open_and_may_end_on_the_next_day(hours, at, expected):
    assert is_within(hours, berlin(at)) is expected


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        ("09:00-17:00", berlin("2026-03-02 10:00"), berlin("2026-03-02 10:00")),
        ("09:00-17:00", berlin("2026-03-02 17:00"), berlin("2026-03-09 09:00")),
        ("02:30-05:00", berlin("2026-03-29 01:59"), berlin("2026-03-29 03:00")),  # spring leaves 02:30 out
        ("02:30-05:00", berlin("2026-10-25 02:00"), berlin("2026-10-25 02:30")),  # autumn shows it twice
        ("02:30-02:45", berlin("2026-10-25 02:45"), berlin("2026-10-25 02:30", fold=1)),
        ("01:00-02:15", berlin("2026-10-25 02:15"), berlin("2026-10-25 02:00", fold=1)),
    ],
    ids=["now", "next week", "gap", "fold", "second showing", "begins again when the clock is set back"],
)
def test_the_next_hours_begin_when_the_clock_first_shows_them(day, at, expected):
    weekday = at.weekday()
    hours = hours_of("Europe/Berlin", ["" if number != weekday else day for number in range(7)])

    assert next_within(hours, at.astimezone(UTC)) == expected.astimezone(UTC)


def test_a_begin_in_the_hour_that_spring_leaves_out_comes_a_week_later():
    sundays = hours_of("Europe/Berlin", [""] * 6 + ["02:10-02:50"])

    assert next_within(sundays, berlin("2026-03-29 00:00")) == berlin("2026-04-05 02:10")


def test_without_hours_they_never_begin():
    assert next_within(Hours("UTC", ()), berlin("2026-03-02 12:00")) is None


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    spans=st.lists(
        st.builds(Span, st.integers(0, 6), st.integers(0, DAY - 1), st.integers(1, DAY)),
        min_size=1,
        max_size=3,
    ),
    minute=st.integers(0, 366 * DAY),
)
def test_the_next_hours_are_those_that_a_walk_by_the_minute_finds(zone, spans, minute):
    hours = Hours(zone, tuple(spans))
    at = datetime(2026, 1, 1, tzinfo=UTC) + minute * MINUTE

    found = next_within(hours, at)

    walked = (at + number * MINUTE for number in range(16 * DAY))
    assert found == next(moment for moment in walked if is_within(hours, moment))


def test_hours_are_frozen_and_read_again():
    assert Hours.from_json(OFFICE.as_json()) == OFFICE
