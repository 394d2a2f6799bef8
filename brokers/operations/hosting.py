"""What carries out a broker's calls: guarded, limited, and put on record with every secret masked."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.utils.crypto import salted_hmac

from alertops.lib import http, targets
from alertops.lib.masking import Masking, credentials_in
from alertops.lib.sayings import saying
from brokers.base import SHOWN_ANSWER, Answer, BrokerError, Mail, Request, TemporaryError, one_line, visible
from brokers.operations import mails

# For one run
SECONDS = 120.0
MOST_CALLS, MOST_MAILS, MOST_REQUESTS, MOST_LOGGED = 20, 20, 20, 200
CALL_SECONDS = http.SECONDS
MOST_BYTES = http.MOST_BYTES  # of one answer; more is not read
# On record: characters
SHOWN, SHOWN_ADDRESS, SHOWN_LINE = 2000, 500, 1000
_DECODED = 64_000  # bytes that are looked at for that

TOO_MANY_CALLS = saying("A run makes %(most)d calls at most.")
TOO_MANY_MAILS = saying("A run sends %(most)d mails at most.")
TOO_MANY_REQUESTS = saying("A run asks for %(most)d alerts at most.")
NOT_KEPT = saying("Further lines are not kept.")
NO_TEXT = saying("(%(count)d bytes that are no text)")
TOO_LONG = saying("The run has lasted %(seconds)d seconds, and nothing more is begun.")

Line = dict[str, Any]


class _Recorder:
    """What both hosts do: keep to the limits, and keep the transcript.

    transcript: lines, each {"kind": "call", "mail", "request" or "log", "at": seconds since it began, ...}.
    mask: masks the secrets of the run in a text that is kept elsewhere.
    """

    def __init__(self, *, secrets: Collection[str] = (), run_id: object = 0) -> None:
        self.transcript: list[Line] = []
        self.requests: list[Request] = []
        self.mask = Masking(secrets)
        self.run_id = run_id
        self._counts: Counter[str] = Counter()
        self._began = time.monotonic()

    def call(self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Call an address. Any status is an answer, of which the first megabyte is read.

        Raises BrokerError when it may not be called as it stands, TemporaryError when nobody answered.
        """
        self._count("call", MOST_CALLS, TOO_MANY_CALLS)
        self.mask.add(*credentials_in(headers))
        line = self._note(
            "call",
            method=one_line(method, 20),
            address=self._shown(url, SHOWN_ADDRESS),
            headers=self._shown_headers(headers),
            body=self._readable(body or b""),
            size=len(body or b""),
        )
        try:
            return self._call(line, method, url, body, headers)
        except http.Refused as error:
            raise BrokerError(self._failed(line, error)) from error
        except http.Unreachable as error:
            raise TemporaryError(self._failed(line, error)) from error
        except BrokerError as error:
            self._failed(line, error)
            raise

    def mail(self, mail: Mail) -> None:
        """Send a mail. Raises BrokerError, TemporaryError."""
        self._count("mail", MOST_MAILS, TOO_MANY_MAILS)
        line = self._note(
            "mail",
            to=[self._shown(address, 300) for address in mail.to[: mails.MOST_ADDRESSES]],
            subject=self._shown(mail.subject, SHOWN_ADDRESS),
            text=self._shown(mail.text, SHOWN),
            sender_name=self._shown(mail.sender_name, 100),
            reply_to=self._shown(mail.reply_to, 300),
            is_html=bool(mail.html),
        )
        try:
            sendable = mails.checked(mail)
            identity = mails.message_id(sendable, run_id=self.run_id, number=self._counts["mail"])
            line["message_id"] = identity
            self._mail(line, sendable)
        except BrokerError as error:
            error.args = (self._failed(line, error), *error.args[1:])
            raise

    def log(self, text: str) -> None:
        """Put a line on record."""
        self._counts["log"] += 1
        if self._counts["log"] < MOST_LOGGED:
            self._note("log", text=self._shown(text, SHOWN_LINE))
        elif self._counts["log"] == MOST_LOGGED:
            self._note("log", text=NOT_KEPT)

    def ask(self, request: Request) -> None:
        """Ask for an alert; it is opened or closed when the run has ended well or not."""
        self._count("request", MOST_REQUESTS, TOO_MANY_REQUESTS)
        asked = replace(
            request,
            key=one_line(request.key, 300),
            subject=one_line(request.subject, 300),
            text=visible(request.text)[:20_000],
            url=one_line(request.url, 2000),
        )
        self.requests.append(asked)
        self._note(
            "request",
            act=asked.action,
            key=self._shown(asked.key, 300),
            subject=self._shown(asked.subject, 300),
            severity=asked.severity,
        )

    def _call(
        self, line: Line, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Make a call, and put its answer on record. Raises Refused, Unreachable."""
        raise NotImplementedError

    def _mail(self, line: Line, mail: Mail) -> None:
        """Hand a mail over, and put what was said on record. Raises BrokerError."""
        raise NotImplementedError

    def _count(self, kind: str, most: int, text: str) -> None:
        self._counts[kind] += 1
        if self._counts[kind] > most:
            raise BrokerError(text % {"most": most})

    def _note(self, kind: str, **facts: Any) -> Line:
        line = {"kind": kind, "at": round(time.monotonic() - self._began, 3), **facts}
        self.transcript.append(line)
        return line

    def _failed(self, line: Line, error: Exception) -> str:
        line["error"] = self._shown(str(error), SHOWN_LINE)
        return str(line["error"])

    def _shown(self, text: str, length: int) -> str:
        """Return a text for the record: without what no database takes, and without secrets."""
        return self.mask.beginning(visible(text), length)

    def _shown_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        shown = self.mask.headers({one_line(name, 100): visible(value) for name, value in headers.items()})
        return {name: one_line(value, 300) for name, value in list(shown.items())[:50]}

    def _readable(self, body: bytes) -> str:
        if b"\0" in body[:_DECODED]:
            return NO_TEXT % {"count": len(body)}
        return self._shown(body[:_DECODED].decode("utf-8", "replace"), SHOWN)


class LiveHost(_Recorder):
    """Does what a broker asks for.

    earlier: the transcript of the attempts before this one. What was sent then is not sent again: a mail
    that was taken, and a call that changed something and was answered with yes.
    """

    def __init__(
        self, *, secrets: Collection[str] = (), run_id: object = 0, earlier: Iterable[Line] = ()
    ) -> None:
        super().__init__(secrets=secrets, run_id=run_id)
        done = [line for line in earlier if not line.get("error")]
        self._taken = {line["message_id"] for line in done if line["kind"] == "mail" and "answer" in line}
        self._answered = [line for line in done if line["kind"] == "call" and line.get("is_whole")]

    def _call(
        self, line: Line, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        line["digest"] = _digest(method, url, body, headers)
        if known := self._earlier_answer(line):
            return known
        began = time.monotonic()
        try:
            answer = http.call(
                method, url, body=body, headers=headers, most_bytes=MOST_BYTES, seconds=self._left()
            )
        finally:
            line["milliseconds"] = round((time.monotonic() - began) * 1000)
        self._record_answer(line, method, answer)
        shown = self._shown(answer.body[:_DECODED].decode("utf-8", "replace"), SHOWN_ANSWER)
        return Answer(answer.status, answer.headers, answer.body, line["address"], shown, answer.is_cut)

    def _record_answer(self, line: Line, method: str, answer: http.Answer) -> None:
        line |= {
            "status": answer.status,
            "answer": self._readable(answer.body),
            "answer_headers": self._shown_headers(answer.headers),
            "is_cut": answer.is_cut,
        }
        is_yes = 200 <= answer.status < 300
        line["is_whole"] = is_yes and method not in ("GET", "HEAD") and line["answer"] == answer.text

    def _earlier_answer(self, line: Line) -> Answer | None:
        """Return what an earlier attempt was answered to the same call; each such answer counts once."""
        known = next((one for one in self._answered if one["digest"] == line["digest"]), None)
        if known is None:
            return None
        self._answered.remove(known)
        line |= {name: known[name] for name in ("status", "answer", "answer_headers", "is_whole")}
        line["is_from_before"] = True
        headers = {name.lower(): value for name, value in known["answer_headers"].items()}
        return Answer(known["status"], headers, known["answer"].encode(), line["address"])

    def _mail(self, line: Line, mail: Mail) -> None:
        if line["message_id"] in self._taken:
            line |= {"answer": "", "is_from_before": True}
            return
        message = mails.message_of(mail, message_id=line["message_id"])
        delivery = mails.send(message, seconds=self._left())
        line["answer"] = self._shown(delivery.answer, 300)
        if delivery.refused:
            line["refused"] = {to: self._shown(why, 300) for to, why in delivery.refused.items()}

    def _left(self) -> float:
        """Return the seconds that the next call may take. Raises TemporaryError."""
        left = SECONDS - (time.monotonic() - self._began)
        if left <= 0:
            raise TemporaryError(TOO_LONG % {"seconds": SECONDS})
        return min(left, CALL_SECONDS)


class DryHost(_Recorder):
    """Does nothing, and puts on record what would be done; every call is taken for answered with yes."""

    def _call(
        self, line: Line, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        targets.read(url)
        targets.allowed_headers(headers)
        targets.check_request(method, len(body or b""), most=http.MOST_SENT)
        line["is_dry"] = True
        return Answer(200, address=line["address"])

    def _mail(self, line: Line, mail: Mail) -> None:
        mails.message_of(mail, message_id=line["message_id"])
        line["is_dry"] = True


def _digest(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> str:
    """Return what tells one call from another, and nothing else about it."""
    told = repr((method, url, body, sorted(headers.items())))
    return salted_hmac("brokers.operations.hosting", told, algorithm="sha256").hexdigest()[:32]
