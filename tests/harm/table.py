"""What is sent by those who mean harm, and by those who only know no better: one row each.

A row tells what is sent, what is answered, and what the inbound log says of it once it is processed.
"""

import gzip
import json
from dataclasses import dataclass

from integrations.logic import signature
from tests.harm.wire import chunked, request
from tests.harm.worlds import SECRET

GREEN = json.dumps(
    {
        "repository": {"full_name": "acme/website"},
        "commit_status": {"state": "SUCCESSFUL", "key": "build", "refname": "main", "name": "Build"},
    }
).encode()
TAKEN = "close_without_open"  # what a green build is, as long as nothing is open


@dataclass(frozen=True)
class Row:
    """One attack.

    status: of the answer.  error: its code, "" where it was taken, None where granian answers by itself
    and without a body, since it is no HTTP.  mend: words of its detail.
    became: the reason in the inbound log; "" when nothing is stored.
    """

    name: str
    sent: bytes
    status: int
    error: str | None = ""
    mend: str = ""
    became: str = ""


def taken(name: str, sent: bytes, became: str = TAKEN) -> Row:
    return Row(name, sent, 202, "", "", became)


def unreadable(name: str, sent: bytes, mend: str) -> Row:
    return Row(name, sent, 400, "unreadable_body", mend, "unreadable_body")


def no_http(name: str, sent: bytes, status: int = 400) -> Row:
    return Row(name, sent, status, None)


def also(fragment: bytes) -> bytes:
    """A green build with something evil beside it."""
    return request(GREEN[:-1] + b', "evil": ' + fragment + b"}")


def signed(body: bytes, secret: str = SECRET) -> bytes:
    name, value = signature.sign(signature.Scheme.HUB, secret=secret, body=body)
    return f"{name}: {value}".encode()


