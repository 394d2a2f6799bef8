"""When support is there: hours of the days of a week, as the clocks of one time zone show them.

The wall clock decides at every instant: what is shown twice in autumn counts twice, what is left out in
spring does not come. Hours are half-open: `09:00-17:00` ends when the clock shows 17:00.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

DAY = 24 * 60  # minutes
WEEK = 7 * DAY
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_SECOND = timedelta(seconds=1)


class UnreadableHours(ValueError):
    """The text names no hours of a day."""


@dataclass(frozen=True)
class Span:
    """Hours that begin on one day of the week. weekday: 0 is Monday.  begin, length: whole minutes."""

    weekday: int
    begin: int
    length: int

    def holds(self, minute: int) -> bool:
        """Tell whether a minute of the week, counted from Monday's midnight, is within."""
        return (minute - self.weekday * DAY - self.begin) % WEEK < self.length


@dataclass(frozen=True)
class Hours:
    """Hours of a week. zone: an IANA name."""

    zone: str
    spans: tuple[Span, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "zone": self.zone,
            "spans": [[span.weekday, span.begin, span.length] for span in self.spans],
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Self:
        return cls(row["zone"], tuple(Span(*span) for span in row["spans"]))


def read_day(text: str) -> list[tuple[int, int]]:
    """Read the hours of one day, like "09:00-12:30, 13:30-17:00"; return begins and lengths in minutes.

    An end that is not after its begin is on the next day; 24:00 is midnight. Raises UnreadableHours.
    """
    return [_read_span(part.strip()) for part in text.split(",") if part.strip()]


def hours_of(zone: str, days: list[str]) -> Hours:
    """Return the hours of a week from the texts of its days, Monday's first. Raises UnreadableHours."""
    return Hours(
        zone,
        tuple(
            Span(weekday, begin, length)
            for weekday, text in enumerate(days)
            for begin, length in read_day(text)
        ),
    )


def is_within(hours: Hours, at: datetime) -> bool:
    """Tell whether an instant is within."""
    local = at.astimezone(ZoneInfo(hours.zone))
    minute = local.weekday() * DAY + local.hour * 60 + local.minute
    return any(span.holds(minute) for span in hours.spans)


def next_within(hours: Hours, at: datetime) -> datetime | None:
    """Return the first instant from an instant on that is within; None where there are no hours at all."""
    if is_within(hours, at):
        return at
    later = (instant for instant in _beginnings(hours, at) if instant > at and is_within(hours, instant))
    return min(later, default=None)


def _read_span(text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise UnreadableHours(text)
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    begin, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(from_minute, to_minute) > 59 or begin >= DAY or end > DAY:
        raise UnreadableHours(text)
    return begin, end - begin if end > begin else end - begin + DAY


def _beginnings(hours: Hours, at: datetime) -> Iterator[datetime]:
    """Yield the instants of the next days at which hours may begin: their begins, and jumps of the clock.

    Two weeks are looked at: what begins in the hour that spring leaves out begins a week later.
    """
    zone = ZoneInfo(hours.zone)
    first = at.astimezone(zone).date()
    for day in (first + timedelta(days=number) for number in range(15)):
        midnight = datetime.combine(day, time.min, zone)
        jump = _jump(midnight.astimezone(UTC), zone)
        if jump is not None:
            yield jump
        for span in hours.spans:
            if span.weekday == day.weekday():
                wall = midnight + timedelta(minutes=span.begin)
                yield from (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _jump(begin: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the clock of a zone is set within the 26 hours after an instant, to the second."""
    end = begin + timedelta(hours=26)
    offset = begin.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == offset:
        return None
    while end - begin > _SECOND:
        middle = begin + (end - begin) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            begin = middle
        else:
            end = middle
    return end.replace(microsecond=0)
