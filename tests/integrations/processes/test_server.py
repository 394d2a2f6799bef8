"""The door behind a real web server: bodies in every shape, and what it leans on gone."""

import contextlib
import http.client
import json
import socket

import psycopg
import pytest
import requests

from tests.integrations.processes import worlds
from tests.integrations.processes.worlds import build
from tests.processes import Server

pytestmark = pytest.mark.processes
BODY = build("FAILED").encode()


@pytest.fixture(scope="module")
def server():
    with Server() as server:
        server.token = server.call(worlds.build_integration)
        yield server


def post(server, body, **headers):
    headers = {"Content-Type": "application/json"} | headers
    return requests.post(f"{server.url}/in/{server.token}", body, headers=headers, timeout=30)


def send_raw(server, *lines, body=b""):
    """Send a request as it is, say no more, and return the status and the JSON that is answered."""
    head = "\r\n".join([f"POST /in/{server.token} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""])
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, json.loads(answer.read())


def last_message(server):
    return server.call(worlds.last_message)


def test_a_body_with_a_length_is_stored_whole(server):
    assert post(server, BODY).status_code == 202
    assert last_message(server) == ["pending", "", BODY.decode()]


def test_a_body_in_chunks_is_stored_whole(server):
    assert post(server, iter([BODY[:10], BODY[10:]])).status_code == 202
    assert last_message(server) == ["pending", "", BODY.decode()]


def test_a_body_that_broke_off_is_not_taken_for_whole(server):
    status, answer = send_raw(server, f"Content-Length: {len(BODY) + 50}", body=BODY)

    assert (status, answer["error"]) == (400, "unreadable_body")
    assert last_message(server)[:2] == ["refused", "unreadable_body"]


def test_chunks_that_broke_off_are_not_json(server):
    chunk = b"%x\r\n%s\r\n" % (len(BODY[:30]), BODY[:30])
    status, answer = send_raw(server, "Transfer-Encoding: chunked", body=chunk)

    assert (status, answer["error"]) == (400, "unreadable_body")


@pytest.mark.parametrize("body", [b"x" * 3_000_000, iter([b"x" * 100_000] * 30)], ids=["length", "chunks"])
def test_too_large_a_body_is_answered_and_not_stored(server, body):
    answer = post(server, body)

    assert answer.status_code == 413
    assert last_message(server) == ["refused", "too_large", ""]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_that_is_fetched_opens_nothing(server, method):
    answer = requests.request(method, f"{server.url}/in/{server.token}?status=open", timeout=10)

    assert answer.status_code == 405


def test_a_dead_queue_and_a_dead_cache_do_not_fail_a_delivery():
    with Server(REDIS_URL="redis://127.0.0.1:1") as server:
        server.token = server.call(worlds.build_integration)

        assert {post(server, BODY).status_code for _time in range(3)} == {202}
        assert requests.post(f"{server.url}/in/nobody", BODY, timeout=10).status_code == 404
        assert server.call(worlds.waiting) == 3


@contextlib.contextmanager
def away(server):
    """The server's database refuses everybody, and has thrown out who was there."""
    base, name = server.environment["DATABASE_URL"].rsplit("/", 1)
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        yield
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_while_the_database_is_away_senders_are_asked_to_try_again():
    with Server("postgresql") as server:
        server.token = server.call(worlds.build_integration)
        assert post(server, BODY).status_code == 202

        with away(server):
            answer = post(server, BODY)
            assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
            assert int(answer.headers["Retry-After"]) > 0

        assert post(server, BODY).status_code == 202
        assert server.call(worlds.waiting) == 2
