"""Which process is which, and how one dies with its parent."""

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

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = "import time; time.sleep(60)"


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", SLEEPER]) as process:
        yield process
        process.kill()


def gone(pid, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_process_is_alive_until_it_is_killed_even_while_nobody_has_reaped_it(sleeper):
    name = processes.identity(sleeper.pid)
    assert processes.is_alive(name)

    os.kill(sleeper.pid, signal.SIGKILL)

    assert gone(sleeper.pid)
    assert not processes.is_alive(name)


def test_a_process_that_ended_before_it_was_named_is_not_alive(sleeper):
    sleeper.kill()
    sleeper.wait()

    assert not processes.is_alive(processes.identity(sleeper.pid))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda node, pid, started: (node, pid, f"{started}1"), id="another process with its pid"
        ),
        pytest.param(lambda node, pid, started: ("elsewhere", pid, started), id="another machine"),
    ],
)
def test_an_identity_is_that_of_one_process_only(change):
    name = processes.identity(os.getpid())

    assert processes.is_alive(name)
    assert not processes.is_alive("/".join(change(*name.rsplit("/", 2))))


def orphan(how):
    """Start a process that starts another, kill the first with -9; return the pid of the second."""
    child = f"import os, signal, time; from alertops.lib import processes; {how}; print('up', flush=True); "
    child += "time.sleep(60)"
    parent = (
        "import subprocess, sys, time;"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE,"
        " start_new_session=True);"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE) as process:
        pid = int(process.stdout.readline())
        process.kill()
    return pid


@pytest.mark.skipif(not processes.KERNEL_ENDS_CHILDREN, reason="only Linux can do that")
def test_the_kernel_ends_a_process_with_its_parent():
    assert gone(orphan("processes.die_with_parent(os.getppid())"))


def test_where_the_kernel_does_not_a_thread_does():
    assert gone(orphan("processes.watch_parent(os.getppid(), every=0.1)"))


def test_a_process_without_either_outlives_its_parent():
    pid = orphan("pass")

    assert not gone(pid, 0.5)
    os.kill(pid, signal.SIGKILL)


def test_a_process_whose_parent_died_before_it_could_ask_dies_at_once():
    code = "from alertops.lib import processes; processes.die_with_parent(1); print('still here')"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)

    assert done.returncode == -signal.SIGKILL
    assert not done.stdout


def test_the_roll_call_tells_the_living_from_those_who_died_suddenly_or_left(tmp_path, sleeper):
    dead = processes.identity(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    for name, role, identity in (
        ("1", cluster.WORKER, processes.identity(os.getpid())),
        ("2", cluster.MONITOR, dead),
    ):
        (tmp_path / f"{name}.card").write_text(f"{role} {identity} 2.000 1.000\n")
    (tmp_path / "3.card").write_text("")  # somebody who is just sitting down

    living, fallen = cluster.roll_call(tmp_path)

    assert [(card.role, card.pid, card.is_busy) for card in living] == [(cluster.WORKER, os.getpid(), True)]
    assert [card.role for card in fallen] == [cluster.MONITOR]
