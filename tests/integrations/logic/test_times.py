"""Which values are instants."""

from datetime import UTC, datetime

import pytest

from integrations.logic.times import parse_time

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T12:00:00Z",
        "2026-03-02T12:00:00+00:00",
        "2026-03-02T13:00:00+01:00",
        "2026-03-02T07:00:00-0500",
        "2026-03-02 12:00:00 UTC",
        "2026-03-02 12:00:00 GMT",
        "2026-03-02 12:00:00 Z",
        "2026-03-02 13:00:00 +0100",
        "2026-03-02T12:00:00",
        "2026-03-02 12:00",
        "20260302T120000Z",
        " 2026-03-02T12:00:00.000000000Z ",
        "Mon, 02 Mar 2026 12:00:00 GMT",
        "Mon, 02 Mar 2026 13:00:00 +0100",
        "2 Mar 2026 12:00:00",
        1772452800,
        "1772452800",
        1772452800.0,
        1772452800000,
        "1772452800000",
        1772452800000000,
        1772452800000000000,
    ],
)
def test_an_instant_is_read_in_all_its_spellings(value):
    assert parse_time(value) == NOON
    assert parse_time(value).tzinfo is UTC


def test_fractions_are_kept_to_the_microsecond():
    assert parse_time("2015-11-19T20:37:35.547563+00:00").microsecond == 547563
    assert parse_time("2015-11-19T20:37:35.547563999Z").microsecond == 547563
    assert parse_time(1772452800.5).microsecond == 500000


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "now",
        "yesterday",
        "2026-03-02",
        "20260302",
        "12:00",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2150-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "2026-02-30T12:00:00Z",
        "2026-03-02T25:00:00Z",
        0,
        5,
        -1,
        99999999999999999999999,
        float("inf"),
        "1e400",
        True,
        [],
        {},
        "2026-03-02T12:00:00Z" + " " * 100,
        "x" * 1_000_000,
    ],
)
def test_what_cannot_be_believed_is_no_instant(value):
    assert parse_time(value) is None
