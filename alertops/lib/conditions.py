"""What a path finds in a JSON value, and whether a condition on it holds; every answer says why.

A path follows keys by carets: `commit_status^state`. A whole number picks an element of a list
(`alerts^0^status`; `-1` is the last), `\\^` is a caret that belongs to a key, `@header^X-Event-Key` reads
a header. Where a list is gone through element by element, a path reads the element; a leading caret
reads the whole (`^version`; `^` alone is all of it), and `@element` is the element itself.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import re2

from alertops.lib import condition_words as words
from alertops.lib.condition_words import Operator

HEADER = "@header"
ELEMENT = "@element"
ROOT = "^"
MAX_PATH_LENGTH = 500
MAX_REGEX_LENGTH = 1000
REGEX_MEMORY = 1 << 20  # bytes
# Matching takes about 10 ns for each of a text's bytes and each instruction of the program, at worst.
MOST_INSTRUCTIONS = 4000
LONGEST_SEARCHED = 20_000  # characters of a text that a regular expression looks at
SHOWN_LENGTH = 200  # characters of a value that a reason or a trace repeats


class InvalidPath(ValueError):
    """The text is no path; the message names what is wrong with it."""


class InvalidCondition(ValueError):
    """The value does not suit its operator; the message names what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One key of a path. index: the same as a number, where it is one."""

    key: str
    index: int | None


@dataclass(frozen=True, slots=True)
class Path:
    """A path, read once. header: the name of a header in lower case; None for a path into the data."""

    text: str
    parts: tuple[Part, ...] = ()
    is_rooted: bool = False
    header: str | None = None

    @property
    def is_shared(self) -> bool:
        """Whether it finds the same for every element of a delivery."""
        return self.is_rooted or self.header is not None


@dataclass(frozen=True, slots=True)
class Scope:
    """What paths read.

    headers: by lower-case name.  element: the root itself when nothing is iterated.
    written: texts that are the same for every element, by their path; it is added to.
    """

    root: Any
    headers: Mapping[str, str]
    element: Any
    written: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Missing:
    """Says that a path found nothing, and which part of it was not there."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of what a path finds. holds: asked only for values that are there."""

    path: Path
    operator: Operator
    value: str
    is_negated: bool
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds, why, and the value it looked at (shortened; None: missing)."""

    holds: bool
    reason: str
    seen: str | None


class Regex(Protocol):
    """A compiled regular expression; searching takes time in proportion to the text."""

    @property
    def programsize(self) -> int: ...

    @property
    def reverseprogramsize(self) -> int: ...

    def search(self, text: bytes) -> object: ...


def parse_path(text: str) -> Path:
    """Read a path. Raises InvalidPath."""
    text = text.strip()
    if not text:
        raise InvalidPath(words.NO_PATH)
    if len(text) > MAX_PATH_LENGTH:
        raise InvalidPath(words.LONG_PATH % {"most": MAX_PATH_LENGTH})
    if text in (ROOT, ELEMENT):
        return Path(text, is_rooted=text == ROOT)
    is_rooted = text.startswith("^")
    keys = [key.replace(r"\^", "^") for key in _SEPARATOR.split(text.removeprefix("^"))]
    if "" in keys:
        raise InvalidPath(words.GAP % {"path": text, "part": keys.index("") + 1})
    if keys[0].lower() == HEADER and not is_rooted:
        return _header_path(text, keys)
    return Path(text, tuple(_part(key) for key in keys), is_rooted)


def look_up(path: Path, scope: Scope) -> Any:
    """Return what a path finds, or a Missing. Null counts as missing."""
    if path.header is not None:
        text = scope.headers.get(path.header)
        return _no_header(path) if text is None else text
    value = scope.root if path.is_rooted else scope.element
    for position, part in enumerate(path.parts):
        holder = value
        if isinstance(holder, dict):
            value = holder.get(part.key)
        elif isinstance(holder, list) and _is_index_of(part.index, holder):
            value = holder[part.index or 0]
        else:
            value = None
        if value is None:
            return Missing(path.text, _why_missing(holder, path, position))
    return Missing(path.text, words.IS_NULL) if value is None else value


def look_up_text(path: Path, scope: Scope) -> str | Missing:
    """Return the text of what a path finds; one that all elements share is written only once."""
    if path.text in scope.written:
        return scope.written[path.text]
    found = look_up(path, scope)
    if isinstance(found, Missing):
        return found
    text = as_text(found)
    if path.is_shared:
        scope.written[path.text] = text
    return text


def compile_condition(
    path: str, operator: Operator, value: str = "", *, is_negated: bool = False
) -> Condition:
    """Read a condition. Raises InvalidPath and InvalidCondition."""
    return Condition(parse_path(path), operator, value, is_negated, _TESTS[operator](value))


def judge(condition: Condition, scope: Scope) -> Verdict:
    """Return whether a condition holds; of a missing value only *not* does, whatever its operator."""
    seen = look_up(condition.path, scope)
    if isinstance(seen, Missing):
        return Verdict(condition.is_negated, seen.reason, None)
    does_hold = condition.holds(seen)
    shown = preview(seen)
    return Verdict(
        does_hold != condition.is_negated, _reason(condition, seen, shown, does_hold=does_hold), shown
    )


def compile_regex(pattern: str) -> Regex:
    """Read a regular expression. Raises InvalidCondition.

    Searching takes time in proportion to the text and to the program, and both are bounded.
    """
    if not pattern:
        raise InvalidCondition(words.NO_REGEX)
    if len(pattern) > MAX_REGEX_LENGTH:
        raise InvalidCondition(words.LONG_REGEX % {"most": MAX_REGEX_LENGTH})
    try:
        regex: Regex = re2.compile(pattern.encode("utf-8", "replace"), _REGEX_OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args else words.UNREADABLE
        raise InvalidCondition(words.BAD_REGEX % {"pattern": shorten(pattern), "why": reason}) from error
    if max(regex.programsize, regex.reverseprogramsize) > MOST_INSTRUCTIONS:
        raise InvalidCondition(words.SLOW_REGEX % {"pattern": shorten(pattern)})
    return regex


def matches(regex: Regex, text: str) -> bool:
    """Tell whether a regular expression is found in a text, or in its beginning where it is very long."""
    return regex.search(text[:LONGEST_SEARCHED].encode("utf-8", "replace")) is not None


def as_text(value: Any) -> str:
    """Return a value as it is compared: text as it is, everything else as its JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def preview(value: Any) -> str:
    """Return a value short enough to be shown."""
    if isinstance(value, dict):
        return words.OBJECT[len(value) != 1] % {"count": len(value)}
    if isinstance(value, list):
        return words.LIST % {"count": len(value)}
    return shorten(as_text(value))


