"""What every process of a task-queue cluster leaves for its supervisor to see.

Each writes a card: a file named by its pid that says what it is and when it last began and ended a task.
Files, because a database that hangs must not blind the watchdog. A process that ends as it should takes
its card away, so a card without a living process means a sudden death.
"""

import functools
import logging
import multiprocessing
import multiprocessing.util
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django_q import signals

from alertops.lib import processes

logger = logging.getLogger(__name__)

PARENT, SENTINEL, PUSHER, MONITOR, WORKER = "parent", "sentinel", "pusher", "monitor", "worker"

# What django-q2 has its processes run, by name.
_ROLES = {"Sentinel": SENTINEL, "pusher": PUSHER, "monitor": MONITOR, "worker": WORKER}
_LENGTH = 250


@dataclass(frozen=True)
class Card:
    """What one process says about itself.

    began, ended: when it last began and ended a task, by the monotonic clock that all processes of a
    machine share; 0 before the first. A monitor ends a task when it has put its result away.
    """

    role: str
    identity: str
    began: float
    ended: float

    @property
    def pid(self) -> int:
        return int(self.identity.rsplit("/", 2)[1])

    @property
    def is_busy(self) -> bool:
        return self.began > self.ended


def join(folder: Path, supervisor: int) -> None:
    """Make this process, and all that django-q2 will fork from it, cards in the folder of a supervisor."""
    processes.die_with_parent(supervisor)
    _desk.folder = folder
    _desk.sit_down(PARENT)
    multiprocessing.util.register_after_fork(_desk, _arrive)
    signals.pre_execute.connect(began, dispatch_uid="alertops.cluster")
    signals.post_execute_in_worker.connect(ended, dispatch_uid="alertops.cluster")
    signals.post_execute.connect(ended, dispatch_uid="alertops.cluster")


def roll_call(folder: Path) -> tuple[list[Card], list[Card]]:
    """Return the cards of the living, and of those who died a sudden death."""
    living, fallen = [], []
    for path in folder.glob("*.card"):
        card = _read(path)
        if card is None:
            continue
        if processes.is_alive(card.identity):
            living.append(card)
        elif path.exists():  # who ends as it should takes the card away first
            fallen.append(card)
    return living, fallen


def forget(folder: Path, pid: int) -> None:
    """Take the card of a dead process away."""
    (folder / f"{pid}.card").unlink(missing_ok=True)


def _read(path: Path) -> Card | None:
    try:
        role, identity, began, ended = path.read_text().split()
    except (FileNotFoundError, ValueError):  # taken away just now, or not yet written
        return None
    return Card(role, identity, float(began), float(ended))


class _Desk:
    """Where this process writes its card, and what stands on it."""

    folder: Path
    file: int
    role: str
    began: float
    ended: float

    def sit_down(self, role: str) -> None:
        self.role = role
        self.began = self.ended = 0.0
        path = self.folder / f"{os.getpid()}.card"
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.write()

    def write(self) -> None:
        identity = processes.identity(os.getpid())
        line = f"{self.role} {identity} {self.began:.3f} {self.ended:.3f}\n"
        # One write of a fixed length over the one before: no reader sees half a card.
        os.pwrite(self.file, line.ljust(_LENGTH).encode(), 0)


_desk = _Desk()


def _arrive(desk: _Desk) -> None:
    """Begin life in a process that multiprocessing has forked."""
    process, parent = multiprocessing.current_process(), multiprocessing.parent_process()
    role = _ROLES.get(getattr(getattr(process, "_target", None), "__name__", ""))
    if role is None or parent is None:
        return
    processes.die_with_parent(parent.pid or 0)
    os.close(desk.file)
    desk.sit_down(role)
    # The lowest priority: after all that the process has still to write to its queues.
    leave = functools.partial(forget, desk.folder, os.getpid())
    multiprocessing.util.Finalize(None, leave, exitpriority=-100)


def began(**_signal: Any) -> None:
    """Note that this process works on a task."""
    _desk.began = time.monotonic()
    _write_card()


def ended(**_signal: Any) -> None:
    """Note that it does not any more."""
    _desk.ended = time.monotonic()
    _write_card()


def _write_card() -> None:
    """Write the card; a full disk may blind the watchdog, but not stop a task."""
    try:
        _desk.write()
    except OSError as error:
        logger.warning("The card of process %s was not written: %s", os.getpid(), error)
