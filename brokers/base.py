"""What a broker is: the class it derives from, the fields it declares, and what it may ask of its host.

    from brokers import BaseBroker, Url

    class Ping(BaseBroker):
        name, title, summary = "ping", "Ping", "Calls an address on every push."
        fields = (Url("url", "Address"),)

        def handle(self, payload):
            self.post(payload["service"]["url"], json={"who": payload["user"]}).checked()

A broker does nothing by itself: every call goes to its host, which guards, limits and records it.
"""

import base64
import json as jsonlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from alertops.lib.sayings import saying
from brokers.logic.fields import (
    Boolean,
    BranchFilterField,
    Choice,
    EmailList,
    Field,
    FieldError,
    InvalidSettings,
    Password,
    String,
    Text,
    Url,
    clean_settings,
)
from brokers.logic.lines import one_line, visible

__all__ = [
    "SEVERITIES",
    "Answer",
    "BaseBroker",
    "Boolean",
    "BranchFilterField",
    "BrokerError",
    "Choice",
    "EmailList",
    "Field",
    "FieldError",
    "Host",
    "InvalidSettings",
    "Mail",
    "Password",
    "Request",
    "String",
    "TemporaryError",
    "Text",
    "Url",
    "clean_settings",
    "one_line",
    "visible",
]

SEVERITIES = ("critical", "error", "warning", "info")
# Keys of payload["service"] that the engine fills in.
REPOSITORY_TOKEN = "repository_token"  # noqa: S105 (a name)
REPOSITORY_URL = "repository_url"
MAX_SUBJECT = 200
SHOWN_ANSWER = 300  # characters of an answer that an error repeats
TEMPORARY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

THE_ADDRESS = saying("The address")
NO_JSON = saying("%(where)s did not answer with JSON.", within=["where"])
ANSWERED = saying("%(where)s answered %(status)d", within=["where"])
ANSWERED_WITH = saying("%(where)s answered %(status)d: %(shown)s", within=["where"])
REDIRECT = saying(
    "%(said)s. Redirects are not followed: put %(location)s into the settings if it is right.",
    within=["said"],
)
CHECK = saying("%(said)s. Check the settings of this service.", within=["said"])
MENDS = {
    401: saying("%(said)s. Check the user name and password or token in the settings.", within=["said"]),
    403: saying("%(said)s. The user or token lacks the right to do this.", within=["said"]),
    404: saying(
        "%(said)s. Check the address in the settings: there is nothing behind it, or nothing that may be"
        " seen.",
        within=["said"],
    ),
    405: saying(
        "%(said)s. Check the address in the settings: it does not take what is sent.", within=["said"]
    ),
    410: saying(
        "%(said)s. The address was given up: make a new one and put it into the settings.", within=["said"]
    ),
    413: saying("%(said)s. What was sent is too large for the other side.", within=["said"]),
}
NO_KEY = saying("An alert needs a key and a subject.")
NO_KEY_TO_CLOSE = saying("Closing an alert needs its key.")
NO_SEVERITY = saying("The severity is one of %(names)s, not “%(severity)s”.")
UNREADABLE = saying("The address cannot be read: check it in the settings.")

Local = TypeVar("Local")
_locals = threading.local()


class BrokerError(Exception):
    """The run failed for good; the text names the mend."""


class TemporaryError(BrokerError):
    """The run failed, but may do later. retry_after: seconds that the other side asked for."""

    def __init__(self, text: str, *, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Answer:
    """What an HTTP call came to. headers: by lower-case name.  address: the host that was called.

    is_cut: the body is the beginning of a longer one.
    shown: the beginning of the body as errors may repeat it; set by a host that knows what is secret.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = ""
    shown: str | None = None
    is_cut: bool = False

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body, decoded. Raises BrokerError."""
        if self.is_cut:
            raise BrokerError(f"{self.address or 'The address'} answered with more than is read.")
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError):
            raise BrokerError(NO_JSON % {"where": self.address or THE_ADDRESS}) from None

    def checked(self) -> "Answer":
        """Return itself when it is a yes. Raises TemporaryError for what may pass, else BrokerError."""
        if self.is_ok:
            return self
        shown = " ".join((self.text if self.shown is None else self.shown).split())[:SHOWN_ANSWER]
        facts = {"where": self.address or THE_ADDRESS, "status": self.status, "shown": shown}
        said = (ANSWERED_WITH if shown else ANSWERED) % facts
        if self.status in TEMPORARY_STATUSES:
            raise TemporaryError(said, retry_after=_seconds(self.headers.get("retry-after", "")))
        location = self.headers.get("location", "")
        is_redirect = 300 <= self.status < 400 and location
        mend = REDIRECT if is_redirect else MENDS.get(self.status, CHECK)
        raise BrokerError(mend % {"said": said, "location": location})


@dataclass(frozen=True)
class Mail:
    """A mail, described; the host builds and sends it.

    The host sets From (its own address, under `sender_name`), Date, Message-ID (the same when a run is
    tried again), and Auto-Submitted: auto-generated. It encodes so that any text passes 8-bit safe.
    sender_name: shown as the name of From; empty: the host's.  reply_to: one address, or empty.
    thread: a key, or empty. Mails of one key belong to one conversation: In-Reply-To and References name
    an id that is made of the key.
    list_name: for List-Id, like "acme/website"; empty: none.  headers: more of them, X-... only.
    Nothing here holds a line break but `text` and `html`.
    """

    to: tuple[str, ...]
    subject: str
    text: str
    html: str = ""
    sender_name: str = ""
    reply_to: str = ""
    thread: str = ""
    list_name: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Request:
    """What a run asks of alerts. action: open or close.  key: what makes two requests one problem."""

    action: str
    key: str
    subject: str = ""
    text: str = ""
    severity: str = "error"
    url: str = ""


