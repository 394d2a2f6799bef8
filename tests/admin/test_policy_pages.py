"""An escalation policy is edited with its steps, and a step that tells nobody is refused."""

import pytest
from django.urls import reverse

from alertops import roles
from alerts.models import EscalationPolicy
from tests.factories import PolicyFactory, StepFactory, TeamFactory, UserFactory


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
    ],
    ids=["nobody", "no length", "negative", "no wait", "no stop", "no such person"],
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
