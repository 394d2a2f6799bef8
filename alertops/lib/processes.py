"""Which process is which, whether it lives, and how one dies with its parent."""

import ctypes
import functools
import os
import platform
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import psutil

KERNEL_ENDS_CHILDREN = sys.platform == "linux"

_PR_SET_PDEATHSIG = 1


@functools.cache
def node() -> str:
    """Return the name of the space in which a pid means one process.

    Unlike the host's name alone, it is never shared by two containers, by two machines of one name, or
    by one machine before and after a reboot.
    """
    name = "-".join(platform.node()[:60].split()) or "node"
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{name}.{boot[:8]}.{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return name


def identity(pid: int) -> str:
    """Return what tells this process from every other: node, pid and start; of one that ended, "ended"."""
    return f"{node()}/{pid}/{_started(pid) or 'ended'}"


def is_alive(name: str) -> bool:
    """Tell whether an identity is that of a living process of this node; a zombie does not live."""
    where, pid, started = name.rsplit("/", 2)
    return where == node() and _started(int(pid)) == started


def die_with_parent(parent: int, *, by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel end this process when the thread that started it ends; at once if it has ended.

    Only Linux can do that; see `watch_parent` for the others.
    """
    if KERNEL_ENDS_CHILDREN:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        os.kill(os.getpid(), by)


def watch_parent(parent: int, *, every: float = 1.0) -> None:
    """Kill this process's group when its parent has died, where the kernel does not do it by itself.

    Starts a thread, so call it only once nothing is forked any more.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def _started(pid: int) -> str | None:
    """Return when a process started, by a clock that nobody sets; None when it is dead or a zombie."""
    if sys.platform == "linux":
        return _started_by_proc(pid)
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return None


def _started_by_proc(pid: int) -> str | None:
    try:
        # The name, in brackets, may hold anything: what follows the last bracket is fields 3 and on.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in ("Z", "X") else fields[19]


def folder_of_parent(base: Path) -> Path:
    """Return a folder that this process shares with its siblings alone; those of dead parents are removed."""
    base.mkdir(parents=True, exist_ok=True)
    mine = base / identity(os.getppid()).replace("/", "~")
    mine.mkdir(exist_ok=True)
    for folder in base.iterdir():
        name = folder.name.replace("~", "/")
        if folder != mine and name.startswith(f"{node()}/") and not is_alive(name):
            shutil.rmtree(folder, ignore_errors=True)
    return mine