BODIES = [
    unreadable("no JSON", request(b"status open please"), "neither JSON nor a form"),
    unreadable("JSON that breaks off", request(GREEN[:40]), "begins like JSON but is not"),
    unreadable("two JSON documents", request(GREEN + GREEN), "Extra data"),
    unreadable("single quotes", request(b"{'status': 'open'}"), "double quotes"),
    unreadable("a comma too many", request(b'{"a": 1,}'), "begins like JSON but is not"),
    unreadable("a mere number", request(b"5"), "send an object"),
    unreadable("a mere null", request(b"null"), "send an object"),
    unreadable("Latin-1", request(b'{"name": "caf\xe9"}'), "UTF-8 (byte 14)"),
    unreadable("UTF-16", request('{"a": 1}'.encode("utf-16")), "UTF-8"),
    unreadable("overlong UTF-8", request(b'{"a": "\xc0\x80"}'), "UTF-8"),
    unreadable("a surrogate in UTF-8", request(b'{"a": "\xed\xa0\x80"}'), "UTF-8"),
    unreadable("only NUL", request(b"\0" * 1000), "neither JSON nor a form"),
    unreadable("an empty body", request(), "The body is empty"),
    unreadable("only blanks", request(b" \r\n\t" * 100), "The body is empty"),
    unreadable("NaN", also(b"NaN"), "send null or a text instead"),
    unreadable("minus infinity", also(b"-Infinity"), "send null or a text instead"),
    unreadable("10,000 lists in each other", also(b"[" * 10_000 + b"]" * 10_000), "send flatter data"),
    unreadable("400,000 brackets", request(b"[" * 400_000), "send flatter data"),
    unreadable("10,000 objects in each other", also(b'{"a":' * 10_000 + b"1" + b"}" * 10_000), "flatter"),
    unreadable("XML", request(b"<?xml version='1.0'?><a/>"), "looks like XML"),
    unreadable("an entity bomb", request(b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>"), "looks like XML"),
    unreadable("gzip", request(gzip.compress(GREEN), b"Content-Encoding: gzip"), "compressed"),
    unreadable("a gzip bomb", request(gzip.compress(bytes(50_000_000), 9)), "compressed"),
    unreadable(
        "a multipart form",
        request(
            b'--x\r\nContent-Disposition: form-data; name="payload"\r\n\r\n' + GREEN + b"\r\n--x--\r\n",
            b"Content-Type: multipart/form-data; boundary=x",
        ),
        "multipart/form-data is not read",
    ),
    unreadable("a form of 50,000 fields", request(b"a=1&" * 50_000), "more than 10000 fields"),
    unreadable("a form that is no UTF-8", request(b"a=%ff%fe"), "encode its fields as UTF-8"),
    unreadable("a payload field with broken JSON", request(b"payload=%7Bbroken"), "The field payload"),
    Row("10 MB", request(b"x" * 10_000_000), 413, "too_large", "ALERTOPS_MAX_BODY_BYTES", "too_large"),
    Row(
        "a million keys",
        request(b"{" + b",".join(b'"k%d": 1' % n for n in range(1_000_000)) + b"}"),
        *(413, "too_large", "send less", "too_large"),
    ),
    Row("10 MB in chunks", chunked(*[b"x" * 100_000] * 100), 413, "too_large", "send less", "too_large"),
    taken("NUL as a byte", also(b'"a\0b"')),
    taken("NUL as an escape", also(b'"\\u0000"')),
    taken("lone surrogates", also(b'{"\\ud800": "\\udc00\\ud800"}')),
    taken("1e400", also(b"1e400")),
    taken("a number of 5,000 digits", also(b"9" * 5_000)),
    taken("a number of 900,000 digits", also(b"-" + b"9" * 900_000)),
    taken("a fraction of 100,000 digits", also(b"0." + b"1" * 100_000)),
    taken("60,000 keys", also(b"{" + b",".join(b'"%d": 1' % n for n in range(60_000)) + b"}")),
    taken("a string of 900,000 characters", also(b'"' + b"x" * 900_000 + b'"')),
    taken("a string of 100,000 escapes", also(b'"' + b"\\u00e9" * 100_000 + b'"')),
    taken("a list of 300,000 elements", also(b"[" + b"1," * 300_000 + b"1]")),
    taken("100,000 empty lists", also(b"[" + b"[]," * 100_000 + b"[]]")),
    taken("duplicate keys", also(b'1, "evil": 2, "evil": [3]')),
    taken("keys of objects and classes", also(b'{"__proto__": {"__class__": 1}, "constructor": 2}')),
    taken("a byte order mark", request(b"\xef\xbb\xbf" + GREEN)),
    taken("raw line ends in a string", also(b'"a\r\n\tb"')),
    taken("text/plain", request(GREEN, b"Content-Type: text/plain")),
    taken("no type of content", request(GREEN)),
    taken("a nonsensical type of content", request(GREEN, b"Content-Type: ;;=%00" + b"x" * 5_000)),
    taken("a charset that is none", request(GREEN, b"Content-Type: application/json; charset=evil")),
    taken("JSON that says it is gzip", request(GREEN, b"Content-Encoding: gzip")),
    taken(
        "a form",
        request(b"a=1&a=2&b=%00", b"Content-Type: application/x-www-form-urlencoded"),
        "missing_field",
    ),
    taken("a form with a payload", request(b"payload=" + GREEN.replace(b" ", b"+"))),
    taken("a list", request(b"[" + GREEN + b"]"), "missing_field"),
    taken("an empty object", request(b"{}"), "missing_field"),
]
FRAMES = [
    taken("chunks", chunked(GREEN[:20], GREEN[20:])),
    taken("chunks of one byte", chunked(*[bytes([byte]) for byte in GREEN])),
    taken("chunks with a trailer", chunked(GREEN, end=b"0\r\nX-A: 1\r\n\r\n", lines=(b"Trailer: X-A",))),
    taken("chunks with extensions", chunked(end=b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(GREEN), GREEN))),
    taken("a length beside chunks", chunked(GREEN, lines=(b"Content-Length: 5",))),
    taken("the same length twice", request(GREEN, b"Content-Length: %d" % len(GREEN))),
    taken("more than was announced", request(GREEN) + b"GET /admin HTTP/1.1\r\n\r\n"),
    taken("HTTP/1.0", request(GREEN, version=b"1.0")),
    taken("line ends without a carriage return", request(GREEN).replace(b"\r\n", b"\n")),
    unreadable("no length", request(length=b""), "The body is empty"),
    unreadable("less than was announced", request(GREEN, length=b"9000"), "broke off"),
    unreadable("less than was announced, much", request(GREEN, length=b"900000"), "broke off"),
    unreadable("chunks that break off", chunked(GREEN, end=b""), "broke off"),
    unreadable("a chunk that breaks off", chunked(end=b"ffff\r\n" + GREEN), "broke off"),
    unreadable("a chunk of no size", chunked(GREEN, end=b"evil\r\n"), "broke off"),
    unreadable("a chunk of 2**72 bytes", chunked(end=b"f" * 18 + b"\r\n" + GREEN), "broke off"),
    unreadable("an extension of 100 kB", chunked(end=b"1;" + b"x" * 100_000 + b"\r\n"), "broke off"),
    Row(
        "100 GB announced", request(GREEN, length=b"99999999999"), 413, "too_large", "send less", "too_large"
    ),
    no_http("a negative length", request(GREEN, length=b"-5")),
    no_http("a length that is none", request(GREEN, length=b"many")),
    no_http("a signed length", request(GREEN, length=b"+5")),
    no_http("a length of 23 digits", request(GREEN, length=b"9" * 23)),
    no_http("two lengths", request(GREEN, b"Content-Length: 5")),
    no_http("an unknown transfer coding", request(GREEN, b"Transfer-Encoding: gzip", length=b"")),
    no_http("chunks over HTTP/1.0", chunked(GREEN).replace(b"HTTP/1.1", b"HTTP/1.0")),
    no_http("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)),
    no_http("noise", b"\x00\xff\xfe\r\n\r\n"),
    no_http("a folded header", request(GREEN, b"X-A: 1\r\n  2")),
    no_http("a header without a name", request(GREEN, b": 1")),
    no_http("a blank in a header's name", request(GREEN, b"X A: 1")),
    no_http("a control character in a header", request(GREEN, b"X-A: \x01")),
    no_http("bytes beyond ASCII in the address", request(GREEN, to=b"/in/{plain}\xff")),
    no_http("200 headers", request(GREEN, *[b"X-%d: 1" % n for n in range(200)]), 431),
    no_http("an address of 70 kB", request(GREEN, to=b"/in/{plain}?" + b"x" * 70_000), 414),
]
HEADERS = [
    taken("a header of 100 kB", request(GREEN, b"X-A: " + b"x" * 100_000)),
    taken("90 headers", request(GREEN, *[b"X-%d: 1" % n for n in range(90)])),
    taken("a header 80 times", request(GREEN, *[b"X-A: 1"] * 80)),
    taken("headers beyond ASCII", request(GREEN, b"X-A: \xe9\xff\xf0", b"User-Agent: \xf0\x9f\x92\xa9")),
    taken("names with underscores", request(GREEN, b"X_Request_UUID: 1", b"Content_Length: 5")),
    taken("names of objects and classes", request(GREEN, b"__proto__: 1", b"constructor: 2", b"$ne: 3")),
    taken("what looks like HTML and SQL", request(GREEN, b"User-Agent: <script>'; DROP TABLE x;--")),
    taken("a name of 10 kB", request(GREEN, b"X" * 10_000 + b": 1")),
    taken("an id of 10 kB", request(GREEN, b"X-Request-UUID: " + b"x" * 10_000)),
    taken("another method in a header", request(GREEN, b"X-HTTP-Method-Override: DELETE")),
    taken(
        "a session that is none", request(GREEN, b"Cookie: sessionid=evil; csrftoken=evil; " + b"a=1; " * 900)
    ),
    taken("many languages", request(GREEN, b"Accept-Language: " + b"de-x,*;q=0.1," * 1_000)),
    taken("wants HTML", request(GREEN, b"Accept: text/html", b"Accept-Encoding: gzip, br;q=nonsense")),
    taken("conditions and ranges", request(GREEN, b"If-None-Match: *", b"Range: bytes=5-1")),
    taken("a forwarded address that is none", request(GREEN, b"X-Forwarded-For: ,,\\,, <x>" + b"9" * 3_000)),
    taken("no host", request(GREEN).replace(b"Host: 127.0.0.1\r\n", b"")),
    taken("an upgrade to a websocket", request(GREEN, b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")),
    taken("an upgrade to HTTP/2", request(GREEN, b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")),
]
OTHER = (405, "method_not_allowed", "POST")
NOWHERE = (404, "unknown_url", "")
ADDRESSES = [
    *[Row(f"{method.decode()}", request(GREEN, method=method), *OTHER) for method in (b"DELETE", b"PATCH")],
    *[Row(f"{method.decode()}", request(GREEN, method=method), *OTHER) for method in (b"OPTIONS", b"TRACE")],
    Row("a method that is none", request(GREEN, method=b"EVIL"), *OTHER),
    Row("GET with a body", request(GREEN, method=b"GET"), *OTHER),
    Row("GET with a query", request(to=b"/in/{plain}?state=open", method=b"GET"), *OTHER),
    Row("a HEAD", request(method=b"HEAD"), 405, None),
    Row("GET without a query where it is allowed", request(to=b"/in/{get}", method=b"GET"), *OTHER),
    taken("GET where it is allowed", request(to=b"/in/{get}?a=1", method=b"GET"), "missing_field"),
    taken("PUT", request(GREEN, method=b"PUT")),
    taken("a slash at the end", request(GREEN, to=b"/in/{plain}/")),
    taken("a query beside the body", request(GREEN, to=b"/in/{plain}?" + b"a=1&" * 12_000)),
    taken("a token with an escape", request(GREEN, to=b"/%69n/{plain}")),
    taken("an absolute address", request(GREEN, to=b"http://127.0.0.1/in/{plain}")),
    Row("an unknown token", request(GREEN, to=b"/in/nobody"), *NOWHERE),
    Row("a token of 60 kB", request(GREEN, to=b"/in/" + b"x" * 60_000), *NOWHERE),
    Row("a token with NUL", request(GREEN, to=b"/in/{plain}%00"), *NOWHERE),
    Row("a token that is no UTF-8", request(GREEN, to=b"/in/%ff%fe%c0"), *NOWHERE),
    Row("a token in SQL", request(GREEN, to=b"/in/'%20OR%201=1--"), *NOWHERE),
    Row("no token", request(GREEN, to=b"/in/"), *NOWHERE),
    Row("no token and no slash", request(GREEN, to=b"/in"), *NOWHERE),
    Row("two slashes", request(GREEN, to=b"//in//{plain}"), *NOWHERE),
    Row("two slashes at the end", request(GREEN, to=b"/in/{plain}//"), *NOWHERE),
    Row("capitals", request(GREEN, to=b"/IN/{plain}"), *NOWHERE),
    Row("a way around", request(GREEN, to=b"/in/../in/{plain}"), *NOWHERE),
    Row("a file", request(GREEN, to=b"/in/..%2f..%2f..%2fetc%2fpasswd"), *NOWHERE),
    Row("the star", request(to=b"*", method=b"OPTIONS"), *NOWHERE),
    Row("another's status", request(to=b"/in/{get}/messages/1", method=b"GET"), 404, "unknown_message"),
    Row(
        "a status of 30 digits",
        request(to=b"/in/{plain}/messages/" + b"9" * 30, method=b"GET"),
        404,
        "unknown_message",
    ),
    Row(
        "a status that is posted to", request(GREEN, to=b"/in/{plain}/messages/1"), 405, "method_not_allowed"
    ),
]
TRUST = [
    taken("a token that is still kept", request(GREEN, to=b"/in/{kept}")),
    Row(
        "a token that is kept no more",
        request(GREEN, to=b"/in/{expired}"),
        404,
        "unknown_url",
        "copy it anew",
    ),
    Row("switched off", request(GREEN, to=b"/in/{disabled}"), 403, "disabled", "enable it", "disabled"),
    taken("a signature", request(GREEN, signed(GREEN), to=b"/in/{signed}")),
    *[
        Row(name, request(GREEN, *lines, to=b"/in/{signed}"), 403, "bad_signature", mend, "bad_signature")
        for name, lines, mend in [
            ("no signature", (), "give the sender the signing secret"),
            ("an empty signature", (b"X-Hub-Signature-256: ",), "is missing"),
            ("a wrong signature", (b"X-Hub-Signature-256: sha256=" + b"0" * 64,), "set the same secret"),
            ("a signature by another secret", (signed(GREEN, "guess"),), "set the same secret"),
            ("a signature of another body", (signed(b"{}"),), "nothing on the way change the body"),
            ("a signature of 50 kB", (b"X-Hub-Signature: sha256=" + b"0" * 50_000,), "set the same secret"),
            ("two signatures", (signed(b"{}"), signed(GREEN)), "set the same secret"),
        ]
    ],
]
STATUS = b"/in/{plain}/messages/1"
HOSTS = [
    taken("another host", request(GREEN, host=b"evil.example")),
    taken("a host that is none", request(GREEN, host=b"a b{}")),
    Row(
        "a status by another name",
        request(to=STATUS, method=b"GET", host=b"evil.example"),
        *(400, "unknown_host", "ALERTOPS_ALLOWED_HOSTS"),
    ),
]
# Where databases differ: in what texts, numbers and sizes they take.
STORED = [row for row in [*BODIES, *HEADERS] if row.became not in ("", "too_large")]
ROWS = [*BODIES, *FRAMES, *HEADERS, *ADDRESSES, *TRUST, *HOSTS]
