"""Who is on call when: turns, hours, layers, overrides, absences and gaps, as tables."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.logic.oncall import (
    Absence,
    Change,
    Event,
    Gap,
    Hours,
    Kind,
    Override,
    Role,
    Rotation,
    Schedule,
    covered_again_at,
    gaps,
    keep_turn,
    lines,
    on_call_at,
    shifts,
)

ANNA, BEN, CARLA, DAN = 1, 2, 3, 4
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)
WEEKDAYS, WEEKEND = frozenset(range(5)), frozenset({5, 6})


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rotation(*turns, **rules):
    """A rotation that begins on Monday, 2 March 2026, at 9:00 UTC, week by week."""
    return Rotation(
        **{"line": 1, "starts_on": MONDAY, "turns": tuple((turn,) for turn in turns or (ANNA, BEN))} | rules
    )


def said(schedule, start, end, role=Role.PRIMARY):
    """Return the final line of a role in short: day and hour, people."""
    return [
        (f"{shift.begin:%d %H:%M}", f"{shift.end:%d %H:%M}", shift.users)
        for shift in shifts(schedule, utc(start), utc(end))
        if shift.role is role
    ]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(
            {"kind": Kind.HOURLY, "every": 8},
            [("02 09:00", "02 17:00", (1,)), ("02 17:00", "03 01:00", (2,)), ("03 01:00", "03 09:00", (1,))],
            id="every 8 hours",
        ),
        pytest.param(
            {"kind": Kind.DAILY},
            [("02 09:00", "03 09:00", (1,))],
            id="daily",
        ),
        pytest.param({"kind": Kind.WEEKLY}, [("02 09:00", "03 09:00", (1,))], id="weekly, cut at the edge"),
        pytest.param(
            {"kind": Kind.WEEKLY, "weekday": 1, "hand_off": time(3)},
            [("02 08:00", "03 03:00", (1,)), ("03 03:00", "03 09:00", (2,))],
            id="weekly, starting in the middle of a turn",
        ),
        pytest.param({"kind": Kind.DAILY, "every": 2}, [("02 09:00", "03 09:00", (1,))], id="every 2 days"),
        pytest.param({"turns": ()}, [], id="nobody"),
        pytest.param({"turns": ((), (2,))}, [], id="an empty turn"),
        pytest.param({"turns": ((1, 2), (3,))}, [("02 09:00", "03 09:00", (1, 2))], id="two at once"),
        pytest.param({"first_turn": 1}, [("02 09:00", "03 09:00", (2,))], id="the second begins"),
        pytest.param({"starts_on": date(2026, 3, 3)}, [], id="not begun yet"),
        pytest.param({"ends_on": MONDAY}, [], id="ended before it began"),
        pytest.param({"until": utc("2026-03-02 12:00")}, [("02 09:00", "02 12:00", (1,))], id="until"),
        pytest.param({"since": utc("2026-03-02 12:00")}, [("02 12:00", "03 09:00", (1,))], id="since"),
    ],
)
def test_turns_pass_on(rules, expected):
    schedule = Schedule((rotation(**rules),))

    assert said(schedule, "2026-03-02 08:00", "2026-03-03 09:00") == expected


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        (1, ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]),
        (30, ["2026-01-30", "2026-02-28", "2026-03-30", "2026-04-30"]),
        (31, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
    ],
)
def test_a_month_that_has_no_such_day_passes_on_at_its_last(day, begins):
    monthly = rotation(kind=Kind.MONTHLY, day=day, starts_on=date(2026, 1, day), hand_off=time(0))

    found = lines(Schedule((monthly,)), utc("2026-01-01"), utc("2026-05-01"))[1]

    assert [f"{shift.begin:%Y-%m-%d}" for shift in found] == begins


def test_a_monthly_rotation_that_starts_before_its_day_begins_in_the_turn_of_the_month_before():
    monthly = rotation(kind=Kind.MONTHLY, day=20, hand_off=time(0))

    found = said(Schedule((monthly,)), "2026-03-01", "2026-04-21")

    assert found == [
        ("02 00:00", "20 00:00", (ANNA,)),
        ("20 00:00", "20 00:00", (BEN,)),
        ("20 00:00", "21 00:00", (ANNA,)),
    ]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        pytest.param(
            [Hours(WEEKDAYS, time(9), time(17))],
            [("06 09:00", "06 17:00", (1,)), ("09 09:00", "09 17:00", (2,))],
            id="business hours",
        ),
        pytest.param(
            [Hours(frozenset({4}), time(22), time(6))],
            [("06 22:00", "07 06:00", (1,))],
            id="crossing midnight",
        ),
        pytest.param(
            [Hours(WEEKEND, time(0), time(0))],
            [("07 00:00", "09 00:00", (1,))],
            id="whole days, one after another, are one shift",
        ),
        pytest.param(
            [Hours(frozenset({6}), time(12), time(12))],
            [("08 12:00", "09 09:00", (1,)), ("09 09:00", "09 12:00", (2,))],
            id="cut by the hand-off",
        ),
    ],
)
def test_hours_narrow_a_rotation(hours, expected):
    schedule = Schedule((rotation(hours=tuple(hours)),))

    assert said(schedule, "2026-03-06", "2026-03-10") == expected


def test_public_holidays_count_as_sundays():
    """3 April 2026 is Good Friday, 6 April Easter Monday."""
    work = rotation(ANNA, line=1, hours=(Hours(WEEKDAYS, time(0), time(0)),), holiday_region="DE")
    rest = rotation(BEN, line=2, hours=(Hours(WEEKEND, time(0), time(0)),), holiday_region="DE")

    schedule = Schedule((work, rest))

    noons = [utc(f"2026-04-{day:02} 12:00") for day in range(2, 8)]
    assert [on_call_at(schedule, noon)[Role.PRIMARY] for noon in noons] == [
        *((ANNA,), (BEN,), (BEN,), (BEN,), (BEN,), (ANNA,))
    ]
    assert gaps(schedule, noons[0], noons[-1]) == ()


def test_the_upper_rotation_counts_and_those_beside_it_come_too():
    upper = rotation(ANNA, position=1, line=1, hours=(Hours(WEEKDAYS, time(9), time(17)),))
    lower = rotation(BEN, position=2, line=2)
    beside = rotation(CARLA, position=3, line=3, is_beside=True)
    other = rotation(DAN, position=4, line=4, role=Role.SECONDARY)

    at = {
        hour: on_call_at(Schedule((lower, other, beside, upper)), utc(f"2026-03-03 {hour}:00"))
        for hour in (10, 20)
    }

    assert at[10] == {Role.PRIMARY: (ANNA, CARLA), Role.SECONDARY: (DAN,)}
    assert at[20] == {Role.PRIMARY: (BEN, CARLA), Role.SECONDARY: (DAN,)}


NOON, EVENING = utc("2026-03-03 12:00"), utc("2026-03-03 18:00")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([(Change.REPLACE, None, CARLA)], (CARLA,), id="replace whoever"),
        pytest.param([(Change.REPLACE, ANNA, CARLA)], (CARLA, BEN), id="replace one of two"),
        pytest.param([(Change.REPLACE, DAN, CARLA)], (ANNA, BEN), id="replace one who is not on call"),
        pytest.param([(Change.REPLACE, ANNA, BEN)], (BEN,), id="by one who is there already"),
        pytest.param([(Change.ADD, None, CARLA)], (ANNA, BEN, CARLA), id="add"),
        pytest.param([(Change.REMOVE, ANNA, None)], (BEN,), id="remove"),
        pytest.param([(Change.REMOVE, ANNA, None), (Change.REMOVE, BEN, None)], None, id="remove all"),
        pytest.param([(Change.REPLACE, None, CARLA), (Change.REPLACE, None, DAN)], (DAN,), id="the later"),
        pytest.param([(Change.REPLACE, ANNA, CARLA), (Change.REPLACE, CARLA, DAN)], (DAN, BEN), id="in turn"),
    ],
)
def test_overrides_change_who_is_on_call(changes, expected):
    overrides = tuple(
        Override(number, change, NOON, EVENING, Role.PRIMARY, person, substitute)
        for number, (change, person, substitute) in enumerate(changes)
    )
    schedule = Schedule((rotation(turns=((ANNA, BEN),)),), overrides)

    def having(at):
        return on_call_at(schedule, at).get(Role.PRIMARY)

    assert having(NOON) == expected
    assert having(EVENING - timedelta(seconds=1)) == expected
    assert having(NOON - timedelta(seconds=1)) == having(EVENING) == (ANNA, BEN)


def test_a_replacement_of_whoever_it_is_is_one_shift_whatever_passes_on_meanwhile():
    hourly = rotation(kind=Kind.HOURLY)
    schedule = Schedule((hourly,), (Override(1, Change.REPLACE, NOON, EVENING, substitute=CARLA),))

    assert said(schedule, "2026-03-03 11:00", "2026-03-03 19:00") == [
        ("03 11:00", "03 12:00", (ANNA,)),
        ("03 12:00", "03 18:00", (CARLA,)),
        ("03 18:00", "03 19:00", (BEN,)),
    ]


def test_a_replacement_of_whoever_it_is_covers_a_gap():
    schedule = Schedule((), (Override(1, Change.REPLACE, NOON, EVENING, substitute=ANNA),))

    assert said(schedule, "2026-03-03", "2026-03-04") == [("03 12:00", "03 18:00", (ANNA,))]


@pytest.mark.parametrize(
    ("turn", "away", "expected"),
    [
        pytest.param((ANNA,), [(ANNA, BEN)], (BEN,), id="covered"),
        pytest.param((ANNA,), [(ANNA, None)], (ANNA,), id="nobody else: stays"),
        pytest.param((ANNA, BEN), [(ANNA, None)], (BEN,), id="the others go on"),
        pytest.param((ANNA, BEN), [(ANNA, None), (BEN, None)], (ANNA, BEN), id="all away: all stay"),
        pytest.param((ANNA,), [(ANNA, BEN), (BEN, CARLA)], (CARLA,), id="cover of the cover"),
        pytest.param((ANNA,), [(ANNA, BEN), (BEN, ANNA)], (ANNA,), id="each for the other"),
        pytest.param((ANNA, BEN), [(ANNA, BEN)], (BEN,), id="covered by one who is there"),
        pytest.param((ANNA,), [(ANNA, BEN), (ANNA, CARLA)], (BEN,), id="the first counts"),
        pytest.param((ANNA,), [(DAN, BEN)], (ANNA,), id="somebody else is away"),
    ],
)
def test_who_is_away_is_covered(turn, away, expected):
    absences = tuple(Absence(person, NOON, EVENING, cover) for person, cover in away)
    schedule = Schedule((rotation(turns=(turn,)),), (), absences)

    assert on_call_at(schedule, NOON)[Role.PRIMARY] == expected
    assert on_call_at(schedule, EVENING)[Role.PRIMARY] == turn


def test_an_imported_calendar_says_who_is_on_call_and_its_overlaps_are_shared():
    events = (
        Event(utc("2026-03-02 08:00"), utc("2026-03-02 12:00"), (ANNA,)),
        Event(utc("2026-03-02 10:00"), utc("2026-03-02 14:00"), (BEN,)),
        Event(utc("2026-03-02 16:00"), utc("2026-03-02 17:00"), (CARLA,)),
    )
    schedule = Schedule((rotation(kind=Kind.CALENDAR, turns=(), events=events),))

    assert said(schedule, "2026-03-02 09:00", "2026-03-03") == [
        ("02 09:00", "02 10:00", (ANNA,)),
        ("02 10:00", "02 12:00", (ANNA, BEN)),
        ("02 12:00", "02 14:00", (BEN,)),
        ("02 16:00", "02 17:00", (CARLA,)),
    ]


def test_a_gap_is_told_for_each_role_that_is_filled():
    work = rotation(hours=(Hours(WEEKDAYS, time(9), time(17)),))
    second = rotation(line=2, role=Role.SECONDARY)

    found = gaps(Schedule((work, second)), utc("2026-03-03 00:00"), utc("2026-03-04 00:00"))

    assert found == (
        Gap(utc("2026-03-03 00:00"), utc("2026-03-03 09:00")),
        Gap(utc("2026-03-03 17:00"), utc("2026-03-04 00:00")),
    )
    assert gaps(Schedule(), NOON, EVENING) == (Gap(NOON, EVENING),)


def test_a_gap_ends_with_the_next_shift_of_whatever_role():
    later = rotation(role=Role.SECONDARY, starts_on=date(2026, 9, 1))

    assert covered_again_at(Schedule((later,)), NOON) == utc("2026-09-01 09:00")
    assert covered_again_at(Schedule(), NOON) is None


@pytest.mark.parametrize(
    ("people", "expected"),
    [((BEN, CARLA, ANNA), BEN), ((CARLA, ANNA, BEN), BEN), ((BEN,), BEN), ((ANNA, CARLA), None)],
)
def test_who_has_the_turn_keeps_it_when_the_others_change(people, expected):
    """In the second week Ben has it."""
    now = utc("2026-03-11 12:00")
    old, new = rotation(ANNA, BEN), rotation(*people)

    kept = keep_turn(old, new, now)

    [(_begin, _end, users)] = said(Schedule((kept,)), "2026-03-11 12:00", "2026-03-11 13:00")
    assert users == (expected,) if expected else kept == new
