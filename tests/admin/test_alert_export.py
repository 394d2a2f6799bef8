"""The list of alerts as a file: its columns, its times, what it leaves out, and who may have it."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from alertops import roles
from alerts.admin import export
from alerts.models import Alert
from tests.admin.conftest import NOBODY
from tests.factories import NOW, AlertFactory, IntegrationFactory, PolicyFactory, UserFactory

HEADINGS = [
    *("Alert ID", "Created Date", "Created By", "Priority", "IntegrationName", "ServiceName"),
    *("Escalation Policy/Response Play", "Topic", "Message", "Source", "SourceName", "SourceID", "Status"),
    *("Owner", "InitialAssignedDate", "TimeToAssign", "TimeToResolve", "Resolution Date", "Within SLA"),
    "Resolution",
]


def saved(client, query=""):
    """Return the rows of the file, each by its headings."""
    answer = client.get(reverse("admin:alerts_alert_export") + query)
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_an_alert_has_the_twenty_columns_in_the_zone_of_the_reader(responder):
    responder.user.time_zone = "Europe/Berlin"
    responder.user.save()
    alert = AlertFactory(
        integration=IntegrationFactory(name="Builds"),
        policy=PolicyFactory(name="Nights"),
        owner=UserFactory(first_name="Anna"),
        source="Bitbucket",
        source_name="acme/website",
        source_id="build-1",
        created_by="Builds",
        priority="High",
        status="closed",
        first_assigned_at=NOW + timedelta(minutes=2, seconds=3),
        closed_at=NOW + timedelta(hours=26),
        sla_due_at=NOW + timedelta(hours=4),
        resolution="Restarted.",
    )

    (row,) = saved(responder)

    assert list(row) == HEADINGS
    assert list(row.values()) == [
        str(alert.pk),
        "2026-03-02 13:00:00+01:00",
        "Builds",
        "High",
        "Builds",
        "",
        "Nights",
        "",
        "Build broken",
        "Bitbucket",
        "acme/website",
        "build-1",
        "closed",
        "Anna",
        "2026-03-02 13:02:03+01:00",
        "0:02:03",
        "26:00:00",
        "2026-03-03 15:00:00+01:00",
        "No",
        "Restarted.",
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1"])
def test_no_cell_is_a_formula(text, responder):
    AlertFactory(subject=text, resolution=text)

    (row,) = saved(responder)

    assert row["Message"][0] == row["Resolution"][0] == "'"


def test_the_file_has_what_the_list_shows_on_all_its_pages(responder):
    alerts = AlertFactory.create_batch(60, subject="lift")
    AlertFactory(subject="lift", status="closed")
    AlertFactory(subject="door")

    rows = saved(responder, "?status=not_closed&q=lift")

    assert [int(row["Alert ID"]) for row in rows] == [alert.pk for alert in reversed(alerts)]


def test_a_file_is_read_in_batches_however_long_it_is(responder, django_assert_num_queries):
    columns = {"integration": IntegrationFactory(), "owner": UserFactory()}
    Alert.objects.bulk_create(AlertFactory.build_batch(2 * export.BATCH + 1, **columns))
    answer = responder.get(reverse("admin:alerts_alert_export"))

    with django_assert_num_queries(4):
        _heading, *batches = answer.streaming_content

    assert [batch.count(b"\r\n") for batch in batches] == [export.BATCH, export.BATCH, 1]


def test_a_narrowing_that_cannot_be_leads_back_to_the_list(responder):
    answer = responder.get(reverse("admin:alerts_alert_export") + "?severity__exact__gt=1")

    assert answer.status_code == 302


@pytest.mark.parametrize(("role", "status"), [(roles.VIEWER, 200), (NOBODY, 403)])
def test_the_file_is_for_who_may_see_the_alerts(role, status, as_role):
    assert as_role(role).get(reverse("admin:alerts_alert_export")).status_code == status
