"""Real web servers for tests: one that notes what it gets, and one that misbehaves as it is told.

with WebServer() as server:
    server.answers(503, headers={"Retry-After": "60"})      # to the next request; then 200 again
    ...
    server.received[0].json()
"""

import functools
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

PATIENCE = 30.0  # seconds; a test that waits longer hangs


@dataclass(frozen=True)
class Received:
    """One request.  headers: by lower-case name."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Prepared:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] | None = None


class WebServer:
    """A web server on a port of its own.  received: what came, in order.  tls: https with this context."""

    def __init__(self, host: str = "127.0.0.1", *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self._prepared: list[Prepared] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Received(self.command, self.path, headers, self.rfile.read(size))
                server.received.append(request)
                server.write(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815

            def log_message(self, *_words: object) -> None:
                return

        self._server = _Server((host, port), Handler, tls)
        self.port: int = self._server.server_address[1]
        at = f"[{host}]" if ":" in host else host
        self.url = f"http{'s' if tls else ''}://{at}:{self.port}"

    def __enter__(self) -> "WebServer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answers(self, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer the next request like this."""
        self._prepared.append(Prepared(status, body, headers))

    def write(self, handler: BaseHTTPRequestHandler) -> None:
        prepared = self._prepared.pop(0) if self._prepared else Prepared()
        handler.send_response(prepared.status)
        for name, value in (prepared.headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(prepared.body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(prepared.body)


class RudeServer:
    """Takes one connection after another and does with it as it is told, until the test is over."""

    def __init__(self, behave: Callable[[socket.socket, threading.Event], None]) -> None:
        self.is_over = threading.Event()
        self.connections = 0
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> "RudeServer":
        self._start(self._take)
        return self

    def __exit__(self, *_error: object) -> None:
        self.is_over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()

    def _take(self) -> None:
        while not self.is_over.is_set():
            try:
                connection, _address = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            connection.settimeout(PATIENCE)
            self._start(functools.partial(self._serve, connection))

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._behave(connection, self.is_over)
            except OSError:  # the caller has hung up
                return

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: tuple[str, int], handler: Any, tls: ssl.SSLContext | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        self.tls = tls
        super().__init__(place, handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer would look its own name up

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.tls:
            connection.settimeout(PATIENCE)
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, _request: Any, _address: Any) -> None:
        """A caller that hangs up is no news."""
