"""How everything runs in one terminal: database, demo data, web server and worker, until Ctrl-C."""

import fcntl
import functools
import hashlib
import logging
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from alertops import demo
from alertops.lib import processes

logger = logging.getLogger(__name__)

# Seconds.
LOOK_EVERY = 0.2
ANSWERS = 30.0  # the web server has to answer within this time
STABLE = 10.0  # who dies sooner, and again, stops the whole
KILLED = 10.0
STOPPED = settings.TASK_TIMEOUT + 20.0  # running tasks end first

MOST_DEATHS = 3  # in a row, each sooner than STABLE


class CannotServe(Exception):
    """Why it does not start, or goes no further, in one line."""


class Child:
    """The web server or the worker."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._deaths = 0

    def start(self) -> str:
        """Start it in a session of its own, so that Ctrl-C is ours alone; return its identity."""
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=functools.partial(  # noqa: PLW1509 (there are no threads here)
                processes.die_with_parent, os.getpid(), by=signal.SIGTERM
            ),
        )
        return processes.identity(self._process.pid)

    def has_died(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def count_death(self) -> None:
        """Raise CannotServe when it has died too often and too soon to be started again."""
        code = self._process.returncode if self._process else 0
        self._deaths = self._deaths + 1 if time.monotonic() - self._started < STABLE else 1
        if self._deaths >= MOST_DEATHS:
            raise CannotServe(f"The {self.name} ended {self._deaths} times in a row, last with {code}.")
        logger.error("The %s ended with %s; it is started again.", self.name, code)

    def ask_to_stop(self) -> None:
        if self._process is not None and not self.has_died():
            self._process.terminate()

    def kill(self) -> None:
        if self._process is not None and not self.has_died():
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Embedded:
    """One installation in one terminal."""

    def __init__(self, host: str, port: int, *, say: Callable[[str], Any]) -> None:
        self._host, self._port, self._say = host, port, say
        self._folder = settings.DATA_DIR / "run" / (platform.node() or "node")
        self._must_stop = threading.Event()
        self._stops = 0
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        web = [sys.executable, "-m", "granian", "--interface", "rsgi", "--http", "1", "--no-ws"]
        web += ["--host", host, "--port", str(port)]
        web += ["--respawn-failed-workers", "--log-level", "error", "alertops.rsgi:application"]
        self._children = [
            Child("web server", web),
            Child("worker", [*manage, "runworker", "--skip-checks"]),
        ]

    def run(self) -> None:
        """Run until somebody says stop. Raises CannotServe."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "serve.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotServe(f"alertops already runs with {settings.DATA_DIR}.") from None
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, self._on_signal)
            self._bury()
            check_port(self._host, self._port)
            self._prepare()
            try:
                self._serve()
            finally:
                self._stop()

    def _prepare(self) -> None:
        self._say("Preparing the database ...")
        call_command("migrate", verbosity=0, interactive=False)
        if demo.is_empty():
            demo.create()
        collect_static_files(self._say)

    def _serve(self) -> None:
        for child in self._children:
            self._start(child)
        self._wait_for_answer()
        if not self._must_stop.is_set():
            self._say(banner())
        while not self._must_stop.wait(LOOK_EVERY):
            self._look()

    def _look(self) -> None:
        for child in self._children:
            if child.has_died():
                child.count_death()
                self._start(child)

    def _wait_for_answer(self) -> None:
        end = time.monotonic() + ANSWERS
        while not self._must_stop.wait(LOOK_EVERY):
            self._look()
            if _listens(self._host, self._port):
                return
            if time.monotonic() > end:
                raise CannotServe(f"The web server did not answer within {ANSWERS:.0f} s.")

    def _start(self, child: Child) -> None:
        name = child.name.replace(" ", "-")
        (self._folder / f"{name}.child").write_text(child.start())

    def _bury(self) -> None:
        """Stop what a killed predecessor left, where the kernel did not."""
        left = [path.read_text() for path in self._folder.glob("*.child")]
        end = time.monotonic() + KILLED
        while alive := [identity for identity in left if identity and processes.is_alive(identity)]:
            hard = time.monotonic() > end
            for identity in alive:
                pid = int(identity.rsplit("/", 2)[1])
                os.kill(pid, signal.SIGKILL if hard else signal.SIGTERM)
            time.sleep(0.2)

    def _stop(self) -> None:
        """Stop everything; a second Ctrl-C does not wait for running tasks."""
        stops, end = self._stops, time.monotonic() + STOPPED
        for child in self._children:
            child.ask_to_stop()
        while any(not child.has_died() for child in self._children) and time.monotonic() < end:
            if self._stops > max(stops, 1):
                break
            time.sleep(0.05)
        for child in self._children:
            child.kill()
        for path in self._folder.glob("*.child"):
            path.unlink()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stops += 1
        self._must_stop.set()


def check_port(host: str, port: int) -> None:
    """Raise CannotServe unless this program can have the port for itself."""
    if not 0 < port < 65536:
        raise CannotServe(f"A port is a number from 1 to 65535, not {port}.")
    # Granian shares its port with whoever asks in the same way, so a bind alone would not tell.
    if _listens(host, port):
        free = next((other for other in range(port + 1, port + 100) if not _listens(host, other)), None)
        raise CannotServe(f"Port {port} is taken by another program. Choose another: make run PORT={free}")
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise CannotServe(f"Port {port} of {host} cannot be used: {error.strerror}.") from None


def collect_static_files(say: Callable[[str], Any]) -> None:
    """Put styles and scripts where they are served from, unless they are there."""
    stamp = settings.STATIC_ROOT / ".collected"
    wanted = hashlib.sha256("\n".join(sorted(_static_files())).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Collecting styles and scripts ...")
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(wanted)


def banner() -> str:
    """Return what somebody needs who has just started it."""
    told = demo.describe()
    files = "" if settings.EMAIL_URL else f", and as files in {settings.MAIL_FOLDER}/"
    lines = [
        "",
        f"alertops runs: {settings.BASE_URL}/",
        f"  Log in as {told.username}, password {told.password or 'as you have set it'}",
    ]
    if told.curl:
        lines += ["  Report a failed build by pasting this into another terminal:", "", told.curl, ""]
    lines += [
        f"  Mails can be read in the admin under Notifications > Notification log{files}.",
        "  Ctrl-C stops everything; the next start goes on with the same data.",
        "",
    ]
    return "\n".join(lines)


def _static_files() -> Iterator[str]:
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            yield f"{path} {status.st_size} {status.st_mtime_ns}"


def _listens(host: str, port: int) -> bool:
    reached = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 (compared, not bound)
    try:
        socket.create_connection((reached, port), timeout=1).close()
    except OSError:
        return False
    return True
