"""The one seam to django-q2: a nudge says "look what is due", and carries nothing that could be lost.

The due row is the only truth. A nudge lost, late or doubled does no harm: the ticker of `runworker`
nudges again within a second.
"""

import contextlib
import contextvars
import functools
import logging
import os
import time
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import transaction
from django_q.brokers import Broker, get_broker
from django_q.tasks import async_task
from redis import RedisError

logger = logging.getLogger(__name__)

# django-q2 obeys its own setting only where nobody has configured logging; each task is two lines otherwise.
logging.getLogger("django-q").setLevel(settings.Q_CLUSTER["log_level"])

# How a queue or a cache fails: Redis, the database, the disk.
FAILURES = (RedisError, DatabaseError, OSError)

ALERTS = "alerts"  # what people wait for
SLOW = "slow"  # what may take minutes

# A nudge that was lost with its queue is given up after this time; the next tick makes another.
NUDGE_LIFE = timedelta(seconds=5)
# While the queue is down, one caller in this time finds out; the others are not made to wait for it.
REST = timedelta(seconds=2)


def nudge(task: str, *arguments: int | str, cluster: str = ALERTS) -> None:
    """Have a worker call a task soon after the running transaction has committed.

    task: dotted path of a function.  arguments: ids only.
    Nudges coalesce: while one is on its way, another of the same task and arguments adds nothing, because
    the task calls `arrived` before it looks. A dead queue never fails the caller.
    """
    transaction.on_commit(functools.partial(_send, task, arguments, cluster), robust=True)


def arrived(task: str, *arguments: int | str) -> None:
    """Note that a nudge has arrived; call it first in the task, before anything is read."""
    try:
        cache.delete(_flag(task, arguments))
    except FAILURES as error:
        # The flag dies by itself; what is due must not wait for the cache.
        logger.warning("The cache did not forget the nudge of %s%r: %s", task, arguments, error)


def enqueue(task: str, *arguments: int | str, cluster: str = ALERTS) -> None:
    """Put a task into the queue at once, whatever is on its way. Raises what the queue raises."""
    # The queue is named by its broker alone: with `cluster=` django-q2 would make a new connection
    # for every task.
    async_task(task, *arguments, broker=_queue(cluster, os.getpid()))


def depth(cluster: str) -> int:
    """Return how many tasks wait in the queue of a cluster. Raises what the queue raises."""
    return _queue(cluster, os.getpid()).queue_size()


@contextlib.contextmanager
def afresh() -> Iterator[None]:
    """Have nudges sent whatever is on its way: that may have died with a worker, or with its queue."""
    token = _is_afresh.set(True)
    try:
        yield
    finally:
        _is_afresh.reset(token)


_is_afresh = contextvars.ContextVar("is_afresh", default=False)


class _Rest:
    """Until when (by the monotonic clock) this process leaves a dead queue alone."""

    until = 0.0


def _send(task: str, arguments: tuple[int | str, ...], cluster: str) -> None:
    if time.monotonic() < _Rest.until:
        return
    try:
        if not _is_first(task, arguments):
            return
        try:
            enqueue(task, *arguments, cluster=cluster)
        except FAILURES:
            arrived(task, *arguments)
            raise
    except FAILURES as error:
        _Rest.until = time.monotonic() + REST.total_seconds()
        logger.warning("The task queue did not take %s%r; the next tick will: %s", task, arguments, error)


def _is_first(task: str, arguments: tuple[int | str, ...]) -> bool:
    """Tell whether no other nudge is on its way, and note that this one is.

    Two callers may both be told so (the file cache is not atomic): that is one task too many. Nobody is
    told that another is on its way when it has already arrived, and only that would lose something.
    """
    flag, life = _flag(task, arguments), NUDGE_LIFE.total_seconds()
    try:
        if not _is_afresh.get():
            return cache.add(flag, 1, timeout=life)
        cache.set(flag, 1, timeout=life)
        return True
    except OSError as error:
        logger.warning("The cache did not note the nudge of %s%r: %s", task, arguments, error)
        return True


def _flag(task: str, arguments: tuple[int | str, ...]) -> str:
    return "nudge:" + ":".join(map(str, (task, *arguments)))


@functools.cache
def _queue(cluster: str, _pid: int) -> Broker:
    """One connection per process and queue; a forked child makes its own."""
    return get_broker(cluster)
