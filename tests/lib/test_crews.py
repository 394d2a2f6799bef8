"""Threads take work in order, and say when they cannot keep up."""

import threading
import time

import pytest

from alertops.lib.crews import Crew


def call_each(functions):
    for function in functions:
        function()


@pytest.fixture
def crew():
    crew = Crew("testers", 1, patience=1, work=call_each)
    crew.start()
    return crew


def wait_for(check):
    end = time.monotonic() + 5
    while not check():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_work_is_done_in_the_order_in_which_it_was_given(crew):
    done = []

    for number in range(100):
        crew.give(lambda number=number: done.append(number))

    wait_for(lambda: len(done) == 100)
    assert done == list(range(100))


def test_the_delay_is_that_of_the_oldest_that_waits(crew):
    go = threading.Event()
    assert crew.delay() == 0
    crew.give(go.wait)
    crew.give(lambda: None)
    time.sleep(0.05)
    crew.give(lambda: None)

    assert 0.05 <= crew.delay() < 1
    go.set()
    wait_for(lambda: crew.delay() == 0)


def test_what_was_claimed_back_is_not_done(crew):
    go, done = threading.Event(), []
    crew.give(go.wait)
    job = crew.give(lambda: done.append("claimed"))

    assert job.claim()
    crew.give(lambda: done.append("next"))
    go.set()
    wait_for(lambda: done)
    assert done == ["next"]
    assert not job.claim()


def test_a_thread_outlives_whatever_its_work_raises(crew, caplog):
    done = []

    crew.give(lambda: 1 / 0)
    crew.give(lambda: done.append(1))

    wait_for(lambda: done)
    assert "testers goes on" in caplog.text


def test_a_thread_takes_all_that_waits_but_no_more_than_it_may():
    go, batches = threading.Event(), []

    def work(items):
        batches.append(items)
        go.wait()

    crew = Crew("testers", 1, patience=1, work=work, most=3)
    crew.start()
    crew.give(0)
    wait_for(lambda: batches)
    jobs = [crew.give(number) for number in range(1, 7)]
    assert jobs[1].claim()
    go.set()

    wait_for(lambda: len(batches) == 3)
    assert batches == [[0], [1, 3], [4, 5, 6]]
    assert crew.delay() == 0


def test_who_came_together_is_gathered_again_and_who_comes_alone_does_not_wait():
    batches = []
    crew = Crew("testers", 1, patience=1, work=batches.append, most=9, gather=0.5)
    for number in range(3):
        crew.give(number)
    crew.start()
    wait_for(lambda: batches)
    crew.give(3)
    time.sleep(0.05)
    crew.give(4)
    wait_for(lambda: len(batches) == 2)
    crew.give(5)  # fewer than the last time: the last wait
    wait_for(lambda: len(batches) == 3)
    began = time.monotonic()
    crew.give(6)
    wait_for(lambda: len(batches) == 4)

    assert batches == [[0, 1, 2], [3, 4], [5], [6]]
    assert time.monotonic() - began < 0.4


def test_once_as_many_as_the_last_time_are_there_nobody_waits_any_longer():
    batches = []
    crew = Crew("testers", 1, patience=1, work=batches.append, most=9, gather=2)
    for number in range(3):
        crew.give(number)
    crew.start()
    wait_for(lambda: batches)
    began = time.monotonic()
    for number in range(3):
        crew.give(number)
        time.sleep(0.05)
    wait_for(lambda: len(batches) == 2)

    assert batches[1] == [0, 1, 2]
    assert time.monotonic() - began < 1
