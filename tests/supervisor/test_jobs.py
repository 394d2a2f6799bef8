"""A nudge is sent after the commit, once, and never fails its caller; or it is done where it was made."""

import logging
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection, transaction
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from alertops.lib import jobs

MUCH = jobs.LITTLE + 1
TASK = "alertops.tasks.heartbeat"
DO = f"{__name__}.do"
DO_NEXT = f"{__name__}.do_next"
LONG = 60.0  # seconds that no test takes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _rested():
    yield
    jobs._Rest.until = 0.0


def queued():
    return [
        (row.key, task["func"], task["args"])
        for row in OrmQ.objects.order_by("id")
        for task in [SignedPackage.loads(row.payload)]
    ]


@pytest.fixture
def done():
    """Arguments of the calls of the two tasks below."""
    _done.clear()
    return _done


_done = []


def do(*arguments):
    _done.append(arguments)


def do_next(number):
    """Nudge for the one before, down to none."""
    _done.append(number)
    if number:
        jobs.nudge(DO_NEXT, number - 1)


@contextmanager
def dead_queue():
    table = connection.ops.quote_name(OrmQ._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")


def test_a_nudge_is_sent_after_the_commit():
    with transaction.atomic():
        jobs.nudge(TASK, 7)
        assert queued() == []

    assert queued() == [("alerts", TASK, (7,))]


def test_a_nudge_of_what_is_rolled_back_is_not_sent():
    with transaction.atomic():
        jobs.nudge(TASK)
        transaction.set_rollback(True)

    assert queued() == []


def test_a_nudge_outside_a_transaction_is_sent_at_once():
    jobs.nudge(TASK)

    assert queued() == [("alerts", TASK, ())]


def test_a_nudge_may_go_to_the_cluster_for_slow_work():
    jobs.nudge(TASK, cluster=jobs.SLOW)

    assert queued() == [("slow", TASK, ())]


def test_nudges_coalesce_until_the_first_has_arrived():
    jobs.nudge(TASK, 1)
    jobs.nudge(TASK, 1)
    jobs.nudge(TASK, 2)
    assert [arguments for _key, _task, arguments in queued()] == [(1,), (2,)]

    jobs.arrived(TASK, 1)
    jobs.nudge(TASK, 1)
    jobs.nudge(TASK, 2)

    assert [arguments for _key, _task, arguments in queued()] == [(1,), (2,), (1,)]


def test_a_nudge_that_was_lost_holds_the_next_back_for_a_short_time_only():
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False) as clock:
        jobs.nudge(TASK)
        OrmQ.objects.all().delete()
        jobs.nudge(TASK)
        assert queued() == []

        clock.shift(jobs.NUDGE_LIFE.total_seconds() + 0.1)
        jobs.nudge(TASK)

    assert len(queued()) == 1


def test_what_may_be_lost_is_nudged_afresh():
    jobs.nudge(TASK)
    with jobs.afresh():
        jobs.nudge(TASK)
    jobs.nudge(TASK)

    assert len(queued()) == 2


def test_a_dead_queue_fails_nobody_and_is_left_alone_for_a_while(caplog):
    with dead_queue():
        jobs.nudge(TASK)
        jobs.nudge(TASK, 2)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "did not take" in caplog.text


def test_the_first_nudge_after_a_dead_queue_is_sent():
    with dead_queue():
        jobs.nudge(TASK)
    jobs._Rest.until = 0.0

    jobs.nudge(TASK)

    assert len(queued()) == 1


def test_a_dead_cache_costs_coalescing_and_nothing_else(settings, tmp_path):
    (tmp_path / "file").touch()
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    broken = {"BACKEND": backend, "LOCATION": tmp_path / "file" / "cache"}
    settings.CACHES = {**settings.CACHES, "default": broken}

    jobs.nudge(TASK)
    jobs.nudge(TASK)
    jobs.arrived(TASK)

    assert len(queued()) == 2


class Passes:
    """A drain's passes: each notes how many wait in the queue when somebody has nudged, and finds so much."""

    def __init__(self, *finds):
        self._finds = iter(finds)
        self.waiting = []

    def __call__(self):
        jobs.renew(TASK, 1)
        self.waiting.append(len(queued()))
        return next(self._finds)


