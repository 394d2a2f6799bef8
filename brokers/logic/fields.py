"""What a broker asks its user for, and whether an answer will do.

Texts here are English: the door that shows a label translates it, and words what is wrong for its reader.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit, urlunsplit

from alertops.lib.sayings import saying
from brokers.logic.branches import BranchFilter, InvalidFilter

MOST_ADDRESSES = 100
MAX_ADDRESS_LENGTH = 254
MAX_LIST_LENGTH = 100_000
MAX_URL_LENGTH = 2000
HIDDEN = "••••••••"


NEEDED = saying("This is needed.")
NOT_A_LINE = saying("Put it on one line, without control characters.")
WRONG_FORM = saying("This does not have the right form.")
NO_BOOLEAN = saying("Say true or false.")
NO_CHOICE = saying("Choose one of %(choices)s.")
TOO_MANY = saying("These are more than %(most)s addresses: make a mailing list of them.")
URL_WITH_SPACES = saying("A web address has no spaces, line ends or backslashes.")
NO_URL = saying("This is no web address.")
NO_SCHEME = saying("A web address begins with https:// or http://.")
NO_HOST = saying("This is no web address: its host is missing.")
WITH_PASSWORD = saying("Put user name and password into their own fields, not into the address.")
NO_SETTING = saying("This broker has no such setting.")
NO_ADDRESS = saying("“%(address)s” is no e-mail address.")
NO_ADDRESSES = saying("Give addresses as text.")
NO_TEXT = saying("Give this as text.")
TOO_LONG = saying("This is longer than %(most)s characters.")


class FieldError(ValueError):
    """The value will not do; the text says why to people."""


class InvalidSettings(ValueError):
    """Some settings will not do. errors: by the name of the field."""

    def __init__(self, errors: Mapping[str, FieldError]) -> None:
        super().__init__("; ".join(f"{name}: {error}" for name, error in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True)
class Field:
    """One setting. name: its key in payload["service"].  kind: which input suits it.

    is_secret: stored encrypted, never shown or logged.
    """

    name: str
    label: str = ""
    help: str = ""
    required: bool = False
    default: Any = ""
    is_secret: bool = False
    kind: ClassVar[str] = "string"

    def clean(self, value: Any) -> Any:
        """Return the value as it is stored: plain JSON. Raises FieldError."""
        if value is None or (isinstance(value, str) and not value.strip()) or value == []:
            if self.required:
                raise FieldError(NEEDED)
            return self.empty
        return self.read(value)

    @property
    def empty(self) -> Any:
        return ""

    def read(self, value: Any) -> Any:
        """Return a value that is not empty as it is stored. Raises FieldError."""
        return _text(value)

    def shown(self, value: Any) -> str:
        """Return the value for people's eyes: a secret is hidden."""
        return HIDDEN if self.is_secret and value else str(value)


@dataclass(frozen=True)
class String(Field):
    """One line of text. pattern, mend: a regular expression it must match whole, and what to say if not."""

    max_length: int = 200
    pattern: str = ""
    mend: str = ""

    def read(self, value: Any) -> str:
        text = _text(value).strip()
        _refuse_length(text, self.max_length)
        if re.search(r"[\x00-\x1f\x7f\u2028\u2029]", text):
            raise FieldError(NOT_A_LINE)
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise FieldError(self.mend or WRONG_FORM)
        return text


@dataclass(frozen=True)
class Text(Field):
    """Text of several lines."""

    max_length: int = 5000
    kind: ClassVar[str] = "text"

    def read(self, value: Any) -> str:
        text = _text(value).replace("\r\n", "\n").replace("\r", "\n").strip()
        _refuse_length(text, self.max_length)
        return text


@dataclass(frozen=True)
class Password(Field):
    """A secret, kept as it was typed but for spaces around it."""

    is_secret: bool = True
    max_length: int = 500
    kind: ClassVar[str] = "password"

    def read(self, value: Any) -> str:
        text = _text(value).strip()
        _refuse_length(text, self.max_length)
        if re.search(r"[\x00-\x1f\x7f]", text):
            raise FieldError(NOT_A_LINE)
        return text


