"""People, a policy and an integration for the tests of operations."""

from types import SimpleNamespace

import pytest

from alerts.models import Alert
from tests.alerts.operations.reports import HOUR, LATER, MINUTE, act, by, failed, ingest
from tests.factories import NOW, IntegrationFactory, PolicyFactory, StepFactory, UserFactory
from tests.mailserver import MailServer


@pytest.fixture
def world(db):
    """Anna is told at once, Ben after five minutes; Carol is nowhere."""
    people = {name: UserFactory(username=name) for name in ("anna", "ben", "carol")}
    policy = PolicyFactory(priority="High", sla_hours="2.50")
    StepFactory(policy=policy, position=1, users=[people["anna"]])
    StepFactory(policy=policy, position=2, users=[people["ben"]], wait=5 * MINUTE)
    integration = IntegrationFactory(
        name="Builds", escalation_policy=policy, auto_close_after=2 * HOUR, reopen_window=5 * MINUTE
    )
    return SimpleNamespace(**people, policy=policy, integration=integration)


@pytest.fixture
def alert_in(world):
    """Make an alert in a state; Anna has it where somebody has."""

    def make(status, **fields):
        alert = ingest(world.integration, failed(), at=NOW).alert
        if status == "acknowledged":
            act(alert, "acknowledge", by=by(world.anna), at=NOW + MINUTE)
        if status == "closed":
            act(alert, "close", by=by(world.anna), at=LATER - MINUTE)
        Alert.objects.filter(pk=alert.pk).update(**fields)
        return Alert.objects.get(pk=alert.pk)

    return make


@pytest.fixture
def server(settings):
    """A mail server, to which mails are sent."""
    with MailServer() as mail_server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.port
        yield mail_server
