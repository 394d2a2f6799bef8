"""A way to PostgreSQL that can be made to stall, without touching the server that others use."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg


class Proxy:
    """Listens on a port of its own; url: what to give as DATABASE_URL in place of the given one."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            self._real = (connection.info.host, connection.info.port)
        self._flows = threading.Event()
        self._flows.set()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        who, at, _where = urlsplit(url).netloc.rpartition("@")
        here = f"{who}{at}127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = urlsplit(url)._replace(netloc=here).geturl()

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """Nothing goes through, as when the server hangs; connections stay open, and new ones are taken."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def close(self) -> None:
        self._flows.set()
        for opened in [self._listener, *self._open]:
            opened.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                server = self._connect()
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = self._real
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
