"""What became of a delivery, in words."""

from alertops.lib.sayings import saying, sayings
from alertops.lib.wording import worded
from integrations.logic.outcome import Reason, Status
from integrations.models import InboundMessage

SENTENCES = {
    Reason.OPENED: saying("Opened #%(alert)s"),
    Reason.REOPENED: saying("Reopened #%(alert)s"),
    Reason.CLOSED: saying("Closed #%(alert)s"),
    Reason.SERVICES_RUN: saying("Ran repository services"),
    Reason.DUPLICATE: saying("Joined #%(alert)s, %(nth)s time"),
    Reason.UPDATED: saying("Updated #%(alert)s"),
    Reason.CLOSE_WITHOUT_OPEN: saying("Nothing to close"),
    Reason.UPDATE_WITHOUT_OPEN: saying("Nothing to update"),
    Reason.STATUS_MISMATCH: saying("A status that neither opens nor closes"),
    Reason.FILTERED: saying("No rule's filters let it through"),
    Reason.NO_EVENTS: saying("It holds no events"),
    Reason.REDELIVERED: saying("Delivered before"),
    Reason.STALE: saying("Older than the last decision on this problem"),
    Reason.NO_RULE: saying("No mapping rule is enabled"),
    Reason.MISSING_FIELD: saying("A field is missing"),
    Reason.ERROR: saying("It could not be processed"),
}
WAITING = {
    Status.PENDING: saying("Waiting to be processed"),
    Status.PROCESSING: saying("Being processed"),
}
_PROCESSED = saying("It was processed")
_MORE = sayings("%(first)s; %(count)d event more", "%(first)s; %(count)d events more", within=["first"])


def of_event(reason: Reason, *, alert_id: int | None = None, count: int = 0, detail: str = "") -> str:
    """Say what one event did. count: the events that its alert has had; detail: said after a colon."""
    nth = _ordinal(count) if reason is Reason.DUPLICATE else ""
    text = SENTENCES[reason] % {"alert": alert_id, "nth": nth}
    return f"{text}: {detail}" if detail else text


def of_events(telling: str, count: int) -> str:
    """Say what a whole message did, from the sentence of its most telling event."""
    if count <= 1:
        return telling
    return _MORE[count > 2] % {"first": telling, "count": count - 1}


def sentence(message: InboundMessage) -> str:
    """Say in words how it stands with a message, to who asks."""
    return worded(message.detail or WAITING.get(Status(message.status), _PROCESSED))


def _ordinal(number: int) -> str:
    """Write a place in an order as it is stored: in English."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
