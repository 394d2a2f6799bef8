"""What waits is found by its index, however much is stored."""

import pytest
from django.db import connection

from integrations import engine
from integrations.models import InboundMessage
from integrations.operations.waiting import HAS_DELIVERY_ID, waiting
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
