"""How foreign JSON is read: every place knows its path, so that an error can name it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from alertops.lib.sayings import saying
from brokers.logic.push.facts import PushUnreadable

MAX_NAME = 255
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ZEROS = re.compile(r"0{40}|0{64}")
_FULL_NAME = re.compile(r"[^\s/\\?#%<>\"\x00-\x1f\x7f]+(?:/[^\s/\\?#%<>\"\x00-\x1f\x7f]+)+")
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f\"<>\\]+", re.IGNORECASE)
_FORGED = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

WITHIN = ["path", "found"]
NO_OBJECT = saying("%(path)s: is %(found)s, where an object is needed.", within=WITHIN)
NO_LIST = saying("%(path)s: is %(found)s, where a list is needed.", within=WITHIN)
NO_TEXT = saying("%(path)s: is %(found)s, where a text is needed.", within=WITHIN)
NO_NAME = saying("%(path)s: is %(found)s, where a name is needed.", within=WITHIN)
NO_HASH = saying("%(path)s: is %(found)s, where a commit's hash of 40 hex digits is needed.", within=WITHIN)
TOO_LONG = saying("%(path)s: is longer than %(most)d characters.", within=["path"])
FORGED = saying("%(path)s: holds control characters, which no name has.", within=["path"])
NO_PAGE = saying("%(path)s: is no web address: the repository's page is needed.", within=["path"])
NO_FULL_NAME = saying("%(path)s: is no owner/repository.", within=["path"])
# What is there instead
MISSING = saying("missing")
EMPTY = saying("an empty text")
ELSE = saying("something else")
KINDS: dict[type, str] = {
    dict: saying("an object"),
    list: saying("a list"),
    **dict.fromkeys((int, float), saying("a number")),
}


@dataclass(frozen=True, slots=True)
class Spot:
    """A value and where it stands. What is missing is a spot too, with the value None."""

    value: Any
    path: str = ""

    def at(self, *keys: str | int) -> "Spot":
        """Follow keys; where one leads nowhere, the value is None."""
        value, path = self.value, self.path
        for key in keys:
            value = _held(value, key)
            path = f"{path}^{key}" if path else str(key)
        return Spot(value, path)

    def refuse(self, template: str, **values: Any) -> PushUnreadable:
        return PushUnreadable(self.path, template, found=_kind(self.value), **values)

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    def object(self) -> "Spot":
        """Return itself. Raises PushUnreadable when it is no object."""
        if not self.is_object:
            raise self.refuse(NO_OBJECT)
        return self

    def elements(self) -> list["Spot"]:
        """Return the elements of a list; what is missing or null has none. Raises PushUnreadable."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.refuse(NO_LIST)
        return [self.at(index) for index in range(len(self.value))]

    def needed_elements(self) -> list["Spot"]:
        if self.value is None:
            raise self.refuse(NO_LIST)
        return self.elements()

    def text(self) -> str:
        """Return a text that may be missing; what is no text counts as missing."""
        return self.value if isinstance(self.value, str) else ""

    def message(self) -> str:
        """Return a commit's message; null is an empty one. Raises PushUnreadable."""
        if self.value is not None and not isinstance(self.value, str):
            raise self.refuse(NO_TEXT)
        return self.value or ""

    def name(self) -> str:
        """Return a name that must be there. Raises PushUnreadable."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.refuse(NO_NAME)
        if len(self.value) > MAX_NAME:
            raise self.refuse(TOO_LONG, most=MAX_NAME)
        if _FORGED.search(self.value):
            raise self.refuse(FORGED)
        return self.value.strip()

    def full_name(self) -> str:
        """Return `owner/slug`. Raises PushUnreadable."""
        name = self.name().strip("/")
        if not _FULL_NAME.fullmatch(name) or {".", ".."} & set(name.split("/")):
            raise self.refuse(NO_FULL_NAME)
        return name

    def hash(self) -> str:
        """Return a commit's whole hash. Raises PushUnreadable."""
        text = self.text().lower()
        if not _HASH.fullmatch(text):
            raise self.refuse(NO_HASH)
        return text

    def tip(self) -> str | None:
        """Return what a branch pointed at; zeros, null and nothing are None. Raises PushUnreadable."""
        if self.value is None or (isinstance(self.value, str) and _ZEROS.fullmatch(self.value)):
            return None
        return self.hash()

    def hash_or_none(self) -> str | None:
        text = self.text().lower()
        return text if _HASH.fullmatch(text) else None

    def flag(self) -> bool:
        return self.value is True

    def known_flag(self) -> bool | None:
        return self.value if isinstance(self.value, bool) else None

    def count(self) -> int | None:
        is_count = isinstance(self.value, int) and not isinstance(self.value, bool)
        return self.value if is_count and 0 <= self.value < 1 << 31 else None

    def url(self) -> str:
        """Return a web address that may be shown as a link, or "" for anything else."""
        text = self.text().strip()
        return text if _URL.fullmatch(text) and len(text) <= 2000 and host_of(text) else ""

    def time(self) -> datetime | None:
        """Return an aware time: from a text, or from milliseconds since 1970. None for anything else."""
        try:
            if isinstance(self.value, int) and not isinstance(self.value, bool):
                found = datetime.fromtimestamp(self.value / 1000, UTC)
            else:
                found = datetime.fromisoformat(self.text())
            found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError, OSError):
            return None
        return found if 1 < found.year < 9999 else None


def host_of(url: str) -> str:
    """Return the host of a web address in lower case, with its port where it has one; "" for no host."""
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    name = f"[{name}]" if ":" in name else name
    return f"{name}:{port}" if port else name


def without_credentials(url: str) -> str:
    """Return a web address without user and password, and without a slash at its end."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme.lower()}://{netloc.lower()}{parts.path.rstrip('/')}"


def _held(value: Any, key: str | int) -> Any:
    if isinstance(key, int):
        return value[key] if isinstance(value, list) and 0 <= key < len(value) else None
    return value.get(key) if isinstance(value, dict) else None


def _kind(value: Any) -> str:
    """Say what a value is, for a person."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return EMPTY if not value.strip() else f"“{value[:40]}”"
    return KINDS.get(type(value), ELSE)
