"""What is past its retention is deleted; what is not, stays."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session

from alertops import tasks
from alerts.models import AlertKey
from integrations.models import InboundMessage
from tests.factories import IntegrationFactory

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=91)
LATELY = NOW - timedelta(days=89)


@pytest.mark.django_db
def test_prune_deletes_old_messages_keys_and_sessions_and_nothing_else():
    integration = IntegrationFactory()
    for received_at in (LONG_AGO, LATELY):
        InboundMessage.objects.create(
            integration=integration, received_at=received_at, method="POST", body=b"", status="mapped"
        )
        AlertKey.objects.create(digest=f"key of {received_at:%Y-%m-%d}", decided_at=received_at)
    waiting = InboundMessage.objects.create(
        integration=integration, received_at=LONG_AGO, method="POST", body=b""
    )
    Session.objects.create(session_key="old", session_data="", expire_date=LONG_AGO)

    with time_machine.travel(NOW, tick=False):
        tasks.prune()

    kept = InboundMessage.objects.order_by("id")
    assert [message.received_at for message in kept if message != waiting] == [LATELY]
    assert waiting in kept
    assert AlertKey.objects.get().decided_at == LATELY
    assert not Session.objects.exists()
