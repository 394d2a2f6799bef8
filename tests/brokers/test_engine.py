"""What brokers do by themselves: several services at once, none of them waiting for one that hangs."""

from datetime import timedelta

import pytest
from django.db import connection

from alertops.lib import jobs
from brokers import engine, tasks
from brokers.models import BrokerRun, Push, SeenCommit
from brokers.operations import add_service
from brokers.operations.recent import runs_of
from tests.factories import NOW, PushFactory, RepositoryFactory, RunFactory, ServiceFactory
from tests.web import RudeServer

DAYS = timedelta(days=90)


def posting(url):
    return add_service(RepositoryFactory(), "post", settings={"url": url}, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_service_that_hangs_keeps_nobody_else_waiting(server):
    quick = posting(server.url)

    def hang(_connection, is_over):
        """Answer only when the other one has been called; it would never be, if it had to wait."""
        while not (server.received or is_over.wait(0.02)):
            continue

    with RudeServer(hang) as rude:
        hung = RunFactory(service=posting(rude.url), next_attempt_at=NOW)
        other = RunFactory(service=quick, next_attempt_at=NOW + timedelta(seconds=1))

        tasks.run()

    hung.refresh_from_db()
    other.refresh_from_db()
    assert (hung.status, hung.attempt_count) == ("pending", 1)
    assert other.status == "done"


@pytest.mark.django_db(transaction=True)
def test_the_runs_of_one_service_are_done_in_order(server):
    service = posting(server.url)
    runs = [RunFactory(service=service) for _number in range(6)]

    tasks.run()

    assert {run.status for run in BrokerRun.objects.all()} == {"done"}
    ended = BrokerRun.objects.order_by("ended_at", "pk")
    assert list(ended) == runs
    assert len(server.received) == 6


@pytest.mark.django_db
def test_of_each_service_the_oldest_is_next_and_busy_ones_are_left():
    services = [ServiceFactory() for _number in range(engine.ABREAST + 2)]
    runs = [[RunFactory(service=service) for _twice in range(2)] for service in services]
    RunFactory(service=services[0], next_attempt_at=NOW + timedelta(hours=1))
    BrokerRun.objects.filter(pk=runs[1][0].pk).update(lease_until=NOW + timedelta(minutes=1))

    found = engine.next_runs(NOW, leaves=[services[0].pk])

    assert found == [(first.pk, first.service_id) for first, _second in runs[2:5]]


@pytest.mark.django_db
def test_a_tick_wakes_the_slow_cluster_only_when_something_is_due(django_capture_on_commit_callbacks):
    RunFactory(next_attempt_at=NOW + timedelta(minutes=1))
    with django_capture_on_commit_callbacks(execute=True):
        engine.tick(NOW)
    assert jobs.depth(jobs.SLOW) == 0

    with django_capture_on_commit_callbacks(execute=True):
        engine.tick(NOW + timedelta(minutes=1))

    assert jobs.depth(jobs.SLOW) == 1
    assert jobs.depth(jobs.ALERTS) == 0


@pytest.mark.django_db
def test_what_is_due_is_found_by_its_index():
    RunFactory()
    if connection.vendor == "postgresql":
        connection.cursor().execute("SET enable_seqscan = off")

    due = BrokerRun.objects.filter(next_attempt_at__lte=NOW).order_by("next_attempt_at", "id")

    assert "run_due" in due.explain()


# Retention


@pytest.mark.django_db
def test_old_pushes_go_with_their_runs_and_their_commits_stay_known():
    old = PushFactory(received_at=NOW - DAYS - timedelta(seconds=1))
    done = RunFactory(service=ServiceFactory(repository=old.repository), push=old, next_attempt_at=None)
    RunFactory(service=done.service, push=old, is_first=False, again_of=done, next_attempt_at=None)
    SeenCommit.objects.create(repository=old.repository, node="1" * 40)
    young = RunFactory(next_attempt_at=None, push=PushFactory(received_at=NOW - DAYS))

    assert engine.prune(NOW, DAYS) == 3

    assert list(Push.objects.all()) == [young.push]
    assert list(BrokerRun.objects.all()) == [young]
    assert SeenCommit.objects.count() == 1


@pytest.mark.django_db
def test_what_waits_is_not_forgotten_however_old_it_is():
    old = PushFactory(received_at=NOW - 2 * DAYS)
    waiting = RunFactory(service=ServiceFactory(repository=old.repository), push=old)

    assert engine.prune(NOW, DAYS) == 0
    assert BrokerRun.objects.get() == waiting


@pytest.mark.django_db
def test_tests_with_an_example_are_forgotten_too():
    RunFactory(push=None, sample={}, is_first=False, created_at=NOW - 2 * DAYS, next_attempt_at=None)
    RunFactory(push=None, sample={}, is_first=False, next_attempt_at=None)

    assert engine.prune(NOW, DAYS) == 1


@pytest.mark.django_db
def test_the_newest_runs_of_a_service_are_found_by_its_index():
    run = RunFactory()
    if connection.vendor == "postgresql":
        connection.cursor().execute("SET enable_seqscan = off")

    assert "run_service" in runs_of(run.service).explain()
    assert list(runs_of(run.service)) == [run]
