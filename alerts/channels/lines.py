"""The lines to providers that this process holds open: kept for a while, for the next letter."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from alerts.channels.contract import Channel, Receipt, Send
from alerts.logic.notification import Letter

QUICK = timedelta(seconds=0.05)


class Line:
    """One connection of a channel, opened for its first letter.

    pace: how long a call took of late, whatever came of it; None before the first.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.pace: timedelta | None = None
        self._connection = ExitStack()
        self._send: Send | None = None

    @property
    def is_open(self) -> bool:
        return self._send is not None

    @property
    def is_quick(self) -> bool:
        """Whether a call holds up nobody who waits for it."""
        return self.pace is not None and self.pace < QUICK

    def send(self, letter: Letter) -> Receipt:
        began = time.monotonic()
        try:
            if self._send is None:
                self._send = self._connection.enter_context(self.channel.connect())
            return self._send(letter)
        finally:
            took = timedelta(seconds=time.monotonic() - began)
            self.pace = took if self.pace is None else (self.pace + took) / 2

    def close(self) -> None:
        self._send = None
        self._connection.close()


@contextmanager
def line_to(channel: Channel) -> Iterator[Line]:
    """Lend a line of this process to nobody else meanwhile; then keep it, unless something is raised."""
    line = _kept.take(channel) or Line(channel)
    try:
        yield line
    except BaseException:
        line.close()
        raise
    finally:
        if line.pace is not None:
            _paces[channel] = line.pace
    if line.is_open and channel.kept:
        _kept.put(line)
    else:
        line.close()


def are_quick() -> bool:
    """Tell whether no provider has kept this process waiting when it was called last."""
    return all(pace < QUICK for pace in _paces.values())


def forget_all() -> None:
    """Close the lines that nobody uses, and forget how quick they were."""
    _kept.close_all()
    _paces.clear()


class _Kept:
    """The lines that wait, one for each channel, each with what will close it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Channel, tuple[Line, threading.Timer]] = {}

    def take(self, channel: Channel) -> Line | None:
        with self._lock:
            line, farewell = self._waiting.pop(channel, (None, None))
        if farewell:
            farewell.cancel()
        return line

    def put(self, line: Line) -> None:
        farewell = threading.Timer(line.channel.kept.total_seconds(), self._close, [line])
        farewell.daemon = True
        with self._lock:
            is_kept = self._waiting.setdefault(line.channel, (line, farewell))[0] is line
        if is_kept:
            farewell.start()
        else:
            line.close()

    def close_all(self) -> None:
        for channel in list(self._waiting):
            line = self.take(channel)
            if line:
                line.close()

    def _close(self, line: Line) -> None:
        with self._lock:
            is_waiting = self._waiting.get(line.channel, (None, None))[0] is line
            if is_waiting:
                del self._waiting[line.channel]
        if is_waiting:
            line.close()


_kept = _Kept()
_paces: dict[Channel, timedelta] = {}  # of the last line to each provider
