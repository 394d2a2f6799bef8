"""Whose turn it is in one rotation. All is counted by the clock on the wall, then made instants."""

import calendar
import functools
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice, pairwise

import holidays

from alerts.logic.oncall_clock import at, instant_of, wall_of
from alerts.logic.oncall_shapes import SUNDAY, Event, Kind, Rotation, Shift

DAY = timedelta(days=1)
STEPS = {Kind.HOURLY: timedelta(hours=1), Kind.DAILY: DAY, Kind.WEEKLY: timedelta(weeks=1)}
# A time from an instant until before another.
Span = tuple[datetime, datetime]


def shifts_of(rotation: Rotation, begin: datetime, end: datetime) -> list[Shift]:
    """Return the shifts of a rotation within a time, cut at its edges; in order, none overlaps another."""
    begin, end = _life(rotation, begin, end)
    if begin >= end:
        return []
    if rotation.kind is Kind.CALENDAR:
        return list(_of_events(rotation, begin, end))
    turns = _turns(rotation, begin, end)
    if rotation.hours:
        turns = _within(turns, _open(rotation, begin, end))
    return [shift for shift in turns if shift.users]


def turn_at(rotation: Rotation, instant: datetime) -> int | None:
    """Return the place in `turns` of who has the turn at an instant, whatever the hours; None without any."""
    if not rotation.turns or rotation.kind is Kind.CALENDAR:
        return None
    number = _turn_number(rotation, _first(rotation), wall_of(instant, rotation.zone))
    return (rotation.first_turn + number) % len(rotation.turns)


def is_holiday(day: date, region: str) -> bool:
    """Tell whether a day is a public holiday of a region like DE or DE-BY. Raises NotImplementedError."""
    return bool(region) and day in _holidays(region, day.year)


def _life(rotation: Rotation, begin: datetime, end: datetime) -> Span:
    """Cut a time to that in which a rotation counts."""
    begins, ends = [begin, rotation.since or begin], [end, rotation.until or end]
    if rotation.kind is not Kind.CALENDAR:
        begins.append(at(rotation.starts_on, rotation.hand_off, rotation.zone))
        if rotation.ends_on:
            ends.append(at(rotation.ends_on, rotation.hand_off, rotation.zone))
    return max(begins), min(ends)


# Turns


def _turns(rotation: Rotation, begin: datetime, end: datetime) -> Iterator[Shift]:
    """Yield one shift for each turn; a turn that falls into a jump of the clock is passed over."""
    if not rotation.turns:
        return
    first = _first(rotation)
    number = _turn_number(rotation, first, wall_of(begin, rotation.zone))
    edge = instant_of(_hand_off(rotation, first, number), rotation.zone)
    while edge < end:
        following = instant_of(_hand_off(rotation, first, number + 1), rotation.zone)
        if max(edge, begin) < min(following, end):
            users = rotation.turns[(rotation.first_turn + number) % len(rotation.turns)]
            yield _shift(rotation, max(edge, begin), min(following, end), users)
        number, edge = number + 1, following


def _first(rotation: Rotation) -> datetime:
    """Return the wall time at which the first turn begins, or began before the rotation did."""
    start = datetime.combine(rotation.starts_on, rotation.hand_off)
    if rotation.kind is Kind.WEEKLY:
        return start - (rotation.starts_on.weekday() - rotation.weekday) % 7 * DAY
    if rotation.kind is Kind.MONTHLY:
        this_month = _in_month(rotation, _month(start))
        return this_month if this_month <= start else _in_month(rotation, _month(start) - 1)
    return start


def _hand_off(rotation: Rotation, first: datetime, number: int) -> datetime:
    """Return the wall time at which a turn begins; the number of the first is 0."""
    if rotation.kind is Kind.MONTHLY:
        return _in_month(rotation, _month(first) + number * rotation.every)
    return first + number * rotation.every * STEPS[rotation.kind]


def _turn_number(rotation: Rotation, first: datetime, wall: datetime) -> int:
    """Return the number of the turn in which a wall time lies."""
    if rotation.kind is not Kind.MONTHLY:
        return (wall - first) // (rotation.every * STEPS[rotation.kind])
    number = (_month(wall) - _month(first)) // rotation.every
    return number if _hand_off(rotation, first, number) <= wall else number - 1


def _month(wall: datetime) -> int:
    return wall.year * 12 + wall.month - 1


def _in_month(rotation: Rotation, month: int) -> datetime:
    year, month = month // 12, month % 12 + 1
    day = min(rotation.day, calendar.monthrange(year, month)[1])
    return datetime.combine(date(year, month, day), rotation.hand_off)


# Hours


def _open(rotation: Rotation, begin: datetime, end: datetime) -> list[Span]:
    """Return the hours in which a rotation counts, those that touch as one; some before and after as well."""
    day, last = wall_of(begin, rotation.zone).date() - DAY, wall_of(end, rotation.zone).date()
    spans = []
    while day <= last:
        weekday = SUNDAY if is_holiday(day, rotation.holiday_region) else day.weekday()
        for hours in rotation.hours:
            if weekday in hours.weekdays:
                closing = day if hours.end > hours.begin else day + DAY
                spans.append((at(day, hours.begin, rotation.zone), at(closing, hours.end, rotation.zone)))
        day += DAY
    return list(_joined(sorted(spans)))


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Make one of spans, in order, that touch or overlap."""
    current: Span | None = None
    for begin, end in spans:
        if current and begin <= current[1]:
            current = current[0], max(current[1], end)
        else:
            if current:
                yield current
            current = begin, end
    if current:
        yield current


def _within(shifts: Iterable[Shift], spans: Sequence[Span]) -> Iterator[Shift]:
    """Cut shifts to the spans in which they count; both in order."""
    place = 0
    for shift in shifts:
        while place < len(spans) and spans[place][1] <= shift.begin:
            place += 1
        for begin, end in islice(spans, place, None):
            if begin >= shift.end:
                break
            yield replace(shift, begin=max(begin, shift.begin), end=min(end, shift.end))


@functools.lru_cache(maxsize=256)
def _holidays(region: str, year: int) -> frozenset[date]:
    country, _, part = region.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))


# Imported calendars


def _of_events(rotation: Rotation, begin: datetime, end: datetime) -> Iterator[Shift]:
    """Yield a shift for each time between two edges of events; events at one time share it."""
    events = sorted(
        (event for event in rotation.events if event.begin < end and event.end > begin),
        key=lambda event: event.begin,
    )
    edges = sorted({edge for event in events for edge in (event.begin, event.end)})
    running: list[tuple[datetime, int, Event]] = []
    place = 0
    for one, other in pairwise(edges):
        while place < len(events) and events[place].begin <= one:
            heapq.heappush(running, (events[place].end, place, events[place]))
            place += 1
        while running and running[0][0] <= one:
            heapq.heappop(running)
        users = dict.fromkeys(
            user for _end, _place, event in sorted(running, key=_entered) for user in event.users
        )
        if users and max(one, begin) < min(other, end):
            yield _shift(rotation, max(one, begin), min(other, end), tuple(users))


def _entered(running: tuple[datetime, int, Event]) -> int:
    return running[1]


def _shift(rotation: Rotation, begin: datetime, end: datetime, users: tuple[int, ...]) -> Shift:
    return Shift(begin, end, users, rotation.role, rotation.line)
