"""How a rule turns a payload into an event."""

from enum import StrEnum


class Match(StrEnum):
    """How a status or severity value is compared."""

    EQUALS = "equals"
    CONTAINS = "contains"
    REGEX = "regex"
