"""What the ways in do by themselves: drain what waits, finish what was asked for, forget what is old."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from alertops.lib import jobs
from alertops.lib.compiled import compiled
from integrations.models import WAITING, InboundMessage, Integration, IntegrationLease, Replay
from integrations.operations.accept import PROCESS
from integrations.operations.replay import REPLAY, UNFINISHED, give_up_old_replays
from integrations.operations.requests import TAKE_REQUESTS, take_requests, waiting_requests
from integrations.operations.waiting import waiting

MOST_NUDGES = 500
PRUNE_BATCH = 500
MOST_PRUNED = 100_000  # in one call

__all__ = ["prune_messages", "take_requests", "tick", "waiting_integrations"]


def tick(now: datetime) -> None:
    """Wake whatever is due. Harmless at any time and on many nodes at once.

    1. Turns of processes of this node that died are free at once, not when their lease ends.
    2. Integrations with waiting messages whose turn is free are processed.
    3. What runs of brokers asked of alerts is done.
    4. Process-again runs that wait, or whose worker died, go on.
    """
    IntegrationLease.objects.all().release_dead(now, holders=_processing(now))
    for integration_id in _to_be_processed(now):
        jobs.nudge(PROCESS, integration_id)
    if _any_request():
        jobs.nudge(TAKE_REQUESTS)
    if _any_replay():
        give_up_old_replays(now)
        unfinished = Replay.objects.filter(UNFINISHED)
        unfinished.release_dead(now)
        for replay_id in unfinished.free(now).values_list("pk", flat=True)[:MOST_NUDGES]:
            jobs.nudge(REPLAY, replay_id, cluster=jobs.SLOW)


@compiled
def _processing(now: datetime) -> QuerySet:
    return IntegrationLease.objects.all().holders_here(now)


@compiled
def _to_be_processed(now: datetime) -> QuerySet:
    return waiting_integrations(now)[:MOST_NUDGES]


@compiled
def _any_request() -> QuerySet:
    return waiting_requests()[:1]


@compiled
def _any_replay() -> QuerySet:
    return Replay.objects.filter(UNFINISHED).order_by().values_list("pk")[:1]


def waiting_integrations(now: datetime) -> QuerySet[Integration, int]:
    """Return the ids of integrations with messages that wait for somebody to take the turn.

    One look into the partial index for each integration, however many messages are stored or wait.
    """
    of_integration = waiting().filter(integration=OuterRef("pk"))
    is_free = Q(lease=None) | Q(lease__lease_until=None) | Q(lease__lease_until__lte=now)
    return (
        Integration.objects.filter(Exists(of_integration), is_free)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def prune_messages(now: datetime, retention: timedelta) -> int:
    """Delete messages that were received before the time of retention, oldest first; return how many.

    What waits is never deleted. What is left after MOST_PRUNED is for the next call.
    """
    count, last_id = 0, 0
    while count < MOST_PRUNED:
        rows = InboundMessage.objects.filter(pk__gt=last_id).order_by("pk")
        oldest = list(rows.values_list("pk", "received_at")[:PRUNE_BATCH])
        old = [pk for pk, received_at in oldest if received_at < now - retention]
        if not old:
            break
        count += _delete(old)
        last_id = oldest[-1][0]
    return count


def _delete(ids: list[int]) -> int:
    """Delete those that do not wait, with their outcomes."""
    done = InboundMessage.objects.filter(pk__in=ids).exclude(WAITING)
    return done.delete()[1].get(InboundMessage._meta.label, 0)
