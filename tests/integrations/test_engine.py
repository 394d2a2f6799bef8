"""What the ways in do by themselves."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django_q.models import OrmQ

from alertops.lib import claims, jobs
from alerts.models import AlertEvent
from integrations import engine, operations, tasks
from integrations.models import WAITING, InboundMessage, Integration, IntegrationLease, Outcome
from tests.factories import NOW, IntegrationFactory, MessageFactory, RuleFactory

RETENTION = timedelta(days=90)
OLD = NOW - RETENTION - timedelta(seconds=1)


@pytest.fixture
def integration():
    integration = IntegrationFactory()
    RuleFactory(integration=integration)
    return integration


def lease(integration, holder, until):
    IntegrationLease.objects.create(integration=integration, claimed_by=holder, lease_until=until)


def waiting(now=NOW):
    return list(engine.waiting_integrations(now))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "is_due"),
    [("pending", True), ("processing", True), ("mapped", False), ("refused", False)],
)
def test_an_integration_is_due_while_a_message_waits(integration, status, is_due):
    MessageFactory(integration=integration, status=status)
    MessageFactory(integration=integration, status="mapped")

    assert waiting() == ([integration.pk] if is_due else [])


@pytest.mark.django_db
def test_an_integration_is_due_once_however_much_waits(integration):
    MessageFactory.create_batch(3, integration=integration)

    assert waiting() == [integration.pk]


@pytest.mark.django_db
def test_an_integration_whose_turn_is_taken_is_not_due(integration):
    MessageFactory(integration=integration)
    lease(integration, "elsewhere/1/1", NOW + timedelta(seconds=1))

    assert waiting() == []
    assert waiting(NOW + timedelta(seconds=1)) == [integration.pk]


@pytest.mark.django_db
def test_what_is_due_is_one_query(integration, django_assert_num_queries):
    MessageFactory(integration=RuleFactory().integration)
    MessageFactory(integration=integration)

    with django_assert_num_queries(1):
        assert len(waiting()) == 2


@pytest.mark.django_db
def test_the_turn_of_a_dead_process_is_free_at_the_next_tick(integration):
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    dead = claims.holder().replace(f"/{os.getpid()}/", f"/{int(gone.stdout)}/")
    lease(integration, dead, NOW + timedelta(seconds=30))

    engine.tick(NOW)

    assert IntegrationLease.objects.get().lease_until is None


@pytest.mark.django_db
def test_the_turn_of_a_live_process_is_left_alone(integration):
    lease(integration, claims.holder(), NOW + timedelta(seconds=30))

    engine.tick(NOW)

    assert IntegrationLease.objects.get().lease_until is not None


@pytest.mark.django_db(transaction=True)
def test_a_tick_nudges_once_until_the_nudge_has_arrived(integration):
    MessageFactory(integration=integration)

    engine.tick(NOW)
    engine.tick(NOW)
    assert OrmQ.objects.count() == 1

    jobs.arrived(operations.PROCESS, integration.pk)
    engine.tick(NOW)
    assert OrmQ.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_tick_nudges_runs_that_wait_or_were_cut_off(integration):
    message = MessageFactory(integration=integration, status="refused", reason="disabled")
    run = operations.request_replay(integration, [message.pk], requested_by=None, now=NOW)
    jobs.arrived(operations.REPLAY, run.pk)
    OrmQ.objects.all().delete()

    engine.tick(NOW)

    assert OrmQ.objects.get().key == "slow"


@pytest.mark.django_db
def test_a_tick_with_nothing_to_do_is_a_handful_of_queries(django_assert_num_queries):
    IntegrationFactory.create_batch(3)

    with django_assert_num_queries(4):
        engine.tick(NOW)


@pytest.mark.django_db
def test_the_task_processes_all_that_waits(integration):
    MessageFactory.create_batch(120, integration=integration, state="STOPPED")

    tasks.process(integration.pk)

    assert not InboundMessage.objects.filter(WAITING).exists()


@pytest.mark.django_db
def test_the_task_processes_again(integration):
    message = MessageFactory(integration=integration, status="refused", reason="disabled")
    run = operations.request_replay(integration, [message.pk], requested_by=None, now=NOW)

    tasks.replay(run.pk)

    message.refresh_from_db()
    assert message.reason == "opened"


@pytest.mark.django_db
def test_old_messages_are_deleted_with_their_outcomes_and_the_timeline_stays(integration):
    MessageFactory(integration=integration, received_at=OLD)
    operations.process_waiting(integration.pk, now=OLD)
    young = MessageFactory(integration=integration, received_at=NOW - RETENTION)

    assert engine.prune_messages(NOW, RETENTION) == 1

    assert InboundMessage.objects.get() == young
    assert not Outcome.objects.exists()
    assert AlertEvent.objects.get().message is None


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["pending", "processing"])
def test_what_waits_is_never_deleted(integration, status):
    MessageFactory(integration=integration, received_at=OLD, status=status)
    MessageFactory(integration=integration, received_at=OLD, status="mapped")

    assert engine.prune_messages(NOW, RETENTION) == 1
    assert InboundMessage.objects.get().status == status


@pytest.mark.django_db
def test_many_old_messages_are_deleted_in_batches(integration):
    rows = MessageFactory.build_batch(
        2 * engine.PRUNE_BATCH + 3, integration=integration, received_at=OLD, status="mapped"
    )
    InboundMessage.objects.bulk_create(
        [*rows, MessageFactory.build(integration=integration, received_at=NOW)]
    )

    assert engine.prune_messages(NOW, RETENTION) == len(rows)
    assert InboundMessage.objects.count() == 1


@pytest.mark.django_db
def test_deleting_looks_no_further_than_the_first_young_messages(integration, django_assert_max_num_queries):
    rows = MessageFactory.build_batch(3 * engine.PRUNE_BATCH, integration=integration, status="mapped")
    InboundMessage.objects.bulk_create(rows)

    with django_assert_max_num_queries(1):
        assert engine.prune_messages(NOW, RETENTION) == 0


@pytest.mark.django_db
def test_an_integration_without_messages_is_not_due():
    IntegrationFactory()

    assert Integration.objects.exists()
    assert waiting() == []
