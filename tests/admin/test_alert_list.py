"""Acting on several alerts at once, the lists of one's own, and opening one by hand."""

from datetime import timedelta

import pytest
from django.urls import reverse

from alertops import roles
from alerts.admin import alert_list
from alerts.logic.lifecycle import UNTIL_RECOVERED
from alerts.models import Alert, Escalation, TeamMembership
from tests.admin.conftest import NOBODY
from tests.factories import (
    NOW,
    AlertFactory,
    IntegrationFactory,
    PolicyFactory,
    StepFactory,
    TeamFactory,
    UserFactory,
)

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
        ("severity__exact=critical", set()),
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


def subjects(client, query):
    return {row.subject for row in client.get(f"{LIST}?{query}").context["cl"].result_list}


def test_my_teams_alerts_are_those_that_concern_a_team_of_mine(responder):
    mine, other = TeamFactory(people=[responder.user]), TeamFactory()
    for team, word in ((mine, "mine"), (other, "other")):
        policy = PolicyFactory()
        StepFactory(policy=policy, teams=[team])
        sender = IntegrationFactory()
        sender.recipient_teams.add(team)
        colleague = UserFactory()
        TeamMembership.objects.create(team=team, user=colleague)
        AlertFactory(subject=f"{word} by policy", policy=policy)
        AlertFactory(subject=f"{word} by integration", integration=sender)
        AlertFactory(subject=f"{word} by name").named_teams.add(team)
        AlertFactory(subject=f"{word} by owner", owner=colleague)
        AlertFactory(subject=f"{word} closed", policy=policy, status="closed")

    found = subjects(responder, "whose=teams")

    assert found == {f"mine by {way}" for way in ("policy", "integration", "name", "owner")}


def test_what_was_closed_today_begins_at_midnight_of_the_reader(responder):
    responder.user.time_zone = "Pacific/Auckland"  # there it is one in the morning of the next day
    responder.user.save()
    AlertFactory(subject="today", status="closed", closed_at=NOW - timedelta(minutes=30))
    AlertFactory(subject="yesterday", status="closed", closed_at=NOW - timedelta(minutes=90))

    assert subjects(responder, "status=closed_today") == {"today"}


@pytest.mark.parametrize(
    ("query", "chosen"),
    [("", "All"), ("status=open", "Unacknowledged"), ("whose=mine", "Mine"), ("status=closed", None)],
)
def test_the_view_that_one_is_in_is_marked(query, chosen, responder):
    views = responder.get(f"{LIST}?{query}").context["cl"].views()

    assert [view.label for view in views if view.is_chosen] == ([chosen] if chosen else [])


def test_every_view_above_the_list_leads_to_a_list(responder):
    for view in responder.get(LIST).context["cl"].views():
        assert responder.get(LIST + view.url).status_code == 200


def escalating(due_at=NOW + timedelta(minutes=5), **columns):
    """An alert whose next step tells somebody."""
    ben = UserFactory()
    policy = PolicyFactory()
    alert = AlertFactory(policy=policy, **columns)
    steps = [{"number": 1, "users": [ben.pk]}]
    Escalation.objects.create(alert=alert, policy=policy, started_at=NOW, due_at=due_at, steps=steps)
    return alert, ben


def test_a_row_says_who_is_next_and_when(responder):
    alert, ben = escalating()

    page = responder.get(LIST).content.decode()

    assert f"{ben} <time" in page
    assert 'data-left="300"' in page
    assert reverse("admin:alerts_alert_act", args=[alert.pk, "acknowledge"]) in page


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "nobody is told"),
        ({"status": "acknowledged"}, "taken"),
        ({"snoozed_until": NOW + timedelta(hours=1)}, "quiet, ends"),
        ({"status": "acknowledged", "snoozed_until": UNTIL_RECOVERED}, "muted until it has recovered"),
        ({"status": "acknowledged", "acknowledgement_expires_at": NOW + timedelta(hours=1)}, "open again"),
        ({"status": "closed", "closed_at": NOW}, "closed <time"),
    ],
)
def test_a_row_without_a_next_step_says_why(columns, words, responder):
    alert = AlertFactory(**columns)

    row = responder.get(LIST).context["cl"].result_list[0]

    assert row == alert
    assert words in str(row.coming)


