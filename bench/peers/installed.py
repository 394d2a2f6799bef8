"""A peer's program: found or missing, started, waited for, stopped."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from tests.processes import Server

START_UP = 30  # seconds


class Missing(Exception):
    """Why a peer is not measured, in one line."""


def program(name: str, how_to_get_it: str) -> str:
    """Return a program's path. Raises Missing."""
    path = shutil.which(name)
    if path is None:
        raise Missing(f"not installed; {how_to_get_it}")
    return path


def home(server: Server, name: str) -> Path:
    """Make a folder that goes with the installation."""
    folder = server.folder / name
    folder.mkdir()
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(command: list[str], health: str, log: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run a server until the block ends. Raises Missing when it does not answer."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=log.parent,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait(process, health, log)
            yield
        finally:
            process.terminate()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", health: str, log: Path) -> None:
    end = time.monotonic() + START_UP
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(health, timeout=5).ok:
                return
        time.sleep(0.1)
    said = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
    raise Missing(f"it did not start: {said[-1]}")
