"""What is misconfigured about services is told by name."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from brokers.checks import check_services
from brokers.models import Repository
from tests.factories import RepositoryFactory, ServiceFactory

pytestmark = pytest.mark.django_db


def found():
    return {message.id: message.msg for message in check_services(databases=["default"])}


@pytest.fixture(autouse=True)
def mail_server(settings):
    settings.EMAIL_URL = "smtp://mail"


def test_without_a_fault_nothing_is_said():
    ServiceFactory(broker="email", secrets='{"a": "b"}', repository__access_token="T0KEN")

    assert found() == {}


def test_secrets_that_no_key_fits_are_named(settings):
    RepositoryFactory(full_name="acme/api", access_token="T0KEN")
    ServiceFactory(title="Room", secrets='{"url": "x"}', repository__full_name="acme/website")
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    assert found() == {
        "brokers.W001": "No key of ALERTOPS_ENCRYPTION_KEYS fits what is kept secret of acme/api,"
        " “Room” (acme/website)."
    }


def test_a_service_whose_broker_is_gone_is_named_as_long_as_it_is_on():
    ServiceFactory(broker="gone", title="Old")
    ServiceFactory(broker="gone", title="Off", is_enabled=False)

    assert list(found()) == ["brokers.W002"]
    assert "“Old”" in found()["brokers.W002"]
    assert "Off" not in found()["brokers.W002"]


def test_services_that_mail_to_nobody_are_named(settings):
    for number in range(7):
        ServiceFactory(broker="email", title=f"Mails {number}")
    assert found() == {}

    settings.EMAIL_URL = ""

    assert "“Mails 4”" in found()["brokers.W003"]
    assert "…" in found()["brokers.W003"]
    assert "“Mails 5”" not in found()["brokers.W003"]


def test_a_token_that_goes_in_clear_is_told():
    RepositoryFactory(full_name="acme/api", url="http://git.example.com/acme/api")
    assert found() == {}

    Repository.objects.update(access_token="T0KEN")

    assert "acme/api" in found()["brokers.W004"]


def test_it_is_asked_for_by_the_command_alone(capsys):
    ServiceFactory(broker="gone", title="Old")
    assert check_services() == []

    call_command("check", databases=["default"])

    assert "“Old”" in capsys.readouterr().err


def test_before_the_first_migration_there_is_nothing_to_say(transactional_db):
    with connection.schema_editor() as editor:
        editor.execute("ALTER TABLE brokers_repository RENAME TO not_yet")
    try:
        assert check_services(databases=["default"]) == []
    finally:
        with connection.schema_editor() as editor:
            editor.execute("ALTER TABLE not_yet RENAME TO brokers_repository")
