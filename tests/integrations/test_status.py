"""Where a sender, or a person, asks what became of a delivery."""

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.urls import reverse

from integrations import operations
from tests.factories import NOW, IntegrationFactory, MessageFactory, RuleFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration():
    integration = IntegrationFactory()
    RuleFactory(integration=integration)
    return integration


def ask(client, integration, message, **headers):
    return client.get(f"/in/{integration.token}/messages/{message.pk}", headers=headers)


def test_a_processed_delivery_is_told_with_its_alert(client, integration):
    message = MessageFactory(integration=integration)
    operations.process_waiting(integration.pk, now=NOW)
    message.refresh_from_db()

    answer = ask(client, integration, message)

    number = message.alert_id
    assert answer.json() == {
        "id": message.pk,
        "status": "mapped",
        "reason": "opened",
        "sentence": f"Opened #{number}",
        "alert": {"number": number, "url": f"{settings.BASE_URL}/alerts/alert/{number}/change/"},
        "received_at": "2026-03-02T12:00:00+00:00",
        "processed_at": "2026-03-02T12:00:00+00:00",
    }
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"status": "pending"}, "Waiting to be processed"),
        ({"status": "processing"}, "Being processed"),
        ({"status": "refused", "reason": "disabled", "detail": "Switched off."}, "Switched off."),
    ],
    ids=["pending", "processing", "refused"],
)
def test_a_delivery_without_alert_is_told_in_words(client, integration, columns, sentence):
    answer = ask(client, integration, MessageFactory(integration=integration, **columns)).json()

    assert (answer["sentence"], answer["alert"]) == (sentence, None)


def test_only_messages_of_the_tokens_integration_are_told(client, integration):
    answer = ask(client, integration, MessageFactory())

    assert answer.status_code == 404
    assert answer.json()["error"] == "unknown_message"


def test_a_wrong_token_is_told_nothing(client, integration):
    message = MessageFactory(integration=integration)
    answer = client.get(f"/in/wrong/messages/{message.pk}")

    assert answer.status_code == 404
    assert answer.json()["error"] == "unknown_url"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_status_is_only_read(client, integration, method):
    message = MessageFactory(integration=integration)
    answer = client.generic(method, f"/in/{integration.token}/messages/{message.pk}")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET"


def person(*, may_look=True, **columns):
    user = UserFactory(**columns)
    if may_look:
        user.user_permissions.add(Permission.objects.get(codename="view_inboundmessage"))
    return user


def test_a_person_who_may_look_is_led_to_the_log(client, integration):
    message = MessageFactory(integration=integration)
    client.force_login(person())

    answer = ask(client, integration, message, accept="text/html,application/xhtml+xml")

    assert answer.status_code == 302
    assert answer.url == reverse("admin:integrations_inboundmessage_change", args=[message.pk])


@pytest.mark.parametrize(
    ("who", "accept"),
    [
        (None, "text/html"),
        ({"may_look": False}, "text/html"),
        ({"is_staff": False}, "text/html"),
        ({}, "application/json"),
    ],
    ids=["nobody", "without permission", "no staff", "a program with a session"],
)
def test_everybody_else_gets_the_answer_itself(client, integration, who, accept):
    message = MessageFactory(integration=integration)
    if who is not None:
        client.force_login(person(**who))

    answer = ask(client, integration, message, accept=accept)

    assert answer.status_code == 200
    assert answer.json()["id"] == message.pk
