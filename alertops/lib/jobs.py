"""The one seam to django-q2: a nudge says "look what is due", and carries nothing that could be lost.

The due row is the only truth. A nudge lost, late or doubled does no harm: the ticker of `runworker`
nudges again within a second.
"""

import functools
import logging
import os
from datetime import timedelta

from django.core.cache import cache
from django.db import transaction
from django_q.brokers import Broker, get_broker
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

ALERTS = "alerts"  # what people wait for
SLOW = "slow"  # what may take minutes

# A nudge that was lost with its queue is given up after this time; the next tick makes another.
NUDGE_LIFE = timedelta(seconds=5)


def nudge(task: str, *arguments: int | str, cluster: str = ALERTS) -> None:
    """Have a worker call a task soon after the running transaction has committed.

    task: dotted path of a function.  arguments: ids only.
    Nudges coalesce: while one is on its way, another of the same task and arguments adds nothing, because
    the task calls `arrived` before it looks. A dead queue never fails the caller.
    """
    transaction.on_commit(functools.partial(_send, task, arguments, cluster), robust=True)


def arrived(task: str, *arguments: int | str) -> None:
    """Note that a nudge has arrived; call it first in the task, before anything is read."""
    cache.delete(_flag(task, arguments))


def _send(task: str, arguments: tuple[int | str, ...], cluster: str) -> None:
    try:
        if cache.add(_flag(task, arguments), 1, timeout=NUDGE_LIFE.total_seconds()):
            # The queue is named by its broker alone: with `cluster=` django-q2 would make a new
            # connection for every task.
            async_task(task, *arguments, broker=_queue(cluster, os.getpid()))
    except Exception:
        logger.exception("The task queue did not take %s%r; the next tick will.", task, arguments)


def _flag(task: str, arguments: tuple[int | str, ...]) -> str:
    return "nudge:" + ":".join(map(str, (task, *arguments)))


@functools.cache
def _queue(cluster: str, _pid: int) -> Broker:
    """One connection per process and queue; a forked child makes its own."""
    return get_broker(cluster)
