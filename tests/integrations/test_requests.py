"""What runs of brokers ask of alerts opens, joins and closes them."""

import pytest

from alerts.models import Alert
from brokers.models import RunRequest
from integrations import engine, tasks
from integrations.operations import requests
from tests.factories import (
    NOW,
    IntegrationFactory,
    MessageFactory,
    PushFactory,
    RunFactory,
    ServiceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration():
    return IntegrationFactory()


@pytest.fixture
def run(integration):
    service = ServiceFactory(title="Protected branches")
    push = PushFactory(
        repository=service.repository,
        integration=integration,
        message=MessageFactory(integration=integration, status="mapped"),
    )
    return RunFactory(service=service, push=push)


def ask(run, action="open", index=0, **more):
    what = {"act": action, "key": "protected main", "subject": "main was forced", **more}
    return RunRequest.objects.create(run=run, index=index, what=what)


def test_a_request_opens_an_alert_of_the_integration_by_which_the_push_came(integration, run):
    request = ask(run, severity="critical", text="By Ben.", url="https://example.com/1")

    assert engine.take_requests(NOW) == 1

    alert = Alert.objects.get()
    assert (alert.integration, alert.subject, alert.severity) == (integration, "main was forced", "critical")
    assert (alert.source_name, alert.source_id) == (run.repository.full_name, "protected main")
    assert (alert.long_text, alert.source_url) == ("By Ben.", "https://example.com/1")
    assert alert.tags == {"repository": run.repository.full_name, "service": "Protected branches"}
    assert alert.events.first().message_id == run.push.message_id
    request.refresh_from_db()
    assert (request.outcome, request.alert, request.done_at) == ("opened", alert, NOW)


def test_it_is_done_once(run):
    ask(run)

    assert [engine.take_requests(NOW), engine.take_requests(NOW)] == [1, 0]
    assert Alert.objects.get().event_count == 1


def test_the_same_key_joins_and_closing_closes(run):
    ask(run)
    ask(run, index=1)
    ask(run, "close", index=2)
    ask(run, "close", index=3)

    engine.take_requests(NOW)

    outcomes = RunRequest.objects.order_by("index").values_list("outcome", flat=True)
    assert list(outcomes) == ["opened", "duplicate", "closed", "close_without_open"]
    assert Alert.objects.get().status == "closed"


def test_the_alert_of_a_test_is_one(run):
    run.is_test, run.is_first = True, False
    run.save()
    ask(run)

    engine.take_requests(NOW)

    assert Alert.objects.get().is_test


def test_without_the_integration_it_is_said_that_nothing_can_be_done(integration, run):
    run.push.integration = None
    run.push.save()
    request = ask(run)

    engine.take_requests(NOW)

    request.refresh_from_db()
    assert (request.outcome, request.done_at) == (requests.NOWHERE, NOW)
    assert not Alert.objects.exists()


def test_one_that_cannot_be_done_keeps_no_other_waiting(run):
    bad = ask(run, action="shout")
    ask(run, index=1)

    assert engine.take_requests(NOW) == 2

    bad.refresh_from_db()
    assert bad.outcome == requests.BROKEN
    assert Alert.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_task_does_all_that_waits(run):
    for index in range(3):
        ask(run, index=index, key=f"key {index}")

    tasks.take_requests()

    assert Alert.objects.count() == 3
    assert not RunRequest.objects.filter(done_at=None).exists()
