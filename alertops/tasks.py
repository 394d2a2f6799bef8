"""What the task queue calls for the project as a whole."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django_q.models import Failure

from alerts import engine as alerts
from brokers import engine as brokers
from integrations import engine as integrations

FAILURES_ARE_KEPT = timedelta(days=7)


def tick() -> None:
    """Look at what is due everywhere: the second pair of eyes beside the ticker of `runworker`."""
    tick_at(timezone.now())  # noqa: TID251 (a door reads the clock)


def tick_at(now: datetime) -> None:
    """Have what is due at an instant done soon; that one app fails does not keep the others waiting."""
    try:
        alerts.tick(now)
    finally:
        try:
            integrations.tick(now)
        finally:
            brokers.tick(now)


def heartbeat() -> None:
    """Do nothing: that a worker came to call this is the answer."""


def prune() -> None:
    """Delete what is past its retention."""
    now = timezone.now()  # noqa: TID251 (a door reads the clock)
    brokers.prune(now, settings.MESSAGE_RETENTION)
    integrations.prune_messages(now, settings.MESSAGE_RETENTION)
    alerts.prune_keys(now, settings.MESSAGE_RETENTION)
    Failure.objects.filter(stopped__lt=now - FAILURES_ARE_KEPT).delete()
    call_command("clearsessions")
