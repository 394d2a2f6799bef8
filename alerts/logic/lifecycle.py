"""What may happen to an alert."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from alerts.logic.event import Severity


class Status(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Action(StrEnum):
    """What a person, a source or the clock does to an alert."""

    OPEN_EVENT = "open_event"
    RAISE_EVENT = "raise_event"  # an open event that is worse than its alert
    UPDATE_EVENT = "update_event"
    CLOSE_EVENT = "close_event"
    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    ASSIGN = "assign"
    ADD_RESPONDER = "add_responder"
    ESCALATE = "escalate"
    SNOOZE = "snooze"
    MUTE = "mute"
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


def gettext_noop(text: str) -> str:
    """Mark a text for translators; whoever shows it translates it (no Django here)."""
    return text


_OPEN, _ACKNOWLEDGED, _CLOSED = Status

# The whole table of what may happen. Where a state stays as it is the action may still have an effect
# (a note), may be answered without harm (acknowledging what is closed), or may come too late to matter
# (the clock's, a source's second close). A pair that is missing is refused, see `REFUSALS`.
TRANSITIONS: dict[tuple[Status, Action], Status] = {
    (_OPEN, Action.OPEN_EVENT): _OPEN,
    (_OPEN, Action.RAISE_EVENT): _OPEN,
    (_OPEN, Action.UPDATE_EVENT): _OPEN,
    (_OPEN, Action.CLOSE_EVENT): _CLOSED,
    (_OPEN, Action.ACKNOWLEDGE): _ACKNOWLEDGED,
    (_OPEN, Action.ASSIGN): _OPEN,
    (_OPEN, Action.ADD_RESPONDER): _OPEN,
    (_OPEN, Action.ESCALATE): _OPEN,
    (_OPEN, Action.SNOOZE): _OPEN,
    (_OPEN, Action.MUTE): _ACKNOWLEDGED,
    (_OPEN, Action.TIME_OUT): _OPEN,
    (_OPEN, Action.WAKE): _OPEN,
    (_OPEN, Action.CLOSE): _CLOSED,
    (_OPEN, Action.AUTO_CLOSE): _CLOSED,
    (_OPEN, Action.CHANGE_SEVERITY): _OPEN,
    (_OPEN, Action.NOTE): _OPEN,
    (_OPEN, Action.MERGE): _CLOSED,
    (_ACKNOWLEDGED, Action.OPEN_EVENT): _ACKNOWLEDGED,
    (_ACKNOWLEDGED, Action.RAISE_EVENT): _OPEN,  # unless it is muted: that waits for the source's close
    (_ACKNOWLEDGED, Action.UPDATE_EVENT): _ACKNOWLEDGED,
    (_ACKNOWLEDGED, Action.CLOSE_EVENT): _CLOSED,
    (_ACKNOWLEDGED, Action.ACKNOWLEDGE): _ACKNOWLEDGED,
    (_ACKNOWLEDGED, Action.UNACKNOWLEDGE): _OPEN,
    (_ACKNOWLEDGED, Action.ASSIGN): _ACKNOWLEDGED,
    (_ACKNOWLEDGED, Action.ADD_RESPONDER): _ACKNOWLEDGED,
    (_ACKNOWLEDGED, Action.ESCALATE): _OPEN,
    (_ACKNOWLEDGED, Action.SNOOZE): _ACKNOWLEDGED,
    (_ACKNOWLEDGED, Action.MUTE): _ACKNOWLEDGED,
    (_ACKNOWLEDGED, Action.TIME_OUT): _OPEN,
    (_ACKNOWLEDGED, Action.WAKE): _OPEN,
    (_ACKNOWLEDGED, Action.CLOSE): _CLOSED,
    (_ACKNOWLEDGED, Action.AUTO_CLOSE): _CLOSED,
    (_ACKNOWLEDGED, Action.CHANGE_SEVERITY): _ACKNOWLEDGED,
    (_ACKNOWLEDGED, Action.NOTE): _ACKNOWLEDGED,
    (_ACKNOWLEDGED, Action.MERGE): _CLOSED,
    (_CLOSED, Action.OPEN_EVENT): _OPEN,  # within the window; else the event opens a new alert
    (_CLOSED, Action.RAISE_EVENT): _OPEN,  # the same: what is closed has no severity to be raised
    (_CLOSED, Action.UPDATE_EVENT): _CLOSED,
    (_CLOSED, Action.CLOSE_EVENT): _CLOSED,
    (_CLOSED, Action.ACKNOWLEDGE): _CLOSED,
    (_CLOSED, Action.TIME_OUT): _CLOSED,
    (_CLOSED, Action.WAKE): _CLOSED,
    (_CLOSED, Action.CLOSE): _CLOSED,
    (_CLOSED, Action.AUTO_CLOSE): _CLOSED,
    (_CLOSED, Action.REOPEN): _OPEN,
    (_CLOSED, Action.NOTE): _CLOSED,
}

REFUSALS: dict[tuple[Status, Action], str] = {
    (_OPEN, Action.UNACKNOWLEDGE): gettext_noop("Nobody has acknowledged this alert."),
    (_OPEN, Action.REOPEN): gettext_noop("This alert is open already."),
    (_ACKNOWLEDGED, Action.REOPEN): gettext_noop("This alert is not closed."),
}
CLOSED_ALREADY = gettext_noop("This alert is closed; reopen it first.")


def next_status(status: Status, action: Action) -> Status:
    """Return the status an action leads to. Raises InvalidTransition where it is refused."""
    try:
        return TRANSITIONS[status, action]
    except KeyError:
        raise InvalidTransition(REFUSALS.get((status, action), CLOSED_ALREADY)) from None


def is_worse(severity: Severity, than: Severity) -> bool:
    """Tell whether the first severity is the higher one."""
    return severity.rank > than.rank


# How long an acknowledgement lasts where no policy says otherwise; a severity not named: for ever.
ACKNOWLEDGEMENT_LASTS: Mapping[Severity, timedelta | None] = {
    Severity.CRITICAL: timedelta(minutes=60),
    Severity.ERROR: timedelta(hours=4),
}
REMINDER_BEFORE = timedelta(minutes=5)


@dataclass(frozen=True)
class Acknowledgement:
    """When an acknowledgement runs out, and when its owner hears so; None is never."""

    reminder_at: datetime | None
    expires_at: datetime | None


def acknowledgement(
    severity: Severity,
    at: datetime,
    lasts: Mapping[Severity, timedelta | None] = ACKNOWLEDGEMENT_LASTS,
) -> Acknowledgement:
    """Return the times of an acknowledgement that begins at an instant.

    One that is no longer than the reminder's lead has no reminder: it would come at once.
    """
    duration = lasts.get(severity)
    if duration is None:
        return Acknowledgement(None, None)
    expires_at = at + duration
    return Acknowledgement(expires_at - REMINDER_BEFORE if duration > REMINDER_BEFORE else None, expires_at)


def is_running_out(expires_at: datetime | None, now: datetime) -> bool:
    """Tell whether an acknowledgement is so near its end that its owner is asked to acknowledge again."""
    return expires_at is not None and now >= expires_at - REMINDER_BEFORE


LONGEST_SNOOZE = timedelta(hours=24)
# The end of a snooze that only its source's close ends, or a person. Not the very last instant there is:
# zones add to it.
UNTIL_RECOVERED = datetime(9999, 1, 1, tzinfo=UTC)


def check_snooze(until: datetime | None, now: datetime) -> datetime:
    """Return the end of a snooze that may be. Raises InvalidTransition if it is past or too far off."""
    if until is None or until <= now:
        raise InvalidTransition(gettext_noop("Choose a time in the future until which it is quiet."))
    if until - now > LONGEST_SNOOZE:
        raise InvalidTransition(gettext_noop("An alert can be snoozed for 24 hours at most."))
    return until


def is_reopening(closed_at: datetime, at: datetime, window: timedelta) -> bool:
    """Tell whether an open event at an instant is so soon after a closing that it means the same problem.

    The window is half-open: an event exactly at its end opens a new alert, and a window of 0 reopens never.
    """
    return at - closed_at < window
