"""A bell wakes who waits, keeps a ring for who was not there yet, and keeps nobody for long."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from alertops.lib.bells import Bell


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "a.bell"


def waited(bell, seconds, deaf=9.0):
    began = time.monotonic()
    bell.wait(seconds, deaf=deaf)
    return time.monotonic() - began


def test_who_waits_wakes_when_another_rings(path):
    bell = Bell(path)
    waited(bell, 0)
    threading.Timer(0.1, Bell(path).ring).start()

    assert 0.05 < waited(bell, 5) < 2


def test_a_ring_is_kept_for_who_listens_and_many_are_one(path):
    bell = Bell(path)
    waited(bell, 0)
    for _number in range(100):
        Bell(path).ring()

    assert waited(bell, 5) < 1
    assert waited(bell, 0.2) > 0.15


def test_nobody_waits_for_longer_than_was_said(path):
    assert 0.05 < waited(Bell(path), 0.1) < 2


def test_to_ring_for_nobody_is_no_error_and_keeps_nobody(path):
    Bell(path).ring()
    bell = Bell(path)
    waited(bell, 0)
    for _number in range(66_000):  # more than a pipe holds
        bell.ring()

    assert waited(bell, 5) < 1


def test_where_there_can_be_no_pipe_one_waits_as_before(path):
    path.parent.parent.joinpath("run").touch()  # no folder

    assert 0.05 < waited(Bell(path), 5, deaf=0.1) < 2


def test_only_the_owner_may_ring(path):
    waited(Bell(path), 0)

    assert path.stat().st_mode & 0o077 == 0


def test_of_many_who_hear_the_same_ring_none_fails(path):
    bells = [Bell(path) for _number in range(8)]
    for bell in bells:
        waited(bell, 0)
    with ThreadPoolExecutor(len(bells)) as pool:
        waits = [pool.submit(waited, bell, 0.3) for bell in bells]
        time.sleep(0.05)
        for _number in range(20):
            Bell(path).ring()

    assert all(wait.result() < 2 for wait in waits)
