"""How a length of time is written for people, and read from what they write."""

import re
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400
MOST = timedelta(days=3650)

# The longest first: what people write before a unit is a number, perhaps with a decimal point.
# In all our languages at once: what `spell` writes into a form comes back from it.
_UNITS = {
    **dict.fromkeys(("d", "day", "days", "tag", "tage"), DAY),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "std", "stunde", "stunden"), HOUR),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuten"), MINUTE),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sek", "sekunde", "sekunden"), SECOND),
    **dict.fromkeys(("w", "week", "weeks", "woche", "wochen"), 7 * DAY),
}
_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z]+)[\s,]*(?:(?:and|und)\s+)?")
_CLOCK = re.compile(r"(?:(\d+)\s+)?(\d+):(\d\d):(\d\d)(?:\.\d+)?")


class UnreadableDuration(ValueError):
    """The text is no length of time."""


def spell(length: timedelta) -> str:
    """Write a length of time in words, like "1 hour 30 minutes"; fractions of a second are left out."""
    rest = int(length.total_seconds())
    days, rest = divmod(rest, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, seconds = divmod(rest, MINUTE)
    parts = [
        (days, ngettext("%d day", "%d days", days)),
        (hours, ngettext("%d hour", "%d hours", hours)),
        (minutes, ngettext("%d minute", "%d minutes", minutes)),
        (seconds, ngettext("%d second", "%d seconds", seconds)),
    ]
    return " ".join(words % number for number, words in parts if number) or _("0 minutes")


def read(text: str) -> timedelta:
    """Read "5 minutes", "1 h 30 min", "1.5 hours" or "00:05:00"; raises UnreadableDuration."""
    text = text.strip().lower()
    if text == "0":
        return timedelta(0)
    length = _read_clock(text) if ":" in text else _read_words(text)
    if length > MOST:
        raise UnreadableDuration(text)
    return length


def _read_clock(text: str) -> timedelta:
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise UnreadableDuration(text)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return _length(days * DAY + hours * HOUR + minutes * MINUTE + seconds)


def _read_words(text: str) -> timedelta:
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip() or any(unit not in _UNITS for _number, unit in parts):
        raise UnreadableDuration(text)
    return _length(sum(float(number.replace(",", ".")) * _UNITS[unit] for number, unit in parts))


def _length(seconds: float) -> timedelta:
    try:
        return timedelta(seconds=seconds)
    except OverflowError as error:
        raise UnreadableDuration(str(seconds)) from error
