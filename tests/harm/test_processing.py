"""What got through the door and means harm none the less: it costs little, and blocks nobody behind it."""

import json
import resource
import time
from datetime import timedelta

import pytest
from django.db.models import Count

from integrations import operations
from integrations.models import Filter, InboundMessage
from tests.factories import NOW, IntegrationFactory, MessageFactory, RuleFactory, build_body

pytestmark = pytest.mark.django_db
FIELDS = {
    "source": {"kind": "constant", "value": "Bitbucket"},
    "source_name": {"kind": "path", "value": "repository^full_name"},
    "source_id": {"kind": "path", "value": "commit_status^key"},
    "source_status": {"kind": "path", "value": "commit_status^state"},
    "event_time": {"kind": "path", "value": "commit_status^updated_on"},
    "subject": {"kind": "template", "value": "<evil> <evil> <evil> <evil^0> <evil^0^0>"},
    "long_text": {"kind": "path", "value": "evil"},
    "users": {"kind": "path", "value": "evil"},
    "tag:evil": {"kind": "path", "value": "evil"},
}
MEGABYTE = 1_000_000
SECONDS = 3.0  # of the processor, for one delivery of a megabyte; a hang, not a benchmark


@pytest.fixture
def integration():
    integration = IntegrationFactory()
    rule = RuleFactory(integration=integration, fields=FIELDS)
    for path, operator, value in [
        ("evil", "regex", "(a+)+$|(a|aa)*b|^(([a-z])+.)+[A-Z]([a-z])+$"),
        ("evil", "contains", "b" * 1000),
        ("evil", "in_list", ",".join(map(str, range(270)))),
        ("commit_status", "exists", ""),
    ]:
        Filter.objects.create(rule=rule, group="any", path=path, operator=operator, value=value)
    return integration


def deliver(integration, evil=None, state="FAILED", **columns):
    body = json.loads(build_body(state)) | {"evil": evil}
    return MessageFactory(integration=integration, body=json.dumps(body).encode(), **columns)


def reasons(integration, *, now=NOW):
    operations.process_waiting(integration.pk, now=now)
    messages = InboundMessage.objects.filter(integration=integration).order_by("pk")
    return [message.reason for message in messages]


@pytest.mark.parametrize(
    "evil",
    [
        "a" * MEGABYTE,
        "a" * 500_000 + "!",
        ["a"] * 150_000,
        [[[]]] * 100_000,
        {str(number): number for number in range(60_000)},
        10**90,
        "9" * MEGABYTE,
        "\ud800\0" * 50_000,
        "<evil>" * 100_000,
        ",".join(["nobody"] * 100_000),
        "<script>alert(1)</script>{{ 7*7 }}%s%n{0.__class__}",
        "\u202e\u0000\n\r\n" * 10_000,
    ],
    ids=[
        "one long word",
        "what makes patterns explode",
        "many texts",
        "many lists",
        "many keys",
        "a long number",
        "a long number as text",
        "what is no text",
        "paths inside the data",
        "many names",
        "what looks like code",
        "what turns lines around",
    ],
)
def test_evil_data_costs_little_and_the_next_delivery_is_processed(integration, evil):
    deliver(integration, evil)
    deliver(integration, state="SUCCESSFUL")
    began, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    found = reasons(integration)

    assert found == ["opened", "closed"]
    assert time.process_time() - began < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200_000  # kB


CLOCKS = {
    "year 1": "0001-01-01T00:00:00Z",
    "1970": 0,
    "year 9999": "9999-12-31T23:59:59Z",
    "next year": (NOW + timedelta(days=365)).isoformat(),
    "in an hour": (NOW + timedelta(hours=1)).isoformat(),
    "beyond any calendar": "99999-99-99T99:99:99Z",
    "a zone that is none": "2026-03-02T12:00:00+99:99",
    "a huge number": 10**80,
    "minus": -1,
    "not a time": "yesterday",
    "not even a text": {"a": [1]},
}


def tick(integration, state, minute, told):
    body = json.loads(build_body(state))
    body["commit_status"]["updated_on"] = told
    received_at = NOW + timedelta(minutes=minute)
    MessageFactory(integration=integration, body=json.dumps(body).encode(), received_at=received_at)


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("waited", [2, 60], ids=["at once", "after an hour"])
def test_a_wrong_clock_opens_and_makes_nothing_after_it_stale(integration, clock, waited):
    tick(integration, "FAILED", 0, clock)
    tick(integration, "SUCCESSFUL", 1, (NOW + timedelta(minutes=1)).isoformat())

    assert reasons(integration, now=NOW + timedelta(minutes=waited)) == ["opened", "closed"]


def test_what_really_is_older_than_the_last_decision_is_stale(integration):
    tick(integration, "SUCCESSFUL", 0, NOW.isoformat())
    tick(integration, "FAILED", 1, (NOW - timedelta(seconds=1)).isoformat())

    assert reasons(integration, now=NOW + timedelta(minutes=2)) == ["close_without_open", "stale"]


def test_the_same_delivery_again_and_again_costs_the_same_each_time(integration):
    times = []
    for _turn in range(12):
        rows = [MessageFactory.build(integration=integration, delivery_id="x") for _time in range(100)]
        InboundMessage.objects.bulk_create(rows)
        began = time.process_time()
        operations.process_waiting(integration.pk, now=NOW)
        times.append(time.process_time() - began)

    reasons = InboundMessage.objects.values_list("reason").annotate(Count("pk")).order_by("reason")
    assert dict(reasons) == {"opened": 1, "redelivered": 1199}
    assert min(times[-3:]) < 3 * max(times[1:4])
