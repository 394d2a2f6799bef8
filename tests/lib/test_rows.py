"""Many rows are written at once, whatever is in them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from alertops.lib.rows import insert_rows, update_rows
from alerts.models import Alert, AlertEvent, Escalation
from tests.factories import NOW, AlertFactory

pytestmark = pytest.mark.django_db
TEXTS = [
    "",
    "a",
    "quoted \"twice\" and 'once'",
    "back\\slash, {brace}, NULL",
    "two\nlines\tand a tab",
    "„Ä“ 🔔",
]


def test_rows_are_inserted_as_they_are():
    alert = AlertFactory()
    kinds = [AlertEvent.Kind.NOTE, "opened"]
    rows = [
        AlertEvent(alert=alert, at=NOW, kind=kind, text=text, data={"text": text, "of": [1, None]})
        for text in TEXTS
        for kind in kinds
    ]

    insert_rows(rows)

    stored = AlertEvent.objects.values_list("alert", "at", "kind", "text", "data", "actor")
    assert list(stored) == [(alert.pk, NOW, row.kind, row.text, row.data, None) for row in rows]


def test_rows_are_updated_as_they_are():
    alerts = [AlertFactory() for _text in TEXTS]
    for number, (alert, text) in enumerate(zip(alerts, TEXTS, strict=True)):
        alert.resolution, alert.tags, alert.event_count = text, {text: [text]}, number
        alert.closed_at = NOW + timedelta(seconds=number / 3) if number % 2 else None
        alert.merged_into = alerts[0] if number else None
        alert.subject = "not written"
    columns = ["resolution", "tags", "event_count", "closed_at", "merged_into"]

    update_rows(alerts, columns)

    for alert in alerts:
        stored = Alert.objects.get(pk=alert.pk)
        assert [getattr(stored, name) for name in columns] == [getattr(alert, name) for name in columns]
        assert stored.subject == "Build broken"


def test_nothing_is_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert_rows([])
        update_rows([], ["subject"])


def test_what_the_database_refuses_is_raised_by_djangos_name():
    with pytest.raises(IntegrityError), connection.cursor():
        insert_rows([Escalation(alert_id=None, started_at=NOW)])