def test_the_next_steps_of_a_page_cost_the_same_queries_however_many_there_are(
    responder, django_assert_max_num_queries
):
    for _number in range(2):
        escalating()
    with django_assert_max_num_queries(16) as short:
        responder.get(LIST)
    for _number in range(20):
        escalating(owner=UserFactory(), integration=IntegrationFactory())

    with django_assert_max_num_queries(len(short)):
        responder.get(LIST)


def test_an_alert_is_taken_in_its_row_and_one_stays_in_the_view(responder):
    alert, _ben = escalating()
    url = reverse("admin:alerts_alert_act", args=[alert.pk, "acknowledge"])

    answer = responder.post(
        url, {"back": "list"}, headers={"referer": f"http://testserver{LIST}?status=open"}
    )

    assert answer.headers["Location"] == f"{LIST}?status=open"
    assert statuses([alert]) == ["acknowledged"]


def test_a_viewer_takes_nothing_in_a_row(as_role):
    alert, _ben = escalating()

    assert "/do/" not in as_role(roles.VIEWER).get(LIST).content.decode()
    assert statuses([alert]) == ["open"]


def test_a_selection_is_snoozed_or_given_to_somebody(responder):
    alerts, ben = AlertFactory.create_batch(2), UserFactory()

    assert "Assign 2 alerts?" in act(responder, "assign", alerts)
    assert "2 alerts were assigned." in act(responder, "assign", alerts, confirmed="1", user_id=ben.pk)
    assert "2 alerts are snoozed." in act(responder, "snooze", alerts, confirmed="1", until="3600")

    assert {Alert.objects.get(pk=alert.pk).owner for alert in alerts} == {ben}


# What changes while somebody looks at the list


def news(client, query=""):
    """Return what asks for what has changed since a list was shown, as its page asks."""
    shown = client.get(f"{LIST}?{query}").context["cl"].news_query()

    def look():
        return client.get(reverse("admin:alerts_alert_news") + shown).content.decode()

    return look


def test_the_list_is_told_of_what_opened_since(responder):
    AlertFactory()
    look = news(responder)
    assert "new alert" not in look()
    AlertFactory()
    AlertFactory(status="closed")

    assert "1 new alert: show it" in look()


def test_what_opened_since_is_told_where_it_belongs_to_the_view(responder):
    looks = {query: news(responder, query) for query in ("whose=mine", "severity__exact=error", "q=Disk")}

    AlertFactory(severity="error", subject="Disk full")

    assert [query for query, look in looks.items() if "1 new alert" in look()] == [
        "severity__exact=error",
        "q=Disk",
    ]


def test_the_rows_of_the_list_change_in_place(responder):
    alert, ben = AlertFactory(severity="warning"), UserFactory(first_name="Ben")
    look = news(responder, "status=open")
    page = responder.get(LIST).content.decode()
    ids = [f"ao-{name}-{alert.pk}" for name in alert_list.CELLS]
    Alert.objects.update(status="acknowledged", owner=ben, event_count=7, severity="critical")

    said = look()

    for name in ids:
        assert f'<span id="{name}" class="ao-cell">' in page
        assert f'<span id="{name}" class="ao-cell" hx-swap-oob="true">' in said
    for word in ("acknowledged", "Ben", ">7<", "critical", "taken"):
        assert word in said
    assert "ao-take" in page
    assert "ao-take" not in said


