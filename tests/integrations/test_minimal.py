"""The smallest deliveries that open and close an alert, for a line to try an integration by."""

import json

import pytest

from alerts.logic.event import Kind
from integrations.logic import payload, pipeline
from integrations.operations.config import config_of
from integrations.operations.minimal import minimal_bodies
from integrations.operations.presets import create_integration, presets
from tests.factories import IntegrationFactory, RuleFactory, UserFactory

pytestmark = pytest.mark.django_db


def decide(integration, body):
    (decision,) = pipeline.evaluate(payload.decode(body.encode()), config_of(integration)).decisions
    return decision.event


@pytest.mark.parametrize("slug", [preset.slug for preset in presets()])
def test_every_preset_has_a_short_line_that_opens_and_one_that_closes_the_same(slug):
    integration = create_integration(slug, name="Builds", users=[UserFactory()])

    found = minimal_bodies(integration)

    opened, closed = decide(integration, found.opening), decide(integration, found.closing)
    assert (opened.kind, closed.kind) == (Kind.OPEN, Kind.CLOSE)
    assert (opened.source_name, opened.source_id) == (closed.source_name, closed.source_id)
    assert opened.subject
    assert opened.occurred_at is None  # it happens when it is sent, not when the sample was recorded
    assert len(found.opening) < 300


SAMPLE = {
    "repository": {"full_name": "acme/website", "private": True},
    "commit_status": {"key": "main", "name": "Build", "state": "FAILED", "url": "https://example.com"},
    "actor": {"name": "Anna"},
}


def test_what_no_rule_reads_is_left_out():
    integration = RuleFactory(integration__sample_body=json.dumps(SAMPLE)).integration

    assert json.loads(minimal_bodies(integration).opening) == {
        "repository": {"full_name": "acme/website"},
        "commit_status": {"key": "main", "name": "Build", "state": "FAILED"},
    }


@pytest.mark.parametrize("sample", ["", "no JSON", "status=FAILED", "[]", "null", "[" * 2000, '{"a": 1}'])
def test_a_sample_that_opens_nothing_gives_no_line(sample):
    integration = RuleFactory(integration__sample_body=sample).integration

    assert minimal_bodies(integration) is None


def test_without_a_rule_there_is_no_line():
    assert minimal_bodies(IntegrationFactory(sample_body=json.dumps(SAMPLE))) is None


def test_rules_that_close_by_nothing_have_no_closing_line():
    integration = RuleFactory(integration__sample_body=json.dumps(SAMPLE), close_values=[]).integration

    assert minimal_bodies(integration).closing == ""


def test_a_rule_that_is_broken_gives_no_line():
    rule = RuleFactory(integration__sample_body=json.dumps(SAMPLE))
    rule.fields["subject"] = {"kind": "template", "value": "<never closed"}
    rule.save()

    assert minimal_bodies(rule.integration) is None
