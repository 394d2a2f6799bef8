"""At which instant a clock on the wall shows a time: the one rule for all the days on which clocks jump.

A wall time is a naive datetime. It stands for the first instant at which the clock of a zone shows it, or a
later time. So a time that is skipped is the moment of the jump, one that is shown twice is the first of the
two, and a later wall time is never an earlier instant, whatever a zone does: two shifts can neither overlap
nor leave a gap. In words: docs/on-call.md.
"""

import functools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant at which the clock of a zone shows a wall time or a later one; in UTC."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    return instant if wall_of(instant, zone) == wall else _jump_over(wall, zone)


def wall_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock of a zone shows at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """Return the instant at which it is an hour of a day somewhere."""
    return instant_of(datetime.combine(day, hour), zone)


@functools.lru_cache(maxsize=4096)
def _jump_over(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when a clock jumps over a time that it never shows: to the second, as zones are written.

    The time by the offset after the jump lies before it, and by the one before the jump after it.
    """
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > SECOND:
        middle = before + (after - before) // 2 // SECOND * SECOND
        if wall_of(middle, zone) < wall:
            before = middle
        else:
            after = middle
    return after
