"""Which headers of a delivery are kept, which are masked, and which one names the delivery."""

import pytest
from requests.structures import CaseInsensitiveDict

from integrations.logic import headers

TOKEN = "s3cr3t-t0k3n"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "authorization",
        "Cookie",
        "Proxy-Authorization",
        "Proxy-Anything",
        "X-Gitlab-Token",
        "X-Hub-Signature-256",
        "X-Grafana-Alerting-Signature",
        "X-Api-Key",
        "X_Api_Key",
        "Apikey",
        "X-My-Secret",
        "X-Auth-Request-Email",
        "X-Forwarded-Password",
    ],
)
def test_a_secret_is_masked(name):
    assert headers.redact({name: "abc"}, hidden=TOKEN) == {name: "***"}


@pytest.mark.parametrize("name", ["X-Event-Key", "User-Agent", "Content-Type", "X-Hook-Uuid", "X-Author"])
def test_what_is_no_secret_stays_readable(name):
    assert headers.redact({name: "abc"}, hidden=TOKEN) == {name: "abc"}


def test_the_token_of_the_url_is_masked_wherever_a_proxy_repeats_it():
    kept = headers.redact({"X-Original-Uri": f"/in/{TOKEN}?a=1"}, hidden=TOKEN)

    assert kept == {"X-Original-Uri": "/in/***?a=1"}


def test_headers_are_bounded_in_number():
    kept = headers.redact({f"X-{number}": "v" for number in range(300)}, hidden=TOKEN)

    assert len(kept) == headers.MOST_HEADERS


def test_headers_are_bounded_in_length():
    kept = headers.redact({"N" * 200: "v" * 9000}, hidden=TOKEN)

    assert kept == {"N" * headers.LONGEST_NAME: "v" * headers.LONGEST_VALUE}


def test_what_postgresql_cannot_store_is_taken_out():
    assert headers.redact({"X-A": "a\0b\ud800c"}, hidden=TOKEN) == {"X-A": "ab?c"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ""),
        ({"X-Request-UUID": "a-1"}, "a-1"),
        ({"X-GitHub-Delivery": "b-2"}, "b-2"),
        ({"Idempotency-Key": "c-3"}, "c-3"),
        ({"X-Gitlab-Event-UUID": "d-4"}, "d-4"),
        ({"Idempotency-Key": "c-3", "X-Gitlab-Event-UUID": "d-4"}, "c-3"),
        ({"X-Request-UUID": "", "X-GitHub-Delivery": "b-2"}, "b-2"),
        ({"X-Request-UUID": " a\0-1 "}, "a-1"),
    ],
    ids=str,
)
def test_the_delivery_is_named_by_its_sender(given, expected):
    assert headers.delivery_id(CaseInsensitiveDict(given)) == expected


def test_two_long_delivery_ids_stay_two():
    first, second = (headers.delivery_id({"X-Request-UUID": "x" * 300 + end}) for end in "ab")

    assert first != second
    assert len(first) <= headers.LONGEST_DELIVERY_ID
