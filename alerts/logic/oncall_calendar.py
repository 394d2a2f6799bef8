"""Calendars as other programs read and write them: RFC 5545, by libraries that know it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from alerts.logic.oncall_clock import at, instant_of

MOST_ENTRIES = 2000
REFRESH = "PT15M"
_SEPARATORS = re.compile(r"\s*[,;&/\n]\s*|\s+(?:and|und)\s+")


class Unreadable(Exception):
    """It is no calendar, or too much of one; the text says what was wrong."""


@dataclass(frozen=True)
class Entry:
    """One entry of a calendar that is given out.  uid: the same whenever it is read."""

    uid: str
    title: str
    text: str
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Calendar:
    name: str
    entries: tuple[Entry, ...]
    at: datetime


@dataclass(frozen=True)
class Found:
    """One entry of a calendar that was imported.  people: names and addresses, as they stand there."""

    begin: datetime
    end: datetime
    people: tuple[str, ...]


def written(calendar: Calendar) -> bytes:
    """Return a calendar as programs read it; times are in UTC, so that none can misread a zone."""
    file = icalendar.Calendar()
    file.add("prodid", "-//alertops//on call//EN")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", calendar.name)
    file.add("x-published-ttl", REFRESH)
    for entry in calendar.entries:
        event = icalendar.Event()
        event.add("uid", entry.uid)
        event.add("dtstamp", calendar.at)
        event.add("dtstart", entry.begin)
        event.add("dtend", entry.end)
        event.add("summary", entry.title)
        event.add("transp", "TRANSPARENT")
        if entry.text:
            event.add("description", entry.text)
        file.add_component(event)
    return file.to_ical()


def read(body: bytes, *, start: datetime, end: datetime, zone: ZoneInfo) -> list[Found]:
    """Return the entries of a calendar from an instant until before another, recurring ones each time.

    zone: of times that name none, and of whole days.  Raises Unreadable.
    """
    try:
        file = icalendar.Calendar.from_ical(body)
        events = islice(recurring_ical_events.of(file).after(start), MOST_ENTRIES + 1)
        return list(_found(events, end, zone))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise Unreadable(str(error) or type(error).__name__) from error


def _found(events: Iterator[Any], end: datetime, zone: ZoneInfo) -> Iterator[Found]:
    for number, event in enumerate(events):
        if number == MOST_ENTRIES:
            raise Unreadable(f"more than {MOST_ENTRIES} entries")
        begin, until = (_instant(event[name].dt, zone) for name in ("DTSTART", "DTEND"))
        if begin >= end:
            return
        if begin < until and str(event.get("STATUS", "")).upper() != "CANCELLED":
            yield Found(begin, until, tuple(_people(event)))


def _instant(moment: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        return at(moment, time(), zone)
    return instant_of(moment, zone) if moment.tzinfo is None else moment.astimezone(UTC)


def _people(event: Any) -> Iterator[str]:
    """Yield the addresses of who is invited; of nobody, the names in the title."""
    invited = event.get("ATTENDEE", [])
    addresses = invited if isinstance(invited, list) else [invited]
    if addresses:
        yield from (str(one).strip().lower().removeprefix("mailto:") for one in addresses)
    else:
        yield from filter(None, _SEPARATORS.split(str(event.get("SUMMARY", "")).strip()))
