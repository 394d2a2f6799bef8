"""Real processes for tests: a web server, workers and commands, on a data folder and database of their own.

    with Server("postgresql") as server:
        token = server.call(worlds.build_integration)      # runs there, answers as JSON
        requests.post(f"{server.url}/in/{token}", json={...})
        worker = server.spawn(worlds.drain_for_ever)       # a process; worker.kill() is kill -9
        server.wait_until(lambda: server.call(worlds.nothing_waits))

Everything that was started is stopped at the end, with all that it started itself; the database and the
folder are removed. When the block fails, the end of each process's output is printed.
"""

import atexit
import functools
import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import requests

ROOT = Path(__file__).resolve().parents[1]
DATABASES = ("sqlite", "postgresql")
PATIENCE = 30  # seconds that a process has to start, to stop or to get somewhere


class Server:
    """An installation of its own.

    database: "sqlite" or "postgresql".  web_workers: processes of the web server; 0 starts none.
    environment: variables on top of the tests' own, like REDIS_URL or EMAIL_URL.
    """

    def __init__(self, database: str = "sqlite", *, web_workers: int = 2, **environment: str) -> None:
        require(database)
        self.database = database
        self.web_workers = web_workers
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="alertops-server-"))
        self.processes: list[subprocess.Popen[bytes]] = []
        self._answerer: subprocess.Popen[bytes] | None = None
        self._one_call = threading.Lock()
        self._settings = environment
        self.environment: dict[str, str] = {}

    def __enter__(self) -> "Server":
        try:
            self.environment = {
                **_environment(self.folder, _copy_of_migrated(self.database, self.folder)),
                "ALERTOPS_BASE_URL": self.url,
                **self._settings,
            }
            if self.web_workers:
                self.web = self.start_web()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        for process in reversed(self.processes):
            self.stop(process)
        _kill(self._strays())
        if kind is not None:
            self._print_output()
        if self.database == "postgresql" and "DATABASE_URL" in self.environment:
            _drop(self.environment["DATABASE_URL"])
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_web(self) -> "subprocess.Popen[bytes]":
        """Start the web server as it runs in production, and wait until it answers."""
        web = self.start(
            Path(sys.executable).with_name("granian"),
            *("--interface", "rsgi", "--http", "1", "--no-ws", "--host", "127.0.0.1", "--port", self.port),
            *("--workers", self.web_workers),
            *("--respawn-failed-workers", "alertops.rsgi:application"),
        )
        self.wait_until(self._answers, "the web server did not answer", of=web)
        return web

    def start(self, *command: object, talks: bool = False) -> "subprocess.Popen[bytes]":
        """Start a command in a session of its own; its output goes to a file in the folder.

        talks: it is talked to by its standard input and output, and only its errors go to the file.
        """
        path = self.folder / f"output-{len(self.processes)}.log"
        with path.open("wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else output,
                stderr=output,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_command(self, *arguments: object) -> "subprocess.Popen[bytes]":
        """Start `manage.py ...` and let it run."""
        return self.start(sys.executable, "manage.py", *arguments)

    def spawn(self, function: Callable[..., Any], *arguments: Any) -> "subprocess.Popen[bytes]":
        """Run a module's function in a process of its own, and let it run."""
        return self.start(sys.executable, "-m", "tests.processes", _request(function, arguments))

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a module's function in this installation; return what it returns, through JSON.

        All calls are answered by one process, so that each costs milliseconds.
        """
        with self._one_call:
            if self._answerer is None or self._answerer.poll() is not None:
                self._answerer = self.start(sys.executable, "-m", "tests.processes", talks=True)
            stdin, stdout = self._answerer.stdin, self._answerer.stdout
            assert stdin
            assert stdout
            stdin.write(_request(function, arguments).encode() + b"\n")
            stdin.flush()
            answer = json.loads(stdout.readline() or '{"error": "it died"}')
        assert "error" not in answer, f"{function.__qualname__}: {answer['error']}"
        return answer["result"]

    def manage(self, *arguments: object) -> str:
        """Run `manage.py ...` to its end; return what it printed."""
        return _run([sys.executable, "manage.py", *map(str, arguments)], self.environment)

    def output(self, process: "subprocess.Popen[bytes]") -> str:
        """Return what a process has printed so far."""
        path = self.folder / f"output-{self.processes.index(process)}.log"
        return path.read_text(errors="replace")

    def stop(self, process: "subprocess.Popen[bytes]") -> int:
        """End a process as an operator does, by SIGTERM; kill what is left of it and of its children."""
        family = _family(process)
        if process.poll() is None:
            process.terminate()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        _kill(family)
        return process.wait()

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """`kill -9` a process with all its children, as a power cut would."""
        family = _family(process)
        process.kill()
        process.wait()
        _kill(family)

    def wait_until(
        self,
        check: Callable[[], Any],
        what: str = "it did not happen",
        *,
        of: "subprocess.Popen[bytes] | None" = None,
        seconds: float = PATIENCE,
    ) -> Any:
        """Return what the check returns as soon as that is true. of: a process that must live meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if result := check():
                return result
            assert of is None or of.poll() is None, f"{what}: it ended\n{self.output(of)}"
            time.sleep(0.05)
        raise AssertionError(f"{what} within {seconds} s")

    def _strays(self) -> list[psutil.Process]:
        """What our processes started and left behind: only they know this folder."""
        return [
            process
            for process in psutil.process_iter()
            if _variable_of(process, "ALERTOPS_DATA_DIR") == str(self.folder)
        ]

    def _answers(self) -> bool:
        try:
            return bool(requests.get(f"{self.url}/healthz", timeout=5).status_code)
        except requests.ConnectionError:
            return False

    def _print_output(self) -> None:
        for process in self.processes:
            print(f"--- {process.args!r}\n{self.output(process)[-4000:]}")


def require(database: str) -> None:
    """Skip the test where its database is missing; fail it under CI=true."""
    if database == "sqlite" or _has_postgresql():
        return
    if os.environ.get("CI") == "true":
        pytest.fail("CI needs a PostgreSQL server; DATABASE_URL names one.")
    pytest.skip("no PostgreSQL server here")


def _request(function: Callable[..., Any], arguments: tuple[Any, ...]) -> str:
    return json.dumps([function.__module__, function.__qualname__, arguments])


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def _environment(folder: Path, database_url: str) -> dict[str, str]:
    (folder / "static").mkdir(exist_ok=True)
    return {
        **os.environ,
        "ALERTOPS_DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "alertops.settings"),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


def _copy_of_migrated(database: str, folder: Path) -> str:
    """Make a database with all tables, by copying one that was migrated once; return its URL."""
    template = _migrated(database)
    if database == "sqlite":
        shutil.copy(template.removeprefix("sqlite:///"), folder / "alertops.sqlite3")
        return f"sqlite:///{folder}/alertops.sqlite3"
    return _create(template=template.rsplit("/", 1)[1])


@functools.cache
def _migrated(database: str) -> str:
    folder = Path(tempfile.mkdtemp(prefix="alertops-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if database == "sqlite":
        url = f"sqlite:///{folder}/template.sqlite3"
    else:
        url = _create(template="template1")
        atexit.register(_drop, url)
    _run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], _environment(folder, url))
    return url


def _postgresql() -> str:
    """The server that the tests use, without a database's name."""
    url = os.environ.get("DATABASE_URL", "")
    return url.rsplit("/", 1)[0] if url.startswith("postgres") else "postgres://"


@functools.cache
def _has_postgresql() -> bool:
    try:
        psycopg.connect(f"{_postgresql()}/postgres", connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _create(*, template: str) -> str:
    name = f"alertops_{uuid.uuid4().hex[:12]}"
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return f"{_postgresql()}/{name}"


def _drop(url: str) -> None:
    _administer(f'DROP DATABASE IF EXISTS "{url.rsplit("/", 1)[1]}" WITH (FORCE)')


def _administer(statement: str) -> None:
    with psycopg.connect(f"{_postgresql()}/postgres", autocommit=True) as connection:
        connection.execute(statement)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _family(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _variable_of(process: psutil.Process, name: str) -> str | None:
    try:
        return process.environ().get(name)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _kill(family: list[psutil.Process]) -> None:
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=5)


def main(*requests: str) -> None:
    """Answer the requests that were given, or else those that come by standard input, one a line."""
    import django  # noqa: PLC0415 (set up before the functions' modules are imported)
    from django import db  # noqa: PLC0415

    django.setup()
    for request in requests:
        _do(request)
    if requests:
        return
    answers, sys.stdout = sys.stdout, sys.stderr  # what functions print is no answer
    for request in sys.stdin:
        db.close_old_connections()
        try:
            answer = {"result": _do(request)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


def _do(request: str) -> Any:
    module, function, arguments = json.loads(request)
    return getattr(importlib.import_module(module), function)(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
