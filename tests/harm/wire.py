"""Requests as bytes, and what comes back: polite clients would mend what is to be sent broken."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PATIENCE = 20  # seconds


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


def request(
    body: bytes = b"",
    *lines: bytes,
    to: bytes = b"/in/{plain}",
    method: bytes = b"POST",
    version: bytes = b"1.1",
    length: bytes | None = None,
    host: bytes = b"127.0.0.1",
) -> bytes:
    """Return a request; its length is that of the body unless something else is claimed, or b"" for none."""
    claimed = str(len(body)).encode() if length is None else length
    head = [method + b" " + to + b" HTTP/" + version, b"Host: " + host, b"Connection: close", *lines]
    head += [b"Content-Length: " + claimed] if claimed else []
    return b"\r\n".join([*head, b"", body])


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", lines: tuple[bytes, ...] = ()) -> bytes:
    """Return a request whose body comes in chunks."""
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return request(pieces + end, b"Transfer-Encoding: chunked", *lines, length=b"")


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        yield connection


def exchange(port: int, sent: bytes, *, half_close: bool = False) -> Answer | None:
    """Send bytes as they are; return what is answered, or None when the server just hangs up."""
    with connected(port) as connection:
        # Who is refused early may be cut off while still sending.
        with contextlib.suppress(OSError):
            connection.sendall(sent)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        return read_answer(connection, method=sent.partition(b" ")[0].decode("latin-1"))


def read_answer(connection: socket.socket, *, method: str = "POST") -> Answer | None:
    response = http.client.HTTPResponse(connection, method=method)
    try:
        response.begin()
        text = response.read().decode()
    except (http.client.BadStatusLine, ConnectionError):
        return None
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
