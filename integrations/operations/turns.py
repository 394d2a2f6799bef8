"""Whose turn it is to work on an integration's messages: one process at a time, by a lease.

A turn is taken in one transaction and ended in the one that writes its results. A turn that was lost
meanwhile - its lease ran out, another process took it - cannot be ended, so its results are not written.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from alertops.lib import claims
from integrations.models import IntegrationLease
from integrations.operations.waiting import waiting_of

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
    """Take the turn; None while another process has it.

    What whoever had it before left in hand has been begun once: that start is counted now.
    """
    lease = IntegrationLease.objects.filter(pk=integration_id)
    if not lease.claim(now=now, lease=LEASE):
        rows = [IntegrationLease(pk=integration_id)]
        IntegrationLease.objects.bulk_create(rows, ignore_conflicts=True)  # its very first turn
        if not lease.claim(now=now, lease=LEASE):
            return None
    left_until = lease.values_list("in_hand_until", flat=True).get()
    if left_until is not None:
        left = waiting_of(integration_id).filter(pk__lte=left_until, start_count=0)
        left.order_by().update(start_count=1)
        lease.update(in_hand_until=None)
    return Turn(integration_id, now + LEASE)


def hold(turn: Turn, *, until: int) -> None:
    """Note up to which message the holder of a turn has all that waits in hand; the turn's end forgets it."""
    IntegrationLease.objects.filter(pk=turn.integration_id).update(in_hand_until=until)


def end(turn: Turn) -> None:
    """Give the turn back; raises TurnLost when it is not ours any more.

    First in the transaction that writes the results: the row stays locked until those are committed, so
    the next turn begins behind them.
    """
    ours = IntegrationLease.objects.filter(
        pk=turn.integration_id, claimed_by=claims.holder(), lease_until=turn.lease_until
    )
    if not ours.update(lease_until=None, claimed_by="", start_count=0, in_hand_until=None):
        raise TurnLost(f"The turn on integration {turn.integration_id} was lost.")
