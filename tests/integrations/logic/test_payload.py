"""What a sender's bytes are read as, and which are refused in which words."""

import contextlib
import json
import re
import time

import pytest

from integrations.logic import payload
from integrations.logic.payload import Kind, UnreadableBody, decode

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
DEEP = payload.MAX_DEPTH

READ = {
    "an object": (b'{"a": 1}', JSON, {"a": 1}),
    "a list": (b"[1, 2]", JSON, [1, 2]),
    "a list of texts": (b'["a"]', JSON, ["a"]),
    "JSON that says it is a form, as curl -d does": (b'{"a": "x=y&z"}', FORM, {"a": "x=y&z"}),
    "JSON that says it is text": (b'{"a": 1}', "text/plain", {"a": 1}),
    "JSON that says nothing": (b'{"a": 1}', "", {"a": 1}),
    "a byte order mark": (b'\xef\xbb\xbf{"a": 1}', JSON, {"a": 1}),
    "white space around": (b' \r\n\t{"a": 1}\n\n', JSON, {"a": 1}),
    "a key twice: the last counts": (b'{"a": 1, "a": 2}', JSON, {"a": 2}),
    "an empty object": (b"{}", JSON, {}),
    "an empty list": (b"[]", JSON, []),
    "raw line ends and tabs in a text": (b'{"a": "x\n\ty"}', JSON, {"a": "x\n\ty"}),
    "all of Unicode": ('{"a": "Zürich 😀"}'.encode(), JSON, {"a": "Zürich 😀"}),
    "a surrogate pair": (b'{"a": "\\ud83d\\ude00"}', JSON, {"a": "😀"}),
    "NUL and lone surrogates": (
        b'{"a\\u0000": "\\ud800x\\udfff", "b": ["\x00"]}',
        JSON,
        {"a�": "�x�", "b": ["�"]},
    ),
    "a backslash before u0000": (b'{"a": "\\\\u0000"}', JSON, {"a": "\\u0000"}),
    "64 bits and more": (b"[18446744073709551616]", JSON, [18446744073709551616]),
    "a number of 5000 digits": (b"[" + b"9" * 5000 + b"]", JSON, ["9" * 5000]),
    "numbers beyond floats": (b"[1e400, -1e400, 0.5e-400]", JSON, ["1e400", "-1e400", 0.0]),
    "as deep as allowed": (b"[" * DEEP + b"]" * DEEP, JSON, json.loads("[" * DEEP + "]" * DEEP)),
    "brackets in texts, which are not deep": (b'["' + b"[" * 500 + b'"]', JSON, ["[" * 500]),
    "many brackets side by side": (b"[" + b"[]," * 500 + b"[]]", JSON, [[]] * 501),
    "a form": (b"a=1&b=two+words&c=%C3%BC", FORM, {"a": "1", "b": "two words", "c": "ü"}),
    "a form that says it is JSON": (b"a=1&b=2", JSON, {"a": "1", "b": "2"}),
    "a form field twice": (b"a=1&a=2&a=3", FORM, {"a": ["1", "2", "3"]}),
    "a form field without value": (b"a=&b", FORM, {"a": "", "b": ""}),
    "NUL in a form": (b"a=%00x", FORM, {"a": "�x"}),
    "payload=<JSON>": (b"payload=%7B%22a%22%3A+1%7D", FORM, {"a": 1}),
    "payload=<JSON list>": (b"payload=%5B1%5D&other=x", FORM, [1]),
    "payload that is no JSON": (b"payload=hello&b=2", FORM, {"payload": "hello", "b": "2"}),
}
REFUSED = {
    "nothing": (b"", JSON, "The body is empty"),
    "white space": (b" \n ", JSON, "The body is empty"),
    "not UTF-8": (b'{"a": "\xfc"}', JSON, "not UTF-8 (byte 8): send it in UTF-8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), JSON, "not UTF-8"),
    "gzip": (b"\x1f\x8b\x08\x00", JSON, "The body is compressed"),
    "broken off": (b'{"a": [1, 2', JSON, "not: Expecting ',' delimiter, line 1, column 12"),
    "two documents": (b'{"a": 1}\n{"a": 2}', JSON, "Extra data, line 2"),
    "single quotes": (b"{'a': 1}", JSON, "begins like JSON but is not"),
    "a mere number": (b"5", JSON, "neither JSON nor a form"),
    "null": (b"null", JSON, "neither JSON nor a form"),
    "a mere text": (b'"open"', JSON, "neither JSON nor a form"),
    "prose": (b"the disk is full", "text/plain", "neither JSON nor a form"),
    "XML": (b'<?xml version="1.0"?><a b="c"/>', "text/xml", "looks like XML"),
    "multipart": (
        b"--x\r\nContent-Disposition: form-data",
        "multipart/form-data; boundary=x",
        "not read: send JSON",
    ),
    "NaN": (b'{"a": NaN}', JSON, "holds NaN"),
    "Infinity": (b"[-Infinity]", JSON, "holds -Infinity"),
    "too deep": (b"[" * (DEEP + 1) + b"]" * (DEEP + 1), JSON, f"more than {DEEP} deep"),
    "10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, JSON, f"more than {DEEP} deep"),
    "a form that is not UTF-8": (b"a=%fc", FORM, "The form is not UTF-8"),
    "too many fields": (b"a=1&" * 10_001, FORM, "more than 10000 fields"),
    "payload=<broken JSON>": (b"payload=%7B%22a%22", FORM, "The field payload begins like JSON"),
}


@pytest.mark.parametrize(("body", "content_type", "data"), READ.values(), ids=READ)
def test_a_body_is_read(body, content_type, data):
    assert decode(body, content_type=content_type).data == data


@pytest.mark.parametrize(("body", "content_type", "message"), REFUSED.values(), ids=REFUSED)
def test_a_body_is_refused_in_words_that_name_the_mend(body, content_type, message):
    with pytest.raises(UnreadableBody, match=re.escape(message)):
        decode(body, content_type=content_type)


@pytest.mark.parametrize(
    ("method", "body", "query", "data", "kind"),
    [
        ("GET", b"", "a=1&b=%C3%BC", {"a": "1", "b": "ü"}, Kind.QUERY),
        ("GET", b"", "", {}, Kind.QUERY),
        ("get", b'{"a": 1}', "b=2", {"b": "2"}, Kind.QUERY),
        ("POST", b"", "a=1", {"a": "1"}, Kind.QUERY),
        ("POST", b'{"a": 1}', "b=2", {"a": 1}, Kind.JSON),
        ("PUT", b'{"a": 1}', "", {"a": 1}, Kind.JSON),
        ("POST", b"a=1", "b=2", {"a": "1"}, Kind.FORM),
    ],
)
def test_the_query_counts_for_get_and_where_the_body_is_empty(method, body, query, data, kind):
    read = decode(body, method=method, query_string=query)

    assert (read.data, read.kind) == (data, kind)


def test_a_query_that_is_not_utf_8_is_refused():
    with pytest.raises(UnreadableBody, match="The query is not UTF-8"):
        decode(b"", method="GET", query_string="a=%ff")


def test_headers_lose_their_case_and_what_no_database_stores():
    read = decode(b"{}", headers={"X-Event-Key": "repo:push", "X-ODD\x00": "a\ud800"})

    assert read.headers == {"x-event-key": "repo:push", "x-odd�": "a�"}


MEGABYTE = 1_000_000
EVIL = {
    "opening brackets": b"[" * MEGABYTE,
    "opening objects": b'{"a":' * (MEGABYTE // 5),
    "escaped quotes": b'["' + b'\\"' * (MEGABYTE // 2),
    "quotes": b"[" * 200 + b'"' * MEGABYTE,
    "digits": b"[" + b"1" * MEGABYTE + b"]",
    "digits behind the point": b"[0." + b"1" * MEGABYTE + b"]",
    "keys": b"{" + b",".join(b'"%d":1' % i for i in range(90_000)) + b"}",
    "surrogates": b'["' + b"\\ud800" * (MEGABYTE // 6) + b'"]',
    "white space": b" " * MEGABYTE,
    "ampersands": b"a=1" + b"&" * MEGABYTE,
    "percents": b"a=" + b"%41" * (MEGABYTE // 3),
    "equal signs": b"a" + b"=" * MEGABYTE,
}


@pytest.mark.parametrize("body", EVIL.values(), ids=EVIL)
def test_a_megabyte_of_evil_is_answered_in_time(body):
    started = time.process_time()

    _read_or_refuse(body)

    assert time.process_time() - started < 2


def _read_or_refuse(body, content_type=JSON):
    with contextlib.suppress(UnreadableBody):
        json.dumps(decode(body, content_type=content_type).data, allow_nan=False)
