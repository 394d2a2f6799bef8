"""An integration is tried with its sample, through the real URL."""

import pytest

from alertops.lib import http
from integrations import operations
from integrations.logic import signature
from integrations.models import InboundMessage
from tests.factories import NOW, IntegrationFactory, build_body

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at_live_server(live_server, settings):
    settings.BASE_URL = live_server.url
    settings.ALLOWED_HOSTS = ["*"]


def sampled(**columns):
    return IntegrationFactory(sample_body=build_body("FAILED").decode(), **columns)


@pytest.mark.usefixtures("at_live_server")
def test_the_sample_arrives_like_a_delivery_and_is_marked_as_a_test():
    integration = sampled(sample_headers={"X-Event-Key": "repo:commit_status_updated"})

    answer = operations.post_sample(integration, now=NOW)

    message = InboundMessage.objects.get()
    assert answer.status == 202, answer.text
    assert bytes(message.body) == integration.sample_body.encode()
    assert message.headers["X-Event-Key"] == "repo:commit_status_updated"
    assert (message.is_test, message.content_type) == (True, "application/json")


@pytest.mark.usefixtures("at_live_server")
@pytest.mark.parametrize("scheme", signature.Scheme)
def test_the_sample_is_signed_where_a_secret_is_set(scheme):
    integration = sampled(
        signing_secret="hush", signature_scheme=scheme, sample_headers={"x-hub-signature": "sha256=old"}
    )

    assert operations.post_sample(integration, now=NOW).status == 202


@pytest.mark.usefixtures("at_live_server")
def test_each_test_is_a_delivery_of_its_own():
    integration = sampled(sample_headers={"X-Request-UUID": "from-the-sample"})
    operations.post_sample(integration, now=NOW)

    assert InboundMessage.objects.get().delivery_id.startswith("test-")


@pytest.mark.usefixtures("at_live_server")
def test_what_the_door_refuses_is_answered_as_it_is():
    integration = sampled(is_enabled=False)

    answer = operations.post_sample(integration, now=NOW)

    assert answer.status == 403
    assert "disabled" in answer.text


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1", "refused"),
        ("http://localhost:1", "refused"),
    ],
)
def test_a_server_that_cannot_be_reached_is_explained(settings, url, why):
    settings.BASE_URL = url

    with pytest.raises(http.Unreachable, match=why) as caught:
        operations.post_sample(sampled(), now=NOW)
    assert url in str(caught.value)
    assert "ALERTOPS_BASE_URL" in str(caught.value)
