"""What tests of brokers share: a server to call, a mail server, and runs that are done by hand."""

import pytest

from brokers import operations
from brokers.models import BrokerRun
from tests.factories import NOW
from tests.mailserver import MailServer
from tests.web import WebServer


@pytest.fixture
def loop_is_listed(settings):
    settings.OUTBOUND_NETWORKS = ["127.0.0.1"]


@pytest.fixture
def server(loop_is_listed):
    with WebServer() as web_server:
        yield web_server


@pytest.fixture
def post(settings):
    with MailServer() as mail_server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_URL = mail_server.url
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.port
        settings.DEFAULT_FROM_EMAIL = "alertops <alerts@ops.example.com>"
        yield mail_server


@pytest.fixture
def done():
    """Return what tries a run once, at an instant, and returns it as it is then."""

    def do(run, *, now=NOW):
        operations.run_one(run.pk, clock=lambda: now)
        return BrokerRun.objects.get(pk=run.pk)

    return do
