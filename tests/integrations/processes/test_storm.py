"""Many deliveries at once, from many senders, taken in and processed by several real processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.integrations.processes import worlds
from tests.integrations.processes.worlds import build

pytestmark = pytest.mark.processes
BUILDS = 6
PAIRS = 10  # of each build


def post(server, body, session=requests):
    answer = session.post(
        f"{server.url}/in/{server.token}", body, headers={"Content-Type": "application/json"}, timeout=30
    )
    assert answer.status_code == 202, answer.text
    return answer.json()


def wait_for_all(server):
    server.wait_until(lambda: server.call(worlds.waiting) == 0, "messages still wait", seconds=120)
    return server.call(worlds.account)


def test_200_simultaneous_failures_of_one_build_are_one_alert(server):
    for _worker in range(2):
        server.spawn(worlds.drain_for_ever)

    with ThreadPoolExecutor(50) as senders:
        answers = list(senders.map(lambda _n: post(server, build("FAILED")), range(200)))

    found = wait_for_all(server)
    assert len({answer["id"] for answer in answers}) == 200
    assert found["reasons"] == {"opened": 1, "duplicate": 199}
    assert found["alerts"] == [["open", 200]]
    assert found["outcomes"] == found["lines"] == 200


def test_a_failure_and_its_mending_back_to_back_always_end_closed(server):
    for _worker in range(2):
        server.spawn(worlds.drain_for_ever)

    def run(key):
        with requests.Session() as session:
            for pair in range(PAIRS):
                post(server, build("FAILED", key, 2 * pair), session)
                post(server, build("SUCCESSFUL", key, 2 * pair + 1), session)

    with ThreadPoolExecutor(BUILDS) as senders:
        list(senders.map(run, [f"build-{number}" for number in range(BUILDS)]))

    found = wait_for_all(server)
    assert {status for status, _count in found["alerts"]} == {"closed"}
    assert found["reasons"] == {"opened": BUILDS, "reopened": BUILDS * (PAIRS - 1), "closed": BUILDS * PAIRS}
    assert found["outcomes"] == found["messages"] == 2 * BUILDS * PAIRS


def test_a_delivery_tells_its_sender_what_became_of_it(server):
    worker = server.spawn(worlds.drain_for_ever)
    status_url = post(server, build("FAILED"))["status_url"]

    def answer():
        return requests.get(status_url, timeout=10).json()

    server.wait_until(lambda: answer()["status"] == "mapped", of=worker)
    assert answer()["sentence"] == "Opened #1"
    assert answer()["alert"] == {"number": 1, "url": f"{server.url}/alerts/alert/1/change/"}
