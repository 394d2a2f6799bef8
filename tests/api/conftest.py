"""Programs that call the API, each with a token."""

import pytest
import time_machine
from knox.models import AuthToken
from rest_framework.test import APIClient

from alertops import roles
from tests.admin.conftest import person
from tests.factories import NOW


@pytest.fixture(autouse=True)
def _stopped_clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def caller(db):
    """Return a program that calls as a person of a role."""

    def make(role):
        client = APIClient()
        client.user = person(role)
        _row, token = AuthToken.objects.create(user=client.user)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return client

    return make


@pytest.fixture
def responder(caller):
    return caller(roles.RESPONDER)
