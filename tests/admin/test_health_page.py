"""System > Health says in words whether alertops does its work, who works, and what to do."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from alertops import busy, nodes, roles
from alertops.health import TICKER
from alerts.models import Escalation, Notification
from tests.admin.conftest import NOBODY, SUPERUSER
from tests.factories import NOW, AlertFactory, MessageFactory

URL = "/system/health/"


@pytest.fixture(autouse=True)
def _worker(_stopped_clock):
    cache.set(TICKER, NOW.timestamp() - 3)
    nodes.tell("node-1", {"alerts": (4, 4), "slow": (1, 1)}, NOW)


def shown(client):
    answer = client.get(URL)
    assert answer.status_code == 200
    return answer.context, answer.content.decode()


def unwell(context):
    return [item for item in context["items"] if not item.is_well]


def test_it_says_first_that_all_is_well(superuser):
    context, page = shown(superuser)

    assert context["answer"] == "All is well: deliveries are processed, and people are told."
    assert not unwell(context)
    assert "It was last heard of 3 seconds ago." in page
    assert "What to do:" not in page
    assert "As of 2 Mar 2026, 12:00:00 UTC" in page


def waits_for_processing():
    MessageFactory(received_at=NOW - timedelta(minutes=5))


def waits_for_its_step():
    Escalation.objects.create(
        alert=AlertFactory(), started_at=NOW - timedelta(hours=1), due_at=NOW - timedelta(minutes=5)
    )


def waits_for_being_sent():
    Notification.objects.create(
        alert=AlertFactory(),
        user_label="Anna",
        channel="email",
        address="anna@example.com",
        urgency="high",
        dedup_key="1",
        created_at=NOW,
        due_at=NOW - timedelta(minutes=5),
    )


@pytest.mark.parametrize(
    ("cause", "name", "sentence", "advice"),
    [
        (
            lambda: cache.delete(TICKER),
            "The worker runs",
            "No worker has been heard of.",
            "Start it with “manage.py runworker”",
        ),
        (
            lambda: cache.set(TICKER, NOW.timestamp() - 50),
            "The worker runs",
            "It was last heard of 50 seconds ago.",
            "Start it with",
        ),
        (
            waits_for_processing,
            "Deliveries are processed",
            "The oldest that waits came in 5 minutes ago. Up to 2 minutes is normal.",
            "ALERTOPS_WORKERS",
        ),
        (
            waits_for_its_step,
            "Escalations go on in time",
            "The step that is late most should have run 5 minutes ago. Up to 1 minute is normal.",
            "worker&#x27;s log",
        ),
        (
            waits_for_being_sent,
            "People are told in time",
            "The notification that is late most should have left 5 minutes ago.",
            "the mail server",
        ),
        (
            busy._remember,
            "Deliveries are taken in",
            "Senders were asked to try again later",
            "a second machine",
        ),
    ],
    ids=["no worker", "a silent worker", "messages", "steps", "notifications", "a busy door"],
)
def test_what_is_not_well_is_said_with_what_to_do(cause, name, sentence, advice, superuser):
    cause()

    context, page = shown(superuser)

    assert [item.name for item in unwell(context)] == [name]
    assert context["answer"] != "All is well: deliveries are processed, and people are told."
    assert sentence in page
    assert "What to do:" in page
    assert advice in page


def test_it_shows_who_works(superuser):
    nodes.tell("node-2", {"alerts": (3, 4), "slow": (1, 1)}, NOW - timedelta(seconds=10))
    nodes.tell("node-3", {"alerts": (4, 4)}, NOW - timedelta(minutes=5))

    context, page = shown(superuser)

    assert [(node.name, node.is_alive, node.is_whole) for node in context["nodes"]] == [
        ("node-1", True, True),
        ("node-2", True, False),
        ("node-3", False, False),
    ]
    assert "3 of 4 for alerts" in page
    assert "silent" in page


def test_without_any_machine_it_says_how_to_start_one(superuser):
    cache.clear()

    assert "No machine with a worker has been heard of" in shown(superuser)[1]


def test_a_machine_that_is_gone_for_a_day_is_forgotten():
    nodes.tell("node-2", {}, NOW - timedelta(hours=25))
    nodes.tell("node-1", {}, NOW)

    assert [node.name for node in nodes.known(NOW)] == ["node-1"]


def test_it_tells_what_is_set_up_and_what_is_misconfigured(superuser, settings):
    context, page = shown(superuser)

    assert f"mails are written to {settings.MAIL_FOLDER}" in page
    assert context["queues"] == [("Tasks in the queue", "0"), ("Long tasks in the queue", "0")]
    assert settings.ENCRYPTION_KEYS[0] not in page
    assert settings.SECRET_KEY not in page


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (NOBODY, 403),
        (roles.VIEWER, 403),
        (roles.RESPONDER, 403),
        (roles.INTEGRATIONS_ADMIN, 200),
        (roles.ADMIN, 200),
        (SUPERUSER, 200),
    ],
)
def test_it_is_for_who_may_mend_it(role, status, as_role):
    assert as_role(role).get(URL).status_code == status


def test_a_stranger_is_asked_to_log_in(client, db):
    assert client.get(URL).url.startswith(reverse("admin:login"))


def test_every_list_that_it_names_is_there_for_its_reader(as_role):
    for role in (roles.INTEGRATIONS_ADMIN, SUPERUSER):
        client = as_role(role)
        for item in shown(client)[0]["items"]:
            assert not item.url or client.get(item.url).status_code == 200


def test_it_costs_few_queries(superuser, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        shown(superuser)
