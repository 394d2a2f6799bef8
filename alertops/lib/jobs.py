"""The one seam to django-q2: a nudge says "look what is due", and carries nothing that could be lost.

The due row is the only truth. A nudge lost, late or doubled does no harm: the ticker of `runworker`
nudges again within a second.
"""

import contextlib
import contextvars
import functools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import close_old_connections, transaction
from django.utils.module_loading import import_string
from django_q.brokers import Broker, get_broker
from django_q.tasks import async_task
from redis import RedisError

logger = logging.getLogger(__name__)

_Call = tuple[str, tuple[int | str, ...]]  # a task and its arguments

# django-q2 obeys its own setting only where nobody has configured logging; each task is two lines otherwise.
logging.getLogger("django-q").setLevel(settings.Q_CLUSTER["log_level"])

# How a queue or a cache fails: Redis, the database, the disk.
FAILURES = (RedisError, DatabaseError, OSError)

ALERTS = "alerts"  # what people wait for
SLOW = "slow"  # what may take minutes

# A nudge that was lost with its queue is given up after this time; the next tick makes another.
NUDGE_LIFE = timedelta(seconds=5)
# What a pass may have done for others to be woken meanwhile: the more there is, the more is done together.
LITTLE = 4
# While the queue is down, one caller in this time finds out; the others are not made to wait for it.
REST = timedelta(seconds=2)


def nudge(task: str, *arguments: int | str, cluster: str = ALERTS) -> None:
    """Have a worker call a task soon after the running transaction has committed.

    task: dotted path of a function.  arguments: ids only.
    Nudges coalesce: while one is on its way, another of the same task and arguments adds nothing, because
    the task looks once more after it has arrived. A dead queue never fails the caller.
    """
    found = _gathered.get()
    if found is not None and cluster == ALERTS:
        transaction.on_commit(functools.partial(found.add, (task, arguments)), robust=True)
    else:
        transaction.on_commit(functools.partial(_send, task, arguments, cluster), robust=True)


def drain(
    task: str, *arguments: int | str, do: Callable[[], int], few: int, budget: float, pause: float = 0.0
) -> None:
    """Do, as the task of a nudge, one pass after the other until there is nothing left to do.

    do: makes a pass; returns how much it did.  few: as in `go_on`, for what each pass makes due.
    budget: seconds after which the rest is nudged anew, behind all that waits in the queue.
    pause: seconds between two passes.
    While there is much to do the nudge counts as still on its way: who nudges leaves it to this process,
    instead of waking another for the one row that this one is about to find. So much the more is done
    together. Where there is little, others are woken for what comes next, and it need not wait until this
    process has gone on with what it found.
    """
    until = time.monotonic() + budget
    is_let_go = False
    try:
        while True:
            with gathered() as made_due:
                found = do()
            was_let_go, is_let_go = is_let_go, found <= LITTLE
            if is_let_go and not was_let_go:
                arrived(task, *arguments)
            is_ours = is_let_go or not was_let_go or _is_ours(task, arguments)
            _settle(found, made_due, few=few, budget=budget)
            if not is_ours or (was_let_go and not found):
                return
            if found and time.monotonic() > until:
                (_send if is_let_go else _put)(task, arguments, ALERTS)
                return
            time.sleep(pause)
    except BaseException:
        arrived(task, *arguments)
        raise


class Gathered:
    """Nudges that were not sent: for who would sooner do at once what they ask for."""

    def __init__(self) -> None:
        self._calls: dict[_Call, None] = {}

    def add(self, call: _Call) -> None:
        self._calls[call] = None

    def do(self, *, budget: float) -> None:
        """Do what was nudged, in this process, and what is nudged by that; what is left after a time is sent.

        budget: seconds after which nothing more is begun.
        """
        until = time.monotonic() + budget
        while self._calls and time.monotonic() < until:
            task, arguments = next(iter(self._calls))
            del self._calls[task, arguments]
            with gathered(self):
                import_string(task)(*arguments)
        self.send()

    def send(self) -> None:
        """Send them after all."""
        for task, arguments in list(self._calls):
            del self._calls[task, arguments]  # first: what is nudged meanwhile must be sent again
            _send(task, arguments, ALERTS)


