"""A nudge is sent after the commit, once, and never fails its caller."""

import logging
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection, transaction
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from alertops.lib import jobs

TASK = "alertops.tasks.heartbeat"

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
