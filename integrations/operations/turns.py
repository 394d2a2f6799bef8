"""Whose turn it is to work on an integration's messages: one process at a time, by a lease.

A turn is taken in one transaction and ended in the one that writes its results. A turn that was lost
meanwhile - its lease ran out, another process took it - cannot be ended, so its results are not written.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from alertops.lib import claims
from integrations.models import IntegrationLease

# Longer than the task queue lets a task run, so a turn is lost only by who was dead or as good as dead.
LEASE = timedelta(seconds=settings.TASK_TIMEOUT + 5)


class TurnLost(Exception):
    """Another process has the turn by now: write nothing."""


@dataclass(frozen=True)
class Turn:
    """The right to work on an integration's messages. lease_until tells one turn from the next."""

    integration_id: int
    lease_until: datetime


def take(integration_id: int, *, now: datetime) -> Turn | None:
    """Take the turn; None while another process has it."""
    lease = IntegrationLease.objects.filter(pk=integration_id)
    if not lease.claim(now=now, lease=LEASE):
        rows = [IntegrationLease(pk=integration_id)]
        IntegrationLease.objects.bulk_create(rows, ignore_conflicts=True)  # its very first turn
        if not lease.claim(now=now, lease=LEASE):
            return None
    return Turn(integration_id, now + LEASE)


def end(turn: Turn) -> None:
    """Give the turn back; raises TurnLost when it is not ours any more.

    First in the transaction that writes the results: the row stays locked until those are committed, so
    the next turn begins behind them.
    """
    ours = IntegrationLease.objects.filter(
        pk=turn.integration_id, claimed_by=claims.holder(), lease_until=turn.lease_until
    )
    if not ours.update(lease_until=None, claimed_by="", start_count=0):
        raise TurnLost(f"The turn on integration {turn.integration_id} was lost.")
