"""/healthz says that the process lives, /readyz that work is done."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db.migrations.recorder import MigrationRecorder

from alertops.health import TICKER
from alerts.models import Escalation, Notification
from tests.factories import NOW, AlertFactory, MessageFactory


@pytest.fixture(autouse=True)
def _stopped_clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def _worker():
    cache.set(TICKER, (NOW - timedelta(seconds=1)).timestamp())


def ready(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def notification(due_at, **columns):
    values = {
        "user_label": "Anna",
        "channel": "email",
        "address": "a@example.com",
        "urgency": "high",
        "dedup_key": "1",
    }
    return Notification.objects.create(
        alert=AlertFactory(), created_at=NOW, due_at=due_at, **values, **columns
    )


def test_healthz_asks_nothing_of_the_database(client):
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.usefixtures("_worker")
def test_readyz_is_content_when_nothing_waits(client, db):
    status, told = ready(client)

    assert (status, told["status"], told["reasons"]) == (200, "ready", [])
    assert told["checks"]["ticker"] == {"ok": True, "age_seconds": 1.0, "limit_seconds": 30.0}


def test_readyz_misses_a_worker_that_was_never_there(client, db):
    status, told = ready(client)

    assert status == 503
    (reason,) = told["reasons"]
    assert reason.startswith("No worker is running")
    assert "“manage.py runworker”" in reason


@pytest.mark.parametrize(("age", "status"), [(30, 200), (31, 503)])
def test_readyz_misses_a_worker_that_is_silent(age, status, client, db):
    cache.set(TICKER, (NOW - timedelta(seconds=age)).timestamp())

    assert ready(client)[0] == status


@pytest.mark.usefixtures("_worker")
@pytest.mark.parametrize(
    ("make", "limit", "words"),
    [
        (lambda at: MessageFactory(received_at=at), 120, "A delivery has been waiting for"),
        (
            lambda at: Escalation.objects.create(alert=AlertFactory(), started_at=at, due_at=at),
            60,
            "A step of an escalation is late by",
        ),
        (notification, 60, "A notification has been waiting for"),
    ],
    ids=["message", "escalation", "notification"],
)
@pytest.mark.parametrize("over", [0, 1])
def test_readyz_complains_of_what_waits_longer_than_it_should(make, limit, words, over, client, db):
    make(NOW - timedelta(seconds=limit + over))

    status, told = ready(client)

    assert status == (503 if over else 200)
    assert [reason for reason in told["reasons"] if reason.startswith(words)] == told["reasons"]
    assert bool(told["reasons"]) is bool(over)


@pytest.mark.usefixtures("_worker")
def test_what_is_done_or_not_yet_due_does_not_wait(client, db):
    MessageFactory(status="mapped", received_at=NOW - timedelta(days=1))
    notification(NOW - timedelta(days=1), status="sent")
    Escalation.objects.create(alert=AlertFactory(), started_at=NOW, due_at=NOW + timedelta(hours=1))

    assert ready(client)[0] == 200


@pytest.mark.usefixtures("_worker")
def test_readyz_names_migrations_that_are_missing(client, db):
    MigrationRecorder.Migration.objects.filter(app="knox").delete()

    status, told = ready(client)

    assert status == 503
    assert "run `manage.py migrate`" in told["reasons"][0]
    assert "knox.0001_initial" in told["checks"]["migrations"]["missing"]


@pytest.mark.usefixtures("_worker")
def test_readyz_is_cheap(client, db, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        ready(client)


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_probes_are_open_uncached_and_for_looking_only(address, client, db):
    assert "no-store" in client.get(address)["Cache-Control"]
    assert client.head(address).status_code in (200, 503)
    assert client.post(address).status_code == 405
