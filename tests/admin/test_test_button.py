"""The sample goes through the real URL, like a delivery of its sender."""

import pytest
from django.urls import reverse

from integrations.models import InboundMessage
from integrations.operations.presets import create_integration

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_sample_is_posted_through_the_url_and_its_row_in_the_log_is_shown(
    superuser, live_server, settings
):
    settings.BASE_URL = live_server.url
    integration = create_integration("bitbucket", name="Builds", users=[superuser.user])

    page = superuser.post(reverse("admin:integrations_integration_test", args=[integration.pk]), follow=True)

    message = InboundMessage.objects.get()
    assert message.is_test
    assert page.redirect_chain[-1][0] == reverse(
        "admin:integrations_inboundmessage_change", args=[message.pk]
    )
    assert "The sample was delivered" in page.content.decode()


def test_a_refusal_of_the_door_is_told(superuser, live_server, settings):
    settings.BASE_URL = live_server.url
    integration = create_integration("bitbucket", name="Builds", users=[superuser.user])
    integration.is_enabled = False
    integration.save()

    page = superuser.post(reverse("admin:integrations_integration_test", args=[integration.pk]), follow=True)

    assert "The URL answered with 403" in page.content.decode()
