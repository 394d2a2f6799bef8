"""How an integration is doing, from what was delivered to it lately."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from integrations.logic.outcome import Status

DAY = timedelta(hours=24)
LONG_SILENCE = timedelta(days=7)
LONG_WAIT = timedelta(minutes=1)  # a delivery is processed within a second
PROBLEMS = frozenset({Status.MAPPING_FAILED, Status.REFUSED})
_WAITING = frozenset({Status.PENDING, Status.PROCESSING})


class State(StrEnum):
    """WORKING, or what keeps it from that; the first of these that holds."""

    OFF = "off"
    NEW = "new"  # nothing was ever delivered
    BEHIND = "behind"  # what was delivered is not processed
    FAILING = "failing"  # the last delivery was refused, or could not be mapped
    QUIET = "quiet"
    SHAKY = "shaky"  # some of the last day's deliveries were refused, or could not be mapped
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class Recent:
    """One of the last deliveries."""

    number: int
    status: Status
    received_at: datetime


@dataclass(frozen=True)
class Standing:
    """How it is doing.

    counts: deliveries of the last 24 hours by status.  is_capped: there may have been more than were read.
    run: how many of the last deliveries in a row were refused or could not be mapped.
    last_at, since: when the last came, and the first of those that were read; None if there is none.
    waiting_since: when the oldest came that waits to be processed.
    """

    state: State
    counts: Counter[Status]
    is_capped: bool
    run: int
    last_at: datetime | None
    since: datetime | None
    waiting_since: datetime | None

    @property
    def count(self) -> int:
        return self.counts.total()

    @property
    def problem_count(self) -> int:
        return sum(self.counts[status] for status in PROBLEMS)


def standing(recent: Sequence[Recent], *, is_enabled: bool, now: datetime, most: int) -> Standing:
    """Return how an integration is doing.  recent: its last deliveries, newest first, at most `most`."""
    of_day = [row for row in recent if row.received_at > now - DAY]
    waiting = [row.received_at for row in recent if row.status in _WAITING]
    settled = [row for row in recent if row.status not in _WAITING]
    found = Standing(
        state=State.WORKING,
        counts=Counter(row.status for row in of_day),
        is_capped=bool(of_day) and len(of_day) >= most,
        run=next((place for place, row in enumerate(settled) if row.status not in PROBLEMS), len(settled)),
        last_at=recent[0].received_at if recent else None,
        since=recent[-1].received_at if recent else None,
        waiting_since=min(waiting, default=None),
    )
    return Standing(**{**vars(found), "state": _state(found, is_enabled=is_enabled, now=now)})


def _state(found: Standing, *, is_enabled: bool, now: datetime) -> State:
    if not is_enabled:
        return State.OFF
    if found.last_at is None:
        return State.NEW
    if found.waiting_since and found.waiting_since < now - LONG_WAIT:
        return State.BEHIND
    if found.run:
        return State.FAILING
    if found.last_at < now - LONG_SILENCE:
        return State.QUIET
    return State.SHAKY if found.problem_count else State.WORKING
