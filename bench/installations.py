"""What is measured, as it runs in production: alertops, and a bare Django project beside it."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import requests

from tests.processes import Server
from tests.redis_server import RedisServer

# Processes of the web server, and threads of the bare project's: those with which it is fastest.
PROCESSES = {"postgresql": 2, "sqlite": 1}
THREADS_OF_BARE = {"postgresql": 16, "sqlite": 8}


@contextlib.contextmanager
def alertops(database: str, **environment: str) -> Iterator[Server]:
    """Run alertops with its web server, on PostgreSQL with Redis, or embedded on SQLite.

    environment: more variables, like EMAIL_URL.  A worker is started by the scenario that wants one:
    `server.start_command("runworker")`.
    """
    with contextlib.ExitStack() as stack:
        if database == "postgresql":
            environment["REDIS_URL"] = stack.enter_context(RedisServer()).url
        yield stack.enter_context(Server(database, web_workers=PROCESSES[database], **environment))


@dataclass(frozen=True)
class Web:
    """A web server that runs in an installation."""

    url: str
    process: "subprocess.Popen[bytes]"

    def cpu_seconds(self) -> float:
        """Return what its processes have used of the cores so far."""
        parent = psutil.Process(self.process.pid)
        times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
        return sum(time.user + time.system for time in times)


def start_bare(server: Server) -> Web:
    """Start the bare project in an installation, with the server, flags and processes that alertops has."""
    port = str(_free_port())
    assert isinstance(server.web.args, list)
    command = [*map(str, server.web.args[:-1]), *("--interface", "wsgi", "--port", port)]
    command += ["--blocking-threads", str(THREADS_OF_BARE[server.database]), "bench.bare.wsgi:application"]
    web = Web(f"http://127.0.0.1:{port}", server.start(*command))
    server.wait_until(
        lambda: _answers(f"{web.url}/nothing"), "the bare project did not answer", of=web.process
    )
    return web


def _answers(url: str) -> bool:
    try:
        return requests.post(url, data=b"{}", timeout=5).ok
    except requests.ConnectionError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
