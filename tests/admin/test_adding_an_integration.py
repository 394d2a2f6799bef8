"""Adding an integration: the gallery, and four fields."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from alertops import roles
from alerts.models import EscalationPolicy
from integrations.admin.adding import PURPOSES
from integrations.models import Integration
from integrations.operations.presets import presets
from tests.admin.conftest import SUPERUSER
from tests.factories import IntegrationFactory, PolicyFactory, StepFactory, TeamFactory, UserFactory

ADD = "/integrations/integration/add/"
SLUGS = [preset.slug for preset in presets()]


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


def form_of(client, preset="bitbucket"):
    return client.get(ADD, {"preset": preset}).context["form"]


def add(client, preset="bitbucket", **data):
    form = {"name": "Builds of acme", "policy": "", "recipients": [client.user.pk], **data}
    return client.post(f"{ADD}?preset={preset}", form)


# The gallery


def test_the_gallery_shows_each_preset_with_its_mark_by_what_it_is_for(keeper):
    answer = keeper.get(ADD)

    shown = {purpose: [card.slug for card in cards] for purpose, cards in answer.context["groups"]}
    assert shown == {"Builds": ["bitbucket", "github", "gitlab"], "Monitoring": ["grafana", "alertmanager"]}
    assert answer.context["custom"].slug == "custom"
    page = answer.content.decode()
    assert all(f'href="?preset={slug}"' in page for slug in SLUGS)
    assert page.count('<svg class="ao-mark"') == len(SLUGS)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("bitb", ["bitbucket"]),
        ("PROMETHEUS", ["alertmanager"]),
        ("prom met", ["alertmanager"]),
        ("ci", ["bitbucket", "github", "gitlab"]),
        ("kubernetes", ["alertmanager"]),
        ("actions", ["github"]),
        ("monitoring dash", ["grafana"]),
        ("bucket", []),
        ("<b>", []),
    ],
)
def test_presets_are_found_by_the_beginnings_of_words_of_name_and_purpose(query, found, keeper):
    answer = keeper.get(ADD, {"q": query})

    assert [card.slug for _purpose, cards in answer.context["groups"] for card in cards] == found
    assert 'href="?preset=custom"' in answer.content.decode()


def test_every_heading_of_the_gallery_can_be_translated():
    assert {preset.purpose for preset in presets()} - {"Anything else"} == set(PURPOSES)


def test_a_sender_that_nobody_knows_leads_back_to_the_gallery(keeper):
    page = keeper.get(ADD, {"preset": "telepathy"}).content.decode()

    assert "There is no “telepathy” here" in page


# The fields


def test_a_new_integration_asks_four_things_with_policy_and_oneself_preselected(keeper):
    PolicyFactory(name="Empty")
    policy = StepFactory(users=[UserFactory()], policy=PolicyFactory(name="Nights")).policy

    form = form_of(keeper)

    assert list(form.fields) == ["name", "policy", "recipients", "teams"]
    assert form.fields["name"].initial == "Bitbucket"
    assert form.fields["policy"].initial == str(policy.pk)
    assert form.fields["recipients"].initial == [keeper.user.pk]
    assert "Empty (no steps yet: tells nobody)" in dict(form.fields["policy"].choices).values()


def test_a_second_one_of_a_preset_gets_a_free_name(keeper):
    IntegrationFactory(name="Bitbucket")
    IntegrationFactory(name="Bitbucket 2")

    assert form_of(keeper).fields["name"].initial == "Bitbucket 3"


@pytest.mark.parametrize("preset", SLUGS)
def test_a_new_integration_has_the_rules_and_sample_of_its_preset_and_goes_on_with_its_set_up(preset, keeper):
    answer = add(keeper, preset)

    integration = Integration.objects.get()
    assert integration.preset == preset
    assert integration.rules.exists()
    assert integration.sample_body
    assert list(integration.recipient_users.all()) == [keeper.user]
    assert answer.url == reverse("admin:integrations_integration_setup", args=[integration.pk])
    assert LogEntry.objects.get().is_addition()


def test_teams_can_be_recipients_too(keeper):
    team = TeamFactory()

    add(keeper, recipients=[], teams=[team.pk])

    assert list(Integration.objects.get().recipient_teams.all()) == [team]


def test_without_a_policy_a_new_one_is_offered_first_that_tells_oneself(keeper):
    form = form_of(keeper)
    assert form.fields["policy"].initial == "new"

    add(keeper, policy="new", recipients=[])

    policy = Integration.objects.get().escalation_policy
    step = policy.steps.get()
    assert (policy.name, list(step.users.all()), step.tells_recipients) == ("On call", [keeper.user], True)
    assert not step.wait
    assert LogEntry.objects.count() == 2


def test_a_policy_that_is_made_gets_a_free_name(keeper):
    PolicyFactory(name="On call")

    add(keeper, policy="new")

    assert Integration.objects.get().escalation_policy.name == "On call 2"


def test_an_integration_that_cannot_be_makes_no_policy_either(keeper):
    add(keeper, policy="new", name="")

    assert not EscalationPolicy.objects.exists()


def test_who_may_not_add_policies_is_offered_none(as_role, django_user_model):
    client = as_role("nobody")
    give(client.user, "integrations.add_integration", "integrations.view_integration")

    form = form_of(client)

    assert [value for value, _label in form.fields["policy"].choices] == [""]
    assert "policy" in add(client, policy="new").context["form"].errors
    assert not EscalationPolicy.objects.exists()


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"recipients": []}, "recipients", "Choose an escalation policy or at least one recipient"),
        ({"name": ""}, "name", "This field is required"),
        ({"policy": "0"}, "policy", "Select a valid choice"),
        ({"recipients": ["0"]}, "recipients", "Select a valid choice"),
        ({"teams": ["0"]}, "teams", "Select a valid choice"),
    ],
)
def test_an_integration_that_cannot_be_names_the_field(data, field, words, keeper):
    page = add(keeper, **data)

    assert any(words in error for error in page.context["form"].errors[field])
    assert not Integration.objects.exists()


def test_a_policy_without_steps_tells_nobody(keeper):
    page = add(keeper, policy=PolicyFactory().pk, recipients=[])

    assert any("no steps" in error for error in page.context["form"].errors["recipients"])


def test_a_name_is_given_once(keeper):
    IntegrationFactory(name="Builds of acme")

    assert "name" in add(keeper).context["form"].errors


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_who_may_not_add_an_integration_sees_neither_gallery_nor_fields(role, as_role):
    client = as_role(role)

    assert client.get(ADD).status_code == 403
    assert add(client).status_code == 403
    assert not Integration.objects.exists()


def test_the_gallery_and_the_fields_cost_few_queries(as_role, django_assert_max_num_queries):
    client = as_role(SUPERUSER)
    PolicyFactory.create_batch(20)
    with django_assert_max_num_queries(4):
        client.get(ADD)
    with django_assert_max_num_queries(8):
        client.get(ADD, {"preset": "grafana"})


def give(user, *names):
    from django.contrib.auth.models import Permission  # noqa: PLC0415

    for name in names:
        app, code = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
