"""When a source says that something happened."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from alertops.lib import conditions

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def parse_time(value: Any) -> datetime | None:
    """Return an instant in UTC, or None where the value is none that can be believed.

    Read are ISO 8601 (a space for the T, and “UTC” or “+0200” after another space, are allowed), RFC 2822,
    and seconds, milliseconds, microseconds or nanoseconds since 1970, as number or text. A time without
    zone is UTC. A mere date is none, nor is a time before 2000 (senders write 0001-01-01 for "never").
    """
    number = conditions.as_number(value)
    if number is not None:
        moment = _from_epoch(number)
    elif isinstance(value, str) and len(value) <= 60:
        moment = _from_iso(value.strip()) or _from_mail(value.strip())
    else:
        moment = None
    return moment if moment is not None and EARLIEST <= moment < LATEST else None


_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
_ZONE = re.compile(r" ?(?:UTC|GMT|Z)$| (?=[+-]\d\d:?\d\d$)", re.IGNORECASE)
_DATE_ONLY = re.compile(r"[\d-]*(?:W\d\d-?\d?)?")


def _from_epoch(number: int | float) -> datetime | None:
    """The unit is the one that lands in our time; those of no unit are no times."""
    for unit in _UNITS:
        if EARLIEST.timestamp() <= number / unit < LATEST.timestamp():
            return datetime.fromtimestamp(number / unit, tz=UTC)
    return None


def _from_iso(text: str) -> datetime | None:
    if _DATE_ONLY.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(_ZONE.sub(_offset, text))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(zone: re.Match[str]) -> str:
    return "+00:00" if zone[0].strip() else ""


def _from_mail(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
