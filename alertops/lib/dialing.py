"""How a connection is made: to an address that was checked, and cut when the time is over."""

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from alertops.lib import networks
from alertops.lib.networks import Verdict
from alertops.lib.sayings import saying
from alertops.lib.targets import Refused, Target, Unreachable

CONNECT_SECONDS = 3.05  # for each address of a name
MOST_ADDRESSES = 4
# Given a name and a port: the addresses behind it, the best first. Raises OSError or UnicodeError.
Resolver = Callable[[str, int], Sequence[str]]

CANNOT = saying("%(host)s cannot be called: %(why)s.", within=["why"])
SILENT = saying("nothing answers there")
REFUSED = saying("the connection was refused")
NO_NAME_SERVER = saying("no name server answers")
NO_NAME = saying("the name is not known here")
TOO_SLOW = saying("%(host)s did not answer within %(seconds)d seconds.")
NEVER = saying("%(host)s is not called: link-local, metadata and group addresses never are.")
PRIVATE = saying(
    "%(host)s is not called: it is at %(address)s, a private address. If this server is to call it, the"
    " operator adds it, or its network, to ALERTOPS_OUTBOUND_NETWORKS."
)


def look_up(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_kind, place in found))


class Line:
    """One call's connection.

    The time runs from `with` on. When it is over the connection is shut down, so that whatever waits on
    it, wherever it waits (a slow header, a trickle of bytes, TLS), is told at once.
    """

    def __init__(self, target: Target, *, seconds: float, resolve: Resolver = look_up) -> None:
        self.target = target
        self.seconds = seconds
        self.resolve = resolve
        self.is_over = False
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._end = time.monotonic() + self.seconds
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a connection to the first address of a name that may be called and answers.

        Raises Refused, Unreachable.
        """
        why: OSError | None = None
        for address in self._allowed(host, port)[:MOST_ADDRESSES]:
            try:
                made = socket.create_connection((str(address), port), self._left(CONNECT_SECONDS))
            except OSError as error:
                why = error
            else:
                return self._watched(made)
        is_silent = isinstance(why, TimeoutError)
        raise Unreachable(_cannot(self.target, SILENT if is_silent else REFUSED)) from why

    def too_slow(self) -> Unreachable:
        return Unreachable(TOO_SLOW % {"host": self.target.shown, "seconds": self.seconds})

    def _allowed(self, host: str, port: int) -> list[networks.Address]:
        """Return the addresses of a name that may be called. Raises Refused when there are none."""
        listed = networks.listed()
        found = [networks.plain(ipaddress.ip_address(text)) for text in self._look_up(host, port)]
        verdicts = {address: networks.verdict(address, listed) for address in found}
        allowed = [address for address in verdicts if verdicts[address] is Verdict.ALLOWED]
        if not allowed:
            raise Refused(_refusal(host, verdicts.items()))
        return allowed

    def _look_up(self, host: str, port: int) -> Sequence[str]:
        """Ask for a name's addresses, in a thread of its own: a name server may keep one waiting."""
        answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self.resolve(host, port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=self._left(self.seconds))
        except queue.Empty:
            raise Unreachable(_cannot(self.target, NO_NAME_SERVER)) from None
        if isinstance(answer, Exception) or not answer:
            raise Unreachable(_cannot(self.target, NO_NAME))
        return answer

    def _left(self, at_most: float) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.too_slow()
        return min(left, at_most)

    def _watched(self, made: socket.socket) -> socket.socket:
        """Keep hold of a connection, whatever is wrapped around it later.

        What is sent has no time of its own: a sender that gave up a moment before the line is cut would
        report a connection that was refused.
        """
        made.settimeout(self.seconds)
        with self._lock:
            self._connection = made.dup()
            if self.is_over:
                self._shut()
        return made

    def _cut(self) -> None:
        with self._lock:
            self.is_over = True
            self._shut()

    def _shut(self) -> None:
        if self._connection:
            try:
                self._connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other side was faster
                return


def _cannot(target: Target, why: str) -> str:
    return CANNOT % {"host": target.shown, "why": why}


def _refusal(host: str, verdicts: Iterable[tuple[networks.Address, Verdict]]) -> str:
    """Say why none of the addresses of a name is called, and what the operator can do if he wants it."""
    private = [address for address, verdict in verdicts if verdict is Verdict.PRIVATE]
    if not private:
        return NEVER % {"host": host}
    return PRIVATE % {"host": host, "address": private[0]}
