"""An escalation policy is edited with its steps, and a step that tells nobody is refused."""

import pytest
from django.urls import reverse

from alertops import roles
from alerts.models import EscalationPolicy, SupportHours
from tests.factories import (
    AlertFactory,
    HoursFactory,
    IntegrationFactory,
    PolicyFactory,
    RouteFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
)


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


def step(number, **columns):
    values = {"wait": "0", "team_order": "all", "member_wait": "5 minutes", "position": "0", **columns}
    return {f"steps-{number}-{name}": value for name, value in values.items()}


def policy(*steps, initial=0, **columns):
    form = {
        "name": "Nights",
        "stop": "acknowledged",
        "runs": "2",
        "acknowledgement_timeout_critical": "1 hour",
        "acknowledgement_timeout_error": "",
        "steps-TOTAL_FORMS": len(steps),
        "steps-INITIAL_FORMS": initial,
        **columns,
    }
    for number, row in enumerate(steps):
        form |= step(number, **row)
    return form


def add(client, *steps, **columns):
    return client.post(reverse("admin:alerts_escalationpolicy_add"), policy(*steps, **columns))


def test_a_policy_is_added_with_its_steps_in_order(keeper):
    anna, team = UserFactory(), TeamFactory()

    add(
        keeper,
        {"tells_recipients": "on"},
        {"wait": "5 minutes", "users": [anna.pk]},
        {"wait": "1 h 30 min", "teams": [team.pk], "team_order": "one_by_one", "member_wait": "90 s"},
    )

    steps = list(EscalationPolicy.objects.get().steps.all())
    assert [row.position for row in steps] == [1, 2, 3]
    assert [row.wait.total_seconds() for row in steps] == [0, 300, 5400]
    assert steps[2].member_wait.total_seconds() == 90


