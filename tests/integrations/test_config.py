"""How rules go into the database and come out again."""

import pytest

from integrations import models
from integrations.logic import mapping, rule_json
from integrations.operations.config import InvalidRules, apply_rules, config_of, rule_of
from integrations.operations.presets import NobodyToTell, UnknownPreset, create_integration, preset, presets
from tests.factories import IntegrationFactory, PolicyFactory, RuleFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", [preset.slug for preset in presets()])
def test_rules_come_out_of_the_database_as_they_went_in(slug):
    integration = IntegrationFactory()

    apply_rules(integration, preset(slug).rules)

    assert config_of(integration) == rule_json.read_config(preset(slug).rules)


@pytest.mark.parametrize(("is_routed", "count"), [(False, 2), (True, 4)])
def test_a_configuration_takes_few_queries_however_many_rules_there_are(
    is_routed, count, django_assert_num_queries
):
    integration = IntegrationFactory()
    apply_rules(integration, preset("github").rules)

    with django_assert_num_queries(count):
        config = config_of(integration, is_routed=is_routed)

    assert len(config.rules) == 3
    assert all(rule.filters for rule in config.rules)


def test_rules_and_filters_keep_their_order():
    integration = IntegrationFactory()
    second = RuleFactory(integration=integration, position=2, name="second")
    RuleFactory(integration=integration, position=1, name="first")
    for position, path in ((2, "c"), (0, "a"), (1, "b")):
        models.Filter.objects.create(rule=second, path=path, position=position, operator="exists")

    rules = config_of(integration).rules

    assert [rule.name for rule in rules] == ["first", "second"]
    assert [row.path for row in rules[1].filters] == ["a", "b", "c"]


def test_applying_rules_replaces_those_that_were_there():
    integration, other = IntegrationFactory(), IntegrationFactory()
    RuleFactory(integration=integration)
    RuleFactory(integration=other)

    apply_rules(integration, preset("custom").rules)

    assert [rule.name for rule in integration.rules.all()] == ["Plain events"]
    assert other.rules.count() == 1


def test_rules_that_cannot_work_are_refused_and_change_nothing():
    integration = IntegrationFactory()
    RuleFactory(integration=integration, name="Builds")
    broken = {**preset("custom").rules[0], "open_values": "open"}

    with pytest.raises(InvalidRules, match="rule 2, open_values: This must be a list") as refusal:
        apply_rules(integration, [preset("custom").rules[0], broken])

    assert [problem.field for problem in refusal.value.problems[1]] == ["open_values"]
    assert [rule.name for rule in integration.rules.all()] == ["Builds"]


def test_a_row_that_is_not_saved_yet_can_be_checked():
    row = models.MappingRule(name="Builds", fields={"source": {"kind": "constant", "value": "x"}})
    condition = models.Filter(path="a^^b", operator="equals")

    fields = {problem.field for problem in mapping.problems(rule_of(row, [condition]))}

    assert {"filters.0.path", "fields.source_name", "open_values"} <= fields


def test_a_row_with_nonsense_in_it_becomes_a_rule_with_misfits():
    row = RuleFactory(fields=["nonsense"], severity_cases={"a": 1}, open_values="x")

    rule = config_of(row.integration).rules[0]

    assert {problem.field for problem in rule.misfits} == {"fields", "severity_cases", "open_values"}


def test_an_integration_is_made_whole_from_a_preset():
    policy, user, team = PolicyFactory(), UserFactory(), TeamFactory()

    made = create_integration("bitbucket", name="Builds", policy=policy, users=[user], teams=[team])

    integration = models.Integration.objects.get(pk=made.pk)
    assert (integration.name, integration.preset, integration.signature_scheme) == (
        "Builds",
        "bitbucket",
        "hub",
    )
    assert integration.reopen_window.total_seconds() == 30 * 60
    assert integration.auto_close_after.days == 7
    assert integration.escalation_policy == policy
    assert list(integration.recipient_users.all()) == [user]
    assert list(integration.recipient_teams.all()) == [team]
    assert '"FAILED"' in integration.sample_body
    assert integration.sample_headers["X-Event-Key"] == "repo:commit_status_updated"
    assert len(integration.token) == 43
    assert config_of(integration) == rule_json.read_config(preset("bitbucket").rules)


def test_custom_reopens_for_five_minutes_and_never_closes_by_itself():
    integration = create_integration("custom", name="Scripts", users=[UserFactory()])

    assert integration.reopen_window.total_seconds() == 5 * 60
    assert integration.auto_close_after is None


def test_an_integration_needs_somebody_to_tell():
    with pytest.raises(NobodyToTell, match="escalation policy or somebody"):
        create_integration("custom", name="Scripts")

    assert not models.Integration.objects.exists()


def test_a_preset_that_there_is_not_is_refused():
    with pytest.raises(UnknownPreset):
        create_integration("nobody", name="Scripts", users=[UserFactory()])
