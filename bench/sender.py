"""A sender that keeps its pace whatever the server does, in a process of its own.

    sending = Sending(url, stories.new("storm", 500), rate=50)      # begins at once
    posts = sending.posts()                                         # waits for the end

Latency counts from the moment at which a delivery was due, not from the one at which a slow answer let
the sender go on: who waits for answers measures only what it waited for.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench import builds

PATIENCE = 60.0


@dataclass(frozen=True)
class Post:
    """One delivery.  due, sent, answered: by the monotonic clock.  status: 0 when nothing was answered."""

    build: str
    due: float
    sent: float
    answered: float
    status: int

    @property
    def latency(self) -> float:
        """Seconds from when it was due until it was answered."""
        return self.answered - self.due


class Sending:
    """Posts builds in order at a rate; rate 0: each of `connections` posts as soon as it is answered."""

    def __init__(
        self, url: str, told: Iterable[tuple[str, str]], *, rate: float, connections: int = 16
    ) -> None:
        task = {"url": url, "told": list(told), "rate": rate, "connections": connections}
        # A pipe that nobody reads yet would hold the sender up.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 (read and closed by posts)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.sender"],
            cwd=builds.ROOT,
            stdin=subprocess.PIPE,
            stdout=self._output,
        )
        assert self._process.stdin
        self._process.stdin.write(json.dumps(task).encode())
        self._process.stdin.close()

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None

    def posts(self) -> list[Post]:
        """Wait until all is sent; return what was."""
        if self._process.wait():
            raise RuntimeError("The sender of the benchmark died.")
        with self._output as output:
            output.seek(0)
            return [Post(*row) for row in json.load(output)]


class _Client:
    """Kept connections; a request takes a free one, or waits for one."""

    def __init__(self, url: str, connections: int) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path
        self._free: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        for _ in range(connections):
            self._free.put_nowait(None)

    async def post(self, build: str, body: bytes, due: float) -> Post:
        connection = await self._free.get()
        sent, status = time.monotonic(), 0
        try:
            connection = connection or await asyncio.open_connection(self._host, self._port)
            status = await asyncio.wait_for(self._exchange(connection, body), PATIENCE)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            connection = None
        finally:
            self._free.put_nowait(connection)
        return Post(build, due, sent, time.monotonic(), status)

    async def _exchange(self, connection: Any, body: bytes) -> int:
        reader, writer = connection
        headers = {**builds.HEADERS, "X-Request-UUID": uuid.uuid4(), "Content-Length": len(body)}
        lines = [f"POST {self._path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("content-length:")[2].partition("\r\n")[0]
        await reader.readexactly(int(length or 0))
        return int(head.split(" ", 2)[1])


async def _send(url: str, told: list[tuple[str, str]], rate: float, connections: int) -> list[Post]:
    client = _Client(url, connections)
    if not rate:
        return await _press(client, told, connections)
    begin = time.monotonic()
    posts = []
    for number, (build, said) in enumerate(told):
        due = begin + number / rate
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        posts.append(
            asyncio.create_task(client.post(build, builds.delivery(build, said, second=number), due))
        )
    return list(await asyncio.gather(*posts))


async def _press(client: _Client, told: list[tuple[str, str]], connections: int) -> list[Post]:
    rest = iter(enumerate(told))

    async def one_after_the_other() -> list[Post]:
        return [
            await client.post(build, builds.delivery(build, said, second=number), time.monotonic())
            for number, (build, said) in rest
        ]

    done = await asyncio.gather(*(one_after_the_other() for _ in range(connections)))
    return [post for posts in done for post in posts]


if __name__ == "__main__":
    posted = asyncio.run(_send(**json.loads(sys.stdin.buffer.read())))
    json.dump([[post.build, post.due, post.sent, post.answered, post.status] for post in posted], sys.stdout)
