"""How long the first notification of a problem is held back, and by what it is let go.

Only telling is delayed: the alert is there from its first report on, and each report is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.logic.event import Severity
from alerts.logic.hours import Hours, next_within


class DelayKind(StrEnum):
    """What is waited for."""

    MINUTES = "minutes"
    EVERY = "every"  # each Nth report of the alert
    RATE = "rate"  # N reports within some time
    HOURS = "hours"  # support hours; never for what is critical


@dataclass(frozen=True)
class Delay:
    """The delay of an integration. count: of reports.  wait: for MINUTES, and the time of RATE."""

    kind: DelayKind
    count: int = 1
    wait: timedelta = timedelta(0)
    hours: Hours | None = None

    @property
    def counts(self) -> bool:
        """Whether reports let go of it, and not the clock."""
        return self.kind in (DelayKind.EVERY, DelayKind.RATE)


@dataclass(frozen=True)
class Reports:
    """What was heard of an alert by now, the report that is being taken in counted.

    count: of all its reports, over all its openings.  recent: the times of the last ones, as `remember`
    keeps them.
    """

    count: int
    recent: Sequence[float] = ()


def remember(delay: Delay | None, recent: Sequence[float], at: datetime) -> list[float]:
    """Return the times, as POSIX seconds, of the reports that still count once one more is heard.

    No more than are needed, the newest; a window is half-open: what is as old as it is long is out of it.
    """
    if delay is None or delay.kind is not DelayKind.RATE:
        return []
    times = sorted([*recent, at.timestamp()])[-delay.count :]
    return [one for one in times if one > times[-1] - delay.wait.total_seconds()]


def is_let_go(delay: Delay, reports: Reports) -> bool:
    """Tell whether a report is the one that is waited for."""
    if delay.kind is DelayKind.EVERY:
        return reports.count % delay.count == 0
    return len(reports.recent) >= delay.count


def begins_at(delay: Delay | None, reports: Reports, severity: Severity, now: datetime) -> datetime | None:
    """Return when the policy of an alert that opens now begins; None while more reports are waited for."""
    if delay is None:
        return now
    if delay.counts:
        return now if is_let_go(delay, reports) else None
    if delay.kind is DelayKind.MINUTES:
        return now + delay.wait
    if severity is Severity.CRITICAL or delay.hours is None:
        return now
    return next_within(delay.hours, now) or now