@dataclass(frozen=True)
class Boolean(Field):
    """Yes or no."""

    default: Any = False
    kind: ClassVar[str] = "boolean"

    @property
    def empty(self) -> bool:
        return False

    def read(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        known = {"true": True, "on": True, "yes": True, "1": True}
        known |= {"false": False, "off": False, "no": False, "0": False}
        if str(value).strip().lower() not in known:
            raise FieldError(NO_BOOLEAN)
        return known[str(value).strip().lower()]


@dataclass(frozen=True)
class Choice(Field):
    """One of several. choices: pairs of value and label."""

    choices: tuple[tuple[str, str], ...] = ()
    kind: ClassVar[str] = "choice"

    @property
    def empty(self) -> str:
        return str(self.default)

    def read(self, value: Any) -> str:
        known = [value for value, _label in self.choices]
        if value not in known:
            raise FieldError(NO_CHOICE % {"choices": ", ".join(known)})
        return str(value)


@dataclass(frozen=True)
class EmailList(Field):
    """E-mail addresses, between commas, semicolons, spaces or on lines of their own; each counts once."""

    default: Any = ()
    kind: ClassVar[str] = "email_list"

    @property
    def empty(self) -> list[str]:
        return []

    def read(self, value: Any) -> list[str]:
        addresses: dict[str, str] = {}
        for part in _addresses(value):
            address = read_address(part)
            addresses.setdefault(address.lower(), address)
        if len(addresses) > MOST_ADDRESSES:
            raise FieldError(TOO_MANY % {"most": MOST_ADDRESSES})
        if self.required and not addresses:
            raise FieldError(NEEDED)
        return list(addresses.values())

    def shown(self, value: Any) -> str:
        return ", ".join(value)


@dataclass(frozen=True)
class Url(Field):
    """A web address. Where it is no secret, it may not hold a password."""

    kind: ClassVar[str] = "url"

    def read(self, value: Any) -> str:
        text = _text(value).strip()
        _refuse_length(text, MAX_URL_LENGTH)
        if re.search(r"[\s\x00-\x1f\x7f\\\u2028\u2029]", text):
            raise FieldError(URL_WITH_SPACES)
        try:
            parts = urlsplit(text)
            port_is_right = parts.port is None or parts.port > 0
            host = parts.hostname or ""
        except ValueError:
            raise FieldError(NO_URL) from None
        if parts.scheme not in ("http", "https"):
            raise FieldError(NO_SCHEME)
        if not host or not port_is_right:
            raise FieldError(NO_HOST)
        if "@" in parts.netloc and not self.is_secret:
            raise FieldError(WITH_PASSWORD)
        return text

    def shown(self, value: Any) -> str:
        """Of a secret address, show where it leads and hide the rest."""
        if not (self.is_secret and value):
            return str(value)
        parts = urlsplit(str(value))
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


@dataclass(frozen=True)
class BranchFilterField(Field):
    """Patterns of branches: `main, release/*, !release/old`. Empty: all."""

    kind: ClassVar[str] = "branch_filter"

    def read(self, value: Any) -> str:
        try:
            return BranchFilter.parse(_text(value)).text
        except InvalidFilter as error:
            raise FieldError(str(error)) from None


def clean_settings(fields: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings of a broker as they are stored; one that is not among `values` has its default.

    Raises InvalidSettings; a name that no field has is an error too.
    """
    known = {one.name: one for one in fields}
    errors = {name: FieldError(NO_SETTING) for name in values if name not in known}
    settings: dict[str, Any] = {}
    for name, one in known.items():
        try:
            settings[name] = one.clean(values.get(name, one.default))
        except FieldError as error:
            errors[name] = error
    if errors:
        raise InvalidSettings(errors)
    return settings


def secret_values(fields: Iterable[Field], settings: Mapping[str, Any]) -> frozenset[str]:
    """Return what no transcript may show: secrets, and the telling parts of secret addresses."""
    found: set[str] = set()
    for one in fields:
        value = settings.get(one.name)
        if one.is_secret and isinstance(value, str) and value:
            found.add(value)
            found |= _parts_of_address(value) if isinstance(one, Url) else set()
    return frozenset(found)


def leads_elsewhere(old: str, new: str) -> bool:
    """Tell whether what went by the old address would reach another host by the new one, or go in clear."""
    before, after = urlsplit(old), urlsplit(new)
    if not after.netloc:
        return False
    is_in_clear = after.scheme == "http" and before.scheme != "http"
    return is_in_clear or (before.hostname, before.port) != (after.hostname, after.port)


def read_address(text: str) -> str:
    """Return an e-mail address, its domain in ASCII. Raises FieldError."""
    local, at, domain = text.rpartition("@")
    try:
        host = domain.encode("idna").decode() if domain else ""
    except UnicodeError:
        host = ""
    address = f"{local}@{host}"
    if at and len(address) <= MAX_ADDRESS_LENGTH and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(host):
        return address
    raise FieldError(NO_ADDRESS % {"address": _shown(text)})


_LOCAL = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NAMED = re.compile(r"(?:\"[^\"\n]{0,100}\"\s{0,5}|[^,;\n<>\"]{0,100})<([^<>]{0,320})>")


def _addresses(value: Any) -> list[str]:
    parts = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise FieldError(NO_ADDRESSES)
    _refuse_length("".join(parts), MAX_LIST_LENGTH)
    joined = _NAMED.sub(lambda match: f" {match[1].strip()} ", "\n".join(parts))
    return [part for part in re.split(r"[,;\s]+", joined) if part]


def _parts_of_address(url: str) -> set[str]:
    """Return the password of an address, and what stands behind its host."""
    parts = urlsplit(url)
    rest = urlunsplit(("", "", parts.path, parts.query, ""))
    password = parts.password or ""
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return {part for part in (password, unquote(password), bare, rest) if len(part) > 4}


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise FieldError(NO_TEXT)
    return str(value)


def _refuse_length(text: str, most: int) -> None:
    if len(text) > most:
        raise FieldError(TOO_LONG % {"most": most})


def _shown(text: str, length: int = 60) -> str:
    plain = "".join(character if character.isprintable() else "�" for character in text)
    return plain if len(plain) <= length else plain[: length - 1] + "…"
