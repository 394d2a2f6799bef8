"""A bell between the processes of one machine: who waits for something wakes at once when another made it."""

import os
import select
import time
from contextlib import suppress
from pathlib import Path

_ANY_NUMBER_OF_RINGS = 65536  # as many as a pipe holds


class Bell:
    """A named pipe. What it says may be lost: who waits looks after a time in any case.

    path: the same for all; its folder is made by who waits.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listening: int | None = None

    def ring(self) -> None:
        """Wake who waits; it does not matter whether anybody does."""
        with suppress(OSError):  # nobody listens, or as many rings wait as a pipe holds
            pipe = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
            try:
                os.write(pipe, b"!")
            finally:
                os.close(pipe)

    def wait(self, seconds: float, *, deaf: float) -> None:
        """Wait until it rings, or has rung since the last time, but no longer than so many seconds.

        deaf: how long to wait where the file system has no pipes.
        """
        try:
            pipe = self._listen()
        except OSError:
            time.sleep(deaf)
            return
        if select.select([pipe], [], [], seconds)[0]:
            with suppress(BlockingIOError):  # another who waits has heard the same ring
                os.read(pipe, _ANY_NUMBER_OF_RINGS)

    def _listen(self) -> int:
        if self._listening is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.mkfifo(self._path, mode=0o600)
            # For writing as well: so there is always a writer, and the pipe never ends.
            self._listening = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        return self._listening
