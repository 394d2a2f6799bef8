"""What a sender's bytes say: JSON, a form, or a query, decoded within bounds.

What comes out is harmless to everything behind it: at most MAX_DEPTH deep, without NUL and lone
surrogates (PostgreSQL takes neither), without NaN and Infinity, and with no number that Python would
refuse to write as text.
"""

import itertools
import json
import math
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import hexdigits
from typing import Any, NoReturn

from integrations.logic import words

MAX_DEPTH = 100
MAX_FIELDS = 10_000
MAX_DIGITS = 100  # a longer number is kept as the text it was sent as


class Kind(StrEnum):
    """How a payload came."""

    JSON = "json"
    FORM = "form"
    QUERY = "query"


class UnreadableBody(ValueError):
    """The body cannot be read; the message tells the sender what to mend."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A delivery, decoded. headers: by lower-case name."""

    data: Any
    headers: Mapping[str, str]
    kind: Kind


def decode(
    body: bytes,
    *,
    content_type: str = "",
    method: str = "POST",
    query_string: str = "",
    headers: Mapping[str, str] | None = None,
) -> Payload:
    """Read a delivery. Raises UnreadableBody.

    The body decides, not its content type: what begins like JSON is read as JSON, because `curl -d` says
    it sends a form. The query counts for a GET, and where the body is empty.
    """
    names = {clean(name.lower()): clean(value) for name, value in (headers or {}).items()}
    if method.upper() == "GET":
        return Payload(_fields(query_string, words.QUERY), names, Kind.QUERY)
    text = _text(bytes(body))
    if text[:1] in ("{", "["):
        return Payload(_json(text, words.THE_BODY), names, Kind.JSON)
    if text:
        return Payload(_form(text, content_type), names, Kind.FORM)
    if query_string:
        return Payload(_fields(query_string, words.QUERY), names, Kind.QUERY)
    raise UnreadableBody(words.NO_BODY)


def clean(text: str) -> str:
    """Replace what PostgreSQL does not store: NUL and lone surrogates."""
    return _HARMFUL.sub("\ufffd", text)


_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKETS = bytes.maketrans(b"{[}]", b"\x01\x01\xff\xff")  # as signed bytes: 1 deeper, 1 back
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{[}]"))
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])|\x00")
_HARMFUL = re.compile("[\x00\ud800-\udfff]")
_CODE = re.compile(rb"%([0-9a-fA-F]{2})")
_BYTES = {(high + low).encode(): bytes.fromhex(high + low) for high in hexdigits for low in hexdigits}
_FORM = re.compile(r"[^\s=&<]+=")


def _text(body: bytes) -> str:
    if body[:2] in (b"\x1f\x8b", b"\x78\x9c"):
        raise UnreadableBody(words.COMPRESSED)
    try:
        return body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise UnreadableBody(words.NOT_UTF8 % {"byte": error.start + 1}) from None


def _json(text: str, subject: str) -> Any:
    _refuse_depth(text, subject)
    try:
        data = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        names = {"subject": subject, "why": error.msg, "line": error.lineno, "column": error.colno}
        raise UnreadableBody(words.NOT_JSON % names) from None
    return _scrub(data) if _SUSPECT.search(text) else data


def _refuse_depth(text: str, subject: str) -> None:
    """Count the depth before Python's decoder, which would recurse, sees the text."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    brackets = _STRINGS.sub(b"", text.encode()).translate(_BRACKETS, _NOT_BRACKETS)
    if max(itertools.accumulate(array("b", brackets)), default=0) > MAX_DEPTH:
        raise UnreadableBody(words.TOO_DEEP % {"subject": subject, "most": MAX_DEPTH})


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def _real(digits: str) -> float | str:
    number = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    return number if math.isfinite(number) else digits


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableBody(words.NO_CONSTANT % {"name": name})


# Not strict: scripts that put a log line into JSON leave raw tabs and line ends in its strings.
_DECODER = json.JSONDecoder(
    parse_int=_integer, parse_float=_real, parse_constant=_refuse_constant, strict=False
)


def _form(text: str, content_type: str) -> Any:
    """Read a form; a field `payload` that holds JSON is the payload (Bitbucket's POST service, Slack)."""
    _refuse_foreign(text, content_type.partition(";")[0].strip().lower())
    fields = _fields(text, words.FORM)
    payload = fields.get("payload")
    if isinstance(payload, str) and payload.lstrip()[:1] in ("{", "["):
        return _json(payload.strip(), words.THE_FIELD)
    return fields


def _refuse_foreign(text: str, media_type: str) -> None:
    if media_type.startswith("multipart/"):
        raise UnreadableBody(words.MULTIPART)
    if text.startswith("<"):
        raise UnreadableBody(words.MARKUP)
    if not _FORM.match(text):
        raise UnreadableBody(words.NEITHER)


def _fields(text: str, subject: str) -> dict[str, Any]:
    """Read fields; one that is sent several times becomes a list."""
    if text.count("&") >= MAX_FIELDS:
        raise UnreadableBody(words.TOO_MANY_FIELDS % {"what": subject, "most": MAX_FIELDS})
    fields: dict[str, Any] = {}
    try:
        for pair in filter(None, text.split("&")):
            name, _equals, value = pair.partition("=")
            _add(fields, clean(_unquote(name)), clean(_unquote(value)))
    except UnicodeDecodeError:
        raise UnreadableBody(words.FIELDS_NOT_UTF8 % {"what": subject}) from None
    return fields


def _unquote(text: str) -> str:
    """Read the codes of a form. Raises UnicodeDecodeError.

    urllib's takes 200 times the memory of its input when that is all percent signs.
    """
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    return _CODE.sub(lambda code: _BYTES[code[1]], text.encode("utf-8", "replace")).decode()


def _add(fields: dict[str, Any], name: str, value: str) -> None:
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]


def _scrub(value: Any) -> Any:
    """Clean every text of a decoded value; its depth is bounded already."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_scrub(element) for element in value]
    if isinstance(value, dict):
        return {clean(key): _scrub(held) for key, held in value.items()}
    return value
