"""How another server is called: what is sent, what is read of the answer, and how long it may take."""

import datetime
import gzip
import ipaddress
import ssl
import threading
import time
import tracemalloc
import zlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alertops.lib import http
from tests.web import RudeServer, WebServer

MEGABYTE = 1_000_000
SOON, LATE = 0.5, 20.0  # seconds: when a call is to end, and when it certainly has not


@pytest.fixture(autouse=True)
def _loop_is_listed(settings):
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def server():
    with WebServer() as web_server:
        yield web_server


# What is sent


def test_a_request_arrives_as_it_is(server):
    answer = http.call(
        "PUT", f"{server.url}/a/b?c=d%20e#f", body=b"\x00\xff", headers={"X-One": "1", "Content-Type": "x/y"}
    )

    [request] = server.received
    assert (request.method, request.path, request.body) == ("PUT", "/a/b?c=d%20e", b"\x00\xff")
    assert (request.headers["x-one"], request.headers["content-type"]) == ("1", "x/y")
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert (request.headers["user-agent"], request.headers["accept-encoding"]) == ("alertops", "identity")
    assert answer.status == 200


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ("anna:hush", "Basic YW5uYTpodXNo"),
        ("anna:p%40ss%3aword", "Basic YW5uYTpwQHNzOndvcmQ="),
        ("anna:gr%C3%BCn", "Basic YW5uYTpncsO8bg=="),
        ("anna:grün", "Basic YW5uYTpncsO8bg=="),
        ("token", "Basic dG9rZW46"),
        (":hush", "Basic Omh1c2g="),
    ],
)
def test_user_and_password_of_an_address_are_sent_as_basic_auth_and_nowhere_else(
    server, credentials, expected
):
    http.call("GET", f"http://{credentials}@127.0.0.1:{server.port}/jobs")

    [request] = server.received
    assert request.headers["authorization"] == expected
    assert (request.path, request.headers["host"]) == ("/jobs", f"127.0.0.1:{server.port}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-One", "1\r\nX-Two: 2"),
        ("X-One", "1\nX-Two: 2"),
        ("X-One", "1\r X-Two"),
        ("X-One", "\x00"),
        ("X-One", "grün ☃"),
        ("X-One\r\nX-Two", "1"),
        ("X-One: 1\nX-Two", "1"),
        ("X One", "1"),
        ("", "1"),
        ("Host", "inside.example.com"),
        ("HOST", "inside.example.com"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "Upgrade"),
        ("Proxy-Authorization", "Basic YQ=="),
        ("Expect", "100-continue"),
    ],
)
def test_a_header_that_would_change_the_request_is_refused(server, name, value):
    with pytest.raises(http.Refused, match="header"):
        http.call("GET", server.url, headers={name: value})
    assert server.received == []


@pytest.mark.parametrize(
    "method", ["CONNECT", "TRACE", "get", "GET /keys HTTP/1.1\r\nHost: x\r\n\r\nGET", ""]
)
def test_an_unusual_method_is_refused(server, method):
    with pytest.raises(http.Refused, match="none of DELETE, GET"):
        http.call(method, server.url)
    assert server.received == []


def test_a_body_that_is_too_large_is_refused(server):
    with pytest.raises(http.Refused, match="more than 5000000"):
        http.call("POST", server.url, body=b"x" * (5 * MEGABYTE + 1))
    assert server.received == []


# What is read of the answer


def test_an_answer_is_read_whatever_its_status(server):
    server.answers(503, b"later", {"Retry-After": "60", "X-Two": "2"})

    answer = http.call("GET", server.url)

    assert (answer.status, answer.body, answer.text, answer.is_cut) == (503, b"later", "later", False)
    assert answer.headers["retry-after"] == "60"


