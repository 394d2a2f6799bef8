"""What is said to a person, while it is still wanted, and how often it is tried."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.logic.escalation import Stop, stop_met
from alerts.logic.event import Severity, Urgency
from alerts.logic.lifecycle import Status


class Kind(StrEnum):
    """Why a person is told."""

    PAGE = "page"
    RAISED = "raised"
    ASSIGNED = "assigned"
    RESPONDER = "responder"
    REMINDER = "reminder"
    LAST_RESORT = "last_resort"
    CLOSED = "closed"


# What calls off what is not a step's. A page and the last resort have the stop of their plan; news of
# closing has none, it only has to be true.
STOP: dict[Kind, Stop | None] = {
    Kind.RAISED: Stop.ACKNOWLEDGED,
    Kind.ASSIGNED: Stop.CLOSED,
    Kind.RESPONDER: Stop.CLOSED,
    Kind.REMINDER: Stop.CLOSED,
    Kind.CLOSED: None,
}
# What a snooze keeps quiet. Whom a person asks in spite of it hears so.
MUTED_BY_SNOOZE = frozenset({Kind.PAGE, Kind.RAISED, Kind.REMINDER, Kind.LAST_RESORT})
# What is true only in one state.
TRUE_ONLY_WHILE = {Kind.REMINDER: Status.ACKNOWLEDGED, Kind.CLOSED: Status.CLOSED}
# What a person who got it wants to hear the end of.
CALLS = frozenset(set(Kind) - {Kind.REMINDER, Kind.CLOSED})

# The waits between the attempts of what fails for a time; with the first, eight attempts in 39 minutes.
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60, 120, 300, 600, 1200))
MOST_STARTS = len(BACK_OFF) + 1


def is_wanted(kind: Kind, stop: Stop | None, *, status: Status, has_owner: bool, is_snoozed: bool) -> bool:
    """Tell whether a notification that waits is still to be sent, as its alert is now."""
    if status is not TRUE_ONLY_WHILE.get(kind, status):
        return False
    if is_snoozed and kind in MUTED_BY_SNOOZE:
        return False
    return stop is None or not stop_met(stop, status=status, has_owner=has_owner)


def retry_at(start_count: int, now: datetime) -> datetime | None:
    """Return when what has just failed is tried again; None when it has been tried often enough."""
    return now + BACK_OFF[start_count - 1] if start_count < MOST_STARTS else None


@dataclass(frozen=True)
class Fact:
    """One line of what is known about an alert."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What is said to one person: plain words and addresses, the same for every way of saying it.

    tag: the word a subject begins with.  sentence: what is so; it is read first.
    happened: the source's own text.  told: who else knows and who is next, in sentences.
    acknowledge_url, close_url: empty where nobody can act by a link; `note` says why.
    message_id, thread_id: the same at each attempt; the same for all letters about an alert.
    Times are written in the person's zone, and all of it in the person's language; empty: the installation's.
    """

    address: str
    person: str
    alert_id: int
    severity: Severity
    urgency: Urgency
    tag: str
    subject: str
    sentence: str
    happened: str
    facts: tuple[Fact, ...]
    told: tuple[str, ...]
    note: str
    acknowledge_label: str
    acknowledge_url: str
    close_url: str
    alert_url: str
    runbook_url: str
    source_url: str
    message_id: str
    thread_id: str
    is_over: bool
    language: str = ""
