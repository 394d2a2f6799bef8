"""Who keeps the task queue running: starts its clusters, watches over them, replaces and stops them."""

import contextlib
import fcntl
import logging
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from django.conf import settings

from alertops import cluster
from alertops.lib import jobs, processes
from alertops.ticker import Ticker
from alertops.watchdog import Watchdog, deadly

logger = logging.getLogger(__name__)

NAMES = (jobs.ALERTS, jobs.SLOW)

# Seconds.
LOOK_EVERY = 0.25
LONGEST_BACK_OFF = 8.0
OVER_TIMEOUT = 10.0  # a clean stop waits for running tasks, and so much longer
KILLED = 10.0  # what was killed is gone
TICKER_STUCK = 120.0  # longer than any wait for a database that will still answer


class AlreadyRunning(Exception):
    """Another supervisor watches over this folder."""


class Cluster:
    """One cluster of the task queue, in a session and process group of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        conf = {**settings.Q_CLUSTER, **settings.Q_CLUSTER["ALT_CLUSTERS"].get(name, {})}
        self.name = name
        self.folder = folder / name
        self.timeout: float = conf["timeout"]
        self._workers: int = conf["workers"]
        self._failures = 0
        self._start_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._identity = ""
        self._alive = 0
        self.watchdog: Watchdog | None = None

    def bury(self) -> None:
        """Kill what a dead supervisor left behind."""
        self.folder.mkdir(parents=True, exist_ok=True)
        living, fallen = cluster.roll_call(self.folder)
        if living:
            logger.warning("Killing what another supervisor left of cluster %s.", self.name)
        for card in living:
            with contextlib.suppress(ProcessLookupError):  # with another of its group
                _kill_group(os.getpgid(card.pid))
        self._clear_away([*living, *fallen])

    def look(self, now: float) -> bool:
        """Start it, replace it or leave it alone; tell whether anybody has died."""
        if self._process is None or self.watchdog is None:
            if now >= self._start_at:
                self._start(now)
            return False
        living, fallen = cluster.roll_call(self.folder)
        self._alive = sum(card.role == cluster.WORKER for card in living)
        reason = self.watchdog.look(living, fallen, now)
        if reason is None and not processes.is_alive(self._identity):
            reason = "its parent process ended"
        if reason is not None:
            logger.error("Replacing cluster %s: %s.", self.name, reason)
            self._back_off(now, has_worked=self.watchdog.has_worked)
            self.kill()
            return True
        for card in fallen:
            logger.error("A %s of cluster %s died; it will be replaced.", card.role, self.name)
            cluster.forget(self.folder, card.pid)
        return bool(fallen)

    @property
    def crew(self) -> tuple[int, int]:
        """How many workers lived at the last look, and how many there should be."""
        return self._alive, self._workers

    def ask_to_stop(self) -> None:
        """Ask the parent alone: its workers end their tasks first."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGTERM)  # not by Popen, which would reap it

    def has_stopped(self) -> bool:
        """Tell whether it has gone, or never will by itself."""
        if self._process is None or not processes.is_alive(self._identity):
            return True
        return deadly(cluster.roll_call(self.folder)[1]) is not None

    def kill(self) -> None:
        """Kill all that is left of it."""
        if self._process is not None:
            _kill_group(self._process.pid)  # not yet reaped, so the number is still its own
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(KILLED)
            living, fallen = cluster.roll_call(self.folder)
            self._clear_away([*living, *fallen])
        self._process = self.watchdog = None
        self._alive = 0

    def _start(self, now: float) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # The name is in the environment because django-q2 reads it when it is imported.
        command = ["/usr/bin/env", f"Q_CLUSTER_NAME={self.name}", sys.executable]
        command += [str(settings.BASE_DIR / "manage.py"), "qcluster", "--skip-checks"]
        command += ["--cards", str(self.folder), "--supervisor", str(os.getpid())]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self._identity = processes.identity(self._process.pid)
        self.watchdog = Watchdog(workers=self._workers, timeout=self.timeout, now=now)

    def _back_off(self, now: float, *, has_worked: bool) -> None:
        """Replace at once what has worked; later and later what dies before it has done anything."""
        self._start_at = now
        if not has_worked:
            self._start_at += min(LONGEST_BACK_OFF, 0.5 * 2.0**self._failures)
            self._failures += 1
        else:
            self._failures = 0

    def _clear_away(self, cards: list[cluster.Card]) -> None:
        end = time.monotonic() + KILLED
        while alive := [card for card in cards if processes.is_alive(card.identity)]:
            if time.monotonic() > end:
                logger.error("Processes of cluster %s do not die: %s", self.name, [c.pid for c in alive])
                return
            time.sleep(0.01)
        for card in cards:
            cluster.forget(self.folder, card.pid)


class Supervisor:
    """All clusters of this node, and the ticker."""

    def __init__(self) -> None:
        self._folder = settings.DATA_DIR / "run" / (platform.node() or "node")
        self._clusters = [Cluster(name, self._folder) for name in NAMES]
        self._ticker = Ticker(self._listeners, lambda: {one.name: one.crew for one in self._clusters})
        self._stops = 0
        self._must_stop = threading.Event()

    def run(self) -> int:
        """Run until SIGTERM; return the exit code. Raises AlreadyRunning."""
        lock = self._lock()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        for one in self._clusters:
            one.bury()
        self._ticker.start()
        logger.info("Watching over the clusters %s.", " and ".join(NAMES))
        code = 1
        try:
            code = self._watch()
        finally:
            self._stop(is_patient=code == 0)
            lock.close()
        return code

    def _lock(self) -> IO[str]:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / "supervisor.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"Another runworker already runs with {settings.DATA_DIR}.") from None
        return lock

    def _on_signal(self, number: int, _frame: object) -> None:
        self._stops += 1
        self._must_stop.set()

    def _listeners(self) -> Iterator[tuple[str, Callable[[float], None]]]:
        for one in self._clusters:
            watchdog = one.watchdog
            if watchdog is not None and watchdog.is_ready:
                yield one.name, watchdog.ask

    def _watch(self) -> int:
        while not self._must_stop.wait(LOOK_EVERY):
            now = time.monotonic()
            for one in self._clusters:
                if one.look(now):
                    self._ticker.expect_loss()
            if self._ticker.stuck_for(now) > TICKER_STUCK or not self._ticker.is_alive():
                logger.critical("The ticker hangs: ending, to be started anew.")
                return 1
        return 0

    def _stop(self, *, is_patient: bool) -> None:
        """Let running tasks end; a second signal, or too long a wait, kills."""
        logger.info("Stopping.")
        self._ticker.stop()
        began, stops = time.monotonic(), self._stops
        for one in self._clusters:
            one.ask_to_stop()
        for one in self._clusters:
            patience = one.timeout + OVER_TIMEOUT if is_patient else 0.0
            while not one.has_stopped() and time.monotonic() - began < patience:
                if self._stops > max(stops, 1):
                    break
                time.sleep(0.05)
            one.kill()
        logger.info("Stopped.")


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # only zombies: refused on a Mac
        os.killpg(group, signal.SIGKILL)
