"""What may happen to an alert."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.logic.event import Severity


class Status(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Action(StrEnum):
    """What a person, a source or the clock does to an alert."""

    OPEN_EVENT = "open_event"
    UPDATE_EVENT = "update_event"
    CLOSE_EVENT = "close_event"
    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    ASSIGN = "assign"
    ADD_RESPONDER = "add_responder"
    ESCALATE = "escalate"
    SNOOZE = "snooze"
    TIME_OUT = "time_out"
    WAKE = "wake"
    CLOSE = "close"
    AUTO_CLOSE = "auto_close"
    REOPEN = "reopen"
    CHANGE_SEVERITY = "change_severity"
    NOTE = "note"
    MERGE = "merge"


class InvalidTransition(Exception):
    """The action is refused in this state; the text says why in a person's words."""


@dataclass(frozen=True)
class Actor:
    """Who acts, and by way of what: admin, api, mail, source or system."""

    label: str
    via: str
    user_id: int | None = None


SYSTEM = Actor("alertops", "system")


@dataclass(frozen=True, kw_only=True)
class Act:
    """One action with its details.

    user_id: to whom it is assigned, or who is asked to respond.  until: end of a snooze, aware.
    other_id: the alert it is merged into.  notifies: whether a reopening by hand tells people.
    """

    action: Action
    actor: Actor
    text: str = ""
    user_id: int | None = None
    until: datetime | None = None
    severity: Severity | None = None
    other_id: int | None = None
    notifies: bool = False
