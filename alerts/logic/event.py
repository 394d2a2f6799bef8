"""What a source says about a problem: the one type that goes from integrations to alerts."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What an event does to its alert."""

    OPEN = "open"
    CLOSE = "close"
    UPDATE = "update"


class Severity(StrEnum):
    """How bad it is, worst first."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """A number that is higher the worse it is."""
        return len(Severity) - list(Severity).index(self)


class Urgency(StrEnum):
    """How loudly a person is told."""

    HIGH = "high"
    LOW = "low"


URGENCY = {
    Severity.CRITICAL: Urgency.HIGH,
    Severity.ERROR: Urgency.HIGH,
    Severity.WARNING: Urgency.LOW,
    Severity.INFO: Urgency.LOW,
}


class Reason(StrEnum):
    """What became of an event in `ingest`."""

    OPENED = "opened"
    REOPENED = "reopened"
    CLOSED = "closed"
    DUPLICATE = "duplicate"
    UPDATED = "updated"
    CLOSE_WITHOUT_OPEN = "close_without_open"
    UPDATE_WITHOUT_OPEN = "update_without_open"
    STALE = "stale"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event, decoded.

    occurred_at: aware, by the sender's clock; None when no path names it.
    received_at: aware, when its message was stored.
    users, teams: names as the sender wrote them; unknown ones are told on the timeline.
    policy_id: of the policy that runs for what it opens; None: of its sender's own.
    tags: name to value.  is_test: sent by somebody who is trying the mapping.
    """

    kind: Kind
    source: str
    source_name: str
    source_id: str = ""
    source_status: str = ""
    severity: Severity = Severity.ERROR
    subject: str = ""
    short_text: str = ""
    long_text: str = ""
    source_url: str = ""
    runbook_url: str = ""
    assignee: str = ""
    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    policy_id: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    occurred_at: datetime | None = None
    received_at: datetime | None = None
    message_id: int | None = None
    is_test: bool = False


def key_digest(integration_id: int, event: Event) -> str:
    """Return the hex SHA-256 of what makes two events one problem.

    Each part is preceded by its length, so that no two different keys can read the same. A test is a
    problem of its own: it neither joins nor closes what is real.
    """
    parts = [str(integration_id), event.source, event.source_name, event.source_id]
    if event.is_test:
        parts.append("test")
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def headline(event: Event) -> str:
    """Return the event's subject on one line, or what stands for it when it has none."""
    subject = " ".join(event.subject.split())
    return subject or ": ".join(filter(None, (event.source_name, event.source_status)))


def shortened(text: str, length: int) -> str:
    """Cut a text to a number of characters, the last of them an ellipsis where something was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def told_at(event: Event, now: datetime) -> datetime:
    """Return the event's own time: the sender's, and never later than when it was received.

    A sender whose clock is ahead would otherwise make all that follows look older than it; and so would one
    whose event waited, if it counted from now.
    """
    received_at = min(event.received_at or now, now)
    return min(event.occurred_at or received_at, received_at)
