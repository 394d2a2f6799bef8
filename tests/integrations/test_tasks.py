"""What the process that took a delivery in does with it: all of it, unless there is too much."""

import pytest
from django.core.cache import cache
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from alerts.channels import lines
from alerts.models import Notification
from integrations import tasks
from tests.factories import IntegrationFactory, MessageFactory, RuleFactory, UserFactory
from tests.mailserver import MailServer

# Not in a transaction: what is nudged for counts from the commit.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("stopped_clock")]


@pytest.fixture(autouse=True)
def _practice(mailoutbox):
    """As in a worker that has worked before, the time of a task does not go into beginning."""
    tasks.process(deliver(new_integration("somebody")).pk)
    mailoutbox.clear()
    OrmQ.objects.all().delete()
    cache.clear()
    lines.forget_all()


@pytest.fixture
def integration():
    return new_integration("anna")


def new_integration(username):
    """Make an integration with one recipient, who is told of whatever comes."""
    integration = IntegrationFactory(recipients=[UserFactory(username=username)])
    RuleFactory(integration=integration)
    return integration


def deliver(integration, *builds):
    for build in builds or ("main",):
        MessageFactory(integration=integration, build=build)
    return integration


def pages(integration):
    return list(Notification.objects.filter(integration=integration).values_list("kind", "status"))


def queued():
    return [SignedPackage.loads(row.payload)["func"] for row in OrmQ.objects.order_by("id")]


def test_from_the_delivery_to_the_mail_one_task_is_enough(integration, mailoutbox):
    deliver(integration)

    tasks.process(integration.pk)

    assert integration.messages.get().reason == "opened"
    assert integration.alerts.get().status == "open"
    assert pages(integration) == [("page", "sent")]
    assert [mail.to for mail in mailoutbox] == [["anna@example.com"]]
    assert queued() == []


def test_as_long_as_it_is_little_one_process_does_it(integration, mailoutbox):
    deliver(integration, *["main"] * tasks.FEW)

    tasks.process(integration.pk)

    assert len(mailoutbox) == 1
    assert "alerts.tasks.escalate" not in queued()


def test_what_many_deliveries_make_due_is_left_to_other_processes(integration, mailoutbox):
    deliver(integration, *(f"branch {number}" for number in range(tasks.FEW + 1)))

    tasks.process(integration.pk)

    assert integration.alerts.open().count() == tasks.FEW + 1
    assert pages(integration) == []
    assert mailoutbox == []
    assert "alerts.tasks.escalate" in queued()


@pytest.fixture
def slow_server(settings):
    """A mail server that takes its time for each answer."""
    with MailServer() as server:
        server.pause = 0.03
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def test_where_the_provider_has_been_slow_others_call_it(integration, slow_server):
    tasks.process(deliver(integration, "first").pk)
    slow_server.gets("anna@example.com")

    tasks.process(deliver(integration, "second").pk)

    assert integration.alerts.count() == 2
    assert pages(integration) == [("page", "sent")]
    assert "alerts.tasks.escalate" in queued()
