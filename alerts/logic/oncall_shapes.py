"""What a schedule is made of, without its names: numbers of people, wall times, instants."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

SUNDAY = 6
UTC = ZoneInfo("UTC")


class Kind(StrEnum):
    """How often the turn passes on; a calendar says itself who has it."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CALENDAR = "calendar"


class Role(StrEnum):
    PRIMARY = "primary"
    SECONDARY = "secondary"
    ESCALATION_MANAGER = "escalation_manager"


class Change(StrEnum):
    """What an override does."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True)
class Hours:
    """Hours of some weekdays (Monday is 0) in which a rotation counts; until the next day unless end > begin.

    The weekday is the one on which they begin. Equal times are a whole day.
    """

    weekdays: frozenset[int]
    begin: time
    end: time


@dataclass(frozen=True)
class Event:
    """An entry of an imported calendar, as instants."""

    begin: datetime
    end: datetime
    users: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The rules and people of one layer, as they are from `since` until `until`.

    line: the number of the layer: rotations with the same one follow each other in time.
    position: the upper rotation (the lower number) has the role; `is_beside`: this one is told as well.
    starts_on, ends_on: at the hand-off's time.  weekday: of a weekly hand-off, Monday is 0.
    day: of a monthly hand-off; in a shorter month its last day.
    turns: who has a turn together, one turn after another; `first_turn`: whose is the first.
    hours: none is always.  holiday_region: where the public holidays count as Sundays; none is nowhere.
    events: of a calendar; all other rules but role and place are not its own.
    """

    line: int
    role: Role = Role.PRIMARY
    position: int = 0
    is_beside: bool = False
    kind: Kind = Kind.WEEKLY
    every: int = 1
    hand_off: time = time(9)
    weekday: int = 0
    day: int = 1
    starts_on: date = date(2026, 1, 5)
    ends_on: date | None = None
    zone: ZoneInfo = UTC
    turns: tuple[tuple[int, ...], ...] = ()
    first_turn: int = 0
    hours: tuple[Hours, ...] = ()
    holiday_region: str = ""
    since: datetime | None = None
    until: datetime | None = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Override:
    """What somebody decided for a time, whatever the rotations say; the later number has the last word.

    person: who is replaced or removed; None: whoever it is.  substitute: who comes.
    A replacement of whoever it is has the substitute on call in the whole time, a gap included.
    """

    id: int
    change: Change
    begin: datetime
    end: datetime
    role: Role = Role.PRIMARY
    person: int | None = None
    substitute: int | None = None


@dataclass(frozen=True)
class Absence:
    """When a person is out of office, and who stands in for them; of two the first in the list counts."""

    person: int
    begin: datetime
    end: datetime
    cover: int | None = None


@dataclass(frozen=True)
class Schedule:
    """All that says who is on call."""

    rotations: tuple[Rotation, ...] = ()
    overrides: tuple[Override, ...] = ()
    absences: tuple[Absence, ...] = ()


@dataclass(frozen=True)
class Shift:
    """Who is on call in a role, from an instant until before another; both in UTC.

    line: the layer that says so; None: an override alone.
    override: the last one that changed something.  absent: who is out of office and was left out.
    """

    begin: datetime
    end: datetime
    users: tuple[int, ...]
    role: Role = Role.PRIMARY
    line: int | None = None
    override: int | None = None
    absent: tuple[int, ...] = ()


@dataclass(frozen=True)
class Gap:
    """When nobody is on call in a role."""

    begin: datetime
    end: datetime
    role: Role = Role.PRIMARY
