"""What waits is found by its index, however much is stored."""

from datetime import timedelta

import pytest
from django.db import connection

from integrations import engine
from integrations.models import InboundMessage
from integrations.operations.waiting import HAS_DELIVERY_ID, oldest_waiting_at, waiting, waiting_of
from tests.factories import NOW, IntegrationFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration():
    """An integration with many messages, and a planner that knows that hardly any of them waits."""
    integration = IntegrationFactory()
    rows = [
        MessageFactory.build(integration=integration, status="mapped", delivery_id=number or "")
        for number in range(300)
    ]
    InboundMessage.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # it would read a small table whole
    return integration


def test_the_messages_of_an_integration_that_wait_are_found_by_their_index(integration):
    assert "message_waiting" in waiting().filter(integration=integration)[:50].explain()
    assert "message_waiting" in waiting_of(integration.pk)[:50].explain()


def test_they_are_found_by_it_too_when_the_planner_believes_that_most_messages_wait(integration):
    """What a planner believes that last counted in the middle of a storm."""
    InboundMessage.objects.update(status="pending")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    InboundMessage.objects.update(status="mapped")

    assert "message_waiting" in waiting_of(integration.pk)[:50].explain()
    assert "message_waiting" in waiting_of(integration.pk + 1)[:50].explain()


def test_the_oldest_of_all_is_found_however_many_integrations_there_are():
    for minutes, status in ((3, "mapped"), (2, "pending"), (1, "processing")):
        MessageFactory(status=status, received_at=NOW - timedelta(minutes=minutes))

    assert oldest_waiting_at() == NOW - timedelta(minutes=2)


def test_nothing_is_the_oldest_where_nothing_waits(integration):
    assert oldest_waiting_at() is None


@pytest.mark.usefixtures("integration")
def test_the_integrations_that_are_due_are_found_by_the_same_index():
    assert "message_waiting" in engine.waiting_integrations(NOW).explain()


def test_a_delivery_id_is_found_by_its_index(integration):
    found = InboundMessage.objects.filter(
        HAS_DELIVERY_ID, integration=integration, delivery_id__in=["5", "6"]
    )

    assert "message_delivery_id" in found.explain()


def test_what_is_found_is_what_waits():
    for status in InboundMessage.status.field.choices:
        MessageFactory(status=status[0])

    assert [message.status for message in waiting()] == ["pending", "processing"]
