"""What the processes of an installation use: time of the processors, and memory."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from alertops import cluster

MB = 1_000_000


@dataclass(frozen=True)
class Vitals:
    """One process.  cpu: seconds since its start.  rss, uss: megabytes, with and without what is shared."""

    pid: int
    role: str
    cpu: float
    rss: float
    uss: float


def of(roots: Iterable[int], folder: Path) -> list[Vitals]:
    """Look at processes with all their children; folder: the data folder of their installation."""
    roles = _roles(folder)
    found = []
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(root)
            found += [process, *process.children(recursive=True)]
    looked = [_look(process, roles) for process in found]
    return sorted((one for one in looked if one), key=lambda one: (one.role, one.pid))


def _look(process: psutil.Process, roles: dict[int, str]) -> Vitals | None:
    with contextlib.suppress(psutil.NoSuchProcess):
        times, memory = process.cpu_times(), process.memory_full_info()
        role = roles.get(process.pid) or _role(process.cmdline())
        return Vitals(process.pid, role, times.user + times.system, memory.rss / MB, memory.uss / MB)
    return None


def _roles(folder: Path) -> dict[int, str]:
    """The task queue's processes say what they are on their cards."""
    return {
        card.pid: f"task queue {desk.name}, {card.role}"
        for desk in folder.glob("run/*/*")
        if desk.is_dir()
        for card in cluster.roll_call(desk)[0]
    }


def _role(command: list[str]) -> str:
    """Name every other process by its command."""
    words = " ".join(command)
    names = {"runworker": "supervisor", "granian": "web", "serve": "runner", "resource_tracker": "runner"}
    return next((role for word, role in names.items() if word in words), words[:40])
