"""What WSGI calls a request, made of what granian's RSGI tells about it."""

import io
import sys
from typing import Any, Protocol

CUT_OFF = "alertops.cut_off"  # in the environ of a request whose body did not come to its end


class Scope(Protocol):
    """What granian tells about a request, its body apart."""

    method: str
    path: str  # decoded
    query_string: str
    scheme: str
    http_version: str
    client: str  # address and port
    server: str
    headers: Any


_SAME = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


def make(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the environ of a request that has been read."""
    host, _colon, port = scope.server.rpartition(":")
    environ = {
        **_SAME,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        **_headers(scope.headers),
    }
    if "HTTP_TRANSFER_ENCODING" in environ:  # it came in chunks, but now its length is known
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _headers(given: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in given.items():
        if "_" in name:  # X_Forwarded_For would pass for X-Forwarded-For
            continue
        key = _PLAIN.get(name) or "HTTP_" + name.upper().replace("-", "_")
        glue = "; " if key == "HTTP_COOKIE" else ","
        headers[key] = f"{headers[key]}{glue}{value}" if key in headers else value
    return headers


_PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