def shorten(text: str, length: int = SHOWN_LENGTH) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def as_number(value: Any) -> int | float | None:
    """Return a number, or a text that is one, as a number; None for everything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or len(value) > SHOWN_LENGTH or not _NUMBER.fullmatch(value.strip()):
        return None
    text = value.strip()
    return int(text) if _INTEGER.fullmatch(text) else float(text)


_SEPARATOR = re.compile(r"(?<!\\)\^")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_INDEX = re.compile(r"-?[0-9]{1,9}")

_REGEX_OPTIONS = re2.Options()
_REGEX_OPTIONS.log_errors = False
_REGEX_OPTIONS.max_mem = REGEX_MEMORY
_REGEX_OPTIONS.never_capture = True  # nobody reads groups, and they cost a slower second search


def _header_path(text: str, keys: list[str]) -> Path:
    if len(keys) != 2:
        raise InvalidPath(words.ONE_HEADER % {"path": text})
    return Path(text, header=keys[1].strip().lower())


def _no_header(path: Path) -> Missing:
    return Missing(path.text, words.NO_HEADER % {"header": path.text.partition("^")[2]})


def _part(key: str) -> Part:
    return Part(key, int(key) if _INDEX.fullmatch(key) else None)


def _is_index_of(index: int | None, elements: list[Any]) -> bool:
    return index is not None and -len(elements) <= index < len(elements)


def _why_missing(holder: Any, path: Path, position: int) -> str:
    part = path.parts[position]
    where = "^".join(before.key for before in path.parts[:position])
    subject = words.QUOTED % {"name": shorten(where)} if where else words.THE_DATA
    if isinstance(holder, dict):
        if part.key in holder:
            return words.KEY_IS_NULL % {"key": part.key}
        return (
            words.HAS_NO_KEY % {"subject": subject, "key": part.key}
            if where
            else words.NO_KEY % {"key": part.key}
        )
    if isinstance(holder, list):
        if part.index is None:
            return words.WHICH_ELEMENT % {"subject": subject, "path": where or "items"}
        if _is_index_of(part.index, holder):
            return words.ELEMENT_IS_NULL % {"subject": subject, "key": part.key}
        return words.NO_ELEMENT % {"subject": subject, "count": len(holder), "key": part.key}
    return words.HOLDS_NOTHING % {"subject": subject, "seen": preview(holder), "key": part.key}


Test = Callable[[Any], bool]


def _equals(value: str) -> Test:
    return lambda seen: as_text(seen) == value


def _contains(value: str) -> Test:
    """A text contains a part of itself; a list contains one of its elements, whole."""
    _require(value, Operator.CONTAINS)

    def test(seen: Any) -> bool:
        if isinstance(seen, list):
            return any(as_text(element) == value for element in seen)
        return value in as_text(seen)

    return test


def _starts_with(value: str) -> Test:
    _require(value, Operator.STARTS_WITH)
    return lambda seen: as_text(seen).startswith(value)


def _in_list(value: str) -> Test:
    values = frozenset(filter(None, (one.strip() for one in value.split(","))))
    if not values:
        raise InvalidCondition(words.NEEDS_VALUES)
    return lambda seen: as_text(seen) in values


def _exists(_value: str) -> Test:
    return lambda _seen: True


def _regex(value: str) -> Test:
    regex = compile_regex(value)
    return lambda seen: matches(regex, as_text(seen))


def _greater(value: str) -> Test:
    bound = _bound(value, Operator.GREATER)
    return lambda seen: (number := as_number(seen)) is not None and number > bound


def _less(value: str) -> Test:
    bound = _bound(value, Operator.LESS)
    return lambda seen: (number := as_number(seen)) is not None and number < bound


_TESTS: dict[Operator, Callable[[str], Test]] = {
    Operator.EQUALS: _equals,
    Operator.CONTAINS: _contains,
    Operator.STARTS_WITH: _starts_with,
    Operator.IN_LIST: _in_list,
    Operator.EXISTS: _exists,
    Operator.REGEX: _regex,
    Operator.GREATER: _greater,
    Operator.LESS: _less,
}


def _require(value: str, operator: Operator) -> None:
    if not value:
        raise InvalidCondition(words.NEEDS_TEXT[operator])


def _bound(value: str, operator: Operator) -> int | float:
    bound = as_number(value)
    if bound is None:
        raise InvalidCondition(words.NEEDS_NUMBER[operator] % {"value": shorten(value)})
    return bound


def _reason(condition: Condition, seen: Any, shown: str, *, does_hold: bool) -> str:
    if condition.operator is Operator.EXISTS:
        return words.EXISTS % {"seen": shown}
    if condition.operator in (Operator.GREATER, Operator.LESS) and as_number(seen) is None:
        return words.NO_NUMBER % {"seen": shown}
    reason = words.REASONS[condition.operator][not does_hold]
    return reason % {"seen": shown, "value": shorten(condition.value)}
