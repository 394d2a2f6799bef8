"""What became of a delivery: AlertOps' six words plus Refused, each with a reason."""

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    MAPPED = "mapped"
    MAPPED_APPENDED = "mapped_appended"
    MAPPED_IGNORED = "mapped_ignored"
    MAPPING_FAILED = "mapping_failed"
    REFUSED = "refused"


class Reason(StrEnum):
    OPENED = "opened"
    REOPENED = "reopened"
    CLOSED = "closed"
    SERVICES_RUN = "services_run"
    DUPLICATE = "duplicate"
    UPDATED = "updated"
    CLOSE_WITHOUT_OPEN = "close_without_open"
    UPDATE_WITHOUT_OPEN = "update_without_open"
    STATUS_MISMATCH = "status_mismatch"
    FILTERED = "filtered"
    NO_EVENTS = "no_events"
    REDELIVERED = "redelivered"
    STALE = "stale"
    NO_RULE = "no_rule"
    MISSING_FIELD = "missing_field"
    ERROR = "error"
    BAD_SIGNATURE = "bad_signature"
    DISABLED = "disabled"
    TOO_LARGE = "too_large"
    UNREADABLE_BODY = "unreadable_body"


STATUS: dict[Reason, Status] = {
    Reason.OPENED: Status.MAPPED,
    Reason.REOPENED: Status.MAPPED,
    Reason.CLOSED: Status.MAPPED,
    Reason.SERVICES_RUN: Status.MAPPED,
    Reason.DUPLICATE: Status.MAPPED_APPENDED,
    Reason.UPDATED: Status.MAPPED_APPENDED,
    Reason.CLOSE_WITHOUT_OPEN: Status.MAPPED_IGNORED,
    Reason.UPDATE_WITHOUT_OPEN: Status.MAPPED_IGNORED,
    Reason.STATUS_MISMATCH: Status.MAPPED_IGNORED,
    Reason.FILTERED: Status.MAPPED_IGNORED,
    Reason.NO_EVENTS: Status.MAPPED_IGNORED,
    Reason.REDELIVERED: Status.MAPPED_IGNORED,
    Reason.STALE: Status.MAPPED_IGNORED,
    Reason.NO_RULE: Status.MAPPING_FAILED,
    Reason.MISSING_FIELD: Status.MAPPING_FAILED,
    Reason.ERROR: Status.MAPPING_FAILED,
    Reason.BAD_SIGNATURE: Status.REFUSED,
    Reason.DISABLED: Status.REFUSED,
    Reason.TOO_LARGE: Status.REFUSED,
    Reason.UNREADABLE_BODY: Status.REFUSED,
}

# Reasons that changed an alert or ran services: processing again leaves these alone.
WITH_EFFECT = frozenset(
    {
        *(Reason.OPENED, Reason.REOPENED, Reason.CLOSED, Reason.DUPLICATE, Reason.UPDATED),
        Reason.SERVICES_RUN,
    }
)

_TELLING = (Status.MAPPING_FAILED, Status.MAPPED, Status.MAPPED_APPENDED, Status.MAPPED_IGNORED)


def most_telling(reasons: Iterable[Reason]) -> Reason:
    """Return the reason that stands for a whole message; the first of equals. Raises ValueError if empty."""
    return min(reasons, key=lambda reason: _TELLING.index(STATUS[reason]))
