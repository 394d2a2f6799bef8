"""What test processes do: tasks that leave a mark, and people who nudge."""

import os
import time
from pathlib import Path

from alertops.lib import jobs

NOTE = "tests.supervisor.probes.note"
NAP = "tests.supervisor.probes.nap"
COUNT = "tests.supervisor.probes.count"


def note(path: str) -> None:
    """A task that says it ran."""
    Path(path).touch()


def nap(path: str, seconds: int) -> None:
    """A task that takes its time, and leaves its process id."""
    Path(path).write_text(str(os.getpid()))
    time.sleep(seconds)
    Path(path).unlink(missing_ok=True)


def count(folder: str) -> None:
    """A task that looks what is due, and notes how much it saw."""
    jobs.arrived(COUNT, folder)
    seen = (Path(folder) / "due").stat().st_size
    with (Path(folder) / "seen").open("a") as file:
        file.write(f"{seen}\n")


def enqueue(task: str, *arguments: int | str) -> None:
    jobs.enqueue(task, *arguments)


def make_due(folder: str, times: int) -> None:
    """Make things due, and nudge for each, as a door does: first the row, then the nudge."""
    with (Path(folder) / "due").open("ab", buffering=0) as file:
        for _ in range(times):
            file.write(b".")
            jobs.nudge(COUNT, folder)
            time.sleep(0.001)
