"""Senders that are slow, silent or gone hold no thread, and nobody else waits for them."""

import contextlib
import re
import socket
import time

import psutil
import pytest

from tests.harm import worlds
from tests.harm.table import GREEN
from tests.harm.wire import connected, exchange, read_answer, request
from tests.processes import Server

pytestmark = pytest.mark.processes
MANY = 200
SECONDS = 4


@pytest.fixture(scope="module")
def door():
    with Server(web_workers=1, ALERTOPS_DOOR_SECONDS=str(SECONDS)) as server:
        server.token = server.call(worlds.build_doors)["plain"].encode()
        yield server


def to(door, sent):
    return sent.replace(b"{plain}", door.token)


@contextlib.contextmanager
def many(door, begin, count=MANY):
    """That many connections, each of which has sent the same beginning."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connected(door.port)) for _number in range(count)]
        for connection in connections:
            connection.sendall(to(door, begin))
        yield connections


def slowest_of(door, count=30):
    """Send honest deliveries one after another; return how many seconds the slowest took."""
    times = []
    for _number in range(count):
        began = time.monotonic()
        assert exchange(door.port, to(door, request(GREEN))).status == 202
        times.append(time.monotonic() - began)
    return max(times)


def threads_of(door):
    (worker,) = psutil.Process(door.web.pid).children()[-1:]
    return worker.num_threads()


def test_200_senders_of_a_byte_a_second_delay_nobody_and_come_to_an_end(door):
    threads = threads_of(door)
    head = to(door, request(b"{", length=b"3000"))
    chunks = to(door, request(b"1\r\n{\r\n", b"Transfer-Encoding: chunked", length=b""))
    with many(door, head, MANY // 2) as plain, many(door, chunks, MANY // 2) as chunked:
        end = time.monotonic() + SECONDS - 1
        slowest = 0.0
        while time.monotonic() < end:
            for connection in plain:
                connection.sendall(b" ")
            for connection in chunked:
                connection.sendall(b"1\r\n \r\n")
            slowest = max(slowest, slowest_of(door, 5))
            time.sleep(0.5)
        answers = [read_answer(connection) for connection in [*plain, *chunked]]

    assert slowest < 2
    assert threads_of(door) <= threads
    assert {answer.status for answer in answers} == {408}
    assert {answer.json()["error"] for answer in answers} == {"unreadable_body"}
    assert "send it at one go" in answers[0].json()["detail"]
    reasons = [reason for reason, _detail in door.call(worlds.became, 0)]
    assert reasons.count("unreadable_body") == MANY


@pytest.mark.parametrize(
    "begin",
    [b"", b"POST /in/", request(GREEN)[:40], request(length=b"500"), request(b"{", length=b"500")],
    ids=["nothing", "half a line", "half the head", "no body", "half a body"],
)
def test_200_silent_senders_delay_nobody(door, begin):
    with many(door, begin):
        assert slowest_of(door) < 2


def test_senders_that_never_read_their_answers_delay_nobody(door):
    one = to(door, request(GREEN)).replace(b"Connection: close\r\n", b"")
    with many(door, one * 20, 20):
        assert slowest_of(door) < 5


def test_a_sender_that_goes_away_in_the_middle_is_put_on_record(door):
    before = door.call(worlds.newest)

    with connected(door.port) as connection:
        connection.sendall(to(door, request(GREEN, length=b"9000")))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, no goodbye

    door.wait_until(lambda: "The body broke off" in str(door.call(worlds.became, before)))


def test_requests_in_one_breath_are_answered_in_their_order(door):
    one = to(door, request(GREEN)).replace(b"Connection: close\r\n", b"")
    with connected(door.port) as connection:
        connection.sendall(one * 19 + to(door, request(GREEN)))
        answers = b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    ids = [int(number) for number in re.findall(r'{"id": (\d+)', answers)]
    assert len(ids) == 20
    assert ids == sorted(ids)