@pytest.mark.parametrize(("size", "is_cut"), [(999, False), (1000, False), (1001, True), (5000, True)])
def test_only_the_beginning_of_a_long_answer_is_read(server, size, is_cut):
    server.answers(body=b"x" * size)

    answer = http.call("GET", server.url, most_bytes=1000)

    assert (len(answer.body), answer.is_cut) == (min(size, 1000), is_cut)


def test_an_answer_without_an_end_is_cut(server):
    def pour(connection, is_over):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not is_over.is_set():
            connection.sendall(b"x" * 100_000)

    with RudeServer(pour) as rude:
        answer = http.call("GET", rude.url)

    assert (len(answer.body), answer.is_cut) == (MEGABYTE, True)


def _gzip_twice(content):
    return gzip.compress(gzip.compress(content))


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("gzip, gzip", _gzip_twice)],
)
def test_a_bomb_is_unpacked_no_further_than_an_answer_may_be_long(server, encoding, pack):
    server.answers(body=pack(b"\0" * 100 * MEGABYTE), headers={"Content-Encoding": encoding})
    tracemalloc.start()
    try:
        answer = http.call("GET", server.url)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (len(answer.body), answer.is_cut) == (MEGABYTE, True)
    assert most < 20 * MEGABYTE


@pytest.mark.parametrize("status", [301, 302, 308])
def test_a_redirect_is_read_no_further_than_any_answer(server, status):
    headers = {"Content-Encoding": "gzip", "Location": f"{server.url}/elsewhere"}
    server.answers(status, gzip.compress(b"\0" * 100 * MEGABYTE), headers)
    tracemalloc.start()
    try:
        answer = http.call("GET", server.url)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (answer.status, len(answer.body), answer.is_cut) == (status, MEGABYTE, True)
    assert most < 20 * MEGABYTE


@pytest.mark.parametrize("location", ["http://[::1", "//", "http://", "\xff", "http://" + "a" * 300, "x\tx"])
def test_a_redirect_to_nonsense_is_an_answer_too(server, location):
    server.answers(302, b"over there", {"Location": location})

    answer = http.call("GET", server.url)

    assert (answer.status, answer.body) == (302, b"over there")


@pytest.mark.parametrize("encoding", ["gzip", ", ".join(["gzip"] * 50)])
def test_what_cannot_be_unpacked_is_told(server, encoding):
    server.answers(body=b"not packed", headers={"Content-Encoding": encoding})

    with pytest.raises(http.Unreachable, match="cannot be unpacked"):
        http.call("GET", server.url)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"hello\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 500 + b"\r\n",
    ],
)
def test_nonsense_for_an_answer_is_told_and_may_be_tried_again(said):
    def say(connection, _is_over):
        connection.recv(4096)
        connection.sendall(said)

    with RudeServer(say) as rude, pytest.raises(http.Unreachable, match=r"127\.0\.0\.1") as caught:
        http.call("GET", rude.url)
    assert type(caught.value) is http.Unreachable


# How long it may take


def _silent(connection, is_over):
    is_over.wait(LATE)


def _trickling_status(connection, is_over):
    connection.recv(4096)
    for byte in b"HTTP/1.1 200 OK\r\n" * 100:
        connection.sendall(bytes([byte]))
        is_over.wait(0.05)


def _trickling_headers(connection, is_over):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not is_over.is_set():
        connection.sendall(b"x")
        is_over.wait(0.05)


def _trickling_body(connection, is_over):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not is_over.is_set():
        connection.sendall(b"x")
        is_over.wait(0.05)


def _trickling_without_length(connection, is_over):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not is_over.is_set():
        connection.sendall(b"x")
        is_over.wait(0.05)


def _always_about_to(connection, is_over):
    connection.recv(4096)
    while not is_over.is_set():
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        is_over.wait(0.01)


@pytest.mark.parametrize(
    "behave",
    [
        _silent,
        _trickling_status,
        _trickling_headers,
        _trickling_body,
        _trickling_without_length,
        _always_about_to,
    ],
)
def test_a_call_ends_in_time_however_the_other_side_drags_it_out(behave):
    with RudeServer(behave) as rude:
        began = time.monotonic()
        with pytest.raises(http.Unreachable, match="within") as caught:
            http.call("GET", rude.url, seconds=SOON)

    assert time.monotonic() - began < LATE
    assert type(caught.value) is http.Unreachable


