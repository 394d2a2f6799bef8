"""Whatever is read at the door can be stored, processed and explained, on every database."""

import json
from io import BytesIO

import pytest
from django.utils.datastructures import CaseInsensitiveMapping

from integrations import operations
from integrations.models import InboundMessage, Outcome
from integrations.operations import config
from integrations.operations.accept import Delivery, Refused
from tests.factories import NOW, IntegrationFactory
from tests.fuzz.inputs import ODD_JSON, ODD_TEXTS, PAYLOADS
from tests.fuzz.rules import PRESET_RULES

BODIES = (
    *(b'{"status": ' + piece + b', "name": "x"}' for piece in ODD_JSON),
    *(json.dumps({"status": "open", "name": text, text: text}).encode() for text in ODD_TEXTS),
    *(json.dumps({"status": text, "name": "x"}).encode() for text in ODD_TEXTS),
    *PAYLOADS[:10],
)
RULES = [
    {
        "name": "Everything",
        "fields": {
            "source": {"kind": "constant", "value": "Fuzz"},
            "source_name": {"kind": "template", "value": "it <name> <@header^X-Odd>"},
            "source_id": {"kind": "path", "value": "name"},
            "source_status": {"kind": "path", "value": "status"},
            "subject": {"kind": "template", "value": "<^>"},
            "tag:odd": {"kind": "path", "value": "name"},
        },
        "filters": [{"path": "status", "operator": "exists"}],
        "open_match": "regex",
        "open_values": ["."],
    },
    *PRESET_RULES[:3],
]


def _delivery(body: bytes, number: int) -> Delivery:
    return Delivery(
        method="POST",
        content_type=ODD_TEXTS[number % len(ODD_TEXTS)],
        content_length=len(body),
        query_string=ODD_TEXTS[-number % len(ODD_TEXTS)],
        headers=CaseInsensitiveMapping({"X-Odd": ODD_TEXTS[number % len(ODD_TEXTS)], "\0\ud800": "a"}),
        remote_address="\0",
        stream=BytesIO(body),
    )


@pytest.mark.django_db
def test_whatever_is_read_at_the_door_is_stored_processed_and_explained():
    integration = IntegrationFactory()
    config.apply_rules(integration, RULES)
    refused = 0
    for number, body in enumerate(BODIES):
        try:
            operations.accept(integration.token, _delivery(body, number), now=NOW)
        except Refused:
            refused += 1

    operations.process_waiting(integration.pk, now=NOW)

    assert InboundMessage.objects.count() == len(BODIES)
    assert InboundMessage.objects.filter(status="refused").count() == refused < len(BODIES) / 2
    assert not InboundMessage.objects.filter(status__in=("pending", "processing")).exists()
    assert not Outcome.objects.filter(reason="error").exists()
    assert all(outcome.trace["rules"] for outcome in Outcome.objects.all())
