"""How many deliveries came to which outcome in each hour of the last day, without a look at the log.

The tallies only ever grow. Where they stand is noted at the first tick of each hour, before what waits is
processed: the difference between two notes is what was processed between them. An hour without a note is
one in which no worker ran, and so nothing was processed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import Max, Sum

from integrations.models import HourMark, InboundMessage, Tally

HOUR = timedelta(hours=1)
SHOWN = 24  # hours, the one that has begun among them
KEPT = timedelta(hours=2 * SHOWN)


@dataclass(frozen=True)
class Hour:
    """What was processed in one hour.

    counts: by reason.  first_id, last_id: of the messages that came in, open at both ends; None where that
    is not known.
    """

    began_at: datetime
    counts: Counter[str]
    first_id: int | None = None
    last_id: int | None = None


def hour_of(moment: datetime) -> datetime:
    """Return when the hour of a moment began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def mark_hour(now: datetime) -> None:
    """Note where the tallies stand, unless it has been noted in this hour. Harmless on many nodes at once."""
    mark = HourMark(at=hour_of(now), counts=_totals(), newest_message=_newest_message())
    HourMark.objects.bulk_create([mark], ignore_conflicts=True)
    HourMark.objects.filter(at__lt=now - KEPT).delete()


def last_day(now: datetime) -> list[Hour]:
    """Return the last 24 hours, the oldest first; three queries, whatever is stored."""
    found = {hour.began_at: hour for hour in _between_marks(now)}
    first = hour_of(now) - (SHOWN - 1) * HOUR
    hours = [first + number * HOUR for number in range(SHOWN)]
    return [found.get(began_at, Hour(began_at, Counter())) for began_at in hours]


def _between_marks(now: datetime) -> Iterator[Hour]:
    """Tell of each hour that was noted; what the running one came to is where the tallies stand now."""
    noted = HourMark.objects.filter(at__lte=now).order_by("at")
    marks = [*noted, HourMark(at=now, counts=_totals(), newest_message=_newest_message())]
    for mark, following in pairwise(marks):
        yield Hour(
            began_at=mark.at,
            # Tallies shrink only with an integration that is deleted: then an hour seems to have less.
            counts=Counter(following.counts) - Counter(mark.counts),
            first_id=mark.newest_message,
            last_id=following.newest_message,
        )


def _totals() -> dict[str, int]:
    by_outcome = Tally.objects.order_by().values_list("outcome")
    return dict(by_outcome.annotate(total=Sum("count")))


def _newest_message() -> int:
    return InboundMessage.objects.aggregate(newest=Max("id"))["newest"] or 0
