"""The task queue in the database: cheap while empty, and what is in it is found."""

import time

import pytest
from django.db import OperationalError, connection
from django_q.brokers import get_broker

from alertops.lib import jobs
from alertops.lib.queue import REST, Queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue():
    return get_broker("alerts")


def test_an_empty_queue_costs_one_statement(queue, django_assert_num_queries):
    assert isinstance(queue, Queue)

    with django_assert_num_queries(1):
        assert queue.dequeue() is None


def test_what_is_put_in_is_taken_out_once(queue):
    jobs.enqueue("alertops.tasks.heartbeat", cluster="alerts")

    assert len(queue.dequeue()) == 1
    assert queue.dequeue() is None


def test_another_clusters_tasks_are_left_alone(queue):
    jobs.enqueue("alertops.tasks.heartbeat", cluster="slow")

    assert queue.dequeue() is None


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server that restarts")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_is_made_anew_at_the_next_look(queue):
    assert queue.dequeue() is None
    jobs.enqueue("alertops.tasks.heartbeat", cluster="alerts")
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert len(queue.dequeue()) == 1


def test_who_puts_a_task_in_wakes_who_waits(queue):
    assert queue.dequeue() is None
    began = time.monotonic()
    jobs.enqueue("alertops.tasks.heartbeat", cluster="alerts")
    while not (found := queue.dequeue()):
        assert time.monotonic() - began < 5

    assert len(found) == 1
    assert time.monotonic() - began < max(REST, 0.2)
