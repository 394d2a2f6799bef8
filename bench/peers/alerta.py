"""Alerta, a Flask application on PostgreSQL, in a Python environment of its own: `make bench-peers`."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bench import bodies
from bench.load import Target
from bench.peers import installed
from tests.processes import Server

GUNICORN = Path(__file__).resolve().parents[2] / "var" / "peers" / "alerta" / "bin" / "gunicorn"


@contextlib.contextmanager
def running(server: Server) -> Iterator[Target]:
    """Run it with as many processes as alertops, in the same database: their tables have other names."""
    program = installed.program(str(GUNICORN), "make bench-peers")
    if server.database != "postgresql":
        raise installed.Missing("it needs PostgreSQL")
    home = installed.home(server, "alerta")
    url = f"http://127.0.0.1:{installed.free_port()}"
    # It makes its tables at the start, which only one process at a time survives.
    command = [program, "--preload", "--workers", str(server.web_workers), "--threads", "8"]
    command += ["--bind", url.removeprefix("http://"), "alerta:create_app()"]
    environment = {
        "DATABASE_URL": server.environment["DATABASE_URL"],
        "DATABASE_NAME": server.environment["DATABASE_URL"].rpartition("/")[2],
        "SECRET_KEY": "only for the benchmark",
        "AUTH_REQUIRED": "False",
    }
    with installed.serving(command, f"{url}/management/gtg", home / "output.log", environment):
        yield Target(url=f"{url}/alert", bodies=bodies.alerta(), status=201)
