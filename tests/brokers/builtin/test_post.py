"""The POST broker: what it sends is what Bitbucket's sent, and can be received again."""

import hashlib
import hmac
import json
from urllib.parse import parse_qs

import pytest

from brokers.builtin import BUILTIN
from brokers.logic.push import historic_payload, read_push
from integrations.logic.payload import decode
from tests.brokers.pushes import NAMES, read, told
from tests.brokers.recorder import Recorder, run

URL = "https://hooks.example.com/in"


def test_a_form_has_one_field_without_service_and_broker():
    call = run(BUILTIN["post"], told("bitbucket/push"), {"url": URL}, token="T0KEN").calls[0]

    fields = parse_qs(call.body, strict_parsing=True)
    assert list(fields) == ["payload"]
    payload = json.loads(fields["payload"][0])
    assert {"service", "broker"}.isdisjoint(payload)
    assert "T0KEN" not in call.body


def test_the_signature_is_that_of_the_body():
    settings = {"url": URL, "format": "json", "secret": "s3cret"}

    call = run(BUILTIN["post"], told("github/push"), settings).calls[0]

    digest = hmac.new(b"s3cret", call.body.encode(), hashlib.sha256).hexdigest()
    assert call.headers["X-Hub-Signature"] == f"sha256={digest}"


def test_a_run_that_is_tried_again_has_the_same_delivery():
    first, second, other = (
        run(BUILTIN["post"], told(name), {"url": URL}).calls[0].headers["X-Request-UUID"]
        for name in ("github/push", "github/push", "github/one_commit")
    )

    assert first == second != other


@pytest.mark.parametrize("format_", ["form", "json"])
@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("push")])
def test_what_is_sent_is_read_as_the_same_push_by_another_of_us(name, format_):
    call = run(BUILTIN["post"], told(name), {"url": URL, "format": format_}, Recorder()).calls[0]
    headers = {key.lower(): value for key, value in call.headers.items()}

    received = decode(call.body.encode(), content_type=headers["content-type"], headers=headers)
    push = read_push(received.headers, received.data)

    assert (push.host, push.full_name) == (read(name).host, read(name).full_name)
    assert historic_payload(push, seen=())["commits"] == told(name)["commits"]
