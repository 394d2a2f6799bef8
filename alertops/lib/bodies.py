"""How a request's body is read from a sender that may be slow, silent, broken or without end."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

SMALL = 65_536  # bytes; a body that announces no more is read at one go
MOST_MEMORY = 64_000_000  # bytes of all larger bodies that are being read


class Channel(Protocol):
    """Granian's way to a sender: the body comes whole by a call, or in pieces; a second answer is ignored."""

    def __call__(self) -> Awaitable[bytes]: ...
    def __aiter__(self) -> Any: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


class CutOff(Exception):
    """The body did not come to its end in time, or at all. read: what came of it, as far as is known."""

    def __init__(self, read: bytes, *, is_late: bool) -> None:
        super().__init__()
        self.read, self.is_late = read, is_late


class NoRoom(Exception):
    """The bodies that are being read fill the memory that is meant for them."""


class Reader:
    """Reads bodies in an event loop, and never more than is taken.

    most: bytes of one body.  within: seconds that one may last.  memory: bytes of all larger ones together.
    """

    def __init__(self, *, most: int, within: float, memory: int = MOST_MEMORY) -> None:
        self._most, self._within, self._memory = most, within, memory
        self._held = 0

    async def read(self, headers: Any, channel: Channel) -> bytes:
        """Return the body: whole, or more than is taken, or nothing if it announces more than is taken.

        Raises CutOff or NoRoom.
        """
        length = headers.get("content-length") or "0"
        is_chunked = headers.get("transfer-encoding") is not None
        size = self._most if is_chunked else int(length)
        if not size or size > self._most:
            return b""
        pieces: list[bytes] = []
        try:
            async with asyncio.timeout(self._within):
                if size <= SMALL and not is_chunked:
                    return bytes(await channel())
                return await self._read_pieces(channel, pieces, has_trailer="trailer" in headers)
        except TimeoutError:
            raise CutOff(b"".join(pieces), is_late=True) from None
        except RuntimeError:  # granian's word for a transport that is gone
            raise CutOff(b"".join(pieces), is_late=False) from None

    async def _read_pieces(self, channel: Channel, pieces: list[bytes], *, has_trailer: bool) -> bytes:
        """Granian ends a body with one empty piece, and with two when it broke off or has a trailer."""
        size = empty = 0
        try:
            async for piece in channel:
                size += len(piece)
                self._held += len(piece)
                empty += not piece
                if self._held > self._memory:
                    raise NoRoom
                pieces.append(bytes(piece))
                if size > self._most:
                    break
        finally:
            self._held -= size
        if empty > 1 and not has_trailer:
            raise CutOff(b"".join(pieces), is_late=False)
        return b"".join(pieces)
