"""Hostile and nearly right deliveries: bytes, JSON, forms, headers, and real payloads gone wrong."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from hypothesis import strategies as st

PRESETS = Path(__file__).parents[2] / "integrations" / "presets"
PAYLOADS = tuple(path.read_bytes() for path in sorted(PRESETS.glob("*/payloads/*")))
_DOCUMENTS = tuple(json.loads(body) for body in PAYLOADS if body[:1] == b"{")

# Any of them may be a value, a key, a status, a part of a path, a header.
ODD_TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "x\udfffy",
    "\ufeff",
    "\u2028",
    "\u202e",
    "İ",
    "ß",
    "😀",
    "\x85",
    "\xa0",
    "^",
    "\\",
    "\\^",
    "<",
    ">",
    "<<",
    "<a",
    "%00",
    "%ff",
    "@header",
    "@element",
    "payload",
    "0",
    "-1",
    "²",
    "٣",
    "1e400",
    "-0",
    "1" * 400,
    "NaN",
    "Infinity",
    "null",
    "true",
    "open",
    "FAILED",
    "a" * 900,
    "é" * 300,
)
ODD_JSON = (
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"-1e-400",
    b"9" * 5000,
    b"-0",
    b"01",
    b"1.",
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\u12"',
    b'"\\x"',
    b'"\x00"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"a\nb"',
    b"'a'",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"1",
    b"1.5",
    b'"a"',
    b'"status":"open"',
    b'{"a":1,"a":2}',
    b"[[]]",
    b"[" * 99,
    b"]" * 99,
    b"[" * 2000,
    b'{"a":' * 120,
    b"/**/",
    b"\xef\xbb\xbf",
    b"\x1f\x8b",
    b" ",
    b"\n",
)
_ODD_VALUES = (None, True, 0, -1, 10**99, 1e308, -0.0, "", [], {}, [[]], [None], {"": None}, *ODD_TEXTS)

texts = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=20))
numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
values = st.recursive(
    st.one_of(st.sampled_from(_ODD_VALUES), texts, numbers),
    lambda held: st.one_of(st.lists(held, max_size=4), st.dictionaries(texts, held, max_size=4)),
    max_leaves=8,
)

HEADER_NAMES = (
    "Authorization",
    "X-Hub-Signature",
    "X-Hub-Signature-256",
    "X-Gitlab-Token",
    "X-Grafana-Alerting-Signature",
    "X-Request-UUID",
    "X-GitHub-Delivery",
    "Idempotency-Key",
    "X-Event-Key",
    "X_Api_Key",
    "Content-Type",
    "cookie",
    "Author\0ization",
    "x" * 300,
)
headers = st.dictionaries(st.one_of(st.sampled_from(HEADER_NAMES), texts), texts, max_size=5)

content_types = st.one_of(
    st.sampled_from(
        (
            "",
            "application/json",
            "application/json; charset=utf-16",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            ";",
            "\0",
        )
    ),
    texts,
)

json_like = st.lists(st.sampled_from(ODD_JSON), min_size=1, max_size=12).map(b"".join)
json_texts = values.map(lambda value: json.dumps(value).encode())


def _form(pairs: list[tuple[str, str]]) -> bytes:
    coded = (
        (quote_plus(name, errors="replace"), quote_plus(value, errors="replace")) for name, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in coded).encode()


forms = st.one_of(
    st.lists(st.tuples(texts, texts), max_size=5).map(_form),
    st.one_of(json_like, json_texts).map(lambda text: b"payload=" + quote_plus(text).encode()),
    st.lists(st.sampled_from((b"a", b"=", b"&", b"%", b"%f", b"%ff", b"%00", b"+", b";")), max_size=12).map(
        b"".join
    ),
)


@dataclass(frozen=True)
class _Change:
    """One thing done to bytes. place: in 65,536ths of their length."""

    do: Callable[[bytes, int, bytes], bytes]
    place: int
    piece: bytes

    def __call__(self, body: bytes) -> bytes:
        return self.do(body, len(body) * self.place >> 16, self.piece)


_CHANGES: tuple[Callable[[bytes, int, bytes], bytes], ...] = (
    lambda body, at, piece: body[:at] + piece + body[at:],
    lambda body, at, piece: body[:at] + piece + body[at + len(piece) :],
    lambda body, at, piece: body[:at] + body[at + 1 + len(piece) :],
    lambda body, at, _piece: body[:at],
    lambda body, at, _piece: body[at:] + body[:at],
    lambda body, at, _piece: body + body[at:],
)
_changes = st.builds(_Change, st.sampled_from(_CHANGES), st.integers(0, 65535), st.sampled_from(ODD_JSON))


def _changed(body: bytes, changes: list[_Change]) -> bytes:
    for change in changes:
        body = change(body)
    return body


def _replaced(document: Any, steps: list[int], value: Any) -> bytes:
    """Go down a document by the steps, and put the value where they end."""
    document = copy.deepcopy(document)
    held = document
    for step in steps:
        places = list(held) if isinstance(held, dict) else range(len(held))
        place = places[step % len(places)]
        below = held[place]
        if step is steps[-1] or not below or not isinstance(below, dict | list):
            held[place] = value
            break
        held = below
    return json.dumps(document).encode()


damaged_payloads = st.builds(_changed, st.sampled_from(PAYLOADS), st.lists(_changes, min_size=1, max_size=4))
odd_payloads = st.builds(
    _replaced, st.sampled_from(_DOCUMENTS), st.lists(st.integers(0, 40), min_size=1, max_size=5), values
)
bodies = st.one_of(
    damaged_payloads,
    odd_payloads,
    json_like,
    json_texts,
    forms,
    st.binary(max_size=60),
    st.sampled_from(PAYLOADS),
)
readable_bodies = st.one_of(
    odd_payloads,
    odd_payloads,
    json_texts.map(lambda text: b'{"a":' + text + b"}"),
    st.sampled_from(PAYLOADS),
    bodies,
)
envelopes = st.fixed_dictionaries(
    {
        "content_type": content_types,
        "method": st.sampled_from(("POST", "PUT", "GET", "get")),
        "query_string": st.one_of(st.just(""), forms.map(lambda form: form.decode("latin-1")), texts),
        "headers": headers,
    }
)
