"""The clock of the system: once a second, what is due is looked at.

A thread of its own, beside the watchdog: it waits for the database, and a database may hang.
"""

import logging
import platform
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from django import db
from django.core.cache import cache
from django.utils import timezone

from alertops import health, nodes, tasks
from alertops.lib import jobs
from integrations import operations
from integrations.operations.hours import hour_of

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two ticks
HEARTBEAT_EVERY = 1.5  # at every second tick
COMPLAIN_EVERY = 30.0
HEARTBEAT = "alertops.tasks.heartbeat"


class Ticker(threading.Thread):
    """Ticks until it is told to stop.

    listeners: give (name of a cluster, what to call with the time once a heartbeat is in its queue) for
    each cluster that is to answer now.
    crews: gives for each cluster how many of its workers live, and how many there should be.
    """

    def __init__(
        self,
        listeners: Callable[[], Iterable[tuple[str, Callable[[float], None]]]],
        crews: Callable[[], Mapping[str, tuple[int, int]]] = dict,
    ) -> None:
        super().__init__(name="ticker", daemon=True)
        self._listeners = listeners
        self._crews = crews
        self._told_at = float("-inf")
        self._marked: datetime | None = None
        self._has_to_stop = threading.Event()
        self._has_lost = threading.Event()
        self._has_lost.set()  # who knows what was before
        self._asked_at: dict[str, float] = {}
        self._complained_at: dict[str, float] = {}
        self._began: float | None = None

    def stop(self) -> None:
        self._has_to_stop.set()

    def expect_loss(self) -> None:
        """Have the next tick nudge anew what is due: those that were to do it have died."""
        self._has_lost.set()

    def stuck_for(self, now: float) -> float:
        """Return for how many seconds the running tick has been running; 0 between two."""
        began = self._began
        return 0.0 if began is None else now - began

    def run(self) -> None:
        next_at = time.monotonic()
        while not self._has_to_stop.wait(max(0.0, next_at - time.monotonic())):
            next_at = max(next_at + EVERY, time.monotonic())
            self._began = time.monotonic()
            self._tick()
            self._began = None

    def _tick(self) -> None:
        db.close_old_connections()
        now = timezone.now()  # noqa: TID251 (a door reads the clock)
        self._try(self._mark_the_hour, now)  # first: what is processed from now on belongs to it
        ticked = self._try(self._look_at_what_is_due, now)
        self._try(self._ask)
        if ticked:
            self._try(_note, now)
        self._try(self._tell_who_works, now)

    def _mark_the_hour(self, now: datetime) -> None:
        if self._marked != hour_of(now):
            operations.mark_hour(now)
            self._marked = hour_of(now)

    def _tell_who_works(self, now: datetime) -> None:
        if time.monotonic() - self._told_at >= nodes.TOLD_EVERY:
            nodes.tell(platform.node() or "node", self._crews(), now)
            self._told_at = time.monotonic()

    def _look_at_what_is_due(self, now: datetime) -> None:
        if not self._has_lost.is_set():
            tasks.tick_at(now)
            return
        self._has_lost.clear()  # first: who dies from now on is for the next tick
        try:
            with jobs.afresh():
                tasks.tick_at(now)
        except Exception:
            self._has_lost.set()
            raise

    def _try(self, chore: Callable[..., None], *arguments: datetime) -> bool:
        """Do one chore; none may keep the others, or the next second, from being tried."""
        try:
            chore(*arguments)
        except Exception as error:
            if self._is_news(f"{chore.__name__}: {type(error).__name__}: {error}"):
                logger.exception("The ticker could not do all it should.")
            return False
        return True

    def _is_news(self, complaint: str) -> bool:
        """Tell whether this has not been complained about just now."""
        now = time.monotonic()
        if now - self._complained_at.get(complaint, -COMPLAIN_EVERY) < COMPLAIN_EVERY:
            return False
        self._complained_at = {complaint: now}
        return True

    def _ask(self) -> None:
        for name, asked in self._listeners():
            now = time.monotonic()
            if now - self._asked_at.get(name, -HEARTBEAT_EVERY) >= HEARTBEAT_EVERY:
                jobs.enqueue(HEARTBEAT, cluster=name)
                self._asked_at[name] = now
                asked(now)


def _note(now: datetime) -> None:
    """Let `/readyz` of every web process know."""
    cache.set(health.TICKER, now.timestamp(), timeout=None)
