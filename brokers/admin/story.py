"""What a run did, told step by step: each attempt with its calls, mails and words, and how it ended."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops.lib.sayings import recognize
from alertops.lib.wording import worded
from brokers import badges
from brokers.models import BrokerRun, RunRequest
from brokers.operations.hosting import NO_TEXT
from brokers.operations.words import listed

MOST_NAMES = 5


@dataclass(frozen=True)
class Detail:
    """What can be unfolded below a step."""

    label: str
    text: str


@dataclass(frozen=True)
class Step:
    """One thing that a broker did. look: "act", "said" or "failed".  link: where it leads, with its words."""

    sentence: str
    look: str = "act"
    quiet: str = ""
    details: list[Detail] = field(default_factory=list)
    link: tuple[str, str] | None = None


@dataclass
class Attempt:
    """One attempt. ended: None while it is under way, or when the process died."""

    number: int
    began_at: datetime | None
    steps: list[Step] = field(default_factory=list)
    end: str = ""
    ended_at: datetime | None = None
    is_failure: bool = False


def attempts_of(transcript: Sequence[dict[str, Any]], requests: Sequence[RunRequest]) -> list[Attempt]:
    """Tell the transcript of a run, attempt by attempt."""
    attempts: list[Attempt] = []
    done = {request.index: request for request in requests}
    for line in transcript:
        if line["kind"] == "attempt":
            asked = iter(range(len(transcript)))
            attempts.append(Attempt(line["number"], _moment(line.get("began_at"))))
        elif not attempts:
            continue  # its beginning was cut off
        elif line["kind"] == "end":
            attempts[-1].end, attempts[-1].ended_at = worded(line["text"]), _moment(line.get("ended_at"))
            attempts[-1].is_failure = line["status"] != BrokerRun.Status.DONE
        else:
            request = done.get(next(asked)) if line["kind"] == "request" else None
            attempts[-1].steps.append(_step(line, request))
    return attempts


def steps_of(transcript: Iterable[dict[str, Any]], *, is_rehearsal: bool = False) -> list[Step]:
    """Tell lines of a transcript. is_rehearsal: they were not done, but would be."""
    return [_step(line, None, is_rehearsal=is_rehearsal) for line in transcript]


def _step(line: dict[str, Any], request: RunRequest | None, *, is_rehearsal: bool = False) -> Step:
    tell = _TELL.get(line["kind"], _other)
    return tell(line, request, is_rehearsal)


def _call(line: dict[str, Any], _request: RunRequest | None, is_rehearsal: bool) -> Step:  # noqa: FBT001
    names = {"method": line["method"], "address": line["address"]}
    sent = [*_details(_headers(line.get("headers")), _("Headers that were sent"))]
    sent += _details(_body(line.get("body")), _("What was sent"))
    if line.get("error"):
        words = _("It would fail: %(error)s") if is_rehearsal else _("%(method)s %(address)s: %(error)s")
        return Step(words % {**names, "error": worded(line["error"])}, "failed", _took(line), sent)
    if is_rehearsal:
        return Step(_("It would call %(method)s %(address)s") % names, details=sent)
    status = int(line.get("status") or 0)
    answered = [*_details(_headers(line.get("answer_headers")), _("Headers of the answer"))]
    answered += _details(_body(line.get("answer")), _("What was answered"))
    words = _("Called %(method)s %(address)s, answered %(status)d") % {**names, "status": status}
    look = "act" if 200 <= status < 300 else "failed"
    return Step(words, look, _before(line) or _took(line), [*sent, *answered])


def _mail(line: dict[str, Any], _request: RunRequest | None, is_rehearsal: bool) -> Step:  # noqa: FBT001
    to = line["to"]
    names = {"to": worded(listed(to, MOST_NAMES)), "subject": line["subject"]}
    names["error"] = worded(line.get("error") or "")
    details = [*_details(line.get("text"), _("The mail"))]
    details += _details(worded(line.get("answer") or ""), _("The answer"))
    details += _details(_headers(line.get("refused")), _("To whom it did not go"))
    if names["error"]:
        return Step(_("The mail to %(to)s cannot go out: %(error)s") % names, "failed", "", details)
    if is_rehearsal:
        return Step(_("It would mail %(to)s: “%(subject)s”") % names, details=details)
    look = "failed" if line.get("refused") else "act"
    return Step(_("Mailed %(to)s: “%(subject)s”") % names, look, _before(line), details)


def _log(line: dict[str, Any], _request: RunRequest | None, _is_rehearsal: bool) -> Step:  # noqa: FBT001
    return Step(worded(line["text"]), "said")


def _asked(line: dict[str, Any], request: RunRequest | None, is_rehearsal: bool) -> Step:  # noqa: FBT001
    opens = line["act"] == "open"
    names = {"key": line["key"], "subject": line.get("subject", "")}
    if is_rehearsal:
        would_open, would_close = _("It would open an alert: “%(subject)s”"), _("It would close “%(key)s”")
        return Step((would_open if opens else would_close) % names)
    asked_open, asked_close = _("Asked to open an alert: “%(subject)s”"), _("Asked to close “%(key)s”")
    words = (asked_open if opens else asked_close) % names
    if request is None or request.done_at is None:
        return Step(words, quiet=_("waiting to be done"))
    outcome = str(_OUTCOMES.get(request.outcome) or worded(request.outcome))
    return Step(words, quiet=outcome, link=_alert(request))


def _other(line: dict[str, Any], _request: RunRequest | None, _is_rehearsal: bool) -> Step:  # noqa: FBT001
    return Step(str(line.get("text") or line["kind"]), "said")


def _alert(request: RunRequest) -> tuple[str, str] | None:
    if not request.alert_id:
        return None
    address = reverse("admin:alerts_alert_change", args=[request.alert_id])
    return address, _("Alert #%(number)d") % {"number": request.alert_id}


_TELL: dict[str, Callable[[dict[str, Any], RunRequest | None, bool], Step]] = {
    "call": _call,
    "mail": _mail,
    "log": _log,
    "request": _asked,
}
_OUTCOMES = {
    "opened": gettext_lazy("opened one"),
    "reopened": gettext_lazy("opened one again"),
    "duplicate": gettext_lazy("joined the one that is open"),
    "closed": gettext_lazy("closed it"),
    "updated": gettext_lazy("added a line to it"),
    "close_without_open": gettext_lazy("there was none to close"),
    "update_without_open": gettext_lazy("there was none to update"),
    "stale": gettext_lazy("overtaken by something later"),
}


def _details(text: str | None, label: str) -> Iterator[Detail]:
    if text:
        yield Detail(label, text)


def _body(text: str | None) -> str:
    """Return a body as it was; what is told in place of one that is no text, in the reader's language."""
    found = recognize(text or "")
    return worded(text or "") if found and found.saying.template == NO_TEXT else text or ""


def _headers(found: dict[str, str] | None) -> str:
    return "\n".join(f"{name}: {value}" for name, value in (found or {}).items())


def _before(line: dict[str, Any]) -> str:
    return _("done at an attempt before, and not again") if line.get("is_from_before") else ""


def _took(line: dict[str, Any]) -> str:
    spent = line.get("milliseconds")
    return badges.spent(spent / 1000) if spent is not None else ""


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
