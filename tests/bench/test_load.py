"""The load counts what was accepted, and lets nothing that was accepted be missing."""

import dataclasses
import http.server
import json
import shutil
import subprocess
import threading

import pytest

from bench import bodies, inside, installations, load
from bench.contract import Run as Measured
from bench.contract import Subject, Verdict, summarize
from bench.scenarios import accept

pytestmark = pytest.mark.processes  # wrk is one
needs_wrk = pytest.mark.skipif(not shutil.which("wrk"), reason="no wrk here")


class Door(http.server.BaseHTTPRequestHandler):
    """Notes each body, and refuses every third."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    bodies: list[bytes] = []
    ids: list[str] = []

    def do_POST(self):
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.ids.append(self.headers["X-Request-UUID"])
        self.send_response(503 if len(self.bodies) % 3 == 0 else 202)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b'{"a"}')

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture
def door():
    Door.bodies.clear()
    Door.ids.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield load.Target(url=f"http://127.0.0.1:{server.server_port}/in/a%20b", bodies=bodies.bitbucket())
        server.shutdown()


@pytest.fixture
def idle():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@needs_wrk
def test_all_bodies_differ_and_each_answer_is_counted(door):
    run = load.press(door, connections=1, seconds=1)

    assert len(set(Door.bodies)) == len(Door.bodies) > 10
    assert len(set(Door.ids)) == len(Door.ids)
    assert all(json.loads(body)["commit_status"] for body in Door.bodies[:20])
    assert run.details["accepted"] == pytest.approx(2 * run.details["other"], abs=3)
    assert run.details["first_other"].startswith("503")
    assert run.figure == pytest.approx(run.details["accepted"], rel=0.2)
    assert 0 < run.p50 <= run.p99


@needs_wrk
def test_a_door_that_takes_nothing_ends_the_benchmark(door):
    refused = dataclasses.replace(door, status=201)

    with pytest.raises(load.WrongAnswers, match=r"'accepted': 0, .*'first_other': '(202|503)"):
        load.press(refused, connections=1, seconds=1)


@needs_wrk
def test_what_is_answered_and_not_stored_ends_the_benchmark(door, idle):
    class Forgetful(accept.Door):
        def stored(self):
            return 0

    forgetful = Forgetful(None, installations.Web(door.url, idle), door.url, "messages")

    with pytest.raises(accept.Lost, match="0 are stored"):
        accept._press(forgetful, connections=1, seconds=1)


@needs_wrk
@pytest.mark.processes
def test_alertops_and_the_bare_project_take_the_load():
    with installations.alertops("sqlite") as server:
        token = server.call(inside.prepare)
        bare, ours = installations.start_bare(server), installations.Web(server.url, server.web)
        doors = [
            accept.Door(server, ours, f"{ours.url}/in/{token}", "messages"),
            accept.Door(server, bare, f"{bare.url}/insert", "bodies"),
        ]
        for door in doors:
            run = accept._press(door, connections=2, seconds=1)

            assert run.details["other"] == 0
            assert run.details["stored"] >= run.details["accepted_with_warm_up"] > 0


@pytest.mark.parametrize(
    ("connections", "figure", "p99", "verdict"),
    [
        pytest.param(16, 120, 10, Verdict.MET, id="just reached"),
        pytest.param(16, 119, 10, Verdict.MISSED, id="too slow"),
        pytest.param(16, 200, 11, Verdict.MISSED, id="fast on average only"),
        pytest.param(64, 149, 10, Verdict.MISSED, id="too slow with 64"),
        pytest.param(64, 150, 10, Verdict.MET, id="reached with 64"),
    ],
)
def test_the_target_is_a_multiple_of_r_without_a_longer_tail(connections, figure, p99, verdict):
    subjects = [Subject("accept", name, "postgresql", connections) for name in (accept.R, accept.ALERTOPS)]
    runs = [Measured(figure=100, p99=10), Measured(figure=figure, p99=p99)]
    rows = {subject: summarize(subject, [run]) for subject, run in zip(subjects, runs, strict=True)}

    assert [row.verdict for row in accept._compared(rows)] == [Verdict.NONE, verdict]
