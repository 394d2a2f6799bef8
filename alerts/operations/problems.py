"""How it stands with the keys that events are about: their alerts, held until the transaction ends."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import BooleanField, F, Func, Max, OuterRef, QuerySet, Subquery

from alertops.lib.compiled import compiled
from alerts.logic.event import Kind
from alerts.logic.lifecycle import Status
from alerts.models import Alert
from alerts.operations.acting import Overtaken
from alerts.operations.arrival import Arrival

_NEVER = datetime.min.replace(tzinfo=UTC)
# Spelled as the index of the constraint is: SQLite cannot see through the parameters that Django sends.
_IS_NOT_CLOSED = Func(F("status"), template="NOT (%(expressions)s = 'closed')", output_field=BooleanField())


@dataclass
class Problem:
    """One key, and the alerts that matter to what may happen to it.

    own: the key's alert that was open last.  elsewhere: what an earlier one was merged into.
    closed: the one that was closed last, if that can matter.  newest: for what is stale.
    """

    own: Alert | None = None
    elsewhere: Alert | None = None
    closed: Alert | None = None
    newest: Alert | None = None

    @property
    def current(self) -> Alert | None:
        """The alert of the key that is not closed, or else the one that a closed one was merged into."""
        there = (alert for alert in (self.own, self.elsewhere) if alert and alert.status != Status.CLOSED)
        return next(there, None)

    @property
    def last_closed(self) -> Alert | None:
        """The alert of the key that was closed last, if that can matter."""
        closed = [(alert.closed_at, alert) for alert in (self.closed, self.own) if alert and alert.closed_at]
        return max(closed, key=lambda pair: pair[0])[1] if closed else None

    def begin(self, alert: Alert) -> None:
        """Have an alert that is opened, or opened anew, as the key's own."""
        self.closed, self.own = self.last_closed, alert
        self.newest = alert

    def add(self, alert: Alert, digest: str) -> None:
        """Have an alert that was found for the key in its place."""
        if alert.key_digest != digest:
            self.elsewhere = alert
        elif alert.status != Status.CLOSED:
            self.own = alert
        else:
            self.closed = max(filter(None, (self.closed, alert)), key=_closed_at)


def read_problems(arrivals: Sequence[Arrival], *, stale: Collection[str]) -> dict[str, Problem]:
    """Return how it stands with the keys of events, by digest. Raises Overtaken: look again.

    stale: keys of which only the newest alert is asked for. The alerts are held in the order of their
    numbers, as everybody does who holds more than one.
    """
    problems = {digest: Problem() for digest in (*stale, *(arrival.digest for arrival in arrivals))}
    for digest, alert in _newest(stale):
        problems[digest].newest = alert
    found = list(_find(arrivals)) if arrivals else []
    alerts = {alert.pk: alert for alert in _held([pk for pk, *_ in found])} if found else {}
    for pk, digest, status in found:
        if pk not in alerts or alerts[pk].status != status:
            raise Overtaken
        problems[digest].add(alerts[pk], digest)
    return problems


def _find(arrivals: Sequence[Arrival]) -> Iterator[Any]:
    """Yield number, key and status of the alerts that matter; three look-ups by index in one statement."""
    opening = [arrival for arrival in arrivals if arrival.event.kind is Kind.OPEN]
    since = min((arrival.at - arrival.sender.reopen_window for arrival in opening), default=_NEVER)
    yield from _found(
        sorted({arrival.digest for arrival in arrivals}),
        sorted({arrival.digest for arrival in opening}),
        since,
    )


@compiled
def _found(digests: Sequence[str], opening: Sequence[str], since: datetime) -> QuerySet:
    rows = Alert.objects.order_by()
    own = rows.filter(_IS_NOT_CLOSED, key_digest__in=digests)
    # Not by a join: SQLite might begin with all alerts that are not closed.
    status = Subquery(rows.filter(pk=OuterRef("merged_into")).values("status"))
    # With a range its index is better than that of all alerts of a key, whatever was counted.
    merged = rows.filter(key_digest__in=digests, merged_into__gte=0).annotate(of_other=status)
    elsewhere = merged.exclude(of_other=Status.CLOSED).values_list("merged_into", "key_digest", "of_other")
    closed = rows.filter(key_digest__in=opening, closed_at__gt=since)
    columns = ("pk", "key_digest", "status")
    return own.values_list(*columns).union(elsewhere, closed.values_list(*columns), all=True)


@compiled
def _held(ids: Sequence[int]) -> QuerySet:
    held = Alert.objects.select_for_update(no_key=True, of=("self",)).select_related("owner")
    return held.filter(pk__in=ids).order_by("pk")


def _newest(digests: Collection[str]) -> Iterator[tuple[str, Alert]]:
    """Yield the newest alert of each key that has one."""
    if not digests:
        return
    numbers = Alert.objects.filter(key_digest__in=digests).order_by().values("key_digest")
    for alert in Alert.objects.filter(pk__in=numbers.annotate(newest=Max("pk")).values("newest")):
        yield alert.key_digest or "", alert


def _closed_at(alert: Alert) -> float:
    return alert.closed_at.timestamp() if alert.closed_at else 0.0