def test_only_who_may_respond_is_offered_to_take_what_has_changed(as_role):
    alert = AlertFactory()
    parameters = {"rows": str(alert.pk)}

    offered = {
        role: "ao-take" in as_role(role).get(reverse("admin:alerts_alert_news"), parameters).content.decode()
        for role in (roles.VIEWER, roles.RESPONDER)
    }

    assert offered == {roles.VIEWER: False, roles.RESPONDER: True}


@pytest.mark.parametrize("value", ["", "-1", "x", "9" * 30, "²", ",,"])
@pytest.mark.parametrize("parameter", ["after", "rows"])
def test_a_number_that_is_none_is_no_news(parameter, value, responder):
    AlertFactory()
    answer = responder.get(reverse("admin:alerts_alert_news"), {parameter: value})

    assert answer.status_code == 200
    assert "new alert" not in answer.content.decode()
    assert "ao-cell" not in answer.content.decode()


def test_of_a_view_that_there_is_not_there_are_no_news(responder):
    answer = responder.get(reverse("admin:alerts_alert_news"), {"after": 0, "integration__zz": 1})

    assert answer.status_code == 404


@pytest.mark.parametrize(("role", "status"), [(roles.VIEWER, 200), (NOBODY, 403)])
def test_news_are_for_who_may_see_the_alerts(role, status, as_role):
    assert as_role(role).get(reverse("admin:alerts_alert_news"), {"after": 0}).status_code == status


def test_news_cost_the_same_queries_however_many_rows_there_are(responder, django_assert_max_num_queries):
    escalating()
    look = news(responder)
    with django_assert_max_num_queries(14) as few:
        look()
    cost = len(few)
    for _number in range(12):
        escalating()
    look = news(responder)

    with django_assert_max_num_queries(cost):
        look()


def test_a_search_for_words_looks_through_a_window_and_names_it(responder):
    old = AlertFactory(subject="needle, long ago")
    Alert.objects.bulk_create(AlertFactory.build_batch(alert_list.SEARCHED, subject="hay"))
    new = AlertFactory(subject="needle")

    answer = responder.get(LIST, {"q": "needle"})

    changelist = answer.context["cl"]
    assert list(changelist.result_list) == [new]
    assert changelist.window.oldest == new.pk - alert_list.SEARCHED + 1
    assert f"Searched the newest {alert_list.SEARCHED} alerts" in answer.content.decode()
    older = responder.get(LIST + changelist.older_search_url())
    assert list(older.context["cl"].result_list) == [old]
    assert older.context["cl"].window is None


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


def preview(client, **data):
    return client.post(reverse("admin:alerts_alert_preview"), data)


def test_who_would_be_told_is_shown_step_by_step_before_anything_is_opened(responder):
    anna, ben = UserFactory(first_name="Anna"), UserFactory(first_name="Ben", email="")
    policy = PolicyFactory()
    StepFactory(policy=policy, users=[anna])
    StepFactory(policy=policy, users=[ben], wait=timedelta(minutes=7))

    page = preview(responder, policy=policy.pk).content.decode()

    assert "at once" in page
    assert "Anna" in page
    assert "after 7 minutes" in page
    assert "Not reached: Ben (no e-mail address)" in page
    assert "<html" not in page
    assert not Alert.objects.exists()


def test_without_a_policy_or_recipients_the_preview_says_what_to_choose(responder):
    assert "Choose a policy or recipients above" in preview(responder).content.decode()


def test_without_a_script_a_button_shows_who_would_be_told(responder):
    page = manual(responder, users=[UserFactory(first_name="Ben").pk], preview="1").content.decode()

    assert "As long as nobody takes it" in page
    assert not Alert.objects.exists()


@pytest.mark.parametrize("role", [roles.VIEWER, NOBODY])
def test_who_opens_no_alerts_gets_no_preview(role, as_role):
    assert preview(as_role(role)).status_code == 403


def test_a_viewer_cannot_open_an_alert(as_role):
    assert manual(as_role(roles.VIEWER)).status_code == 403
    assert not Alert.objects.exists()
