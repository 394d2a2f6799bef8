"""A real `runworker` on an installation of its own, and what is to be seen of it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from alertops import cluster
from tests.processes import Server
from tests.redis_server import RedisServer
from tests.supervisor import probes

# Seconds until a task runs again; measured are 0.1 to 3 (docs/worker.md), other tests may need the machine.
RECOVERED = 20
WORKERS = 2


class Worker:
    """`runworker`, started and looked at."""

    process: "subprocess.Popen[bytes]"

    def __init__(self, server: Server, redis: RedisServer | None = None) -> None:
        self.server, self.redis = server, redis
        self._tasks = 0

    def start(self) -> None:
        self.process = self.server.start_command("runworker", "--skip-checks")

    def cards(self, name: str = "alerts") -> list[cluster.Card]:
        folder = next((Path(self.server.folder) / "run").glob(f"*/{name}"), None)
        return cluster.roll_call(folder)[0] if folder else []

    def pids(self, role: str, *, is_busy: bool = False) -> list[int]:
        return [card.pid for card in self.cards() if card.role == role and card.is_busy == is_busy]

    def is_complete(self) -> bool:
        return len(self.cards()) == WORKERS + 4 and len(self.cards("slow")) == 5

    def wait_until_complete(self) -> None:
        self.server.wait_until(self.is_complete, "the clusters did not come up", of=self.process)

    def enqueue(self, task: str, *arguments: int | str) -> None:
        self.server.call(probes.enqueue, task, *arguments)

    def runs_a_task(self) -> bool:
        """Ask for tasks until one has run: one may be lost with whom it had reached."""
        end = time.monotonic() + RECOVERED
        while time.monotonic() < end:
            self._tasks += 1
            mark = Path(self.server.folder) / f"mark-{self._tasks}"
            self.enqueue(probes.NOTE, str(mark))
            for _ in range(10):
                if mark.exists():
                    return True
                time.sleep(0.05)
        return False


@contextmanager
def running(kind: str) -> Iterator[Worker]:
    """Run one on SQLite with its own queue ("orm"), or on PostgreSQL and Redis ("redis")."""
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer()) if kind == "redis" else None
        settings = {"database": "postgresql", "REDIS_URL": redis.url} if redis else {"database": "sqlite"}
        server = stack.enter_context(Server(web_workers=0, ALERTOPS_WORKERS=str(WORKERS), **settings))
        worker = Worker(server, redis)
        worker.start()
        worker.wait_until_complete()
        yield worker
