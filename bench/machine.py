"""What the figures were measured on: without this they say nothing."""

import os
import platform
import sqlite3
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench.limits import disk

PACKAGES = ("Django", "granian", "psycopg", "django-q2")
ROOT = Path(__file__).resolve().parents[1]


def describe(folder: Path) -> dict[str, Any]:
    """Return the machine and the versions; folder: where the databases' files are."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "kernel": platform.release(),
        "file_system": _file_system(folder),
        "fdatasync_a_second": round(disk.fdatasyncs_a_second(folder, seconds=1)),
        "load_before": [round(value, 2) for value in psutil.getloadavg()],
        "python": platform.python_version(),
        "postgresql": postgresql(),
        "sqlite": sqlite3.sqlite_version,
        **{name.lower(): metadata.version(name) for name in PACKAGES},
        "commit": _commit(),
    }


def postgresql() -> dict[str, str]:
    """Return the server's version and what decides about its speed; nothing where there is none."""
    names = ("server_version", "synchronous_commit", "fsync", "shared_buffers", "max_connections")
    try:
        with psycopg.connect(f"{_server()}/postgres", connect_timeout=3) as connection:
            return {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in names}  # type: ignore[index]
    except psycopg.OperationalError:
        return {}


def _processor() -> str:
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _file_system(folder: Path) -> str:
    """Return the type of the file system that a folder is on: the longest mount point above it."""
    place = folder.resolve()
    above = [part for part in psutil.disk_partitions(all=True) if place.is_relative_to(part.mountpoint)]
    return max(above, key=lambda part: len(part.mountpoint)).fstype if above else "unknown"


def _server() -> str:
    """Return the server that DATABASE_URL names, without a database; else the local one."""
    url = os.environ.get("DATABASE_URL", "")
    return url.rpartition("/")[0] if url.startswith("postgres") else "postgres://"


def _commit() -> str:
    """Return the commit that is measured, marked where files differ from it."""
    command = ("git", "describe", "--always", "--dirty", "--abbrev=12")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
