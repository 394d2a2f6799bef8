"""Which instant a time on the wall is, on the days on which clocks jump."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.logic.oncall_clock import instant_of, wall_of
from tests.alerts.logic.zones import HARD_ZONES

YEARS = datetime(2005, 1, 1), datetime(2037, 1, 1)  # noqa: DTZ001 (on the wall)


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        ("Europe/Berlin", "2026-03-29 01:59", "2026-03-29 00:59"),
        ("Europe/Berlin", "2026-03-29 02:00", "2026-03-29 01:00"),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:00"),
        ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00"),
        ("Europe/Berlin", "2026-03-29 03:01", "2026-03-29 01:01"),
        ("Europe/Berlin", "2026-10-25 01:59", "2026-10-24 23:59"),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30"),
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30"),
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45"),
        ("Pacific/Apia", "2011-12-30 09:00", "2011-12-30 10:00"),
        ("Pacific/Apia", "2011-12-31 00:00", "2011-12-30 10:00"),
        ("Antarctica/Troll", "2026-03-29 02:00", "2026-03-29 01:00"),
        ("America/Santiago", "2026-09-06 00:00", "2026-09-06 04:00"),
    ],
)
def test_the_first_instant_at_which_a_clock_shows_a_time_or_a_later_one(zone, wall, instant):
    found = instant_of(datetime.fromisoformat(wall), ZoneInfo(zone))

    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", HARD_ZONES)
@given(
    one=st.datetimes(*YEARS),
    minutes=st.integers(0, 4000),
)
def test_a_later_time_on_the_wall_is_never_an_earlier_instant(name, one, minutes):
    zone = ZoneInfo(name)
    wall = one.replace(second=0, microsecond=0)
    other = datetime.fromtimestamp(wall.replace(tzinfo=UTC).timestamp() + 60 * minutes, UTC)

    assert instant_of(wall, zone) <= instant_of(other.replace(tzinfo=None), zone)


@pytest.mark.parametrize("name", HARD_ZONES)
@given(instant=st.datetimes(*YEARS))
def test_what_a_clock_shows_is_an_instant_that_is_not_later(name, instant):
    zone = ZoneInfo(name)
    moment = instant.replace(microsecond=0, tzinfo=UTC)

    assert instant_of(wall_of(moment, zone), zone) <= moment
