"""The guarded way out: how this server calls another one over HTTP.

What a stranger has typed into a form is called from inside the operator's network, so:

1. only http and https, on ports where HTTP may be spoken;
2. a name is looked up once, and what is connected to is the address that was checked (`networks`);
3. no redirect is followed, no proxy, password file or certificate of the environment is used;
4. the whole call ends in time, however slowly the other side speaks, and only so much is read of it.
"""

import functools
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
import urllib3
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from alertops.lib import targets
from alertops.lib.dialing import CANNOT, SILENT, Line, Resolver, look_up
from alertops.lib.sayings import saying
from alertops.lib.targets import Refused, Unreachable

__all__ = ["Answer", "Refused", "Unreachable", "call", "post_to_ourselves"]

CONNECT_TIMEOUT, READ_TIMEOUT = 3.05, 10.0  # seconds
LONGEST_ANSWER = 64_000  # bytes, of ourselves
MOST_BYTES = 1_000_000  # of another's answer
MOST_SENT = 5_000_000
SECONDS = 20.0  # for a whole call
_CHUNK = 64_000
_USER_AGENT = "alertops"

_USUAL: dict[str, Any] = {
    "never_redirect": True,
    "default_timeout": (CONNECT_TIMEOUT, READ_TIMEOUT),
    "user_agent_override": _USER_AGENT,
}
# No filter on addresses: the operator has named this one, and it is often a private one.
_OURSELVES = Config(ip_filter_enable=False, ip_filter_allow_loopback_ips=True, **_USUAL)
_OTHERS = Config(ip_filter_enable=True, ip_filter_allow_loopback_ips=False, **_USUAL)

NO_FILE = saying("ALERTOPS_CA_FILE names %(file)s, which cannot be read: %(why)s.")
NOT_OURSELVES = saying(
    "This server cannot reach itself at %(url)s: %(why)s. Check ALERTOPS_BASE_URL and the proxy.",
    within=["why"],
)
NO_HOST = saying("%(host)s is no name of a host.")
NO_TRUST = saying(
    "%(host)s cannot be called: its certificate is not trusted here. If its authority is your own, the"
    " operator names its file in ALERTOPS_CA_FILE."
)
FAILED = saying("the call failed")
# The first that fits, so what is special comes first.
_WHY = (
    (requests.exceptions.SSLError, saying("its certificate is not trusted here")),
    (requests.exceptions.ConnectTimeout, SILENT),
    (requests.exceptions.ReadTimeout, saying("it did not answer in time")),
    (
        requests.exceptions.ConnectionError,
        saying("the connection was refused, or the name is not known here"),
    ),
    (urllib3.exceptions.ReadTimeoutError, saying("it did not answer in time")),
    (urllib3.exceptions.DecodeError, saying("its answer cannot be unpacked")),
    (urllib3.exceptions.ProtocolError, saying("it broke off in the middle of its answer")),
)


@dataclass(frozen=True)
class Answer:
    """What a server answered. headers: by lower-case name.  is_cut: there was more than was read."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


def call(  # noqa: PLR0913 (what a request is made of, and its limits)
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    most_bytes: int = MOST_BYTES,
    seconds: float = SECONDS,
    resolve: Resolver = look_up,
) -> Answer:
    """Call a server that somebody named, and return its answer, whatever its status.

    Raises Refused for what is never called as it stands, and Unreachable for what may work another time.
    """
    target = targets.read(url)
    sent = {**targets.allowed_headers(headers or {}), **target.authorization}
    targets.check_request(method, len(body or b""), most=MOST_SENT)
    with Line(target, seconds=seconds, resolve=resolve) as line, _Session(_OTHERS) as session:
        session.trust_env = False
        adapter = _Guarded(line)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        try:
            with session.request(method, target.url, data=body, headers=sent, stream=True) as response:
                content, is_cut = _read(response, most_bytes)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _explained(error, line) from error
        if line.is_over:  # what was read may be no more than a beginning
            raise line.too_slow()
    shown = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, content, shown, is_cut)


def post_to_ourselves(path: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Post to this very installation, as the outside world would: by its base URL. Raises Unreachable."""
    url = settings.BASE_URL + path
    try:
        with _Session(_OURSELVES) as session:
            session.mount("https://", _Trusting())
            with session.post(url, data=body, headers=dict(headers), stream=True) as response:
                answer, is_cut = _read(response, LONGEST_ANSWER)
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Unreachable(_about_ourselves(error)) from error
    return Answer(response.status_code, answer, is_cut=is_cut)


class _Session(HTTPSession):
    """Takes nothing for a redirect: requests would read all of its body, however long it is."""

    def get_redirect_target(self, _response: requests.Response) -> None:
        return None


class _Trusting(HTTPAdapter):
    """Trusts the operator's own certificate authorities beside the usual ones."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=_context(settings.CA_FILE), **options)


class _Guarded(_Trusting):
    """Opens its connections by a Line and in no other way."""

    def __init__(self, line: Line) -> None:
        self.line = line
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": functools.partial(_pool, HTTPConnectionPool, _Connection, self.line),
            "https": functools.partial(_pool, HTTPSConnectionPool, _ConnectionByTLS, self.line),
        }


class _ByLine:
    """A connection of urllib3 that leaves the connecting to a line."""

    _dns_host: str
    port: int

    def __init__(self, line: Line, *arguments: Any, **options: Any) -> None:
        self.line = line
        super().__init__(*arguments, **options)

    def _new_conn(self) -> Any:
        return self.line.connect(self._dns_host, self.port)


class _Connection(_ByLine, HTTPConnection):
    """By http."""


class _ConnectionByTLS(_ByLine, HTTPSConnection):
    """By https: the certificate is checked by the name, not by the address."""


def _pool(kind: Any, connection: Any, line: Line, *arguments: Any, **options: Any) -> Any:
    pool = kind(*arguments, **options)
    pool.ConnectionCls = functools.partial(connection, line)
    return pool


@functools.cache
def _context(ca_file: str) -> ssl.SSLContext:
    """Return what TLS is spoken by. requests adds the usual authorities. Raises Unreachable."""
    context = create_urllib3_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise Unreachable(NO_FILE % {"file": ca_file, "why": error}) from error
    return context


def _read(response: requests.Response, most: int) -> tuple[bytes, bool]:
    """Return the beginning of a body, and whether there was more; a bomb is unpacked no further than that."""
    parts, left = [], most + 1
    while left > 0 and (part := response.raw.read(min(left, _CHUNK), decode_content=True)):
        parts.append(part)
        left -= len(part)
    content = b"".join(parts)
    return content[:most], len(content) > most


def _about_ourselves(error: Exception) -> str:
    return NOT_OURSELVES % {"url": settings.BASE_URL, "why": _words(error)}


def _explained(error: Exception, line: Line) -> Unreachable:
    """Say why a call failed, and what to do about it."""
    if line.is_over:
        return line.too_slow()
    if isinstance(error, requests.exceptions.InvalidURL):
        return Refused(NO_HOST % {"host": line.target.host})
    template = NO_TRUST if isinstance(error, requests.exceptions.SSLError) else CANNOT
    return Unreachable(template % {"host": line.target.shown, "why": _words(error)})


def _words(error: Exception) -> str:
    return next((words for kind, words in _WHY if isinstance(error, kind)), FAILED)
