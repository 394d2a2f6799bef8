"""Adding an integration, its settings, and its secret URL."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from alertops import roles
from integrations.models import Integration
from integrations.operations import find
from tests.admin.conftest import SUPERUSER
from tests.factories import (
    NOW,
    AlertFactory,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    StepFactory,
    UserFactory,
)


@pytest.fixture
def keeper(as_role):
    return as_role(roles.INTEGRATIONS_ADMIN)


def address(page, *args):
    return reverse(f"admin:integrations_integration_{page}", args=args)


def add(client, **data):
    form = {"name": "Builds of acme", "sender": "bitbucket", "recipients": [client.user.pk], **data}
    return client.post(address("add"), form)


def test_a_new_integration_asks_four_things_with_policy_and_oneself_preselected(keeper):
    PolicyFactory(name="Empty")
    policy = StepFactory(users=[UserFactory()], policy=PolicyFactory(name="Nights")).policy

    form = keeper.get(address("add")).context["adminform"].form

    assert list(form.fields) == ["name", "sender", "policy", "recipients"]
    assert form.fields["policy"].initial == policy
    assert form.fields["recipients"].initial == [keeper.user.pk]


@pytest.mark.parametrize("preset", ["custom", "bitbucket", "grafana", "github", "gitlab", "alertmanager"])
def test_a_new_integration_has_the_rules_and_sample_of_its_preset_and_shows_its_url(preset, keeper):
    page = add(keeper, sender=preset)

    integration = Integration.objects.get()
    assert integration.preset == preset
    assert integration.rules.exists()
    assert integration.sample_body
    assert list(integration.recipient_users.all()) == [keeper.user]
    assert f"/in/{integration.token}" in page.content.decode()
    assert "This address is known on this machine only" in page.content.decode()


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"recipients": []}, "recipients", "Choose an escalation policy or at least one recipient"),
        ({"name": ""}, "name", "This field is required"),
        ({"sender": "telepathy"}, "sender", "Select a valid choice"),
        ({"sender": ""}, "sender", "This field is required"),
        ({"recipients": ["0"]}, "recipients", "Select a valid choice"),
    ],
)
def test_an_integration_that_cannot_be_names_the_field(data, field, words, keeper):
    page = add(keeper, **data)

    assert any(words in error for error in page.context["adminform"].errors[field])
    assert not Integration.objects.exists()


def test_a_policy_without_steps_tells_nobody(keeper):
    page = add(keeper, policy=PolicyFactory().pk, recipients=[])

    assert any("no steps" in error for error in page.context["adminform"].errors["recipients"])


def test_a_name_is_given_once(keeper):
    IntegrationFactory(name="Builds of acme")

    assert "name" in add(keeper).context["adminform"].errors


def settings_of(integration, **data):
    """Return the form of an integration as its page sends it."""
    form = {
        "name": integration.name,
        "is_enabled": "on",
        "escalation_policy": integration.escalation_policy_id or "",
        "recipient_users": list(integration.recipient_users.values_list("pk", flat=True)),
        "signature_scheme": "hub",
        "reopen_window": "5 minutes",
        "auto_close_after": "",
        "sample_body": integration.sample_body,
        "sample_headers": "{}",
        "rules-TOTAL_FORMS": "0",
        "rules-INITIAL_FORMS": "0",
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


def test_the_secret_url_is_masked_until_it_is_asked_for_and_each_showing_is_on_record(keeper):
    integration = IntegrationFactory(sample_body="{}")
    assert integration.token not in keeper.get(address("change", integration.pk)).content.decode()

    for _time in range(2):
        page = keeper.post(address("url", integration.pk))

    assert f"/in/{integration.token}" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    showings = LogEntry.objects.filter(object_id=str(integration.pk), change_message="Saw the secret URL.")
    assert [entry.user for entry in showings] == [keeper.user, keeper.user]


def test_the_secret_url_is_not_shown_by_following_a_link(keeper):
    integration = IntegrationFactory()

    assert keeper.get(address("url", integration.pk)).status_code == 405
    assert keeper.get(address("test", integration.pk)).status_code == 405
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("page", ["url", "rotate"])
@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_who_may_not_see_the_secret_url_is_refused(page, role, as_role):
    integration = IntegrationFactory()

    answer = as_role(role).post(address(page, integration.pk), {"keep_old_for": "0"})

    assert answer.status_code == 403
    assert integration.token not in answer.content.decode()
    assert Integration.objects.get().token == integration.token


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_a_viewers_page_of_an_integration_has_neither_url_nor_secret(role, as_role):
    integration = IntegrationFactory(signing_secret="a shared secret", sample_body="{}")

    page = as_role(role).get(address("change", integration.pk)).content.decode()

    assert integration.token not in page
    assert "a shared secret" not in page
    assert address("test", integration.pk) not in page


@pytest.mark.parametrize(("keep_old_for", "old_works"), [("86400", True), ("0", False)])
def test_a_new_url_replaces_the_old_one_which_works_on_for_a_chosen_time(keep_old_for, old_works, keeper):
    integration = IntegrationFactory()
    old = integration.token

    page = keeper.post(address("rotate", integration.pk), {"keep_old_for": keep_old_for})

    integration.refresh_from_db()
    assert integration.token != old
    assert f"/in/{integration.token}" in page.content.decode()
    assert bool(find(old, NOW)) is old_works
    assert LogEntry.objects.filter(change_message="Replaced the secret URL.").count() == 1


def test_looking_at_the_page_of_replacing_replaces_nothing(keeper):
    integration = IntegrationFactory()

    keeper.get(address("rotate", integration.pk))

    assert Integration.objects.get().token == integration.token


def test_a_sample_that_cannot_be_sent_says_why(keeper, settings):
    settings.BASE_URL = "http://localhost:9"
    integration = IntegrationFactory(sample_body="{}")

    page = keeper.post(address("test", integration.pk), follow=True)

    assert "http://localhost:9" in page.content.decode()


@pytest.mark.parametrize("role", [roles.VIEWER, roles.RESPONDER])
def test_who_may_not_change_an_integration_sends_no_sample(role, as_role):
    integration = IntegrationFactory(sample_body="{}")

    assert as_role(role).post(address("test", integration.pk)).status_code == 403


def test_a_page_says_whether_anything_has_arrived(keeper):
    integration = IntegrationFactory()
    assert "Waiting for the first delivery" in keeper.get(address("change", integration.pk)).content.decode()

    MessageFactory(integration=integration, detail="Opened #12", status="mapped")

    assert "Opened #12" in keeper.get(address("change", integration.pk)).content.decode()


def test_a_list_tells_last_delivery_and_living_alerts(keeper):
    integration = IntegrationFactory(name="Builds")
    MessageFactory(integration=integration, detail="Opened #12", status="mapped")
    AlertFactory.create_batch(2, integration=integration)
    AlertFactory(integration=integration, status="closed")
    IntegrationFactory(name="Idle")

    rows = {row.name: row for row in keeper.get(address("changelist")).context["cl"].result_list}

    assert (rows["Builds"].last_detail, rows["Builds"].open_count) == ("Opened #12", 2)
    assert (rows["Idle"].last_at, rows["Idle"].open_count) == (None, 0)


def test_the_page_shows_the_steps_at_the_sender(as_role):
    client = as_role(SUPERUSER)
    add(client, sender="bitbucket")

    page = client.get(address("change", Integration.objects.get().pk)).content.decode()

    assert "<strong>Build status created</strong>" in page
    assert "the sample says" in page
