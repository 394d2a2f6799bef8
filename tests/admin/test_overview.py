"""The overview answers first, and says what the operator should know."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from alertops import roles
from alertops.health import TICKER
from alerts.models import Escalation, Notification
from integrations.models import UnmatchedDelivery
from tests.factories import NOW, AlertFactory, IntegrationFactory, MessageFactory, StepFactory, UserFactory


@pytest.fixture
def _worker():
    cache.set(TICKER, NOW.timestamp())


def shown(client):
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.context, answer.content.decode()


@pytest.mark.usefixtures("_worker")
@pytest.mark.parametrize(
    ("alerts", "answer"),
    [
        ([], "Nothing is wrong."),
        ([{"status": "closed"}], "Nothing is wrong."),
        ([{}], "1 alert is open and nobody has taken it."),
        ([{}, {}, {"status": "acknowledged"}], "2 alerts are open and nobody has taken them."),
        ([{"status": "acknowledged"}], "Nothing is left lying: somebody has taken each alert."),
        (
            [{"snoozed_until": NOW + timedelta(hours=1)}],
            "Nothing is left lying: somebody has taken each alert.",
        ),
    ],
    ids=["none", "closed", "one open", "two open", "acknowledged", "snoozed"],
)
def test_the_first_sentence_answers_whether_anything_is_wrong_that_nobody_has_taken(
    alerts, answer, superuser
):
    for alert in alerts:
        AlertFactory(**alert)

    context, page = shown(superuser)

    assert context["answer"] == answer
    assert answer in page


def test_without_a_worker_the_overview_does_not_claim_that_all_is_well(superuser):
    context, page = shown(superuser)

    assert "alertops itself is not well" in context["answer"]
    assert "No worker is running" in page


@pytest.mark.usefixtures("_worker")
def test_the_worst_alert_comes_first(superuser):
    for severity in ("info", "critical", "warning", "error"):
        AlertFactory(severity=severity)

    context, _page = shown(superuser)

    assert [row.severity for row in context["open_alerts"]] == ["critical", "error", "warning", "info"]


def test_an_alert_that_nobody_took_is_named(superuser):
    alert = AlertFactory(subject="The disk is full")
    Escalation.objects.create(alert=alert, started_at=NOW, status=Escalation.Status.EXHAUSTED)

    _context, page = shown(superuser)

    assert f"told about #{alert.pk} “The disk is full”, and nobody took it" in page


def test_todays_deliveries_are_counted_by_status(superuser):
    MessageFactory.create_batch(2, received_at=NOW, status="mapped")
    MessageFactory(received_at=NOW, status="refused")
    MessageFactory(received_at=NOW - timedelta(days=2), status="mapped")

    context, page = shown(superuser)

    assert [(row["label"], row["count"]) for row in context["deliveries"]] == [("Mapped", 2), ("Refused", 1)]
    assert "3 deliveries today" in page


def test_what_could_not_be_sent_and_what_found_no_integration_is_said(superuser):
    UnmatchedDelivery.objects.create(received_at=NOW, token_hint="abc", method="POST")
    Notification.objects.create(
        alert=AlertFactory(),
        user_label="Anna",
        channel="email",
        address="anna@example.com",
        urgency="high",
        dedup_key="1",
        status=Notification.Status.FAILED,
        created_at=NOW,
        due_at=NOW,
    )

    _context, page = shown(superuser)

    assert "1 notification of the last day could not be sent" in page
    assert "1 delivery of the last day went to a URL that no integration has" in page


def test_it_says_where_mails_go_while_no_server_is_set(superuser, settings):
    _context, page = shown(superuser)

    assert f"Mails reach nobody yet: they are written to {settings.MAIL_FOLDER}" in page


def test_a_new_installation_shows_three_steps_and_ticks_off_what_is_done(superuser):
    context, _page = shown(superuser)
    assert [step.is_done for step in context["steps"]] == [False, False, False]

    StepFactory(users=[UserFactory()])
    IntegrationFactory()
    context, _page = shown(superuser)
    assert [step.is_done for step in context["steps"]] == [True, True, False]

    MessageFactory()
    context, _page = shown(superuser)
    assert context["steps"] == []


def test_a_responder_sees_no_settings_to_mend(as_role):
    _context, page = shown(as_role(roles.RESPONDER))

    assert "Mails reach nobody" not in page
    assert "Three steps" not in page


def test_somebody_without_a_role_sees_an_overview_without_alerts(as_role):
    AlertFactory(subject="Secret")

    _context, page = shown(as_role("nobody"))

    assert "Secret" not in page


def test_the_overview_costs_few_queries_however_much_there_is(superuser, django_assert_max_num_queries):
    AlertFactory.create_batch(30, integration=IntegrationFactory())
    MessageFactory.create_batch(30, received_at=NOW)

    with django_assert_max_num_queries(16):
        shown(superuser)
