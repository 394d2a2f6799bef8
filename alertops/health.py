"""What proves that work is done: a ticker that ticks, and nothing that waits longer than it should."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext_lazy as _

from alertops import busy
from alertops.lib import durations
from alerts.models import Escalation, Notification
from integrations.operations.waiting import oldest_waiting_at

# Written by the supervisor of `runworker` at each tick: seconds since 1970.
TICKER = "alertops:ticker"


@dataclass(frozen=True)
class Reading:
    """One measurement.  age: of what waits longest; None when nothing waits.  reason: "" when all is well."""

    name: str
    age: timedelta | None
    limit: timedelta
    reason: str


@dataclass(frozen=True)
class Probe:
    """What is measured, how long it may be, and what is said when it is longer."""

    name: str
    measure: Callable[[datetime], timedelta | None]
    limit: timedelta
    complaint: Any

    def read(self, now: datetime) -> Reading:
        age = self.measure(now)
        is_late = age is not None and age > self.limit
        reason = self.complaint % {"time": durations.spell(age)} if age is not None and is_late else ""
        return Reading(self.name, age, self.limit, reason)


def readings(now: datetime) -> list[Reading]:
    """Measure everything; a few cheap look-ups. Raises django.db.Error."""
    return [_ticker(now), *(probe.read(now) for probe in PROBES), _sent_away(now)]


def missing_migrations() -> list[str]:
    """Return the migrations of this code that the database has not had; one query. Raises django.db.Error."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in _known_migrations() if (app, name) not in applied)


def _ticker(now: datetime) -> Reading:
    reading = TICKING.read(now)
    return reading if reading.age is not None else replace(reading, reason=str(_NO_WORKER))


def _tick_age(now: datetime) -> timedelta | None:
    ticked = cache.get(TICKER)
    return now - datetime.fromtimestamp(ticked, UTC) if ticked else None


def _sent_away(now: datetime) -> Reading:
    """Tell of senders that were sent away, for a while after it happened."""
    age = _age(busy.last(), now)
    return Reading("sent_away", age, timedelta(0), str(_SENT_AWAY) if age is not None else "")


def _message_age(now: datetime) -> timedelta | None:
    return _age(oldest_waiting_at(), now)


def _escalation_age(now: datetime) -> timedelta | None:
    due = Escalation.objects.filter(due_at__lte=now).order_by("due_at")
    return _age(due.values_list("due_at", flat=True).first(), now)


def _notification_age(now: datetime) -> timedelta | None:
    due = Notification.objects.pending().filter(due_at__lte=now).order_by("due_at")
    return _age(due.values_list("due_at", flat=True).first(), now)


def _age(moment: datetime | None, now: datetime) -> timedelta | None:
    return now - moment if moment else None


@functools.cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations in this process's code, read from disk once."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


_NO_WORKER = _(
    "No worker is running: deliveries are stored, but nobody is told. Start it with “manage.py runworker”."
)
_SENT_AWAY = _(
    "Within the last minute the web server could not keep up, and asked senders to try again later."
)
TICKING = Probe(
    "ticker",
    _tick_age,
    timedelta(seconds=30),
    _("The worker was last heard of %(time)s ago. Nobody is told until it runs again."),
)
PROBES = [
    Probe(
        "oldest_waiting_message",
        _message_age,
        timedelta(minutes=2),
        _("A delivery has been waiting for %(time)s to be processed."),
    ),
    Probe(
        "oldest_due_escalation",
        _escalation_age,
        timedelta(minutes=1),
        _("A step of an escalation is late by %(time)s."),
    ),
    Probe(
        "oldest_due_notification",
        _notification_age,
        timedelta(minutes=1),
        _("A notification has been waiting for %(time)s to be sent."),
    ),
]
