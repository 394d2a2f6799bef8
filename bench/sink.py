"""A mail server that takes everything at once, in a process of its own, and notes when.

with Sink() as sink:        # sink.url is for EMAIL_URL
    ...
    sink.mails()            # what came: alert, notification, and when it was taken
"""

import asyncio
import re
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[1]
_NOTIFICATION = re.compile(rb"^Message-ID:\s+<alert-(\d+)\.(\d+)\.", re.IGNORECASE | re.MULTILINE)
ANSWERS = {
    b"EHLO": b"250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
TAKEN = b"250 2.0.0 taken\r\n"


@dataclass(frozen=True)
class Mail:
    """One mail.  at: by the monotonic clock, which all processes of a machine share."""

    alert_id: int
    notification_id: int
    at: float


class Sink:
    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self._port}"

    def __enter__(self) -> "Sink":
        self._folder = tempfile.TemporaryDirectory(prefix="alertops-sink-")
        self._path = Path(self._folder.name) / "mails"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.sink", str(self._port), str(self._path)],
            cwd=ROOT,
            start_new_session=True,
        )
        while not self._path.exists():
            if self._process.poll() is not None:
                raise RuntimeError("The mail server of the benchmark did not start.")
            time.sleep(0.02)
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()

    def mails(self) -> list[Mail]:
        """Return all that came so far."""
        rows = (
            line.split() for line in self._path.read_text().splitlines(keepends=True) if line.endswith("\n")
        )
        return [Mail(int(alert), int(notification), float(at)) for alert, notification, at in rows]


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notes: TextIO) -> None:
    """Answer one client until it goes."""
    writer.write(b"220 bench\r\n")
    try:
        while line := await reader.readline():
            word = line[:4].upper()
            writer.write(ANSWERS.get(word, b"250 yes\r\n"))
            if word == b"QUIT":
                break
            if word == b"DATA":
                mail = await reader.readuntil(b"\r\n.\r\n")
                writer.write(TAKEN)
                found = _NOTIFICATION.search(mail)
                numbers = [number.decode() for number in found.groups()] if found else ["0", "0"]
                notes.write(f"{' '.join(numbers)} {time.monotonic():.6f}\n")
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _serve(port: int, path: Path) -> None:
    with path.open("w", buffering=1) as notes:
        server = await asyncio.start_server(
            lambda reader, writer: _talk(reader, writer, notes), "127.0.0.1", port, limit=10_000_000
        )
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
