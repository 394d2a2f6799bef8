"""The page of one alert: what it tells, what may be done, and who may do it."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from alertops import roles
from alerts.logic.lifecycle import UNTIL_RECOVERED, Action
from alerts.models import Alert, AlertEvent, Attempt, Escalation, Notification
from tests.admin.conftest import NOBODY, SUPERUSER
from tests.factories import (
    NOW,
    AlertFactory,
    IntegrationFactory,
    MessageFactory,
    PolicyFactory,
    StepFactory,
    UserFactory,
)

OPEN_OFFERS = {"close", "snooze", "escalate", "assign", "add_responder", "note", "change_severity", "merge"}


def page_of(alert):
    return reverse("admin:alerts_alert_change", args=[alert.pk])


def act_url(alert, action):
    return reverse("admin:alerts_alert_act", args=[alert.pk, action])


def event(alert, kind, at=NOW, **columns):
    return AlertEvent.objects.create(alert=alert, at=at, kind=kind, **columns)


def notification(alert, user, **columns):
    row = {"channel": "email", "address": user.email, "urgency": "high", "created_at": NOW, "due_at": NOW}
    key = str(Notification.objects.count())
    return Notification.objects.create(
        alert=alert, user=user, user_label=str(user), dedup_key=key, **{**row, **columns}
    )


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


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
            "nobody is told while it is snoozed",
            "acknowledge",
            OPEN_OFFERS | {"wake"},
        ),
        (
            {"status": "acknowledged", "snoozed_until": UNTIL_RECOVERED, "source": "Nagios"},
            "muted until Nagios says that it is over.",
            "close",
            OPEN_OFFERS - {"close"} | {"acknowledge", "unacknowledge", "wake"},
        ),
        (
            {"status": "closed", "closed_at": NOW, "closed_by": "Builds"},
            "by Builds.",
            None,
            {"note", "reopen"},
        ),
    ],
    ids=["open", "acknowledged", "snoozed", "muted", "closed"],
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
    assert 'data-left="300"' in page


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


def test_the_owner_is_told_that_it_is_theirs(responder):
    alert = AlertFactory(status="acknowledged", acknowledged_at=NOW, owner=responder.user)

    assert "You have it; acknowledged" in responder.get(page_of(alert)).content.decode()


def test_what_an_alert_may_be_merged_into_is_offered(responder):
    alert, other, closed = AlertFactory(), AlertFactory(subject="The lift"), AlertFactory(status="closed")

    page = responder.get(act_url(alert, "merge")).content.decode()

    assert f'<option value="{other.pk}">#{other.pk} The lift</option>' in page
    assert f'<option value="{closed.pk}">' not in page


def test_what_is_refused_in_this_state_says_why(responder):
    alert = AlertFactory()

    page = do(responder, alert, "unacknowledge")

    assert "Nobody has acknowledged this alert." in page


@pytest.mark.parametrize("action", ["assign", "snooze", "merge", "change_severity", "add_responder"])
def test_what_a_closed_alert_refuses_is_explained_before_anything_is_asked(action, responder):
    alert = AlertFactory(status="closed", closed_at=NOW)

    page = responder.get(act_url(alert, action)).content.decode()

    assert "This alert is closed; reopen it first." in page
    assert act_url(alert, "reopen") in page
    assert "<textarea" not in page


def test_reopening_what_has_a_newer_alert_leads_to_that(responder):
    integration = IntegrationFactory()
    alert = AlertFactory(integration=integration, key_digest="k", status="closed", closed_at=NOW)
    newer = AlertFactory(integration=integration, key_digest="k", subject="Again")

    page = responder.get(act_url(alert, "reopen")).content.decode()

    assert "The same problem has a newer alert" in page
    assert page_of(newer) in page


def test_what_is_refused_while_details_are_sent_stands_in_the_form(responder):
    alert, closed = AlertFactory(), AlertFactory(status="closed", closed_at=NOW)

    page = do(responder, alert, "merge", other_id=closed.pk)

    assert f"#{closed.pk} is closed; reopen it first, or choose another." in page
    assert f'value="{closed.pk}"' in page


def test_closing_what_still_fails_offers_to_keep_it_quiet_instead(responder):
    failing = AlertFactory(integration=IntegrationFactory(), key_digest="k", source="Bitbucket")

    page = responder.get(act_url(failing, "close")).content.decode()

    assert "Bitbucket has not said that it is solved" in page
    assert act_url(failing, "snooze") in page
    assert act_url(failing, "mute") in page
    assert "has not said" not in responder.get(act_url(AlertFactory(), "close")).content.decode()


def test_an_alert_is_muted_and_the_mute_ended(responder):
    alert = AlertFactory(key_digest="k", integration=IntegrationFactory())

    page = do(responder, alert, "mute", text="The lab is being moved.")
    assert alert.is_muted
    assert "acknowledged, muted" in page
    assert "End the mute" in page
    assert "The lab is being moved." in page

    do(responder, alert, "wake")
    assert (alert.status, alert.is_muted) == ("open", False)


def test_escalating_with_nobody_to_tell_says_so(responder):
    assert "nobody can be told" in do(responder, AlertFactory(), "escalate")


def test_the_page_says_who_was_told_with_which_answer_and_what_they_did(responder, as_role):
    alert, anna = AlertFactory(), responder.user
    row = notification(alert, anna, status="sent", sent_at=NOW)
    Attempt.objects.create(notification=row, number=1, started_at=NOW, provider="smtp", answer="451 Later")
    Attempt.objects.create(
        notification=row, number=2, started_at=NOW, provider="smtp", answer="250 Ok queued"
    )
    event(alert, "acknowledged", at=NOW + timedelta(minutes=2), actor=anna, via="mail")
    event(alert, "note", at=NOW + timedelta(minutes=3), actor=anna, via="admin")

    page = text_of(responder.get(page_of(alert)))

    assert f"{anna} was told." in page
    assert "250 Ok queued" in page
    assert "451 Later" not in page
    assert "answered: acknowledged from a mail" in page
    assert "answered: note" not in page


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("sent", "was told."),
        ("pending", "is being told."),
        ("failed", "could not be told."),
        ("cancelled", ""),
    ],
)
def test_the_sentence_tells_who_has_heard_of_it(status, words, responder):
    alert = AlertFactory()
    notification(alert, responder.user, status=status)

    told = responder.get(page_of(alert)).context["told"]

    assert told == (f"{responder.user} {words}" if words else "")


@pytest.mark.parametrize(("status", "shown"), [("open", 6), ("closed", 3)])
def test_only_the_newest_messages_stand_open(status, shown, responder):
    alert, anna = AlertFactory(status=status, closed_at=NOW), UserFactory(first_name="Anna")
    rows = [notification(alert, anna, status="sent", sent_at=NOW) for _number in range(9)]

    page = responder.get(page_of(alert)).content.decode()

    open_part, folded = page.split('<details id="ao-told-earlier">')
    said = [sum(f'id="ao-row-{row.pk}"' in part for row in rows) for part in (open_part, folded)]
    assert said == [shown, 9 - shown]
    assert f'id="ao-row-{rows[-1].pk}"' in open_part
    assert f"{9 - shown} messages before that" in folded


def test_an_alert_of_which_nobody_more_is_told_says_so(responder):
    page = responder.get(page_of(AlertFactory())).content.decode()

    assert "Nobody more is told by itself" in page


def test_deliveries_that_joined_one_after_the_other_are_one_line(responder):
    alert = AlertFactory()
    event(alert, "opened")
    for _number in range(3):
        event(alert, "joined", text="Build FAILED")
    event(alert, "note", text="On it")
    event(alert, "joined", text="Build FAILED")

    lines = responder.get(page_of(alert)).context["timeline"]

    assert [(line.event.kind, line.count) for line in lines] == [
        ("joined", 1),
        ("note", 1),
        ("joined", 3),
        ("opened", 1),
    ]


def test_the_raw_message_is_folded_and_linked_for_who_may_see_the_log(responder, as_role):
    alert = AlertFactory()
    message = MessageFactory(alert=alert)
    log = reverse("admin:integrations_inboundmessage_change", args=[message.pk])

    page = responder.get(page_of(alert)).content.decode()

    assert log in page
    assert "acme/website" in page
    stranger = as_role(NOBODY)
    stranger.user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    page = stranger.get(page_of(alert)).content.decode()
    assert log not in page
    assert "acme/website" not in page


def test_the_beginning_of_a_long_message_is_enough(responder):
    alert = AlertFactory()
    MessageFactory(alert=alert, body=b"\xff" + b"x" * 9000, body_size=9001)

    answer = responder.get(page_of(alert))

    assert answer.context["raw"].startswith("\ufffdx")
    assert len(answer.context["raw"]) == 4000
    assert "How the newest begins" in answer.content.decode()


def test_an_acknowledgement_that_runs_out_makes_its_renewal_the_main_button(responder):
    soon = NOW + timedelta(minutes=3)
    alert = AlertFactory(status="acknowledged", acknowledged_at=NOW, acknowledgement_expires_at=soon)
    alert.acknowledgers.add(responder.user)

    assert responder.get(page_of(alert)).context["main"].action == "acknowledge"


def live_url(alert):
    return reverse("admin:alerts_alert_live", args=[alert.pk])


def test_the_page_looks_again_and_gets_its_parts_with_the_same_names(responder):
    alert = AlertFactory()
    whole = responder.get(page_of(alert)).content.decode()

    answer = responder.get(live_url(alert))

    parts = re.findall(r'id="(ao-[a-z]+)"[^>]* hx-swap-oob="true"', answer.content.decode())
    assert parts == ["ao-head", "ao-acts", "ao-what", "ao-timeline", "ao-told", "ao-fresh"]
    assert all(f'id="{part}"' in whole for part in parts)
    assert "<html" not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_looking_again_costs_few_queries_however_much_has_happened(responder, django_assert_max_num_queries):
    alert = AlertFactory(integration=IntegrationFactory(), owner=responder.user)
    with django_assert_max_num_queries(13) as short:
        responder.get(live_url(alert))
    for number in range(20):
        event(alert, "joined", actor=responder.user, text=str(number))
        notification(alert, UserFactory(), status="sent")

    with django_assert_max_num_queries(len(short)):
        responder.get(live_url(alert))


@pytest.mark.parametrize("role", [roles.VIEWER, NOBODY])
def test_looking_again_is_for_who_may_see_the_alert(role, as_role):
    answer = as_role(role).get(live_url(AlertFactory()))

    assert answer.status_code == (200 if role == roles.VIEWER else 403)
    assert b"/do/" not in answer.content


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
