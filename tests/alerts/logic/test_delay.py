"""How long the first message is held back: tables for every edge, and a model that keeps every report."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.logic.delay import Delay, DelayKind, Reports, begins_at, is_let_go, remember
from alerts.logic.event import Severity
from alerts.logic.hours import Hours, hours_of

NOW = datetime(2026, 3, 2, 22, tzinfo=UTC)
TEN = timedelta(minutes=10)
OFFICE = hours_of("UTC", ["09:00-17:00"] * 5 + ["", ""])
TUESDAY = datetime(2026, 3, 3, 9, tzinfo=UTC)


def rate(count, wait=TEN):
    return Delay(DelayKind.RATE, count=count, wait=wait)


@pytest.mark.parametrize(
    ("delay", "severity", "expected"),
    [
        (None, Severity.ERROR, NOW),
        (Delay(DelayKind.MINUTES, wait=TEN), Severity.ERROR, NOW + TEN),
        (Delay(DelayKind.MINUTES, wait=TEN), Severity.CRITICAL, NOW + TEN),
        (Delay(DelayKind.HOURS, hours=OFFICE), Severity.ERROR, TUESDAY),
        (Delay(DelayKind.HOURS, hours=OFFICE), Severity.CRITICAL, NOW),
        (Delay(DelayKind.HOURS, hours=Hours("UTC", ())), Severity.ERROR, NOW),
        (Delay(DelayKind.HOURS), Severity.ERROR, NOW),
        (Delay(DelayKind.EVERY, count=1), Severity.ERROR, NOW),
        (Delay(DelayKind.EVERY, count=2), Severity.CRITICAL, None),
    ],
)
def test_when_the_policy_of_a_first_report_begins(delay, severity, expected):
    assert begins_at(delay, Reports(1), severity, NOW) == expected


def test_within_the_hours_nothing_is_held_back():
    noon = NOW.replace(hour=12)

    assert begins_at(Delay(DelayKind.HOURS, hours=OFFICE), Reports(1), Severity.INFO, noon) == noon


@pytest.mark.parametrize(
    ("every", "counts"), [(1, [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), (3, [3, 6]), (6, [6]), (7, [])]
)
def test_every_nth_is_each_multiple(every, counts):
    delay = Delay(DelayKind.EVERY, count=every)

    assert [count for count in range(1, 7) if is_let_go(delay, Reports(count))] == counts


@pytest.mark.parametrize(
    ("delay", "minutes", "let_go"),
    [
        (rate(1), [0], [0]),
        (rate(2), [0, 5], [5]),
        (rate(2), [0, 9.99], [9.99]),
        (rate(2), [0, 10], []),  # half-open: ten minutes are over
        (rate(3), [0, 4, 8], [8]),
        (rate(3), [0, 4, 12], []),
        (rate(3), [0, 4, 12, 13], [13]),
        (rate(3), [0, 0, 0], [0]),
        (rate(3), [0, 1, 2, 3, 30, 31, 32], [2, 3, 32]),
        (rate(3), [5, 2, 4], [4]),  # told late
    ],
)
def test_so_many_within_some_time(delay, minutes, let_go):
    recent, found = [], []
    for count, minute in enumerate(minutes, start=1):
        recent = remember(delay, recent, NOW + timedelta(minutes=minute))
        if is_let_go(delay, Reports(count, recent)):
            found.append(minute)

    assert found == let_go


@pytest.mark.parametrize("kind", [DelayKind.MINUTES, DelayKind.EVERY, DelayKind.HOURS])
def test_times_are_kept_only_where_they_count(kind):
    assert remember(Delay(kind, count=3, wait=TEN), [1.0], NOW) == []
    assert remember(None, [1.0], NOW) == []


@given(
    count=st.integers(1, 5),
    seconds=st.integers(1, 100),
    steps=st.lists(st.integers(0, 60), min_size=1, max_size=30),
)
def test_a_rate_is_kept_as_by_one_who_remembers_everything(count, seconds, steps):
    delay = rate(count, timedelta(seconds=seconds))
    at, recent, everything = NOW, [], []
    for number, step in enumerate(steps, start=1):
        at += timedelta(seconds=step)
        everything.append(at)
        recent = remember(delay, recent, at)
        in_window = [one for one in everything if at - timedelta(seconds=seconds) < one]
        assert is_let_go(delay, Reports(number, recent)) is (len(in_window) >= count)
        assert len(recent) <= count
