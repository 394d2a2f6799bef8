"""A mapping rule is edited inside its integration; one that cannot work is refused with the field named."""

import pytest
from django.urls import reverse

from alertops import roles
from integrations.models import Filter, Integration, MappingRule
from integrations.operations.presets import create_integration
from tests.factories import IntegrationFactory, RuleFactory, UserFactory


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


def page_of(rule):
    return reverse("admin:integrations_mappingrule_change", args=[rule.pk])


def sent(page):
    """Return what a browser would send back of the form on a page."""
    data = {}
    form = page.context["adminform"].form
    for bound in form:
        value = bound.value()
        subwidgets = getattr(bound.field.widget, "widgets", None)
        if subwidgets:
            data |= {f"{bound.html_name}_{number}": part for number, part in enumerate(value or ["", "", ""])}
        elif value is not False and value is not None:
            data[bound.html_name] = value
    formset = page.context["inline_admin_formsets"][0].formset
    data |= {f"{formset.prefix}-{name}": value for name, value in formset.management_form.initial.items()}
    for row in formset.initial_forms:
        data |= {bound.html_name: bound.value() for bound in row if bound.value() is not None}
    return data


def save(client, rule, **changes):
    data = {**sent(client.get(page_of(rule))), **changes}
    return client.post(page_of(rule), {name: value for name, value in data.items() if value is not None})


def errors_of(page):
    errors = dict(page.context["adminform"].form.errors)
    for row in page.context["inline_admin_formsets"][0].formset.forms:
        errors |= {row.add_prefix(name): text for name, text in row.errors.items()}
    return {name: " ".join(texts) for name, texts in errors.items()}


@pytest.mark.parametrize("preset", ["custom", "bitbucket", "grafana", "github", "gitlab", "alertmanager"])
def test_saving_the_rules_of_a_preset_as_they_are_changes_nothing(preset, keeper):
    integration = create_integration(preset, name="Builds", users=[UserFactory()])
    columns = [field.name for field in MappingRule._meta.concrete_fields]
    before = (
        list(integration.rules.values(*columns)),
        list(Filter.objects.order_by("pk").values_list("path", "value")),
    )

    for rule in integration.rules.all():
        answer = save(keeper, rule)
        assert answer.status_code == 302, errors_of(answer)

    after = (
        list(integration.rules.values(*columns)),
        list(Filter.objects.order_by("pk").values_list("path", "value")),
    )
    assert after == before


def test_each_part_of_a_rule_is_saved_from_its_own_input(keeper):
    rule = RuleFactory()

    answer = save(
        keeper,
        rule,
        field_subject_0="template",
        field_subject_1="<name> broke",
        field_long_text_0="template",
        field_long_text_1="First\r\nsecond",
        open_values="FAILED\r\n\r\n  ERROR  ",
        open_match="contains",
        field_severity_0="path",
        field_severity_1="priority",
        case_0_0="equals",
        case_0_1="P1",
        case_0_2="critical",
        tag_0_0="branch",
        tag_0_1="path",
        tag_0_2="commit_status^refname",
    )

    assert answer.status_code == 302, errors_of(answer)
    rule.refresh_from_db()
    assert rule.fields["subject"] == {"kind": "template", "value": "<name> broke"}
    assert rule.fields["long_text"] == {"kind": "template", "value": "First\nsecond"}
    assert (rule.open_values, rule.open_match) == (["FAILED", "ERROR"], "contains")
    assert rule.severity_cases == [{"match": "equals", "value": "P1", "severity": "critical"}]
    assert rule.fields["tag:branch"] == {"kind": "path", "value": "commit_status^refname"}


def test_what_has_several_lines_gets_an_input_of_several_lines(keeper):
    rule = RuleFactory()
    rule.fields["source_id"] = {"kind": "template", "value": "<a>\n<b>\n<c>"}
    rule.save()

    form = keeper.get(page_of(rule)).context["adminform"].form

    assert 'rows="3"' in str(form["field_source_id"])
    assert 'rows="5"' in str(form["field_long_text"])
    assert "<textarea" not in str(form["field_source"])


def test_what_is_set_to_not_set_is_left_out(keeper):
    rule = RuleFactory()

    save(keeper, rule, field_subject_0="", field_subject_1="")

    rule.refresh_from_db()
    assert "subject" not in rule.fields


