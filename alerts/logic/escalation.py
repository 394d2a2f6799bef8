"""Which step of an escalation is next."""

from enum import StrEnum


class Stop(StrEnum):
    """What ends the telling of people; closing always does."""

    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    CLOSED = "closed"
