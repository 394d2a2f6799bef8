"""The list of integrations, the settings of one, and how it is switched off and deleted."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from alertops import roles
from integrations.logic.standing import State
from integrations.models import Integration
from tests.factories import (
    AlertFactory,
    HoursFactory,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    RuleFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
)


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


def address(page, *args):
    return reverse(f"admin:integrations_integration_{page}", args=args)


def settings_of(integration, **data):
    """Return the form of an integration as its page sends it."""
    form = {
        "name": integration.name,
        "escalation_policy": integration.escalation_policy_id or "",
        "recipient_users": list(integration.recipient_users.values_list("pk", flat=True)),
        "signature_scheme": "hub",
        "reopen_window": "5 minutes",
        "auto_close_after": "",
        "sample_body": integration.sample_body,
        "sample_headers": "{}",
        "rules-TOTAL_FORMS": "0",
        "rules-INITIAL_FORMS": "0",
        "routes-TOTAL_FORMS": "0",
        "routes-INITIAL_FORMS": "0",
        **data,
    }
    return {name: value for name, value in form.items() if value is not None}


def save(client, integration, **data):
    page = client.post(address("change", integration.pk), settings_of(integration, **data))
    integration.refresh_from_db()
    return page


def test_lengths_of_time_are_written_in_words(keeper):
    integration = IntegrationFactory(recipients=[UserFactory()])

    save(keeper, integration, reopen_window="1 h 30 min", auto_close_after="7 days")

    assert (integration.reopen_window.total_seconds(), integration.auto_close_after.days) == (5400, 7)
    page = keeper.get(address("change", integration.pk)).content.decode()
    assert 'value="1 hour 30 minutes"' in page


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"escalation_policy": "", "recipient_users": []}, "recipient_users", "nobody would be told"),
        ({"reopen_window": "soon"}, "reopen_window", "Write a length of time with its unit"),
        ({"reopen_window": "5"}, "reopen_window", "Write a length of time with its unit"),
        ({"auto_close_after": "10 s"}, "auto_close_after", "greater than or equal"),
        ({"sample_headers": "[1]"}, "sample_headers", "Write names and texts"),
        ({"sample_headers": '{"a": 1}'}, "sample_headers", "Write names and texts"),
        ({"sample_headers": "{"}, "sample_headers", "valid JSON"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_field_named(data, field, words, keeper):
    integration = IntegrationFactory()

    page = save(keeper, integration, **data)

    assert any(words in error for error in page.context["adminform"].errors[field])


def test_a_signing_secret_goes_in_and_never_comes_out(keeper):
    integration = IntegrationFactory(recipients=[UserFactory()])

    save(keeper, integration, signing_secret="a shared secret")
    assert integration.signing_secret == "a shared secret"

    page = keeper.get(address("change", integration.pk)).content.decode()
    assert "a shared secret" not in page
    assert "A secret is set" in page


def test_an_empty_signing_secret_keeps_the_one_there_is_and_a_switch_removes_it(keeper):
    integration = IntegrationFactory(signing_secret="a shared secret", recipients=[UserFactory()])

    save(keeper, integration, signing_secret="")
    assert integration.signing_secret == "a shared secret"

    save(keeper, integration, removes_secret="on")
    assert integration.signing_secret == ""


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_a_viewers_page_of_an_integration_has_neither_url_nor_secret(role, as_role):
    integration = IntegrationFactory(signing_secret="a shared secret", sample_body="{}")

    page = as_role(role).get(address("change", integration.pk)).content.decode()

    assert integration.token not in page
    assert "a shared secret" not in page
    assert address("test", integration.pk) not in page


def test_a_sample_that_cannot_be_sent_says_why(keeper, settings):
    settings.BASE_URL = "http://localhost:9"
    integration = IntegrationFactory(sample_body="{}")

    page = keeper.post(address("test", integration.pk), follow=True)

    assert "http://localhost:9" in page.content.decode()


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_who_may_not_change_an_integration_sends_no_sample(role, as_role):
    integration = IntegrationFactory(sample_body="{}")

    assert as_role(role).post(address("test", integration.pk)).status_code == 403


def test_a_page_begins_with_how_it_is_doing_and_leads_to_its_deliveries(keeper):
    integration = IntegrationFactory()
    assert "It waits for the first delivery" in keeper.get(address("change", integration.pk)).content.decode()

    message = MessageFactory(integration=integration, detail="Opened #12", status="mapped")
    MessageFactory(integration=IntegrationFactory(), detail="Opened #13", status="mapped")

    page = keeper.get(address("change", integration.pk)).content.decode()
    assert "It is working. 1 delivery in the last 24 hours." in page
    assert "Opened #12" in page
    assert "Opened #13" not in page
    assert reverse("admin:integrations_inboundmessage_change", args=[message.pk]) in page
    assert f"?integration__id__exact={integration.pk}&amp;status=mapped" in page


def test_a_page_says_who_is_told_step_by_step(keeper):
    anna, ben, cleo = (UserFactory(first_name=name) for name in ("Anna", "Ben", "Cleo"))
    policy = PolicyFactory()
    StepFactory(policy=policy, tells_recipients=True)
    StepFactory(policy=policy, users=[ben], wait=timedelta(minutes=5))
    integration = IntegrationFactory(escalation_policy=policy, recipients=[anna, cleo])

    told = keeper.get(address("change", integration.pk)).context["above"].told

    assert told == "Anna and Cleo, then Ben after 5 minutes."


@pytest.mark.parametrize(
    ("has_policy", "has_recipient", "told"),
    [(True, True, "Anna, then Ben."), (True, False, "Ben."), (False, True, "Anna."), (False, False, "")],
)
def test_recipients_come_first_where_no_step_tells_them(has_policy, has_recipient, told, keeper):
    anna, ben = UserFactory(first_name="Anna"), UserFactory(first_name="Ben")
    policy = StepFactory(users=[ben]).policy if has_policy else None
    integration = IntegrationFactory(escalation_policy=policy, recipients=[anna] if has_recipient else [])

    assert keeper.get(address("change", integration.pk)).context["above"].told == told


def test_a_list_tells_how_each_is_doing_and_its_living_alerts(keeper):
    integration = IntegrationFactory(name="Builds")
    MessageFactory(integration=integration, detail="Opened #12", status="mapped")
    MessageFactory(integration=integration, detail="A field is missing", status="mapping_failed")
    AlertFactory.create_batch(2, integration=integration)
    AlertFactory(integration=integration, status="closed")
    IntegrationFactory(name="Idle")
    IntegrationFactory(name="Old", is_enabled=False)

    answer = keeper.get(address("changelist"))
    rows = {row.name: row for row in answer.context["cl"].result_list}

    assert {name: row.doing.found.state for name, row in rows.items()} == {
        "Builds": State.FAILING,
        "Idle": State.NEW,
        "Old": State.OFF,
    }
    assert (rows["Builds"].last.detail, rows["Builds"].open_count) == ("A field is missing", 2)
    assert rows["Idle"].last is None
    assert "The last 2 deliveries: 1 went wrong" in answer.content.decode()


def test_a_list_offers_no_deleting_of_many_at_once(keeper):
    IntegrationFactory()

    assert "delete_selected" not in keeper.get(address("changelist")).content.decode()


def test_the_page_costs_a_fixed_number_of_queries(keeper, django_assert_max_num_queries):
    integration = IntegrationFactory(recipients=[UserFactory()])
    MessageFactory(integration=integration, status="mapped", detail="Opened #1")
    keeper.get(address("change", integration.pk))
    with django_assert_max_num_queries(40) as few:
        keeper.get(address("change", integration.pk))
    MessageFactory.create_batch(30, integration=integration, status="mapped", detail="Opened #1")
    AlertFactory.create_batch(5, integration=integration)

    with django_assert_max_num_queries(len(few)):
        keeper.get(address("change", integration.pk))


# Switching off and on, deleting


def test_switching_off_asks_first_and_says_what_happens(keeper):
    integration = IntegrationFactory(name="Builds")
    AlertFactory(integration=integration)

    page = keeper.get(address("off", integration.pk)).content.decode()

    assert "1 alert of it is not closed" in page
    integration.refresh_from_db()
    assert integration.is_enabled


def test_an_integration_is_switched_off_and_on_and_both_are_on_record(keeper):
    integration = IntegrationFactory(name="Builds")

    off = keeper.post(address("off", integration.pk), follow=True).content.decode()
    integration.refresh_from_db()
    assert not integration.is_enabled
    assert "Builds is off: what its sender posts is refused." in off
    assert "It is switched off" in off

    keeper.get(address("on", integration.pk))
    integration.refresh_from_db()
    assert not integration.is_enabled
    keeper.post(address("on", integration.pk))
    integration.refresh_from_db()
    assert integration.is_enabled
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Switched off.",
        "Switched on.",
    ]


def test_saving_the_settings_leaves_the_switch_as_it_is(keeper):
    integration = IntegrationFactory(recipients=[UserFactory()], is_enabled=False)

    save(keeper, integration, name="Another name", is_enabled="on")

    assert (integration.name, integration.is_enabled) == ("Another name", False)


def test_deleting_says_what_is_lost_and_is_on_record(keeper):
    integration = RuleFactory(integration__name="Builds").integration

    page = keeper.get(address("delete", integration.pk)).content.decode()
    assert "This is lost, and cannot be had back" in page
    assert "1 mapping rule with its filters." in page
    assert Integration.objects.exists()

    done = keeper.post(address("delete", integration.pk), follow=True).content.decode()
    assert "Builds is deleted." in done
    assert not Integration.objects.exists()
    assert LogEntry.objects.get().is_deletion()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("make", "words"), [(MessageFactory, "it has 1 delivery on record"), (AlertFactory, "1 alert on record")]
)
def test_what_has_deliveries_or_alerts_is_switched_off_rather_than_deleted(make, words, method, keeper):
    integration = IntegrationFactory()
    make(integration=integration)

    page = getattr(keeper, method)(address("delete", integration.pk)).content.decode()

    assert words in page
    assert address("off", integration.pk) in page
    assert Integration.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("page", ["off", "on", "delete"])
@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_who_may_not_change_an_integration_neither_switches_nor_deletes_it(page, role, as_role):
    integration = IntegrationFactory(is_enabled=page != "on")
    client = as_role(role)

    assert client.get(address(page, integration.pk)).status_code == 403
    assert client.post(address(page, integration.pk)).status_code == 403
    integration.refresh_from_db()
    assert integration.is_enabled is (page != "on")


def route(**columns):
    """One new row of the routes, as the page sends it."""
    row = {"operator": "equals", "position": "0", **columns}
    return {"routes-TOTAL_FORMS": "1", **{f"routes-0-{name}": value for name, value in row.items()}}


def test_routes_are_saved_in_order(keeper):
    integration = IntegrationFactory(recipients=[UserFactory()])
    nights, hours, team = PolicyFactory(), HoursFactory(monday="09:00-17:00"), TeamFactory()

    save(
        keeper,
        integration,
        **route(
            path="stage",
            value="live",
            hours=hours.pk,
            is_outside_hours="on",
            policy=nights.pk,
            teams=[team.pk],
        ),
    )

    saved = integration.routes.get()
    assert (saved.path, saved.value, saved.hours, saved.policy) == ("stage", "live", hours, nights)
    assert saved.is_outside_hours
    assert list(saved.teams.all()) == [team]
    assert saved.position == 1


@pytest.mark.parametrize(
    ("columns", "field", "words"),
    [
        ({"path": "stage", "value": "live"}, "policy", "Say what is so in this case"),
        ({"policy": "own"}, "path", "Say when it is so"),
        ({"policy": "own", "value": "live"}, "path", "Say in which part"),
        ({"policy": "own", "path": "stage^"}, "path", ""),
        ({"policy": "own", "path": "stage", "operator": "regex", "value": "("}, "value", ""),
        ({"policy": "own", "path": "load", "operator": "greater", "value": "much"}, "value", ""),
        ({"policy": "own", "path": "stage", "is_outside_hours": "on"}, "hours", "Choose the hours"),
    ],
)
def test_a_route_that_cannot_work_is_refused_with_the_field_named(columns, field, words, keeper):
    integration = IntegrationFactory(recipients=[UserFactory()])
    columns = {
        name: integration.escalation_policy_id if value == "own" else value for name, value in columns.items()
    }

    page = save(keeper, integration, **route(**columns))

    errors = next(
        each.formset.errors
        for each in page.context["inline_admin_formsets"]
        if each.formset.prefix == "routes"
    )
    assert any(words in error for error in errors[0][field])
    assert not integration.routes.exists()


def test_a_delay_until_hours_needs_hours(keeper):
    integration = IntegrationFactory(recipients=[UserFactory()])

    page = save(keeper, integration, delay_kind="hours")

    assert "delay_hours" in page.context["adminform"].errors
    assert integration.delay_kind == ""


def test_a_delay_is_saved_and_what_is_left_empty_keeps_its_value(keeper):
    integration = IntegrationFactory(recipients=[UserFactory()])

    save(keeper, integration, delay_kind="rate", delay_count="", delay_wait="10 minutes")

    assert (integration.delay_kind, integration.delay_count) == ("rate", 3)
    assert integration.delay_wait == timedelta(minutes=10)
