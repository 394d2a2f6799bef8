"""Who changed what, from what to what; and what happens when two people edit the same."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.urls import reverse

from alertops import roles
from alerts.models import EscalationPolicy, Team, User
from integrations.models import Filter, Integration
from tests.admin.test_policy_pages import policy as policy_form
from tests.admin.test_rule_pages import save as save_rule
from tests.factories import (
    NOW,
    IntegrationFactory,
    PolicyFactory,
    RuleFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
)


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


def address(row, page):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def read(client, row):
    """Return the saves of a row's history as tuples: who, and each line's title and changes."""
    saves = client.get(address(row, "history")).context["saves"]
    return [(save.who, [as_tuple(line) for line in save.lines]) for save in saves if save.lines]


def as_tuple(line):
    return line.title, line.verb, [tuple(vars(change).values()) for change in line.changes]


@pytest.fixture
def nights():
    with time_machine.travel(NOW - timedelta(days=1), tick=False):
        policy = PolicyFactory(name="Nights")
        StepFactory(policy=policy, position=1, users=[UserFactory(username="anna")])
    return policy


def change(client, policy, seen=None, *, step=None, **columns):
    """Save a policy as somebody who has opened its page at a version."""
    row = policy.steps.first()
    steps = {
        "id": row.pk,
        "position": 1,
        "users": [row.users.first().pk],
        "wait": "0 seconds",
        **(step or {}),
    }
    as_it_is = {"acknowledgement_timeout_error": "4 hours", "is_offered_for_manual_alerts": "on"}
    form = {**policy_form(steps, initial=1), **as_it_is, "steps-0-policy": policy.pk, "runs": policy.runs}
    form |= columns
    return client.post(address(policy, "change"), form | ({"_seen": seen} if seen else {}))


def open_page(client, row):
    """Return the version that the page of a row bears."""
    return client.get(address(row, "change")).context["seen"]


def test_a_change_tells_who_made_it_from_what_to_what(keeper, nights):
    change(keeper, nights, description="Who wakes up", runs=3)

    who, lines = read(keeper, nights)[0]
    assert who == str(keeper.user)
    assert lines == [("", "~", [("Description", "", "Who wakes up"), ("Runs", "1", "3")])]


def test_a_step_is_part_of_its_policys_history(keeper, nights):
    ben = UserFactory(username="ben")

    change(keeper, nights, step={"wait": "5 minutes", "users": [ben.pk]})

    _who, lines = read(keeper, nights)[0]
    assert lines[0][2] == [("Wait", "0 minutes", "5 minutes"), ("Users", "Anna", "Ben")]


def test_a_save_without_a_change_leaves_nothing(keeper, nights):
    change(keeper, nights)
    before = read(keeper, nights)

    change(keeper, EscalationPolicy.objects.get())

    assert read(keeper, nights) == before


def test_the_first_change_on_record_does_not_make_up_what_was_before(keeper, nights):
    EscalationPolicy.history.all().delete()

    change(keeper, nights, description="Who wakes up")

    assert read(keeper, nights)[0][1] == [("", "?", [])]


def test_what_was_removed_is_named(keeper, nights):
    change(keeper, nights, **{"steps-0-DELETE": "on"})

    assert read(keeper, nights)[0][1][0][1] == "-"


def test_the_order_of_a_team_and_who_joined_are_on_record(superuser):
    team = TeamFactory(name="Platform", people=[UserFactory(username="anna")])
    team.memberships.create(user=UserFactory(username="ben"), position=4)

    lines = str(read(superuser, team))

    assert "Ben (primary)" in lines
    assert "('Order', '', '4')" in lines


def test_a_persons_roles_are_on_record_and_no_password(superuser):
    user = UserFactory(username="ben")
    user.groups.add(Group.objects.get(name=roles.VIEWER))
    user.set_password("a good long one")
    user.save()

    assert ("Groups", "", "Viewer") in read(superuser, user)[0][1][0][2]
    columns = {field.name for field in User.history.model._meta.fields}
    assert not columns & {"password", "last_login"}


def test_a_log_in_leaves_no_record(superuser, client):
    before = User.history.count()
    client.force_login(superuser.user)

    assert User.history.count() == before


def test_no_secret_of_an_integration_is_ever_recorded(db):
    integration = IntegrationFactory()
    integration.signing_secret = "do not tell"
    integration.save()

    columns = {field.name for field in Integration.history.model._meta.fields}
    assert not columns & {"token", "token_digest", "previous_token_digest", "signing_secret", "sample_body"}
    assert "do not tell" not in str(list(Integration.history.values()))
    assert integration.token not in str(list(Integration.history.values()))


def test_who_saw_the_secret_url_is_part_of_the_history(keeper):
    integration = IntegrationFactory(recipients=[UserFactory()])
    keeper.post(reverse("admin:integrations_integration_url", args=[integration.pk]))

    assert "Saw the secret URL" in keeper.get(address(integration, "history")).content.decode()


def test_who_may_not_see_a_row_may_not_see_its_history(as_role, nights):
    assert as_role("nobody").get(address(nights, "history")).status_code == 403


def test_a_history_costs_the_same_queries_however_long_it_is(keeper, nights, django_assert_max_num_queries):
    change(keeper, nights, runs=3)
    with django_assert_max_num_queries(25) as short:
        keeper.get(address(nights, "history"))
    for number in range(4, 14):
        nights.runs = number
        nights.save()

    with django_assert_max_num_queries(len(short)):
        keeper.get(address(nights, "history"))


# Rules: on their own page, or all of them in the workbench


@pytest.fixture
def rule():
    """A rule with two filters, made yesterday."""
    with time_machine.travel(NOW - timedelta(days=1), tick=False):
        rule = RuleFactory(integration=IntegrationFactory(), position=1)
        for position, path in enumerate(("commit_status", "repository"), start=1):
            Filter.objects.create(rule=rule, position=position, path=path, operator="exists")
    return rule


def save_page(client, rule, columns, filters):
    return save_rule(client, rule, **columns, **filters)


def save_workbench(client, rule, columns, filters):
    """Save the same by the workbench: its rules bear the names of the columns."""
    page = reverse("admin:integrations_mappingrule_workbench", args=[rule.integration_id])
    setup = client.get(page).context["setup"]
    sent = setup["rules"][0]
    sent |= {name: [value] if name.endswith("values") else value for name, value in columns.items()}
    for name, value in filters.items():
        _filters, number, column = name.split("-")
        if column == "DELETE":
            sent["filters"][int(number)] = None
        else:
            sent["filters"][int(number)][column] = value
    sent["filters"] = [each for each in sent["filters"] if each]
    body = json.dumps({"rules": setup["rules"], "version": setup["version"]})
    return client.post(setup["urls"]["save"], body, content_type="application/json")


@pytest.mark.parametrize(
    ("columns", "filters", "lines"),
    [
        (
            {"name": "Builds of acme", "open_values": "BROKEN"},
            {},
            [("", "~", [("Name", "Builds", "Builds of acme"), ("Open values", "FAILED", "BROKEN")])],
        ),
        (
            {},
            {"filters-1-path": "repository^full_name"},
            [
                (
                    "repository^full_name exists ",
                    "~",
                    [("Path", "repository", "repository^full_name")],
                )
            ],
        ),
        (
            {},
            {"filters-0-DELETE": "on"},
            [("commit_status exists ", "-", []), ("repository exists ", "~", [("Order", "2", "1")])],
        ),
    ],
    ids=["columns", "a filter", "a filter less"],
)
@pytest.mark.parametrize("save", [save_page, save_workbench])
def test_a_rules_history_is_the_same_wherever_it_was_saved(save, columns, filters, lines, keeper, rule):
    answer = save(keeper, rule, columns, filters)
    assert answer.status_code in (200, 302), answer.content.decode()

    who, told = read(keeper, rule)[0]
    assert (who, sorted(told)) == (str(keeper.user), lines)


@pytest.mark.parametrize("save", [save_page, save_workbench])
def test_an_integrations_history_tells_of_its_rules_wherever_they_were_saved(save, keeper, rule):
    save(keeper, rule, {"name": "Builds of acme"}, {})

    saves = keeper.get(address(rule.integration, "history")).context["saves"]
    assert (saves[0].who, [as_tuple(line) for line in saves[0].lines], saves[0].note) == (
        str(keeper.user),
        [("Builds of acme", "~", [("Name", "Builds", "Builds of acme")])],
        "",
    )
    assert len(saves) == 2  # it was made, and it was changed


# Two people at once


def test_the_second_of_two_sees_what_the_first_has_changed(keeper, as_role, nights):
    other = as_role(roles.ADMIN)
    seen = open_page(keeper, nights)
    change(other, nights, open_page(other, nights), description="Theirs")

    answer = change(keeper, nights, seen, name="Mine")

    page = answer.content.decode()
    assert answer.status_code == 409
    assert str(other.user) in page
    assert "Theirs" in page
    assert EscalationPolicy.objects.get().name == "Nights"


def test_the_second_can_save_over_it(keeper, as_role, nights):
    other = as_role(roles.ADMIN)
    seen = open_page(keeper, nights)
    change(other, nights, open_page(other, nights), description="Theirs")
    asked = change(keeper, nights, seen, name="Mine").context

    form = dict(asked["inputs"]) | {"_overwrite": asked["version"]}
    answer = keeper.post(address(nights, "change"), form)

    assert answer.status_code == 302
    assert EscalationPolicy.objects.get().name == "Mine"


def test_a_change_after_the_question_is_asked_about_again(keeper, as_role, nights):
    other = as_role(roles.ADMIN)
    seen = open_page(keeper, nights)
    change(other, nights, description="Theirs")
    asked = change(keeper, nights, seen, name="Mine").context
    change(other, nights, description="Theirs again")

    form = dict(asked["inputs"]) | {"_overwrite": asked["version"]}

    assert keeper.post(address(nights, "change"), form).status_code == 409


def test_a_step_counts_as_a_change_of_its_policy(keeper, nights):
    seen = open_page(keeper, nights)
    nights.steps.first().users.add(UserFactory())

    assert change(keeper, nights, seen, name="Mine").status_code == 409


def test_one_person_alone_is_never_asked(keeper, nights):
    for number in (3, 4):
        assert change(keeper, nights, open_page(keeper, nights), runs=number).status_code == 302


def test_an_error_in_the_form_keeps_the_version_that_was_seen(keeper, nights):
    seen = open_page(keeper, nights)
    nights.description = "Theirs"
    nights.save()

    page = change(keeper, nights, seen, name="")

    assert page.context["seen"] == seen


@pytest.mark.parametrize("model", [Team, User, Integration])
def test_every_page_of_configuration_bears_its_version(model, superuser, rows):
    row = rows[model._meta.label_lower]

    assert (
        f'name="_seen" value="{open_page(superuser, row)}"'
        in superuser.get(address(row, "change")).content.decode()
    )