def test_saving_leads_back_to_the_integration(keeper):
    rule = RuleFactory()

    assert save(keeper, rule).url == reverse(
        "admin:integrations_integration_change", args=[rule.integration_id]
    )


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"field_source_0": "path", "field_source_1": "x"}, "field_source", "as a constant"),
        (
            {"field_source_name_0": "", "field_source_name_1": ""},
            "field_source_name",
            "Source Name is needed",
        ),
        ({"field_subject_0": ""}, "field_subject", "Choose whether this is a path"),
        ({"field_subject_1": "<a"}, "field_subject", ""),
        ({"field_source_name_1": "a^^b"}, "field_source_name", ""),
        ({"field_event_time_0": "constant", "field_event_time_1": "now"}, "field_event_time", "no time"),
        ({"close_values": "FAILED"}, "close_values", "two lists"),
        ({"open_match": "regex", "open_values": "("}, "open_values", ""),
        ({"open_values": "", "close_values": ""}, "open_values", "can do nothing"),
        ({"iterate_over": "@header^X"}, "iterate_over", "A header is no list"),
        ({"case_1_0": "equals", "case_1_1": "", "case_1_2": "info"}, "case_1", "The value is empty"),
        ({"case_0_1": "x", "case_0_2": ""}, None, ""),
        ({"tag_0_1": "path", "tag_0_2": "x", "tag_0_0": ""}, "tag_0", "A tag needs a name"),
        ({"tag_0_0": "a", "tag_0_1": "path", "tag_0_2": "x", "tag_1_0": "a"}, "tag_1", "Another tag"),
        ({"open_match": "telepathy"}, "open_match", "Select a valid choice"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_a_rule_that_cannot_work_is_refused_where_it_is_wrong(changes, field, words, keeper):
    rule = RuleFactory()
    before = MappingRule.objects.values().get()

    answer = save(keeper, rule, **changes)

    errors = errors_of(answer)
    if field:
        assert words in errors[field], errors
    assert errors
    assert MappingRule.objects.values().get() == before


def filter_row(number, **columns):
    values = {"group": "all", "path": "a", "operator": "equals", "value": "x", "position": "0", **columns}
    return {f"filters-{number}-{name}": value for name, value in values.items()}


def test_filters_are_added_in_order(keeper):
    rule = RuleFactory()

    answer = save(
        keeper,
        rule,
        **filter_row(0),
        **filter_row(1, path="b", is_negated="on"),
        **{"filters-TOTAL_FORMS": "2"},
    )

    assert answer.status_code == 302, errors_of(answer)
    assert list(rule.filters.values_list("path", "is_negated", "position")) == [
        ("a", False, 1),
        ("b", True, 2),
    ]


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"path": "a^^b"}, "path"),
        ({"path": ""}, "path"),
        ({"operator": "regex", "value": "("}, "value"),
        ({"operator": "greater", "value": "much"}, "value"),
        ({"operator": "telepathy"}, "operator"),
    ],
    ids=["empty part of a path", "no path", "broken pattern", "no number", "unknown operator"],
)
def test_a_filter_that_cannot_work_is_refused_where_it_is_wrong(columns, field, keeper):
    rule = RuleFactory()

    answer = save(keeper, rule, **filter_row(0), **filter_row(1, **columns), **{"filters-TOTAL_FORMS": "2"})

    assert list(errors_of(answer)) == [f"filters-1-{field}"]
    assert not rule.filters.exists()


def test_a_filter_that_is_being_removed_may_be_wrong(keeper):
    rule = RuleFactory()
    row = Filter.objects.create(rule=rule, path="a^^b", operator="exists")

    answer = save(keeper, rule, **{"filters-0-DELETE": "on"})

    assert answer.status_code == 302, errors_of(answer)
    assert not Filter.objects.filter(pk=row.pk).exists()


def test_a_new_rule_is_added_last_to_its_integration(keeper):
    first = RuleFactory(position=1)
    address = f"{reverse('admin:integrations_mappingrule_add')}?integration={first.integration_id}"
    data = sent(keeper.get(address)) | {
        "name": "Deployments",
        "field_source_0": "constant",
        "field_source_1": "Deploy",
        "field_source_name_0": "path",
        "field_source_name_1": "app",
        "field_source_status_0": "path",
        "field_source_status_1": "state",
        "open_values": "failed",
    }

    answer = keeper.post(address, data)

    assert answer.status_code == 302, errors_of(answer)
    assert list(first.integration.rules.values_list("name", flat=True)) == ["Builds", "Deployments"]


@pytest.mark.parametrize(
    "query", ["", "?integration=", "?integration=x", "?integration=999999", "?integration=" + "9" * 30]
)
def test_a_rule_without_an_integration_is_no_page(query, keeper):
    assert keeper.get(reverse("admin:integrations_mappingrule_add") + query).status_code == 404


def test_rules_have_no_list_of_their_own_and_no_place_in_the_menu(keeper):
    RuleFactory()

    answer = keeper.get(reverse("admin:integrations_mappingrule_changelist"))

    assert answer.url == reverse("admin:integrations_integration_changelist")
    assert "mappingrule" not in keeper.get("/").content.decode()


def test_the_page_shows_the_sample_to_read_paths_from(keeper):
    rule = RuleFactory(integration=IntegrationFactory(sample_body='{"commit_status": {"state": "FAILED"}}'))

    assert "&quot;state&quot;: &quot;FAILED&quot;" in keeper.get(page_of(rule)).content.decode()


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_who_may_only_look_sees_what_a_rule_says_and_cannot_change_it(role, as_role):
    rule = RuleFactory()
    client = as_role(role)

    page = client.get(page_of(rule)).content.decode()

    assert "repository^full_name" in page
    assert client.post(page_of(rule), {"name": "Other"}).status_code == 200
    assert MappingRule.objects.get().name == "Builds"


def test_rules_are_put_in_order_and_switched_off_inside_the_integration(keeper):
    integration = create_integration("bitbucket", name="Builds", users=[UserFactory()])
    rules = list(integration.rules.all())
    form = {
        "name": "Builds",
        "is_enabled": "on",
        "recipient_users": [integration.recipient_users.get().pk],
        "signature_scheme": "hub",
        "reopen_window": "5 minutes",
        "sample_headers": "{}",
        "rules-TOTAL_FORMS": len(rules),
        "rules-INITIAL_FORMS": len(rules),
        "routes-TOTAL_FORMS": 0,
        "routes-INITIAL_FORMS": 0,
    }
    for number, rule in enumerate(rules):
        form |= {f"rules-{number}-id": rule.pk, f"rules-{number}-position": len(rules) - number}

    answer = keeper.post(reverse("admin:integrations_integration_change", args=[integration.pk]), form)

    assert answer.status_code == 302
    after = Integration.objects.get().rules.all()
    assert [rule.pk for rule in after] == [rule.pk for rule in reversed(rules)]
    assert [rule.position for rule in after] == [1, 2, 3]
    assert not any(rule.is_enabled for rule in after)