@pytest.fixture
def _taken():
    """The nudge that a worker has just taken out of the queue."""
    jobs.nudge(TASK, 1)
    OrmQ.objects.all().delete()


@pytest.mark.usefixtures("_taken")
@pytest.mark.parametrize(
    ("finds", "waiting"),
    [
        pytest.param([0, 0], [0, 1], id="nothing"),
        pytest.param([MUCH, 0, 0], [0, 0, 1], id="much"),
        pytest.param([MUCH, MUCH, 0, 0], [0, 0, 0, 1], id="much, twice"),
        pytest.param([1, 0], [0, 1], id="little: others are woken at once"),
        pytest.param([MUCH, 1, 0], [0, 0, 1], id="less and less"),
        pytest.param([MUCH, 0, MUCH], [0, 0, 1], id="the rest is left to who was woken"),
        pytest.param([1, 2, 0], [0, 1, 1], id="little is done beside who was woken"),
        pytest.param([0, MUCH], [0, 1], id="all of it came then"),
    ],
)
def test_others_are_woken_again_when_a_drain_has_found_little_or_nothing(finds, waiting):
    passes = Passes(*finds)

    jobs.drain(TASK, 1, do=passes, few=0, budget=LONG)

    assert passes.waiting == waiting
    assert queued() == [("alerts", TASK, (1,))]


@pytest.mark.usefixtures("_taken")
def test_where_nobody_else_was_woken_a_drain_that_finds_more_keeps_nudges_again():
    finds, waiting = iter([0, MUCH, 0, 0]), []

    def look():
        if len(waiting) == 2:
            jobs.renew(TASK, 1)
        waiting.append(len(queued()))
        return next(finds)

    jobs.drain(TASK, 1, do=look, few=0, budget=LONG)

    assert waiting == [0, 0, 0, 0]


@pytest.mark.usefixtures("_taken")
def test_a_drain_keeps_only_nudges_of_its_own_arguments():
    finds = iter([MUCH, 0, 0])

    def do_one():
        jobs.renew(TASK, 2)
        return next(finds)

    jobs.drain(TASK, 1, do=do_one, few=0, budget=LONG)

    assert queued() == [("alerts", TASK, (2,))]


@pytest.mark.usefixtures("_taken")
@pytest.mark.parametrize("found", [1, MUCH])
def test_what_a_drain_leaves_after_its_time_is_in_the_queue_once(found):
    passes = Passes(found, found)

    jobs.drain(TASK, 1, do=passes, few=0, budget=-1)
    jobs.nudge(TASK, 1)

    assert passes.waiting == [0]
    assert queued() == [("alerts", TASK, (1,))]


@pytest.mark.usefixtures("_taken")
def test_the_last_look_is_taken_even_when_the_time_is_over():
    passes = Passes(0, 0)

    jobs.drain(TASK, 1, do=passes, few=0, budget=-1)

    assert passes.waiting == [0, 1]


@pytest.mark.usefixtures("_taken")
def test_when_the_queue_does_not_take_the_rest_the_next_nudge_is_sent():
    with dead_queue():
        jobs.drain(TASK, 1, do=lambda: 1, few=0, budget=-1)
    jobs._Rest.until = 0.0

    jobs.nudge(TASK, 1)

    assert len(queued()) == 1


@pytest.mark.usefixtures("_taken")
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_pass_that_fails_keeps_nobody_from_being_woken(error):
    def fail():
        raise error

    with pytest.raises(error):
        jobs.drain(TASK, 1, do=fail, few=0, budget=LONG)
    jobs.nudge(TASK, 1)

    assert queued() == [("alerts", TASK, (1,))]


def test_what_is_gathered_is_not_sent_but_done_here(done):
    with jobs.gathered() as gathered:
        jobs.nudge(DO, 1, "a")
        jobs.nudge(DO)
        jobs.nudge(DO, 1, "a")
    assert done == []

    gathered.do(budget=LONG)
    gathered.do(budget=LONG)

    assert done == [(1, "a"), ()]
    assert queued() == []


def test_what_that_nudges_for_is_done_too(done):
    with jobs.gathered() as gathered:
        jobs.nudge(DO_NEXT, 3)

    gathered.do(budget=LONG)

    assert done == [3, 2, 1, 0]
    assert queued() == []


