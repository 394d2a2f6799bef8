"""Acting on several alerts at once, the lists of one's own, and opening one by hand."""

import pytest
from django.urls import reverse

from alertops import roles
from alerts.models import Alert
from tests.factories import AlertFactory, PolicyFactory, StepFactory, UserFactory

LIST = "/alerts/alert/"


def act(client, action, alerts, **data):
    chosen = {"action": action, "_selected_action": [alert.pk for alert in alerts], **data}
    answer = client.post(LIST, chosen, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def statuses(alerts):
    return [Alert.objects.get(pk=alert.pk).status for alert in alerts]


def test_a_selection_is_acknowledged_and_what_could_not_be_is_explained(responder):
    alerts = [AlertFactory(), AlertFactory(), AlertFactory(status="closed", closed_by="Ben")]

    page = act(responder, "acknowledge", alerts)

    assert "2 alerts are acknowledged." in page
    assert f"1 was left as it is: #{alerts[2].pk} is closed already, by Ben." in page
    assert statuses(alerts) == ["acknowledged", "acknowledged", "closed"]


def test_closing_a_selection_asks_first(responder):
    alerts = AlertFactory.create_batch(2)

    page = act(responder, "close", alerts)

    assert "Close 2 alerts?" in page
    assert statuses(alerts) == ["open", "open"]


def test_a_confirmed_selection_is_closed_with_a_word_on_what_solved_it(responder):
    alerts = AlertFactory.create_batch(2)

    page = act(responder, "close", alerts, confirmed="1", text="Restarted.")

    assert "2 alerts are closed." in page
    assert statuses(alerts) == ["closed", "closed"]
    assert {Alert.objects.get(pk=alert.pk).resolution for alert in alerts} == {"Restarted."}


@pytest.mark.parametrize("action", ["acknowledge", "close"])
def test_a_viewer_has_no_actions(action, as_role):
    alert = AlertFactory()
    viewer = as_role(roles.VIEWER)

    act(viewer, action, [alert], confirmed="1")

    assert statuses([alert]) == ["open"]
    assert action not in viewer.get(LIST).content.decode().partition("<select")[2].partition("</select>")[0]


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("status=not_closed", {"open", "mine", "snoozed"}),
        ("status=open", {"open"}),
        ("status=acknowledged", {"mine"}),
        ("status=snoozed", {"snoozed"}),
        ("status=closed", {"closed"}),
        ("whose=mine", {"mine"}),
        ("whose=nobodys", {"open", "snoozed"}),
        ("", {"open", "mine", "snoozed", "closed"}),
    ],
)
def test_a_list_shows_what_its_name_says(query, subjects, responder):
    AlertFactory(subject="open")
    AlertFactory(subject="mine", status="acknowledged", owner=responder.user)
    AlertFactory(subject="snoozed", snoozed_until="2099-01-01T00:00Z")
    AlertFactory(subject="closed", status="closed", owner=responder.user)

    rows = responder.get(f"{LIST}?{query}").context["cl"].result_list

    assert {row.subject for row in rows} == subjects


def manual(client, **data):
    form = {"subject": "The lift is stuck", "severity": "critical", "text": "Third floor", **data}
    return client.post(reverse("admin:alerts_alert_add"), form, follow=True)


def test_an_alert_opened_by_hand_tells_its_recipients(responder):
    ben = UserFactory()

    answer = manual(responder, users=[ben.pk])

    alert = Alert.objects.get()
    assert f"#{alert.pk} is open." in answer.content.decode()
    assert (alert.subject, alert.severity, alert.long_text) == (
        "The lift is stuck",
        "critical",
        "Third floor",
    )
    assert (alert.key_digest, alert.created_by) == (None, str(responder.user))
    assert list(alert.named_users.all()) == [ben]
    assert alert.escalations.get().steps[0]["tells_recipients"] is True


def test_an_alert_opened_by_hand_runs_its_policy(responder):
    policy = PolicyFactory()
    StepFactory(policy=policy, users=[UserFactory()])

    manual(responder, policy=policy.pk)

    assert Alert.objects.get().escalations.get().policy == policy


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({}, "users", "Choose a policy or at least one recipient"),
        ({"subject": ""}, "subject", "This field is required"),
        ({"severity": "awful"}, "severity", "Select a valid choice"),
        ({"policy": "0"}, "policy", "Select a valid choice"),
    ],
)
def test_an_alert_that_cannot_be_opened_names_the_field(data, field, words, responder):
    answer = manual(responder, **data)

    assert any(words in error for error in answer.context["form"].errors[field])
    assert not Alert.objects.exists()


def test_a_policy_that_is_not_offered_for_manual_alerts_cannot_be_chosen(responder):
    policy = PolicyFactory(is_offered_for_manual_alerts=False)

    answer = manual(responder, policy=policy.pk)

    assert "policy" in answer.context["form"].errors


def test_a_viewer_cannot_open_an_alert(as_role):
    assert manual(as_role(roles.VIEWER)).status_code == 403
    assert not Alert.objects.exists()
