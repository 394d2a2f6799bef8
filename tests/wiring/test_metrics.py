"""/metrics: what Prometheus is told, who may ask, and that the page about it is right."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from alertops import nodes
from alertops.health import TICKER
from alerts.models import Notification
from integrations import operations
from integrations.models import InboundMessage, Tally
from integrations.operations import tallies
from tests.factories import NOW, AlertFactory, IntegrationFactory, MessageFactory, RuleFactory, UserFactory

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")
TOKEN = "a long random text"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _token(settings):
    settings.METRICS_TOKEN = TOKEN
    with time_machine.travel(NOW, tick=False):
        yield


def scrape(client, **headers):
    return client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **headers})


def families(client):
    return list(text_string_to_metric_families(scrape(client).content.decode()))


def figures(client):
    """Return every figure by its name and its labels' values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families(client)
        for sample in family.samples
    }


def processed(integration, *states, received_at=NOW):
    for state in states:
        MessageFactory(integration=integration, state=state, received_at=received_at)
    operations.process_waiting(integration.pk, now=NOW)


@pytest.fixture
def builds():
    integration = IntegrationFactory(name='Builds "main"\n\\')
    RuleFactory(integration=integration)
    return integration


def test_deliveries_are_counted_by_integration_and_outcome(client, builds):
    processed(builds, "FAILED", "FAILED", "SUCCESSFUL")
    processed(builds, "FAILED")

    told = figures(client)

    name = builds.name
    assert told["alertops_deliveries_total", name, "opened"] == 1
    assert told["alertops_deliveries_total", name, "duplicate"] == 1
    assert told["alertops_deliveries_total", name, "closed"] == 1
    assert told["alertops_deliveries_total", name, "reopened"] == 1


def test_the_time_until_they_are_processed_is_a_histogram(client, builds):
    processed(builds, "FAILED", received_at=NOW - timedelta(seconds=2))
    processed(builds, "FAILED", received_at=NOW - timedelta(hours=1))
    processed(builds, "FAILED", received_at=NOW + timedelta(hours=1))

    told = figures(client)

    name = builds.name
    assert told["alertops_processing_seconds_bucket", name, "0.05"] == 1
    assert told["alertops_processing_seconds_bucket", name, "2.5"] == 2
    assert told["alertops_processing_seconds_bucket", name, "300.0"] == 2
    assert told["alertops_processing_seconds_bucket", name, "+Inf"] == 3
    assert told["alertops_processing_seconds_sum", name] == 3602


def test_processing_again_does_not_count_again(client, builds):
    processed(builds, "SUCCESSFUL")
    before = figures(client)
    message = InboundMessage.objects.get()
    replay = operations.request_replay(builds, [message.pk], requested_by=None, now=NOW)
    operations.run_replay(replay.pk, now=NOW)

    after = figures(client)

    name = builds.name
    assert after["alertops_deliveries_total", name, "close_without_open"] == 1
    assert {key: value for key, value in after.items() if key[0] == "alertops_deliveries_total"} == {
        key: value for key, value in before.items() if key[0] == "alertops_deliveries_total"
    }


def test_a_batch_is_counted_in_one_statement(builds, django_assert_num_queries):
    processed(builds, "FAILED", "FAILED")
    messages = list(InboundMessage.objects.all())

    with django_assert_num_queries(1):
        tallies.count(builds.pk, messages)

    assert sum(Tally.objects.values_list("count", flat=True)) == 4


def test_an_integration_takes_its_tallies_along(builds):
    processed(builds, "FAILED")
    InboundMessage.objects.all().delete()
    connection.check_constraints()
    Tally.objects.filter(integration=builds).delete()

    assert not Tally.objects.exists()


