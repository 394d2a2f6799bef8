"""Everything in one terminal: it starts, works, mends itself, and leaves nothing behind."""

import os
import re
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest
import requests

from alertops import embedded
from tests.processes import Server

pytestmark = pytest.mark.processes


@pytest.fixture
def installation():
    with Server("sqlite", web_workers=0, ALERTOPS_WORKERS="2") as server:
        yield server


def serve(server):
    process = server.start_command("serve", "--port", server.port)
    server.wait_until(lambda: "Ctrl-C" in server.output(process), "it did not start", of=process, seconds=60)
    return process


def paste(server, output):
    """Do what the line for the shell does."""
    words = shlex.split(re.search(r"^curl .*$", output, re.MULTILINE)[0])
    body = words[words.index("-d") + 1]
    return requests.post(words[-1], body, headers={"Content-Type": "application/json"}, timeout=30)


def test_the_pasted_line_sends_a_mail_and_one_signal_stops_everything(installation):
    process = serve(installation)
    output = installation.output(process)
    assert re.search(r"Log in as admin, password \S+", output)
    family = psutil.Process(process.pid).children(recursive=True)

    assert paste(installation, output).status_code == 202

    installation.wait_until(lambda: "To: anna@example.com" in _mails(installation), "no mail came")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert not [child for child in family if child.is_running() and child.status() != "zombie"]


def test_it_mends_itself_and_goes_on_with_the_same_data(installation):
    first = serve(installation)
    web, worker = psutil.Process(first.pid).children()
    web.kill()
    worker.kill()
    installation.wait_until(lambda: _is_ready(installation), "it was not mended", seconds=60)
    first.kill()
    first.wait()

    second = serve(installation)

    login = re.compile(r"password \S+")
    assert login.findall(installation.output(second)) == login.findall(installation.output(first))
    assert paste(installation, installation.output(second)).status_code == 202


def test_a_second_one_on_the_same_folder_says_so_in_one_line(installation):
    serve(installation)
    second = installation.start_command("serve", "--port", installation.port)

    assert second.wait(60) == 1
    assert len(installation.output(second).splitlines()) == 1
    assert "already runs" in installation.output(second)


def test_a_taken_port_is_named_with_another(installation):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", installation.port))
        other.listen()
        process = installation.start_command("serve", "--port", installation.port)

        assert process.wait(60) == 1

    said = installation.output(process)
    assert len(said.splitlines()) == 1
    assert re.search(rf"Port {installation.port} is taken .* make run PORT=\d+", said)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_there_is_not_is_named(port):
    with pytest.raises(embedded.CannotServe, match="from 1 to 65535"):
        embedded.check_port("127.0.0.1", port)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may have every port")
def test_a_port_that_is_not_ours_to_have_is_named():
    with pytest.raises(embedded.CannotServe, match=r"Port 80 of .* cannot be used"):
        embedded.check_port("127.0.0.1", 80)


def test_what_dies_again_and_again_stops_the_whole():
    child = embedded.Child("worker", ["/bin/false"])
    for _ in range(embedded.MOST_DEATHS - 1):
        _live_and_die(child)
        child.count_death()
    _live_and_die(child)

    with pytest.raises(embedded.CannotServe, match="The worker ended 3 times in a row, last with 1"):
        child.count_death()


def _live_and_die(child):
    child.start()
    while not child.has_died():
        time.sleep(0.01)


def _mails(server):
    return "".join(path.read_text() for path in (Path(server.folder) / "mail").glob("*"))


def _is_ready(server):
    try:
        return requests.get(f"{server.url}/readyz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def test_make_lists_its_targets():
    done = subprocess.run(
        ["make"], cwd=embedded.settings.BASE_DIR, capture_output=True, text=True, check=True
    )

    for target in ("run", "test", "torture", "lint", "format", "clean"):
        assert re.search(rf"^  make {target} +\S", done.stdout, re.MULTILINE)
