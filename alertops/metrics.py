"""What `/metrics` tells: a bounded number of look-ups, whatever is stored.

Two kinds of figures. What this web server counted is its own, to be added up over servers. All else is
read from the database and says the same wherever it is asked.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db.models import QuerySet
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from alertops import health, nodes
from alertops.lib import jobs, measures
from alerts.logic.event import Severity
from alerts.logic.lifecycle import Status
from alerts.models import Alert, Escalation, Notification
from brokers.models import BrokerRun
from integrations import operations
from integrations.operations.tallies import BOUNDS
from integrations.operations.waiting import waiting

logger = logging.getLogger(__name__)

MOST_COUNTED = 10_000  # rows of a kind: a queue is long, and nobody has to know by how much
MOST_ALERTS = 2_000
LATELY = timedelta(hours=1)
NEVER = float("inf")


@dataclass(frozen=True)
class Amount:
    """How many rows wait for something; at most MOST_COUNTED are counted."""

    name: str
    help: str
    rows: Callable[[datetime], QuerySet[Any]]


AMOUNTS = (
    Amount(
        "alertops_messages_waiting",
        "Deliveries that wait to be processed, at most 10,000.",
        lambda _now: waiting(),
    ),
    Amount(
        "alertops_escalations_due",
        "Escalations whose next step is due, at most 10,000.",
        lambda now: Escalation.objects.filter(due_at__lte=now),
    ),
    Amount(
        "alertops_notifications_due",
        "Notifications that are due to be sent, at most 10,000.",
        lambda now: Notification.objects.pending().filter(due_at__lte=now),
    ),
    Amount(
        "alertops_broker_runs_due",
        "Runs of repository services that are due, at most 10,000.",
        lambda now: BrokerRun.objects.filter(next_attempt_at__lte=now),
    ),
)
# By the names of `health`; what does not wait is 0 seconds old.
AGES = {
    "ticker": (
        "alertops_ticker_age_seconds",
        "Since the worker last ticked; infinite if it never did.",
        NEVER,
    ),
    "oldest_waiting_message": (
        "alertops_oldest_waiting_message_seconds",
        "How long the oldest delivery has waited to be processed.",
        0.0,
    ),
    "oldest_due_escalation": (
        "alertops_oldest_due_escalation_seconds",
        "By how much the latest step of an escalation is late.",
        0.0,
    ),
    "oldest_due_notification": (
        "alertops_oldest_due_notification_seconds",
        "By how much the latest notification is late.",
        0.0,
    ),
}


def exposition(now: datetime) -> bytes:
    """Return all figures as Prometheus reads them; of a database that is away, only that it is."""
    return generate_latest(measures.registry()) + generate_latest(_registry(now))


def _registry(now: datetime) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(_stored(now)))
    return registry


class _Collected(Collector):
    """Figures that have been read."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics

    def describe(self) -> Iterable[Metric]:
        return ()


def _stored(now: datetime) -> list[Metric]:
    up = GaugeMetricFamily("alertops_database_up", "Whether the database answers.", value=1)
    try:
        return [
            up,
            *_deliveries(),
            *_ages(now),
            *_amounts(now),
            _failures(now),
            _alerts(),
            _queues(),
            _workers(now),
        ]
    except DatabaseError as error:
        logger.warning("The database is away, so most figures are missing: %s", error)
        return [GaugeMetricFamily(up.name, up.documentation, value=0)]


def _deliveries() -> Iterator[Metric]:
    """Outcomes, and times by the integration; labels are escaped by the client."""
    outcomes = CounterMetricFamily(
        "alertops_deliveries", "Deliveries that were processed.", labels=["integration", "outcome"]
    )
    processing = HistogramMetricFamily(
        "alertops_processing_seconds", "Time from received to processed.", labels=["integration"]
    )
    counts: Counter[tuple[str, str]] = Counter()
    within: defaultdict[str, Counter[str]] = defaultdict(Counter)
    seconds: defaultdict[str, float] = defaultdict(float)
    for name, outcome, bound, count, took in operations.totals():
        counts[name, outcome] += count
        within[name][bound] += count
        seconds[name] += took
    for labels, count in counts.items():
        outcomes.add_metric(labels, count)
    for name, by_bound in within.items():
        processing.add_metric([name], _cumulative(by_bound), sum_value=seconds[name])
    yield from (outcomes, processing)


def _cumulative(by_bound: Counter[str]) -> list[tuple[str, float]]:
    total = 0
    return [(bound, total := total + by_bound[bound]) for bound in BOUNDS]


def _ages(now: datetime) -> Iterator[Metric]:
    ages = {reading.name: reading.age for reading in health.readings(now)}
    for reading, (name, told, without) in AGES.items():
        age = ages[reading]
        yield GaugeMetricFamily(name, told, value=without if age is None else max(0.0, age.total_seconds()))


def _amounts(now: datetime) -> Iterator[Metric]:
    for amount in AMOUNTS:
        rows = amount.rows(now).order_by()[:MOST_COUNTED]
        yield GaugeMetricFamily(amount.name, amount.help, value=rows.count())


def _failures(now: datetime) -> Metric:
    failed = Notification.objects.filter(status=Notification.Status.FAILED).order_by("-id")
    moments = failed.values_list("due_at", flat=True)[:MOST_ALERTS]
    return GaugeMetricFamily(
        "alertops_notifications_failed",
        "Notifications that were due in the last hour and failed for good.",
        value=sum(1 for moment in moments if moment > now - LATELY),
    )


def _alerts() -> Metric:
    alerts = GaugeMetricFamily(
        "alertops_open_alerts", "Alerts that are not closed, at most 2,000.", labels=["status", "severity"]
    )
    statuses = (Status.OPEN.value, Status.ACKNOWLEDGED.value)
    rows = Alert.objects.filter(status__in=statuses).order_by()
    found = Counter(rows.values_list("status", "severity")[:MOST_ALERTS])
    for status in statuses:
        for severity in Severity:
            alerts.add_metric([status, severity.value], found[status, severity.value])
    return alerts


def _queues() -> Metric:
    """How many tasks wait; a queue that is away has no figure, and harms no other."""
    queues = GaugeMetricFamily("alertops_queue_tasks", "Tasks in the task queue.", labels=["cluster"])
    for cluster in (jobs.ALERTS, jobs.SLOW):
        try:
            queues.add_metric([cluster], jobs.depth(cluster))
        except jobs.FAILURES as error:
            logger.warning("The task queue %s does not tell its length: %s", cluster, error)
    return queues


def _workers(now: datetime) -> Metric:
    workers = GaugeMetricFamily(
        "alertops_workers_alive", "Worker processes that live, on all machines.", labels=["cluster"]
    )
    try:
        alive = nodes.alive(now)
    except jobs.FAILURES as error:
        logger.warning("The cache does not tell which workers live: %s", error)
        return workers
    for cluster in (jobs.ALERTS, jobs.SLOW):
        workers.add_metric([cluster], alive[cluster])
    return workers