def test_answers_at_the_door_are_counted(client, builds):
    before = figures(client)
    client.post(f"/in/{builds.token}", b"{}", content_type="application/json")
    client.post(f"/in/{builds.token}", b"", content_type="application/json")
    client.post("/in/nobody", b"{}", content_type="application/json")

    after = figures(client)

    def more(*key):
        return after[key] - before.get(key, 0)

    assert more("alertops_door_answers_total", "accepted") == 1
    assert more("alertops_door_answers_total", "unreadable_body") == 1
    assert more("alertops_door_answers_total", "unknown_url") == 1
    assert more("alertops_accept_seconds_count") == 1


def test_the_workers_of_all_machines_that_live_are_added_up(client):
    nodes.tell("node-1", {"alerts": (4, 4), "slow": (1, 1)}, NOW)
    nodes.tell("node-2", {"alerts": (3, 4), "slow": (1, 1)}, NOW - timedelta(seconds=19))
    nodes.tell("node-3", {"alerts": (4, 4), "slow": (1, 1)}, NOW - timedelta(seconds=21))

    told = figures(client)

    assert told["alertops_workers_alive", "alerts"] == 7
    assert told["alertops_workers_alive", "slow"] == 2


def test_what_waits_is_told(client, builds):
    MessageFactory(integration=builds, state="FAILED", received_at=NOW - timedelta(seconds=7))
    cache.set(TICKER, (NOW - timedelta(seconds=1)).timestamp())
    alert = AlertFactory(severity="critical")
    for status in ("pending", "failed"):
        Notification.objects.create(
            alert=alert,
            user_label="Anna",
            channel="email",
            address="a@example.com",
            urgency="high",
            dedup_key=status,
            status=status,
            created_at=NOW,
            due_at=NOW - timedelta(seconds=3),
        )

    told = figures(client)

    assert told["alertops_messages_waiting",] == 1
    assert told["alertops_oldest_waiting_message_seconds",] == 7
    assert told["alertops_notifications_due",] == 1
    assert told["alertops_oldest_due_notification_seconds",] == 3
    assert told["alertops_notifications_failed",] == 1
    assert told["alertops_escalations_due",] == told["alertops_oldest_due_escalation_seconds",] == 0
    assert told["alertops_open_alerts", "critical", "open"] == 1
    assert told["alertops_ticker_age_seconds",] == 1
    assert told["alertops_queue_tasks", "alerts"] >= 0
    assert told["alertops_database_up",] == 1


def test_a_worker_that_was_never_there_is_infinitely_old(client):
    assert figures(client)["alertops_ticker_age_seconds",] == float("inf")


def test_a_scrape_asks_the_same_whatever_is_stored(client, builds, django_assert_max_num_queries):
    processed(builds, *["FAILED"] * 30)
    for _ in range(5):
        processed(IntegrationFactory(), "FAILED")

    with django_assert_max_num_queries(12):
        scrape(client)


def test_every_metric_is_on_the_page_and_nothing_else(client, builds):
    processed(builds, "FAILED")
    client.post(f"/in/{builds.token}", b"{}", content_type="application/json")
    told = {
        family.name + "_total" if family.type == "counter" else family.name
        for family in families(client)
        if not family.name.endswith("_created")
    }

    assert set(re.findall(r"^\| `(\w+)", PAGE, re.MULTILINE)) == told


def test_every_metric_is_explained(client, builds):
    processed(builds, "FAILED")

    assert all(family.documentation for family in families(client))


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "€"])
def test_without_the_token_the_mend_is_told(client, given):
    answer = client.get("/metrics", headers={"Authorization": given} if given else {})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "ALERTOPS_METRICS_TOKEN" in answer.json()["detail"]


@pytest.mark.parametrize("given", ["Bearer ", "Bearer"])
def test_where_no_token_is_set_none_is_right(client, settings, given):
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": given}).status_code == 401


def test_who_may_view_the_log_may_read_them(client):
    user = UserFactory()
    client.force_login(user)
    assert client.get("/metrics").status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_inboundmessage"))

    assert client.get("/metrics").status_code == 200


def test_no_secret_is_told(client, builds):
    processed(builds, "FAILED")

    assert builds.token not in scrape(client).content.decode()
