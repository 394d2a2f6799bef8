"""How an integration is doing: one case a line."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.logic.outcome import Status
from integrations.logic.standing import Recent, State, standing

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LETTERS = {
    "m": Status.MAPPED,
    "i": Status.MAPPED_IGNORED,
    "f": Status.MAPPING_FAILED,
    "r": Status.REFUSED,
    "p": Status.PENDING,
}


def found(letters="", *, ages=None, is_enabled=True, most=100):
    """letters: deliveries, newest first.  ages: of each in minutes; else 1, 2, 3 ..."""
    ages = ages or range(1, len(letters) + 1)
    rows = [
        Recent(1000 - place, LETTERS[letter], NOW - timedelta(minutes=age))
        for place, (letter, age) in enumerate(zip(letters, ages, strict=True))
    ]
    return standing(rows, is_enabled=is_enabled, now=NOW, most=most)


@pytest.mark.parametrize(
    ("letters", "ages", "state"),
    [
        ("", None, State.NEW),
        ("m", None, State.WORKING),
        ("iiii", None, State.WORKING),
        ("f", None, State.FAILING),
        ("r", None, State.FAILING),
        ("fm", None, State.FAILING),
        ("mf", None, State.SHAKY),
        ("mr", None, State.SHAKY),
        ("mf", [10, 24 * 60], State.WORKING),  # a day ago
        ("mf", [10, 24 * 60 - 1], State.SHAKY),
        ("m", [7 * 24 * 60], State.WORKING),
        ("m", [7 * 24 * 60 + 1], State.QUIET),
        ("f", [7 * 24 * 60 + 1], State.FAILING),  # silent because it fails
        ("p", [1], State.WORKING),
        ("p", [2], State.BEHIND),
        ("pf", [1, 2], State.FAILING),  # what waits has not mended it yet
        ("mp", [1, 30], State.BEHIND),  # an older one is stuck
    ],
)
def test_state(letters, ages, state):
    assert found(letters, ages=ages).state is state


@pytest.mark.parametrize("letters", ["", "m", "f", "p"])
def test_what_is_off_is_off_whatever_came(letters):
    assert found(letters, is_enabled=False).state is State.OFF


@pytest.mark.parametrize(
    ("letters", "run"), [("", 0), ("m", 0), ("frfm", 3), ("pffm", 2), ("mff", 0), ("ff", 2)]
)
def test_how_many_in_a_row_went_wrong(letters, run):
    assert found(letters).run == run


def test_the_last_day_is_counted_by_status():
    day = found("mifr" + "m", ages=[1, 2, 3, 4, 24 * 60])

    assert dict(day.counts) == {
        Status.MAPPED: 1,
        Status.MAPPED_IGNORED: 1,
        Status.MAPPING_FAILED: 1,
        Status.REFUSED: 1,
    }
    assert (day.count, day.problem_count) == (4, 2)


@pytest.mark.parametrize(
    ("ages", "is_capped"), [([1, 2], False), ([1, 2, 3], True), ([1, 2, 24 * 60], False)]
)
def test_a_count_is_capped_where_as_many_as_were_read_are_of_the_last_day(ages, is_capped):
    assert found("m" * len(ages), ages=ages, most=3).is_capped is is_capped
