"""Nothing is answered before its commit: the database's connections are cut in the middle of a storm."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from tests.integrations.processes import worlds
from tests.integrations.processes.worlds import build
from tests.processes import Server

pytestmark = pytest.mark.processes
SENDERS = 24
SECONDS = 4
TIMES = 25  # that all connections are cut

_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'INSERT INTO integrations_inb%'
"""


@pytest.fixture
def server():
    with Server("postgresql") as server:
        server.token = server.call(worlds.build_integration)
        yield server


def cut_again_and_again(server, is_over):
    """Hold up what stores deliveries, and cut the connections in the middle of it; return how many."""
    count = 0
    with psycopg.connect(server.environment["DATABASE_URL"], autocommit=True) as connection:
        while not is_over.wait(SECONDS / TIMES / 2):
            with connection.transaction():
                connection.execute("LOCK TABLE integrations_inboundmessage IN SHARE MODE")
                time.sleep(SECONDS / TIMES / 2)
                count += len(connection.execute(_CUT).fetchall())
    return count


def send_on(server, until):
    """Send one delivery after another; return the ids of those taken, and the other answers."""
    taken, others = [], []
    with requests.Session() as session:
        while time.monotonic() < until:
            answer = session.post(f"{server.url}/in/{server.token}", build("INPROGRESS"), timeout=30)
            if answer.status_code == 202:
                taken.append(answer.json()["id"])
            else:
                others.append((answer.status_code, answer.json()["error"], "Retry-After" in answer.headers))
    return taken, others


def test_what_was_answered_is_stored_however_often_the_database_breaks_off(server):
    is_over, until = threading.Event(), time.monotonic() + SECONDS
    with ThreadPoolExecutor(SENDERS + 1) as pool:
        cut = pool.submit(cut_again_and_again, server, is_over)
        senders = [pool.submit(send_on, server, until) for _sender in range(SENDERS)]
        results = [sender.result(60) for sender in senders]
        is_over.set()
        assert cut.result(60)

    taken = [pk for ids, _others in results for pk in ids]
    others = Counter(other for _ids, others in results for other in others)
    assert len(taken) == len(set(taken))
    assert set(taken) <= set(server.call(worlds.stored))
    assert set(others) == {(503, "unavailable", True)}
    assert len(taken) > sum(others.values())