@pytest.mark.parametrize(
    ("columns", "field", "words"),
    [
        ({"wait": "1 minute"}, "users", "This step tells nobody"),
        ({"tells_recipients": "on", "wait": "soon"}, "wait", "Write a length of time with its unit"),
        ({"tells_recipients": "on", "wait": "-5 minutes"}, "wait", "Write a length of time with its unit"),
        ({"tells_recipients": "on", "wait": ""}, "wait", "required"),
        ({"tells_recipients": "on", "stop": "never"}, "stop", "Select a valid choice"),
        ({"users": ["0"], "wait": "1 s"}, "users", "Select a valid choice"),
        ({"tells_recipients": "on", "tag_values": "live"}, "tag", "Say of which tag"),
        ({"tells_recipients": "on", "is_outside_hours": "on"}, "hours", "Choose the hours"),
        ({"tells_recipients": "on", "severities": ["bad"]}, "severities", "Select a valid choice"),
    ],
    ids=[
        *("nobody", "no length", "negative", "no wait", "no stop", "no such person"),
        *("a value of no tag", "outside of nothing", "no such severity"),
    ],
)
def test_a_step_that_cannot_work_is_refused_with_the_field_named(columns, field, words, keeper):
    page = add(keeper, columns)

    errors = page.context["inline_admin_formsets"][0].formset.errors
    assert any(words in error for error in errors[0][field])
    assert not EscalationPolicy.objects.exists()


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"name": ""}, "name"),
        ({"runs": "0"}, "runs"),
        ({"acknowledgement_timeout_critical": "x"}, "acknowledgement_timeout_critical"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_with_the_field_named(columns, field, keeper):
    page = add(keeper, {"tells_owner": "on"}, **columns)

    assert field in page.context["adminform"].errors


def test_steps_are_put_in_another_order(keeper):
    nights = PolicyFactory(name="Nights")
    first, second = (StepFactory(policy=nights, position=number, users=[UserFactory()]) for number in (1, 2))
    rows = [
        {"id": row.pk, "position": position, "users": [row.users.get().pk]}
        for row, position in ((first, 2), (second, 1))
    ]

    keeper.post(reverse("admin:alerts_escalationpolicy_change", args=[nights.pk]), policy(*rows, initial=2))

    assert list(nights.steps.values_list("pk", flat=True)) == [second.pk, first.pk]


def test_a_policy_that_an_integration_uses_is_not_deleted(keeper, rows):
    used = rows["integrations.integration"].escalation_policy

    keeper.post(reverse("admin:alerts_escalationpolicy_delete", args=[used.pk]), {"post": "yes"})

    assert EscalationPolicy.objects.filter(pk=used.pk).exists()


def test_a_step_is_saved_with_its_conditions_and_a_warning_where_every_step_has_some(keeper):
    hours = HoursFactory(monday="09:00-17:00")
    conditions = {
        "severities": ["critical", "error"],
        "tag": "stage",
        "tag_values": "live",
        "hours": hours.pk,
    }

    add(keeper, {"tells_recipients": "on", "team_role": "secondary", "is_outside_hours": "on", **conditions})

    step = EscalationPolicy.objects.get().steps.get()
    assert (step.severities, step.tag, step.tag_values) == (["critical", "error"], "stage", "live")
    assert (step.hours, step.is_outside_hours, step.team_role) == (hours, True, "secondary")
    page = keeper.get(reverse("admin:alerts_escalationpolicy_changelist")).content.decode()
    assert "Every step has conditions" in page


def test_without_conditions_nothing_is_warned_of(keeper):
    add(keeper, {"tells_recipients": "on"}, {"tells_owner": "on", "severities": ["critical"]})

    page = keeper.get(reverse("admin:alerts_escalationpolicy_changelist")).content.decode()
    assert "Every step has conditions" not in page


def page_of(client, made):
    return client.get(reverse("admin:alerts_escalationpolicy_change", args=[made.pk])).content.decode()


def test_a_new_policy_begins_with_one_of_five(keeper):
    page = keeper.get(reverse("admin:alerts_escalationpolicy_add")).content.decode()
    assert page.count("/starters/") == 5

    answer = keeper.post(reverse("admin:alerts_escalationpolicy_adopt", args=["five-minutes"]))

    made = EscalationPolicy.objects.get(name="On to the next after 5 minutes")
    assert answer.url == reverse("admin:alerts_escalationpolicy_change", args=[made.pk])
    assert made.steps.count() == 3


def test_a_policy_to_begin_with_that_is_not_there_is_not_found(keeper):
    answer = keeper.post(reverse("admin:alerts_escalationpolicy_adopt", args=["nothing"]))

    assert answer.status_code == 404


@pytest.mark.parametrize("page", ["adopt", "clone"])
def test_looking_makes_no_policy(page, keeper):
    made = PolicyFactory()
    argument = "all-hands" if page == "adopt" else made.pk

    answer = keeper.get(reverse(f"admin:alerts_escalationpolicy_{page}", args=[argument]))

    assert answer.status_code == 405
    assert EscalationPolicy.objects.count() == 1


def test_a_policy_is_cloned_and_the_copy_shown(keeper):
    nights = PolicyFactory(name="Nights")
    StepFactory(policy=nights, users=[UserFactory()])

    answer = keeper.post(reverse("admin:alerts_escalationpolicy_clone", args=[nights.pk]))

    copy = EscalationPolicy.objects.get(name="Copy of Nights")
    assert answer.url == reverse("admin:alerts_escalationpolicy_change", args=[copy.pk])


def test_a_policy_draws_its_steps_and_says_where_it_is_used(keeper):
    nights = PolicyFactory(name="Nights", is_offered_for_manual_alerts=True)
    StepFactory(policy=nights, users=[UserFactory(first_name="Anna")])
    used = IntegrationFactory(name="Builds", escalation_policy=nights)
    RouteFactory(integration=IntegrationFactory(name="Checks"), policy=nights, position=2, path="a")
    AlertFactory(policy=nights, integration=used)

    page = page_of(keeper, nights)

    assert "What it does to an alert that nobody takes" in page
    assert "Anna" in page
    for words in ("Builds", "Route 2 of Checks", "alerts opened by hand"):
        assert words in page


def test_a_policy_without_steps_or_use_says_so(keeper):
    page = page_of(keeper, PolicyFactory(is_offered_for_manual_alerts=False))

    assert "It has no steps yet, so it tells nobody." in page
    assert "nothing yet: choose it in an integration" in page


def test_who_may_only_look_is_offered_no_clone(as_role):
    page = page_of(as_role(roles.VIEWER), PolicyFactory())

    assert "/clone/" not in page


@pytest.mark.parametrize(("text", "is_saved"), [("09:00-17:00", True), ("nine to five", False)])
def test_support_hours_are_saved_as_they_are_written_or_refused(text, is_saved, keeper):
    form = {"name": "Office", "time_zone": "Europe/Berlin", "monday": text}

    page = keeper.post(reverse("admin:alerts_supporthours_add"), form)

    assert SupportHours.objects.filter(monday=text).exists() is is_saved
    assert is_saved or "monday" in page.context["adminform"].errors


def test_support_hours_that_a_step_asks_for_are_not_deleted(keeper):
    hours = HoursFactory(monday="09:00-17:00")
    StepFactory(hours=hours, users=[UserFactory()])

    keeper.post(reverse("admin:alerts_supporthours_delete", args=[hours.pk]), {"post": "yes"})

    assert SupportHours.objects.filter(pk=hours.pk).exists()
