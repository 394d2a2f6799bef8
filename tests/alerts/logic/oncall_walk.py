"""A slow and obvious model of a rotation: somebody who watches the clock on the wall, minute by minute.

Nothing of the code under test is used. The watcher notes the latest time that the clock has shown so far:
a hand-off is done once that reaches it, so that a clock that is put back never takes it back.
"""

import calendar
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from alerts.logic.oncall import Kind, gaps, lines, shifts
from alerts.logic.oncall import Schedule as Layers

STEP = timedelta(minutes=5)
DAY = timedelta(days=1)
BEFORE = 2 * DAY  # a clock is never put back by more


def walk(rotation, begin, end):
    """Yield each instant of the walk, and who is on call then."""
    instant, latest = begin - BEFORE, datetime(1, 1, 1)  # noqa: DTZ001 (on the wall)
    offs = _Turns(rotation)
    while instant < end:
        latest = max(latest, _shown(instant, rotation.zone))
        if instant >= begin:
            yield instant, offs.users(latest, instant)
        instant += STEP


def check(rotation, begin, end):
    """Compare the shifts of a rotation with the walk, and look whether they are what shifts must be."""
    schedule = Layers(rotations=(rotation,))
    found = lines(schedule, begin, end)[rotation.line]
    assert all(one.end <= other.begin for one, other in pairwise(found)), "a shift overlaps the next"
    assert all(begin <= one.begin < one.end <= end for one in found), "a shift has no length, or is not cut"
    for instant, users in walk(rotation, begin, end):
        having = [one.users for one in found if one.begin <= instant < one.end]
        assert having == ([users] if users else []), (rotation, instant, having, users)
    check_gaps(schedule, rotation.role, begin, end)


def check_gaps(schedule, role, begin, end):
    """Shifts and gaps of a role fill the time between them, and touch."""
    covered = [(one.begin, one.end) for one in shifts(schedule, begin, end) if one.role is role]
    bare = [(one.begin, one.end) for one in gaps(schedule, begin, end) if one.role is role]
    spans = sorted(covered + bare)
    assert spans[0][0] == begin
    assert spans[-1][1] == end
    assert all(one[1] == other[0] for one, other in pairwise(spans)), spans


def edges(zone, years):
    """Return the instants in some years at which a zone's clock is put forward or back, to the minute."""
    found = []
    for year in years:
        instant = datetime(year, 1, 1, tzinfo=UTC)
        while instant.year == year:
            if _offset(instant, zone) != _offset(instant + DAY, zone):
                found.append(_narrowed(instant, instant + DAY, zone))
            instant += DAY
    return found


class _Turns:
    """Whose turn it is by the latest time that a clock has shown: counted one by one from the first."""

    def __init__(self, rotation):
        self._rotation = rotation
        self._number = 0
        self._next = self._hand_off(1)

    def users(self, latest, _instant):
        rotation = self._rotation
        start = datetime.combine(rotation.starts_on, rotation.hand_off)
        if latest < start or not rotation.turns:
            return ()
        if rotation.ends_on and latest >= datetime.combine(rotation.ends_on, rotation.hand_off):
            return ()
        while latest >= self._next:
            self._number += 1
            self._next = self._hand_off(self._number + 1)
        if not self._is_open(latest):
            return ()
        return rotation.turns[(rotation.first_turn + self._number) % len(rotation.turns)]

    def _hand_off(self, number):
        """The wall time of a hand-off: the first is the last possible one that is not after the start."""
        rotation = self._rotation
        start = datetime.combine(rotation.starts_on, rotation.hand_off)
        if rotation.kind is Kind.HOURLY:
            return start + timedelta(hours=rotation.every) * number
        if rotation.kind is Kind.DAILY:
            return start + timedelta(days=rotation.every) * number
        if rotation.kind is Kind.WEEKLY:
            while start.weekday() != rotation.weekday:
                start -= DAY
            return start + timedelta(days=7 * rotation.every) * number
        year, month = start.year, start.month
        if _day_of(year, month, rotation) > start.day:
            year, month = (year, month - 1) if month > 1 else (year - 1, 12)
        for _month in range(rotation.every * number):
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return start.replace(year=year, month=month, day=_day_of(year, month, rotation))

    def _is_open(self, latest):
        rotation = self._rotation
        if not rotation.hours:
            return True
        for hours in rotation.hours:
            for day in (latest.date() - DAY, latest.date()):
                begin = datetime.combine(day, hours.begin)
                end = datetime.combine(day if hours.end > hours.begin else day + DAY, hours.end)
                if day.weekday() in hours.weekdays and begin <= latest < end:
                    return True
        return False


def _day_of(year, month, rotation):
    return min(rotation.day, calendar.monthrange(year, month)[1])


def _shown(instant, zone):
    return instant.astimezone(zone).replace(tzinfo=None)


def _offset(instant, zone):
    return instant.astimezone(zone).utcoffset()


def _narrowed(before, after, zone):
    old = _offset(before, zone)
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) // 2
        middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
        if middle in (before, after):
            break
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after
