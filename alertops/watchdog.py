"""Whether a cluster of the task queue must be replaced.

django-q2 mends some deaths by itself and not others: an idle worker may die with the lock that all
others wait for, and then every process looks alive and no task runs, for ever. So the watchdog believes
only in tasks that start. It touches nothing: it is given what is to be seen, and the time.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence

from alertops.cluster import MONITOR, PARENT, PUSHER, SENTINEL, WORKER, Card

# Seconds.
ANSWER_WHILE_IDLE = 5.0  # a heartbeat waits, and no worker is busy
ANSWER_WHILE_BUSY = 15.0  # a heartbeat waits, some workers are busy, but not all
OVER_TIMEOUT = 15.0  # a task has run for so much longer than it may
PUT_AWAY = 25.0  # a result waits for the monitor; more than a locked SQLite can explain
MENDED = 10.0  # a process is missing, and django-q2 does not replace it
STARTED = 60.0  # the first process is there, the others are not
ASLEEP = 3.0  # the watchdog itself did not run: a suspended machine is no reason to kill

# Deaths that django-q2 does not get over, and why. A pusher and a busy worker it replaces by itself.
_DEADLY = {
    PARENT: "its parent process died",
    SENTINEL: "its sentinel died",
    MONITOR: "its monitor died with the lock of the results",
    WORKER: "an idle worker died, perhaps with the lock of the queue",
}


class Watchdog:
    """What is remembered about one running of one cluster between two looks.

    workers: how many it has.  timeout: seconds that a task may take.  now: by the monotonic clock.
    """

    def __init__(self, *, workers: int, timeout: float, now: float) -> None:
        self._full = Counter({PARENT: 1, SENTINEL: 1, PUSHER: 1, MONITOR: 1, WORKER: workers})
        self._timeout = timeout
        self._born = self._looked = now
        self._patient_since = now
        self._missing_since: float | None = now
        self._unread: float | None = None
        self._asked: deque[float] = deque(maxlen=100)
        self.is_ready = False
        self.has_worked = False

    def ask(self, now: float) -> None:
        """Note that a heartbeat has been put into the queue: from now on a task must start."""
        self._asked.append(now)

    def look(self, living: Sequence[Card], fallen: Iterable[Card], now: float) -> str | None:
        """Return why the cluster must be replaced, in words; None when it need not be."""
        if now - self._looked > ASLEEP:
            self._begin_anew(now)
        self._looked = now
        return (
            deadly(fallen)
            or self._incomplete(living, now)
            or self._overdue(living, now)
            or self._deaf(living, now)
            or self._unattended(living, now)
        )

    def _begin_anew(self, now: float) -> None:
        self._patient_since = now
        if self._missing_since is not None:
            self._missing_since = now
        self._unread = None

    def _incomplete(self, living: Iterable[Card], now: float) -> str | None:
        missing = self._full - Counter(card.role for card in living)
        if not missing:
            self._missing_since = None
            if not self.is_ready:
                self.is_ready, self._patient_since = True, now
            return None
        if self._missing_since is None:
            self._missing_since = now
        patience = MENDED if self.is_ready else STARTED
        if now - self._missing_since > patience:
            return f"it has been without {', '.join(missing)} for {patience:.0f} s"
        return None

    def _overdue(self, living: Iterable[Card], now: float) -> str | None:
        for card in living:
            since = max(card.began, self._patient_since)
            if card.role == WORKER and card.is_busy and now - since > self._timeout + OVER_TIMEOUT:
                return f"worker {card.pid} has been busy for {now - card.began:.0f} s"
        return None

    def _deaf(self, living: Iterable[Card], now: float) -> str | None:
        workers = [card for card in living if card.role == WORKER]
        last_began = max((card.began for card in workers), default=0.0)
        self.has_worked = self.has_worked or last_began > 0
        while self._asked and self._asked[0] <= last_began:
            self._asked.popleft()
        if not self._asked or not self.is_ready or all(card.is_busy for card in workers):
            return None
        waited = now - max(self._asked[0], self._patient_since)
        patience = ANSWER_WHILE_BUSY if any(card.is_busy for card in workers) else ANSWER_WHILE_IDLE
        return f"no task has started for {waited:.0f} s while one waits" if waited > patience else None

    def _unattended(self, living: Iterable[Card], now: float) -> str | None:
        put_away = max((card.ended for card in living if card.role == MONITOR), default=0.0)
        ended = max((card.ended for card in living if card.role == WORKER), default=0.0)
        if self._unread is None or put_away >= self._unread:
            self._unread = ended if ended > put_away else None
        if self._unread is not None and now - max(self._unread, self._patient_since) > PUT_AWAY:
            return f"results of tasks have not been put away for {PUT_AWAY:.0f} s"
        return None


def deadly(fallen: Iterable[Card]) -> str | None:
    """Return which death of these a cluster does not get over, in words; None when it does."""
    roles = {card.role for card in fallen if not card.is_busy}
    return next((why for role, why in _DEADLY.items() if role in roles), None)
