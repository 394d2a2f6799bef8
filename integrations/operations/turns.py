"""Whose turn it is to work on an integration's messages: one process at a time, by a lease.

A turn is taken in one transaction and ended in the one that writes its results. A turn that was lost
meanwhile - its lease ran out, another process took it - cannot be ended, so its results are not written.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from alertops.lib import claims
from alertops.lib.compiled import compiled
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
    turn = Turn(integration_id, now + LEASE)
    if not _claim(integration_id, now, claims.holder(), turn.lease_until):
        rows = [IntegrationLease(pk=integration_id)]
        IntegrationLease.objects.bulk_create(rows, ignore_conflicts=True)  # its very first turn
        if not _claim(integration_id, now, claims.holder(), turn.lease_until):
            return None
    [left_until] = _in_hand_until(integration_id)
    if left_until is not None:
        left = waiting_of(integration_id).filter(pk__lte=left_until, start_count=0)
        left.order_by().update(start_count=1)
        _hold(integration_id, None)
    return turn


def hold(turn: Turn, *, until: int) -> None:
    """Note up to which message the holder of a turn has all that waits in hand; the turn's end forgets it."""
    _hold(turn.integration_id, until)


def end(turn: Turn) -> None:
    """Give the turn back; raises TurnLost when it is not ours any more.

    First in the transaction that writes the results: the row stays locked until those are committed, so
    the next turn begins behind them.
    """
    if not _end(turn.integration_id, claims.holder(), turn.lease_until):
        raise TurnLost(f"The turn on integration {turn.integration_id} was lost.")


@compiled
def _claim(integration_id: int, now: datetime, by: str, until: datetime) -> int:
    return IntegrationLease.objects.filter(pk=integration_id).take(now=now, by=by, until=until)


@compiled
def _in_hand_until(integration_id: int) -> QuerySet:
    return IntegrationLease.objects.filter(pk=integration_id).values_list("in_hand_until", flat=True)


@compiled
def _hold(integration_id: int, until: int | None) -> int:
    return IntegrationLease.objects.filter(pk=integration_id).update(in_hand_until=until)


@compiled
def _end(integration_id: int, by: str, until: datetime) -> int:
    ours = IntegrationLease.objects.filter(pk=integration_id, claimed_by=by, lease_until=until)
    return ours.update(lease_until=None, claimed_by="", start_count=0, in_hand_until=None)
