"""From the POST of a push to the mail, the call and the alert: by the doors, with real servers."""

import json
from urllib.parse import urlencode

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from alerts.models import Alert
from brokers import engine
from brokers import operations as brokers
from brokers.models import BrokerRun, Push, Repository
from brokers.operations import add_service
from integrations import operations, tasks
from tests.brokers import pushes
from tests.factories import NOW, StepFactory, push_body


def telling():
    """Return a policy that tells somebody."""
    return StepFactory(tells_recipients=True).policy


@pytest.mark.django_db(transaction=True)
def test_a_push_is_mailed_posted_and_opens_an_alert(client, server, post):
    integration = operations.create_integration("github", name="Website", policy=telling())
    url = operations.url_of(integration).removeprefix(django_settings.BASE_URL)

    def push(*commits, **more):
        answer = client.post(url, push_body(*commits, **more), content_type="application/json")
        assert answer.status_code == 202
        tasks.process(integration.pk)

    push("1")  # makes the repository known
    repository = Repository.objects.get(full_name="acme/website")
    for broker, settings in (
        ("email", {"to": ["anna@example.com"]}),
        ("post", {"url": f"{server.url}/hook"}),
        ("alert", {"protected": "main"}),
    ):
        add_service(repository, broker, settings=settings, now=NOW)

    push("1", "2")
    engine.run_due(clock=timezone.now, budget=30)  # noqa: TID251 (as the task does)
    tasks.take_requests()

    assert set(BrokerRun.objects.values_list("status", flat=True)) == {"done"}
    mail = post.gets("anna@example.com")
    assert "Commit 2222" in mail["Subject"]
    assert "1111" not in mail.get_body(("plain",)).get_content()
    [request] = server.received
    told = json.loads(request.form()["payload"])
    assert [commit["raw_node"][0] for commit in told["commits"]] == ["2"]
    alert = Alert.objects.get()
    assert (alert.integration, alert.source_name) == (integration, "acme/website")
    assert "main" in alert.subject


@pytest.mark.django_db
@pytest.mark.parametrize("name", pushes.NAMES)
def test_the_push_of_every_host_is_taken_in_by_a_custom_integration(name, client):
    integration = operations.create_integration("custom", name="All", policy=telling())
    url = operations.url_of(integration).removeprefix(django_settings.BASE_URL)

    client.post(url, json.dumps(pushes.sent(name)), content_type="application/json")
    operations.process_waiting(integration.pk, now=NOW)

    message, row = integration.messages.get(), Push.objects.get()
    assert (message.status, message.reason) == ("mapped_ignored", "status_mismatch")
    assert row.repository.full_name == pushes.read(name).full_name
    assert brokers.push_of(row) == pushes.read(name)
    assert row.summary


@pytest.mark.django_db
def test_the_form_of_the_old_service_is_taken_in(client):
    integration = operations.create_integration("custom", name="Old", policy=telling())
    url = operations.url_of(integration).removeprefix(django_settings.BASE_URL)

    form = urlencode({"payload": json.dumps(pushes.sent("historic/push"))})
    client.post(url, form, content_type="application/x-www-form-urlencoded")
    operations.process_waiting(integration.pk, now=NOW)

    assert Push.objects.get().repository.full_name == "acme/website"
