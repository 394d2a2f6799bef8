"""The page of one alert: what it tells, what may be done, and who may do it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from alertops import roles
from alerts.logic.lifecycle import Action
from alerts.models import Alert, AlertEvent, Escalation
from tests.admin.conftest import NOBODY, SUPERUSER
from tests.factories import NOW, AlertFactory, IntegrationFactory, PolicyFactory, StepFactory, UserFactory

OPEN_OFFERS = {"close", "snooze", "escalate", "assign", "add_responder", "note", "change_severity", "merge"}


def page_of(alert):
    return reverse("admin:alerts_alert_change", args=[alert.pk])


def act_url(alert, action):
    return reverse("admin:alerts_alert_act", args=[alert.pk, action])


def do(client, alert, action, **data):
    answer = client.post(act_url(alert, action), data, follow=True)
    assert answer.status_code == 200
    alert.refresh_from_db()
    return answer.content.decode()


@pytest.mark.parametrize(
    ("columns", "sentence", "main", "others"),
    [
        ({}, "Nobody has taken it yet.", "acknowledge", OPEN_OFFERS),
        (
            {"status": "acknowledged", "acknowledged_at": NOW},
            "Somebody has it; acknowledged",
            "close",
            OPEN_OFFERS - {"close"} | {"acknowledge", "unacknowledge"},
        ),
        (
            {"snoozed_until": NOW + timedelta(hours=1)},
            "Snoozed: nobody is told until it ends",
            "acknowledge",
            OPEN_OFFERS | {"wake"},
        ),
        (
            {"status": "closed", "closed_at": NOW, "closed_by": "Builds"},
            "by Builds.",
            None,
            {"note", "reopen"},
        ),
    ],
    ids=["open", "acknowledged", "snoozed", "closed"],
)
def test_a_page_says_how_the_alert_stands_and_offers_what_can_be_done(
    columns, sentence, main, others, responder
):
    alert = AlertFactory(**columns)

    answer = responder.get(page_of(alert))

    assert sentence in answer.content.decode()
    assert (answer.context["main"] and answer.context["main"].action) == main
    assert {offer.action.value for offer in answer.context["offers"]} == others


def test_a_page_tells_who_is_next_and_when(responder):
    ben = UserFactory(first_name="Ben")
    policy = PolicyFactory()
    StepFactory(policy=policy, users=[ben])
    alert = AlertFactory(policy=policy)
    Escalation.objects.create(
        alert=alert,
        policy=policy,
        started_at=NOW,
        due_at=NOW + timedelta(minutes=5),
        steps=[{"number": 1, "users": [ben.pk]}],
    )

    page = responder.get(page_of(alert)).content.decode()

    assert "Next: Ben" in page
    assert "in 5\xa0minutes" in page


def test_a_page_shows_timeline_texts_and_links_but_no_address_that_is_no_web_page(responder):
    alert = AlertFactory(
        short_text="<b>The disk is full</b>",
        source_url="javascript:alert(1)",
        runbook_url="https://wiki.example.com/",
    )
    AlertEvent.objects.create(alert=alert, at=NOW, kind=AlertEvent.Kind.NOTE, actor_label="Ben", text="On it")

    page = responder.get(page_of(alert)).content.decode()

    assert "On it" in page
    assert "&lt;b&gt;The disk is full&lt;/b&gt;" in page
    assert 'href="https://wiki.example.com/"' in page
    assert 'href="javascript:' not in page


def test_a_page_costs_the_same_queries_however_much_has_happened(responder, django_assert_max_num_queries):
    alert = AlertFactory(integration=IntegrationFactory(), owner=responder.user)
    with django_assert_max_num_queries(22) as short:
        responder.get(page_of(alert))
    for _number in range(20):
        AlertEvent.objects.create(alert=alert, at=NOW, kind=AlertEvent.Kind.JOINED, actor=responder.user)

    with django_assert_max_num_queries(len(short)):
        responder.get(page_of(alert))


def test_acknowledging_takes_the_alert_with_one_press(responder):
    alert = AlertFactory()

    page = do(responder, alert, "acknowledge")

    assert f"#{alert.pk} is acknowledged." in page
    assert (alert.status, alert.owner) == ("acknowledged", responder.user)
    line = alert.events.get(kind="acknowledged")
    assert (line.actor, line.via) == (responder.user, "admin")


def test_closing_asks_what_solved_it(responder):
    alert = AlertFactory()
    assert "What solved it" in responder.get(act_url(alert, "close")).content.decode()

    do(responder, alert, "close", text="Restarted.")

    assert (alert.status, alert.resolution) == ("closed", "Restarted.")


@pytest.mark.parametrize(
    ("action", "data", "column", "value"),
    [
        ("snooze", {"until": "3600"}, "snoozed_until", NOW + timedelta(hours=1)),
        ("change_severity", {"severity": "critical"}, "severity", "critical"),
        ("escalate", {}, "status", "open"),
        ("note", {"text": "I look at it"}, "status", "open"),
    ],
)
def test_an_action_with_its_details_is_done(action, data, column, value, responder):
    alert = AlertFactory()

    do(responder, alert, action, **data)

    assert getattr(alert, column) == value
    assert alert.events.exists()


@pytest.mark.parametrize("action", ["assign", "add_responder"])
def test_a_person_is_chosen_and_told(action, responder):
    alert, ben = AlertFactory(), UserFactory(username="ben")

    do(responder, alert, action, user_id=ben.pk)

    assert alert.notifications.get().user == ben


def test_an_alert_is_merged_into_another_and_reopened(responder):
    alert, other = AlertFactory(), AlertFactory()

    do(responder, alert, "merge", other_id=other.pk)
    assert (alert.status, alert.merged_into) == ("closed", other)
    assert f"Go on with #{other.pk}" in responder.get(page_of(alert)).content.decode()

    do(responder, alert, "reopen")
    assert alert.status == "open"


@pytest.mark.parametrize(
    ("action", "data", "words"),
    [
        ("snooze", {"until": "99999999"}, "Select a valid choice"),
        ("snooze", {}, "This field is required"),
        ("assign", {"user_id": "0"}, "Select a valid choice"),
        ("note", {"text": " "}, "This field is required"),
        ("change_severity", {"severity": "error"}, "Select a valid choice"),
        ("merge", {"other_id": "0"}, "greater than or equal to 1"),
        ("merge", {"other_id": "999999"}, "There is no alert with this number"),
    ],
)
def test_details_that_cannot_be_are_refused_and_nothing_happens(action, data, words, responder):
    alert = AlertFactory()

    page = do(responder, alert, action, **data)

    assert words in page
    assert not alert.events.exists()


def test_what_is_refused_in_this_state_says_why(responder):
    alert = AlertFactory()

    page = do(responder, alert, "unacknowledge")

    assert "Nobody has acknowledged this alert." in page


def test_the_policy_as_it_is_now_takes_the_place_of_the_frozen_steps(responder):
    policy = PolicyFactory()
    alert = AlertFactory(policy=policy)
    step = StepFactory(policy=policy, users=[UserFactory()], wait=timedelta(minutes=7))

    answer = responder.post(reverse("admin:alerts_alert_policy", args=[alert.pk]), follow=True)

    assert "begins anew with its policy" in answer.content.decode()
    frozen = Escalation.objects.live().get(alert=alert)
    assert [row["wait"] for row in frozen.steps] == [step.wait.total_seconds()]
    assert "Use the current policy" in responder.get(page_of(alert)).content.decode()


def test_the_policy_is_not_renewed_by_a_viewer_nor_for_a_closed_alert(as_role, responder):
    alert = AlertFactory(policy=PolicyFactory(), status="closed", closed_at=NOW)
    url = reverse("admin:alerts_alert_policy", args=[alert.pk])

    assert as_role(roles.VIEWER).post(url).status_code == 403
    assert responder.get(url).status_code == 403
    assert "closed" in responder.post(url, follow=True).content.decode()
    assert not Escalation.objects.filter(alert=alert).exists()


def test_an_unknown_action_is_no_page(responder):
    assert responder.get(act_url(AlertFactory(), "explode")).status_code == 404


def test_looking_at_the_page_of_an_action_changes_nothing(responder):
    alert = AlertFactory()

    for action in Action:
        responder.get(act_url(alert, action))

    assert not Alert.objects.get(pk=alert.pk).events.exists()


@pytest.mark.parametrize("role", [roles.VIEWER, NOBODY])
@pytest.mark.parametrize("action", ["acknowledge", "close", "note"])
def test_who_may_not_respond_is_refused(action, role, as_role):
    alert = AlertFactory()

    answer = as_role(role).post(act_url(alert, action), {"text": "x"})

    assert answer.status_code == 403
    assert Alert.objects.get(pk=alert.pk).status == "open"


def test_a_viewer_sees_the_page_without_buttons(as_role):
    page = as_role(roles.VIEWER).get(page_of(AlertFactory())).content.decode()

    assert "Nobody has taken it yet." in page
    assert "/do/" not in page


@pytest.mark.parametrize("role", [roles.RESPONDER, roles.INTEGRATIONS_ADMIN, roles.ADMIN, SUPERUSER])
def test_who_may_respond_can(role, as_role):
    alert = AlertFactory()

    do(as_role(role), alert, "acknowledge")

    assert alert.status == "acknowledged"
