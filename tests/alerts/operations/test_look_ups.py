"""What matters to a key is found by its index, however much is stored and however long its past is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from alerts.operations.arrival import Arrival
from alerts.operations.problems import read_problems
from tests.alerts.operations.reports import HOUR, failed
from tests.factories import NOW, AlertFactory


@pytest.fixture
def arrival(world):
    """An event whose key has a long past, among many others."""
    arrival = Arrival(
        sender=world.integration, event=failed(), policy=None, now=NOW, notifies=True, is_replay=False
    )
    past = AlertFactory.build_batch(300, key_digest=arrival.digest, status="closed", closed_at=NOW - HOUR)
    others = [AlertFactory.build(key_digest=f"{number:064}") for number in range(300)]
    Alert.objects.bulk_create([*past, *others])
    return arrival


def test_each_look_up_has_its_index(arrival):
    with CaptureQueriesContext(connection) as statements:
        read_problems([arrival], stale=())

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE alerts_alert")
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # it would read a small table whole
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{explain} {statements[0]['sql']}")
        plan = str(cursor.fetchall())
    for index in ("one_alert_not_closed_per_key", "alert_key_merged", "alert_key_closed"):
        assert index in plan, plan
