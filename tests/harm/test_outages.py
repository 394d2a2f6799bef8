"""What the door stands on fails: sender, log and /readyz are told, and nothing that was taken is lost."""

import contextlib
import resource
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
import requests

from tests.harm import worlds
from tests.harm.proxy import Proxy
from tests.harm.table import GREEN
from tests.processes import Server

pytestmark = pytest.mark.processes
SECONDS = 2
SENDERS = 12
MOST_LINES = 20  # of an outage each, in a log that all tests share; there are hundreds of deliveries
ANY = {"busy", "unavailable"}


@contextlib.contextmanager
def door_on(database):
    with Server(database, web_workers=0, ALERTOPS_DOOR_SECONDS=str(SECONDS)) as server:
        server.web_workers = 1
        server.token = server.call(worlds.build_doors)["plain"]
        server.taken = set()
        yield server


@pytest.fixture(scope="module")
def door():
    with door_on("sqlite") as server:
        server.web = server.start_web()
        yield server


@pytest.fixture(scope="module")
def door_on_postgresql():
    with door_on("postgresql") as server:
        real = server.environment["DATABASE_URL"]
        with contextlib.closing(Proxy(real)) as server.proxy:
            server.environment["DATABASE_URL"] = server.proxy.url
            server.web = server.start_web()
            server.environment["DATABASE_URL"] = real
            yield server


def post(door):
    answer = requests.post(f"{door.url}/in/{door.token}", GREEN, timeout=30)
    if answer.status_code == 202:
        door.taken.add(answer.json()["id"])
    return answer


def probe(door, name):
    return requests.get(f"{door.url}/{name}", timeout=30)


def attack(door):
    """Send deliveries at the same time; return the answers, and how long the slowest took."""
    began = time.monotonic()
    with ThreadPoolExecutor(SENDERS) as senders:
        answers = list(senders.map(lambda _number: post(door), range(SENDERS)))
    return answers, time.monotonic() - began


def assert_told(door, answers, errors, words):
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["error"] for answer in answers} <= errors
    assert words in " ".join(answer.json()["detail"] for answer in answers)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    output = door.output(door.web)
    assert 0 < output.count(" ERROR ") < MOST_LINES
    assert door.token not in output


def assert_recovers(door):
    door.wait_until(lambda: post(door).status_code == 202)
    assert {post(door).status_code for _time in range(5)} == {202}
    assert door.taken <= set(door.call(worlds.stored))


def test_a_database_that_hangs_keeps_nobody_waiting(door_on_postgresql):
    door = door_on_postgresql
    assert post(door).status_code == 202
    with door.proxy.stalled():
        answers, seconds = attack(door)
        newcomers, seconds_of_newcomers = attack(door)
        pulse, ready = probe(door, "healthz"), probe(door, "readyz")

    assert_told(door, answers + newcomers, ANY, "again")
    assert seconds < SECONDS * 3
    assert seconds_of_newcomers < 1.5
    assert pulse.status_code == 200
    assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
    assert_recovers(door)
    assert "asked senders to try again later" in probe(door, "readyz").text


def test_a_table_that_is_locked_keeps_nobody_waiting(door_on_postgresql):
    door = door_on_postgresql
    with psycopg.connect(door.environment["DATABASE_URL"]) as connection:
        connection.execute("LOCK TABLE integrations_inboundmessage IN ACCESS EXCLUSIVE MODE")
        answers, seconds = attack(door)

    assert_told(door, answers, ANY, "again")
    assert seconds < SECONDS * 3
    assert_recovers(door)


def test_a_database_that_can_only_be_read(door_on_postgresql):
    door = door_on_postgresql
    base, name = door.environment["DATABASE_URL"].rsplit("/", 1)
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        drop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only TO on')
        connection.execute(drop, [name])
        door.wait_until(lambda: "can only be read" in post(door).text)
        answers, _seconds = attack(door)
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only TO off')
        connection.execute(drop, [name])

    assert_told(door, answers, {"unavailable"}, "The database can only be read.")
    assert_recovers(door)


def test_a_sqlite_that_somebody_else_holds(door):
    path = Path(door.folder) / "alertops.sqlite3"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        answers, seconds = attack(door)
        connection.execute("ROLLBACK")

    assert_told(door, answers, ANY, "again")
    assert seconds < SECONDS * 3
    assert_recovers(door)


def test_a_disk_that_is_full(door):
    post(door)
    (worker,) = psutil.Process(door.web.pid).children()[-1:]
    sizes = [path.stat().st_size for path in Path(door.folder).glob("alertops.sqlite3*")]
    _soft, hard = worker.rlimit(resource.RLIMIT_FSIZE)
    worker.rlimit(resource.RLIMIT_FSIZE, (min(sizes), hard))
    answers, _seconds = attack(door)
    worker.rlimit(resource.RLIMIT_FSIZE, (hard, hard))

    assert_told(door, answers, {"unavailable"}, "disk is full")
    assert_recovers(door)