def test_a_server_that_does_not_take_what_is_sent_is_given_up():
    with RudeServer(_silent) as rude, pytest.raises(http.Unreachable, match="within"):
        http.call("POST", rude.url, body=b"x" * 5 * MEGABYTE, seconds=SOON)


def test_a_tls_greeting_without_an_answer_is_given_up():
    with RudeServer(_silent) as rude, pytest.raises(http.Unreachable, match="within"):
        http.call("GET", rude.url.replace("http:", "https:"), seconds=SOON)


def test_a_name_server_that_does_not_answer_is_given_up():
    is_over = threading.Event()
    with pytest.raises(http.Unreachable, match="no name server answers"):
        http.call(
            "GET", "http://slow.example.com/", seconds=SOON, resolve=lambda *_of: is_over.wait(LATE) or []
        )
    is_over.set()


def test_a_refused_connection_is_told():
    with RudeServer(_silent) as rude:
        url = rude.url
    with pytest.raises(http.Unreachable, match="the connection was refused"):
        http.call("GET", url)


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority of the operator's own: its file, and what makes a server's context."""
    folder = tmp_path_factory.mktemp("authority")
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("Our own authority")
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    certificate = (
        _certificate(name, key.public_key()).issuer_name(name).add_extension(constraints, critical=True)
    )
    signed = certificate.sign(key, hashes.SHA256())
    file = folder / "authority.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def server_for(host):
        return _server_context(folder, host, issuer=name, authority=key)

    return str(file), server_for


def _server_context(folder, host, *, issuer, authority):
    key = ec.generate_private_key(ec.SECP256R1())
    try:
        alternative = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    certificate = (
        _certificate(_name(host), key.public_key())
        .issuer_name(issuer)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(authority, hashes.SHA256())
    )
    file = folder / f"{host.replace(':', '-')}.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _certificate(name, public_key):
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def test_a_certificate_of_a_strange_authority_is_refused_and_the_setting_named(authority):
    _file, server_for = authority
    with WebServer(tls=server_for("127.0.0.1")) as secure:
        with pytest.raises(http.Unreachable, match="ALERTOPS_CA_FILE"):
            http.call("GET", f"{secure.url}/")
        assert secure.received == []


def test_the_operators_own_authority_is_trusted(authority, settings):
    settings.CA_FILE, server_for = authority
    with WebServer(tls=server_for("127.0.0.1")) as secure:
        assert http.call("GET", f"{secure.url}/").status == 200


def test_a_certificate_is_checked_by_the_name_though_the_address_is_called(authority, settings):
    settings.CA_FILE, server_for = authority
    with WebServer(tls=server_for("jenkins.example.com")) as secure:
        url = f"https://jenkins.example.com:{secure.port}/"
        assert http.call("GET", url, resolve=lambda *_of: ["127.0.0.1"]).status == 200
        assert secure.received[0].headers["host"] == f"jenkins.example.com:{secure.port}"


def test_a_certificate_for_another_name_is_refused(authority, settings):
    settings.CA_FILE, server_for = authority
    with WebServer(tls=server_for("other.example.com")) as secure:
        url = f"https://jenkins.example.com:{secure.port}/"
        with pytest.raises(http.Unreachable, match="its certificate is not trusted"):
            http.call("GET", url, resolve=lambda *_of: ["127.0.0.1"])
        assert secure.received == []


def test_a_file_of_authorities_that_cannot_be_read_is_told(settings, tmp_path):
    settings.CA_FILE = str(tmp_path / "none.pem")

    with pytest.raises(http.Unreachable, match="ALERTOPS_CA_FILE names"):
        http.call("GET", "https://127.0.0.1/")
