"""A database that is in use can be upgraded."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from alerts.models import Escalation
from tests.factories import NOW, AlertFactory, IntegrationFactory


def migrate(*target):
    executor = MigrationExecutor(connection)
    executor.migrate([target] if target else executor.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
def test_what_waits_is_given_its_turn_when_a_database_in_use_is_upgraded():
    alert = AlertFactory(integration=IntegrationFactory(), severity="warning")
    escalation = Escalation.objects.create(alert=alert, due_at=NOW, started_at=NOW)
    try:
        migrate("alerts", "0003_look_ups_of_a_key")
    finally:
        migrate()

    escalation.refresh_from_db()
    assert (escalation.integration_id, escalation.urgency) == (alert.integration_id, "low")