class Host(Protocol):
    """What carries out a broker's calls, guards them and records them.

    `call` raises TemporaryError when nobody answered, and BrokerError when the address may not be called.
    It follows no redirect. Any status is an Answer.
    """

    def call(self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]) -> Answer: ...

    def mail(self, mail: Mail) -> None: ...

    def log(self, text: str) -> None: ...

    def ask(self, request: Request) -> None: ...


class BaseBroker:
    """One way to act on a push.

    name: in lower case, as it is stored.  title, summary: for people.  fields: the settings to ask for.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    fields: ClassVar[tuple[Field, ...]] = ()

    def __init__(self, host: Host) -> None:
        self.host = host

    def handle(self, payload: dict[str, Any]) -> None:
        """Act on a push. payload: docs/broker-api.md; what is returned is ignored.

        payload["service"] holds the settings, secrets too; `repository_token`, the access token of the
        repository at its host ("" without one), and `repository_url`, its page there, as it is stored here:
        the token is for that host alone, whatever a push says. payload["broker"] is the broker's name.
        Raises BrokerError, or TemporaryError for what is worth another try.
        """
        raise NotImplementedError

    def get_local(self, name: str, cls: Callable[[], Local]) -> Local:
        """Return an instance of a class that is kept, by its name, for this worker process and thread."""
        kept: dict[tuple[Any, ...], Any] = _locals.__dict__.setdefault("kept", {})
        key = (type(self), name, cls)
        if key not in kept:
            kept[key] = cls()
        found: Local = kept[key]
        return found

    def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> Answer:
        return self._call("GET", url, None, headers, auth)

    def post(
        self,
        url: str,
        data: bytes | str | Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Post bytes or text as they are, fields as a form, or `json`. auth: user name and password."""
        body, kind = _encoded(data, json)
        return self._call("POST", url, body, {**kind, **(headers or {})}, auth)

    def put(
        self,
        url: str,
        data: bytes | str | Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Put what `post` would post."""
        body, kind = _encoded(data, json)
        return self._call("PUT", url, body, {**kind, **(headers or {})}, auth)

    def send_mail(self, to: Sequence[str], *, subject: str, text: str, **more: Any) -> None:
        """Send one mail to all of `to`. more: the other fields of Mail. Raises BrokerError."""
        try:
            addresses = EmailList("to", "To", required=True).clean(list(to))
        except FieldError as error:
            raise BrokerError(str(error)) from None
        for name in ("sender_name", "reply_to", "list_name"):
            more[name] = one_line(more.get(name, ""), MAX_SUBJECT)
        more["headers"] = tuple((one_line(key), one_line(value)) for key, value in more.get("headers", ()))
        subject = one_line(subject, MAX_SUBJECT)
        self.host.mail(Mail(tuple(addresses), subject, text, **more))

    def log(self, text: str) -> None:
        """Put a line into the run's transcript."""
        self.host.log(str(text))

    def open_alert(
        self, *, key: str, subject: str, text: str = "", severity: str = "error", url: str = ""
    ) -> None:
        """Open an alert, or join the one that is open under this key. Raises BrokerError."""
        if not key or not subject:
            raise BrokerError(NO_KEY)
        if severity not in SEVERITIES:
            raise BrokerError(NO_SEVERITY % {"names": ", ".join(SEVERITIES), "severity": severity})
        self.host.ask(Request("open", key, one_line(subject, MAX_SUBJECT), text, severity, url))

    def close_alert(self, *, key: str, text: str = "") -> None:
        """Close the alert that is open under this key, if there is one."""
        if not key:
            raise BrokerError(NO_KEY_TO_CLOSE)
        self.host.ask(Request("close", key, text=text))

    def patch(
        self,
        url: str,
        *,
        json: Any,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Change a part of something, as GitHub's API wants it."""
        body, kind = _encoded(None, json)
        return self._call("PATCH", url, body, {**kind, **(headers or {})}, auth)

    def _call(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        auth: tuple[str, str] | None,
    ) -> Answer:
        address, held = split_credentials(url)
        sent = dict(headers or {})
        credentials = auth or held
        if credentials and not any(name.lower() == "authorization" for name in sent):
            pair = base64.b64encode(":".join(credentials).encode()).decode()
            sent["Authorization"] = f"Basic {pair}"
        answer = self.host.call(method, address, body=body, headers=sent)
        return answer if answer.address else replace(answer, address=urlsplit(address).netloc)


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Take `user:password@` out of an address. Returns the address and the pair, or None.

    Raises BrokerError.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise BrokerError(UNREADABLE) from None
    if not host or "@" not in parts.netloc:
        return url, None
    pair = (unquote(parts.username or ""), unquote(parts.password or ""))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])), pair


def _encoded(data: Any, json: Any) -> tuple[bytes | None, dict[str, str]]:
    """Return a body and the header that says what it is."""
    if json is not None:
        return jsonlib.dumps(json).encode(), {"Content-Type": "application/json"}
    if isinstance(data, str):
        return data.encode("utf-8", "replace"), {"Content-Type": "text/plain; charset=utf-8"}
    if data is None or isinstance(data, bytes):
        return data, {}
    return urlencode(data).encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
