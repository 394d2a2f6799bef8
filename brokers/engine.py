"""What brokers do by themselves: try the runs that are due, tell of services that were switched off, forget.

Several services at once, each its own runs one after another: a broker that hangs keeps its own service
waiting, and nobody else as long as a thread is left.
"""

import functools
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from django.db import connections
from django.db.models import QuerySet

from alertops.lib import jobs
from alertops.lib.compiled import compiled
from brokers.models import BrokerRun, Push, RepositoryService
from brokers.operations import failing
from brokers.operations.arrivals import RUN
from brokers.operations.removing import remove_pushes, remove_runs
from brokers.operations.running import due, run_one

TELL = "brokers.tasks.tell"
ABREAST = 4  # services that are worked for at once, by one process
LOOK_EVERY = 0.5  # seconds between two looks for more, while others are under way
MOST_LOOKED_AT = 200
PRUNE_BATCH = 500
MOST_PRUNED = 100_000  # in one call


def tick(now: datetime) -> None:
    """Wake whatever is due. Harmless at any time and on many nodes at once.

    1. What dead processes of this node held is free at once, not when its lease ends.
    2. Runs that are due are tried.
    3. Administrators are told of services that were switched off by themselves.
    """
    BrokerRun.objects.filter(next_attempt_at__lte=now).release_dead(now, holders=_at_work(now))
    if _any_due(now):
        jobs.nudge(RUN, cluster=jobs.SLOW)
    if _any_note(now):
        jobs.nudge(TELL, cluster=jobs.SLOW)


@compiled
def _at_work(now: datetime) -> QuerySet:
    return BrokerRun.objects.filter(next_attempt_at__lte=now).holders_here(now)


@compiled
def _any_due(now: datetime) -> QuerySet:
    # In the order of the index: for one row of any, PostgreSQL may rather begin to read the whole table.
    runs = BrokerRun.objects.filter(next_attempt_at__lte=now).free(now)
    return runs.order_by("next_attempt_at", "pk").values_list("pk")[:1]


@compiled
def _any_note(now: datetime) -> QuerySet:
    rows = RepositoryService.objects.filter(note_due_at__lte=now)
    return rows.order_by("note_due_at").values_list("pk")[:1]


def run_due(*, clock: Callable[[], datetime], budget: float) -> int:
    """Try all that is due and becomes due meanwhile; return how many runs this process had.

    budget: seconds after which nothing more is begun.
    """
    until = time.monotonic() + budget
    under_way: dict[Future[bool], int] = {}
    count = 0
    while True:
        if time.monotonic() < until:
            for run_id, service_id in next_runs(clock(), leaves=under_way.values()):
                under_way[_threads(os.getpid()).submit(_in_thread, run_id, clock)] = service_id
        if not under_way:
            return count
        ended, _others = wait(under_way, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
        for future in ended:
            del under_way[future]
            count += future.result()


def next_runs(now: datetime, *, leaves: Iterable[int] = ()) -> list[tuple[int, int]]:
    """Return runs to be begun now and their services: of each service its oldest, and no more than one.

    leaves: services for which this process is at work.
    """
    busy = set(leaves)
    room = ABREAST - len(busy)
    if room <= 0:
        return []
    held = due(now).filter(lease_until__gt=now).values_list("service_id", flat=True)
    busy |= set(held[:MOST_LOOKED_AT])
    found: dict[int, int] = {}
    rows = due(now).exclude(lease_until__gt=now).exclude(service__in=busy).values_list("pk", "service_id")
    for pk, service_id in rows[:MOST_LOOKED_AT]:
        found.setdefault(service_id, pk)
    return [(pk, service_id) for service_id, pk in list(found.items())[:room]]


@functools.cache
def _threads(_pid: int) -> ThreadPoolExecutor:
    """Threads that stay, so that brokers find in them what they keep; a forked child makes its own."""
    return ThreadPoolExecutor(ABREAST, thread_name_prefix="broker")


def _in_thread(run_id: int, clock: Callable[[], datetime]) -> bool:
    try:
        return run_one(run_id, clock=clock)
    finally:
        connections.close_all()


def tell_due(now: datetime) -> int:
    """Tell administrators of services that were switched off by themselves."""
    return failing.tell_due(now)


def prune(now: datetime, retention: timedelta) -> int:
    """Delete pushes that were received before the time of retention, with their runs, oldest first.

    What waits is never deleted, and which commits were seen is never forgotten. Returns how many rows of
    both kinds are gone; what is left after MOST_PRUNED is for the next call.
    """
    before = now - retention
    tests = BrokerRun.objects.filter(push=None, created_at__lt=before, next_attempt_at=None)
    count = remove_runs(tests)
    while count < MOST_PRUNED:
        oldest = list(Push.objects.order_by("pk").values_list("pk", "received_at")[:PRUNE_BATCH])
        old = {pk for pk, received_at in oldest if received_at < before}
        waiting = BrokerRun.objects.filter(push__in=old, next_attempt_at__isnull=False)
        gone = old - set(waiting.values_list("push_id", flat=True))
        if not gone:
            break
        count += remove_pushes(gone)
    return count
