"""/metrics of a real server with several processes, and while its database is away."""

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.integrations.processes import worlds
from tests.integrations.processes.test_server import away
from tests.processes import Server

pytestmark = pytest.mark.processes
TOKEN = "a long random text"


def figures(server):
    answer = requests.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def accepted(server):
    return figures(server).get(("alertops_door_answers_total", "accepted"), 0)


def post(server, times):
    for _time in range(times):
        requests.post(f"{server.url}/in/{server.token}", b"{}", timeout=10)


def test_each_process_tells_what_all_of_its_server_counted():
    with Server(web_workers=2, ALERTOPS_METRICS_TOKEN=TOKEN) as server:
        server.token = server.call(worlds.build_integration)
        post(server, 12)
        assert [accepted(server) for _time in range(6)] == [12] * 6

        server.kill(server.web)
        server.web = server.start_web()
        assert accepted(server) == 0
        assert len(list((server.folder / "run" / "metrics").iterdir())) == 1
        assert figures(server)["alertops_messages_waiting",] == 12


def test_of_a_database_that_is_away_it_is_told_that_it_is():
    with Server("postgresql", ALERTOPS_METRICS_TOKEN=TOKEN) as server:
        server.token = server.call(worlds.build_integration)
        assert figures(server)["alertops_database_up",] == 1

        with away(server):
            post(server, 1)
            told = figures(server)

        assert told["alertops_database_up",] == 0
        assert told["alertops_door_answers_total", "unavailable"] == 1
        assert figures(server)["alertops_database_up",] == 1


def test_who_is_sent_away_while_all_threads_are_busy_is_counted():
    with Server(web_workers=1, ALERTOPS_METRICS_TOKEN=TOKEN, ALERTOPS_DOOR_SECONDS="1") as server:
        server.token = server.call(worlds.build_integration)
        path = server.folder / "alertops.sqlite3"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            with ThreadPoolExecutor(6) as senders:
                answers = list(senders.map(lambda _number: knock(server), range(6)))
            connection.execute("ROLLBACK")

        busy = sum(answer.json()["error"] == "busy" for answer in answers)
        assert busy
        assert figures(server)["alertops_door_answers_total", "busy"] == busy


def knock(server):
    return requests.post(f"{server.url}/in/{server.token}", b"{}", timeout=30)
