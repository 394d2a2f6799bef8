"""Real clusters: whatever is killed, a task runs again within seconds, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from alertops import cluster
from alertops.lib import processes
from alertops.supervisor import Cluster
from tests.supervisor import probes
from tests.supervisor.workers import running

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module", params=["orm", "redis"])
def worker(request):
    with running(request.param) as worker:
        yield worker


@pytest.mark.parametrize(
    "role", [cluster.PARENT, cluster.SENTINEL, cluster.PUSHER, cluster.MONITOR, cluster.WORKER]
)
def test_a_killed_process_is_replaced_and_tasks_go_on(worker, role):
    worker.wait_until_complete()
    pid = worker.pids(role)[0]

    os.kill(pid, signal.SIGKILL)

    assert worker.runs_a_task()
    # A task may run before the death is noticed: tasks do not pass through every process.
    worker.server.wait_until(lambda: pid not in worker.pids(role), f"the {role} was not missed")
    worker.wait_until_complete()


def test_a_killed_busy_worker_does_not_keep_the_others_from_working(worker):
    worker.wait_until_complete()
    before = worker.pids(cluster.SENTINEL)
    worker.enqueue(probes.NAP, str(Path(worker.server.folder) / "nap"), 30)
    busy = worker.server.wait_until(lambda: worker.pids(cluster.WORKER, is_busy=True))

    os.kill(busy[0], signal.SIGKILL)

    assert worker.runs_a_task()
    assert worker.pids(cluster.SENTINEL) == before


def test_a_process_that_hangs_is_noticed_by_the_silence(worker):
    worker.wait_until_complete()
    pid = worker.pids(cluster.PUSHER)[0]
    identity = processes.identity(pid)

    os.kill(pid, signal.SIGSTOP)

    assert worker.runs_a_task()
    assert not processes.is_alive(identity)


def test_when_the_supervisor_is_killed_nothing_lives_on_and_the_next_one_goes_on(worker):
    worker.wait_until_complete()
    family = psutil.Process(worker.process.pid).children(recursive=True)

    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()

    assert not psutil.wait_procs(family, timeout=5)[1]
    worker.start()
    worker.wait_until_complete()
    assert worker.runs_a_task()


def test_a_second_supervisor_on_the_same_folder_refuses_in_one_line(worker):
    second = worker.server.start_command("runworker", "--skip-checks")

    assert second.wait(30) == 1
    assert len(worker.server.output(second).splitlines()) == 1
    assert "already runs" in worker.server.output(second)


def test_a_new_supervisor_ends_what_a_killed_one_left(tmp_path):
    """Where the kernel does not end children with their parent."""
    folder = tmp_path / "alerts"
    folder.mkdir()
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(sleeper, start_new_session=True) as left:
        identity = processes.identity(left.pid)
        (folder / f"{left.pid}.card").write_text(f"{cluster.WORKER} {identity} 0.000 0.000")

        Cluster("alerts", tmp_path).bury()

        assert left.wait(5) == -signal.SIGKILL
    assert not list(folder.iterdir())


def test_a_new_supervisor_leaves_a_process_alone_that_only_has_the_same_pid(tmp_path):
    folder = tmp_path / "alerts"
    folder.mkdir()
    mine = processes.identity(os.getpid())
    (folder / f"{os.getpid()}.card").write_text(f"{cluster.WORKER} {mine}9 0.000 0.000")

    Cluster("alerts", tmp_path).bury()

    assert not list(folder.iterdir())


def test_sigterm_lets_a_running_task_end_and_leaves_nothing():
    with running("orm") as worker:
        nap = Path(worker.server.folder) / "nap"
        worker.enqueue(probes.NAP, str(nap), 2)
        worker.server.wait_until(nap.exists)
        family = psutil.Process(worker.process.pid).children(recursive=True)

        worker.process.terminate()

        assert worker.process.wait(30) == 0
        assert not nap.exists()
        assert not any(process.is_running() for process in family)


def test_sigterm_ends_a_cluster_that_hangs_at_once():
    with running("orm") as worker:
        os.kill(worker.pids(cluster.WORKER)[0], signal.SIGSTOP)
        began = time.monotonic()

        worker.process.terminate()
        time.sleep(1)
        worker.process.terminate()

        assert worker.process.wait(30) == 0
        assert time.monotonic() - began < 10