def test_what_is_not_done_in_time_is_sent(done):
    with jobs.gathered() as gathered:
        jobs.nudge(DO, 1)
        jobs.nudge(DO, 2)

    gathered.do(budget=-1)

    assert done == []
    assert queued() == [("alerts", DO, (1,)), ("alerts", DO, (2,))]


def test_what_is_gathered_may_be_sent_after_all(done):
    with jobs.gathered() as gathered:
        jobs.nudge(DO, 1)

    gathered.send()
    gathered.send()
    gathered.do(budget=LONG)

    assert done == []
    assert queued() == [("alerts", DO, (1,))]


def test_when_something_is_raised_what_was_gathered_is_sent():
    def fail():
        with jobs.gathered():
            jobs.nudge(TASK, 1)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()

    assert queued() == [("alerts", TASK, (1,))]


def test_when_what_is_done_here_fails_the_others_are_sent(done):
    with jobs.gathered() as gathered:
        jobs.nudge(f"{__name__}.nowhere")
        jobs.nudge(DO, 1)

    with pytest.raises(ImportError):
        gathered.do(budget=LONG)

    assert done == []
    assert queued() == [("alerts", DO, (1,))]


def test_only_what_is_nudged_within_is_gathered(done):
    with jobs.gathered() as outer:
        with jobs.gathered() as inner:
            jobs.nudge(DO, 1)
        jobs.nudge(DO, 2)
    jobs.nudge(DO, 3)

    inner.do(budget=LONG)
    assert done == [(1,)]
    outer.do(budget=LONG)
    assert done == [(1,), (2,)]
    assert queued() == [("alerts", DO, (3,))]


def test_slow_work_and_the_rest_of_what_was_begun_are_never_gathered():
    with jobs.gathered():
        jobs.nudge(TASK, 1, cluster=jobs.SLOW)
        jobs.renew(TASK, 2)
        assert queued() == [("slow", TASK, (1,)), ("alerts", TASK, (2,))]


def test_the_rest_of_what_was_begun_is_sent_once():
    jobs.renew(TASK)
    jobs.renew(TASK)
    jobs.nudge(TASK)

    assert queued() == [("alerts", TASK, ())]


def test_what_is_gathered_in_a_transaction_counts_from_its_commit(done):
    with jobs.gathered() as gathered:
        with transaction.atomic():
            jobs.nudge(DO, 1)
            gathered.do(budget=LONG)
            assert done == []
        with transaction.atomic():
            jobs.nudge(DO, 2)
            transaction.set_rollback(True)

    gathered.do(budget=LONG)

    assert done == [(1,)]
    assert queued() == []


@pytest.fixture
def courier(monkeypatch):
    """A courier that leaves no connection open, or the test's database could not be dropped."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    courier = jobs.Courier(every=0.3)
    courier.start()
    yield courier
    time.sleep(0.05)


def wait_until_queued(*expected):
    end = time.monotonic() + 5
    while queued() != list(expected):
        assert time.monotonic() < end, queued()
        time.sleep(0.01)


def test_a_courier_sends_at_once_and_what_is_nudged_again_within_a_moment_once_more(courier):
    began = time.monotonic()
    with jobs.gathered(courier):
        jobs.nudge(TASK, 1)
        wait_until_queued(("alerts", TASK, (1,)))
        took = time.monotonic() - began
        OrmQ.objects.all().delete()
        jobs.arrived(TASK, 1)
        jobs.nudge(TASK, 1)
        jobs.nudge(TASK, 1)
        jobs.nudge(TASK, 2)
        assert queued() == []
        wait_until_queued(("alerts", TASK, (1,)), ("alerts", TASK, (2,)))

    assert took < 0.25
    assert time.monotonic() - began > 0.3


def test_a_courier_sends_what_was_nudged_in_a_transaction_after_its_commit(courier):
    with jobs.gathered(courier):
        with transaction.atomic():
            jobs.nudge(TASK, 1)
            time.sleep(0.1)
            assert queued() == []
        wait_until_queued(("alerts", TASK, (1,)))


def test_a_courier_goes_on_after_an_error(courier, caplog):
    with jobs.gathered(courier):
        jobs.nudge(TASK, object())  # no message that a queue takes
        end = time.monotonic() + 5
        while "courier goes on" not in caplog.text:
            assert time.monotonic() < end
            time.sleep(0.01)
        jobs.nudge(TASK, 2)
        wait_until_queued(("alerts", TASK, (2,)))