class Courier(Gathered):
    """Sends nudges from a thread of its own, so that who nudges need not wait for the queue.

    every: seconds; what is nudged several times within is sent once. What is nudged after a rest of that
    length is sent at once.
    """

    def __init__(self, *, every: float) -> None:
        super().__init__()
        self._every = every
        self._is_wanted = threading.Event()

    def start(self) -> None:
        """Start the thread; it ends with the process."""
        threading.Thread(target=self._work, name="courier", daemon=True).start()

    def add(self, call: _Call) -> None:
        super().add(call)
        self._is_wanted.set()

    def _work(self) -> None:
        while True:
            self._is_wanted.wait()
            self._is_wanted.clear()  # first, or what is added meanwhile would wake nobody
            try:
                close_old_connections()
                self.send()
                close_old_connections()
            except Exception:
                logger.exception("The courier goes on after an error.")
            time.sleep(self._every)


def go_on(do: Callable[[], int], *, few: int, budget: float) -> int:
    """Make a pass, and do what it makes due at once if that was little; return how much the pass did.

    few: what a pass may have done for that; what more makes due is left to others, who do it meanwhile.
    budget: seconds after which nothing more is begun.
    """
    with gathered() as made_due:
        count = do()
    _settle(count, made_due, few=few, budget=budget)
    return count


@contextlib.contextmanager
def gathered(into: Gathered | None = None) -> Iterator[Gathered]:
    """Gather what is nudged within, instead of sending it; if something is raised, it is sent.

    Not in a transaction: a nudge counts from the commit, and that must not come after the block.
    """
    found = into or Gathered()
    token = _gathered.set(found)
    try:
        yield found
    except BaseException:
        found.send()
        raise
    finally:
        _gathered.reset(token)


def renew(task: str, *arguments: int | str) -> None:
    """Nudge for the rest of what a task has begun: behind all that waits in the queue, and never gathered."""
    _send(task, arguments, ALERTS)


def arrived(task: str, *arguments: int | str) -> None:
    """Note that a nudge has arrived; call it in the task, before it looks for the last time."""
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
_gathered: contextvars.ContextVar[Gathered | None] = contextvars.ContextVar("gathered", default=None)


class _Rest:
    """Until when (by the monotonic clock) this process leaves a dead queue alone."""

    until = 0.0


def _settle(count: int, made_due: Gathered, *, few: int, budget: float) -> None:
    """Do what a pass made due if that was little, or have it done by others."""
    if count <= few:
        made_due.do(budget=budget)
    else:
        made_due.send()


def _send(task: str, arguments: tuple[int | str, ...], cluster: str) -> None:
    if time.monotonic() < _Rest.until:
        return
    try:
        if not _is_first(task, arguments):
            return
    except FAILURES as error:
        _complain(task, arguments, error)
        return
    _put(task, arguments, cluster)


def _put(task: str, arguments: tuple[int | str, ...], cluster: str) -> None:
    """Put a nudge that nobody else has on its way into the queue, as far as the queue takes it."""
    try:
        enqueue(task, *arguments, cluster=cluster)
    except FAILURES as error:
        arrived(task, *arguments)
        _complain(task, arguments, error)


def _complain(task: str, arguments: tuple[int | str, ...], error: Exception) -> None:
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


def _is_ours(task: str, arguments: tuple[int | str, ...]) -> bool:
    """Tell whether nobody else has been woken since a nudge arrived; then it counts as on its way again."""
    try:
        return _is_first(task, arguments)
    except FAILURES:
        return True


def _flag(task: str, arguments: tuple[int | str, ...]) -> str:
    return "nudge:" + ":".join(map(str, (task, *arguments)))


@functools.cache
def _queue(cluster: str, _pid: int) -> Broker:
    """One connection per process and queue; a forked child makes its own."""
    return get_broker(cluster)
