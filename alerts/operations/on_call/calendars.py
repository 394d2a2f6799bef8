"""How an imported calendar is read: every few minutes, and what is over stays as it was."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_noop

from alertops.lib import http
from alertops.lib.sayings import saying
from alerts.logic import oncall_calendar
from alerts.logic.oncall_calendar import Found, Unreadable
from alerts.models import CalendarShift, Rotation, User
from alerts.operations.on_call.editing import look_again

EVERY = timedelta(minutes=10)
# What was not read for so long is told of: the shifts of the last time still count.
STALE_AFTER = timedelta(hours=2)
AHEAD = timedelta(days=400)
MOST_BYTES = 2_000_000
MOST_NAMES = 5
BATCH = 1  # of a pass: each may take as long as a server is slow
_NOT_REACHED = saying("The calendar could not be read: %(why)s")
_STATUS = saying("The calendar could not be read: its server answered with status %(status)s.")
_NO_CALENDAR = saying("What is at this address is no calendar: %(why)s")
_TOO_LARGE = gettext_noop("The calendar is too large: at most 2 MB are read.")
_UNKNOWN = saying("Nobody here has these names or addresses: %(names)s")


class NotRead(Exception):
    """A calendar could not be read; the text says why, in English."""


def refresh_due(now: datetime) -> int:
    """Read the calendars whose time has come; return how many."""
    count = 0
    for row in Rotation.objects.due_for_reading(now)[:BATCH]:
        # Whoever moves the time on reads it: nobody else does meanwhile.
        mine = Rotation.objects.filter(pk=row.pk, calendar_due_at=row.calendar_due_at)
        if mine.update(calendar_due_at=now + EVERY):
            refresh(row, now=now)
            count += 1
    return count


def refresh(row: Rotation, *, now: datetime) -> str:
    """Read a calendar and take over its entries from now on; return what was wrong, in English."""
    try:
        found = fetch(row.calendar_url, zone=ZoneInfo(row.time_zone), now=now)
    except NotRead as problem:
        Rotation.objects.filter(pk=row.pk).update(calendar_error=str(problem)[:500])
        return str(problem)
    unknown = _take_over(row, found, now)
    problem_text = _UNKNOWN % {"names": ", ".join(unknown[:MOST_NAMES])} if unknown else ""
    Rotation.objects.filter(pk=row.pk).update(calendar_read_at=now, calendar_error=problem_text[:500])
    look_again(row.schedule_id, now=now)
    return problem_text


def fetch(url: str, *, zone: ZoneInfo, now: datetime) -> list[Found]:
    """Return the entries of a calendar from now on. Raises NotRead."""
    address = "https://" + url.removeprefix("webcal://") if url.startswith("webcal://") else url
    try:
        answer = http.call("GET", address, most_bytes=MOST_BYTES)
    except (http.Refused, http.Unreachable) as error:
        raise NotRead(_NOT_REACHED % {"why": error}) from error
    if answer.status != 200:
        raise NotRead(_STATUS % {"status": answer.status})
    if answer.is_cut:
        raise NotRead(_TOO_LARGE)
    try:
        return oncall_calendar.read(answer.body, start=now, end=now + AHEAD, zone=zone)
    except Unreadable as error:
        raise NotRead(_NO_CALENDAR % {"why": error}) from error


def is_stale(row: Rotation, now: datetime) -> bool:
    """Tell whether an imported calendar was not read for so long that it may be wrong by now."""
    if row.kind != Rotation.Kind.CALENDAR:
        return False
    return row.calendar_read_at is None or row.calendar_read_at < now - STALE_AFTER


@transaction.atomic
def _take_over(row: Rotation, found: Iterable[Found], now: datetime) -> list[str]:
    """Put entries in the place of those that are to come; return whom they name and nobody is.

    A shift that has begun goes on, or ends now if it is not in the calendar any more.
    """
    people = _people()
    named = [(entry, name) for entry in found for name in entry.people]
    known = [(entry, people[name.lower()]) for entry, name in named if name.lower() in people]
    running = {entry_user: entry.end for entry, entry_user in known if entry.begin <= now}
    old = CalendarShift.objects.filter(rotation=row)
    old.filter(begin_at__gt=now).delete()
    for shift in old.filter(end_at__gt=now):
        shift.end_at = running.pop(shift.user_id, now)
        shift.save(update_fields=["end_at"])
    coming = [(user, entry.begin, entry.end) for entry, user in known if entry.begin > now]
    coming += [(user, now, end) for user, end in running.items()]
    CalendarShift.objects.bulk_create(
        CalendarShift(rotation=row, user_id=user, begin_at=begin, end_at=end) for user, begin, end in coming
    )
    return list(dict.fromkeys(name for _entry, name in named if name.lower() not in people))


def _people() -> dict[str, int]:
    """Return people by what a calendar may call them: address, full name, log-in name; in lower case."""
    named: dict[str, int] = {}
    for user in User.objects.filter(is_active=True).order_by("-pk"):
        for name in (user.username, user.get_full_name(), user.email):
            if name:
                named[name.lower()] = user.pk
    return named
