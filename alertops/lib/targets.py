"""What an address and a request must look like to be sent at all, whoever wrote them."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from alertops.lib.sayings import saying

MOST_URL, MOST_HOST, MOST_LABEL = 4000, 253, 63  # characters
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
PORTS = {"http": 80, "https": 443}

# Where something listens that does not speak HTTP and may take a request for commands: the list of the
# Fetch standard (https://fetch.spec.whatwg.org/#port-blocking), and data stores.
_BAD_PORTS = frozenset(
    int(port)
    for port in re.findall(
        r"\d+",
        """
        0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115
        117 119 123 135 137 139 143 161 179 389 427 445 465 512 513 514 515 526 530 531 532 540 548 554 556
        563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667
        6668 6669 6679 6697 10080
        1433 1521 3306 3389 5432 5672 6379 6380 6432 9042 11211 26379 27017
        """,
    )
)
# What says where a request begins and ends, and for whom it is: never a broker's to say.
_OURS = frozenset(
    (
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te"),
        *("trailer", "expect", "proxy-authorization", "proxy-connection"),
    )
)
_URL = re.compile(r"(?i)(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.DOTALL)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s\[\]:@%\\]+)(?::([0-9]{0,5}))?")
# Spaces, controls, and what is not seen: nobody types it, and readers of URLs differ over it.
_UNSEEN = re.compile(
    r"[\x00-\x20\x7f-\xa0\\\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff]"
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8000}")

TOO_LONG = saying("The address is longer than %(count)d characters.")
UNSEEN = saying("The address holds a space, a backslash or a character that is not seen.")
NO_SCHEME = saying("Only addresses that begin with http:// or https:// are called.")
TWO_ATS = saying("The address has more than one @ before the path: write one in a password as %%40.")
NO_HEADER_NAME = saying("“%(name)s” cannot be the name of a header.")
OUR_HEADER = saying("The header %(name)s is not a broker’s to set.")
BAD_HEADER = saying("The header %(name)s holds a line break, or characters that no header can carry.")
NO_METHOD = saying("“%(method)s” is none of %(methods)s.")
TOO_LARGE = saying("What is to be sent has %(count)d bytes; more than %(most)d are not sent.")
NO_HOST = saying("The address names no host, or one that cannot be read.")
NO_PORT = saying("There is no port %(port)d.")
BAD_PORT = saying("Port %(port)d is never called: what listens there does not speak HTTP.")


class Unreachable(Exception):
    """The server could not be called; the text says why and what to look at."""


class Refused(Unreachable):
    """This is not called as it stands, now or later; the text says what would have to be different."""


@dataclass(frozen=True)
class Target:
    """An address that has been looked at.  url: without user name and password.  host: as it was written."""

    url: str
    scheme: str
    host: str
    port: int
    authorization: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """The host and a port that is not the usual one."""
        return self.host if self.port == PORTS[self.scheme] else f"{self.host}:{self.port}"


def read(url: str) -> Target:
    """Return what an address says. Raises Refused."""
    if len(url) > MOST_URL:
        raise Refused(TOO_LONG % {"count": MOST_URL})
    if _UNSEEN.search(url):
        raise Refused(UNSEEN)
    whole = _URL.fullmatch(url)
    if not whole:
        raise Refused(NO_SCHEME)
    scheme, authority, rest = whole[1].lower(), whole[2], whole[3]
    credentials, at, place = authority.rpartition("@")
    if "@" in credentials:
        raise Refused(TWO_ATS % {})
    host, port = _place(place, scheme)
    written = f"{scheme}://{host}" + ("" if port == PORTS[scheme] else f":{port}")
    path = rest if rest.startswith("/") else f"/{rest}"
    return Target(written + path, scheme, host, port, _basic(credentials) if at else {})


def allowed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as they go out. Raises Refused."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise Refused(NO_HEADER_NAME % {"name": _plain(name, 100)})
        if name.lower() in _OURS:
            raise Refused(OUR_HEADER % {"name": name})
        if not _HEADER_VALUE.fullmatch(value):
            raise Refused(BAD_HEADER % {"name": name})
    kept = {name: value.strip() for name, value in headers.items() if name.lower() != "accept-encoding"}
    return kept | {"Accept-Encoding": "identity"}


def check_request(method: str, size: int, *, most: int) -> None:
    """Say whether a request of this size may be made. Raises Refused."""
    if method not in METHODS:
        names = {"method": _plain(method, 20), "methods": ", ".join(sorted(METHODS))}
        raise Refused(NO_METHOD % names)
    if size > most:
        raise Refused(TOO_LARGE % {"count": size, "most": most})


def _place(place: str, scheme: str) -> tuple[str, int]:
    """Return host and port. Raises Refused."""
    match = _HOST.fullmatch(place)
    if not match or len(match[1]) > MOST_HOST or max(map(len, match[1].split("."))) > MOST_LABEL:
        raise Refused(NO_HOST)
    port = int(match[2] or PORTS[scheme])
    if port > 65535:
        raise Refused(NO_PORT % {"port": port})
    if port in _BAD_PORTS:
        raise Refused(BAD_PORT % {"port": port})
    return match[1], port


def _plain(text: str, length: int) -> str:
    """Return the beginning of a text as it may stand within quotation marks of a sentence."""
    return ascii(text[:length])[1:-1]


def _basic(credentials: str) -> dict[str, str]:
    """Return the header for `user:password`, as it stands in an address."""
    user, _colon, password = credentials.partition(":")
    pair = f"{unquote(user)}:{unquote(password)}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
