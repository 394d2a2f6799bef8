"""The overview answers first, and says what the operator should know."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from alertops import nodes, roles
from alertops.health import TICKER
from alerts.logic.lifecycle import UNTIL_RECOVERED
from alerts.models import AlertEvent, Escalation, Notification
from integrations import operations
from integrations.models import UnmatchedDelivery
from tests.admin.conftest import NOBODY, SUPERUSER
from tests.factories import (
    NOW,
    AlertFactory,
    IntegrationFactory,
    MessageFactory,
    RuleFactory,
    StepFactory,
    UserFactory,
)

HTMX = {"HX-Request": "true"}
SAID = "As of 2 Mar 2026"


@pytest.fixture
def _worker():
    cache.set(TICKER, NOW.timestamp())
    nodes.tell("node-1", {"alerts": (4, 4), "slow": (1, 1)}, NOW)


def shown(client):
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.context, answer.content.decode()


def part(client, name):
    return client.get(reverse("admin:overview_part", args=[name]), headers=HTMX)


def take(client, alert, **headers):
    return client.post(reverse("admin:overview_acknowledge", args=[alert.pk]), headers=headers)


def notification(alert, **columns):
    row = {
        "alert": alert,
        "user_label": "Anna",
        "channel": "email",
        "address": "anna@example.com",
        "urgency": "high",
        "dedup_key": f"{Notification.objects.count()}",
        "created_at": NOW,
        "due_at": NOW,
    }
    return Notification.objects.create(**row | columns)


def tiles(context):
    return {tile.name: tile for tile in context["tiles"]}


# The first sentence


@pytest.mark.usefixtures("_worker")
@pytest.mark.parametrize(
    ("alerts", "answer", "tone"),
    [
        ([{"status": "closed"}], "Nothing is wrong.", "green"),
        ([{}], "1 alert is open and nobody has taken it.", "orange"),
        (
            [{"severity": "info"}, {"severity": "critical"}, {"status": "acknowledged"}],
            "2 alerts are open and nobody has taken them.",
            "red",
        ),
        ([{"status": "acknowledged"}], "Nothing is left lying: somebody has taken each alert.", "green"),
        (
            [{"snoozed_until": NOW + timedelta(hours=1)}],
            "Nothing is left lying: somebody has taken each alert.",
            "green",
        ),
        (
            [{"status": "acknowledged", "snoozed_until": UNTIL_RECOVERED}],
            "Nothing is left lying: somebody has taken each alert.",
            "green",
        ),
    ],
    ids=["closed", "one open", "two open", "acknowledged", "snoozed", "muted"],
)
def test_the_first_sentence_answers_whether_anything_is_wrong_that_nobody_has_taken(
    alerts, answer, tone, superuser
):
    for alert in alerts:
        AlertFactory(**alert)

    context, page = shown(superuser)

    assert (context["answer"], context["tone"]) == (answer, tone)
    assert answer in page
    assert SAID in page


def test_without_a_worker_the_overview_does_not_claim_that_all_is_well(superuser):
    AlertFactory(status="closed")

    context, page = shown(superuser)

    assert "alertops itself is not well" in context["answer"]
    assert "No worker is running" in page
    assert reverse("admin:health") in page


# What nobody has taken


@pytest.mark.usefixtures("_worker")
def test_the_worst_alert_comes_first_and_the_newest_of_equals(superuser):
    info, critical, warning, error, newer = (
        AlertFactory(severity=severity) for severity in ("info", "critical", "warning", "error", "critical")
    )

    context, _page = shown(superuser)

    assert [row.alert for row in context["rows"]] == [newer, critical, error, warning, info]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"status": Escalation.Status.EXHAUSTED}, "Everybody was told, and nobody took it."),
        ({"due_at": NOW}, "The next step comes any moment."),
        ({"due_at": NOW + timedelta(minutes=4)}, "in 4\xa0minutes"),
        (None, "Nobody else will be told."),
    ],
    ids=["exhausted", "due", "later", "no policy"],
)
def test_a_row_tells_who_is_told_next(columns, sentence, superuser):
    alert = AlertFactory(subject="The disk is full")
    if columns:
        Escalation.objects.create(alert=alert, started_at=NOW, **columns)

    context, page = shown(superuser)

    assert "The disk is full" in page
    assert sentence in context["rows"][0].sentence


def test_each_number_by_severity_and_age_leads_to_exactly_these_alerts(superuser):
    ages = [timedelta(minutes=1), timedelta(minutes=20), timedelta(hours=2), timedelta(hours=9)]
    for severity in ("critical", "warning"):
        # Each bound belongs to what is older.
        for age in (*ages, timedelta(minutes=15), timedelta(days=1), timedelta(days=4)):
            AlertFactory(severity=severity, opened_at=NOW - age)
    AlertFactory(severity="warning", status="acknowledged")

    context, _page = shown(superuser)

    by_severity = {line.severity: [cell.count for cell in line.cells] for line in context["ages"]}
    assert by_severity == {
        "critical": [1, 2, 1, 1, 2],
        "error": [0, 0, 0, 0, 0],
        "warning": [1, 2, 1, 1, 2],
        "info": [0, 0, 0, 0, 0],
    }
    for line in context["ages"]:
        for cell in line.cells:
            assert superuser.get(cell.url).context["cl"].result_count == cell.count


def test_what_somebody_has_is_listed_with_who_the_last_taken_first(responder):
    anna = UserFactory(first_name="Anna")
    AlertFactory(status="acknowledged", owner=responder.user, acknowledged_at=NOW)
    AlertFactory(status="acknowledged", owner=anna, acknowledged_at=NOW - timedelta(hours=1))

    context, _page = shown(responder)

    said = [row.sentence for row in context["taken"]]
    assert "You have it, taken" in said[0]
    assert f"{anna} has it, taken" in said[1]


@pytest.mark.parametrize(("open_count", "is_below"), [(3, True), (4, False)])
def test_what_somebody_has_stands_below_a_short_list_and_beside_a_long_one(open_count, is_below, responder):
    AlertFactory.create_batch(open_count)
    AlertFactory(status="acknowledged", owner=responder.user, acknowledged_at=NOW)

    _context, page = shown(responder)

    assert page.count("Somebody has these") == 1
    assert (page.index("Somebody has these") < page.index("Open alerts by severity and age")) is is_below


# Acknowledging in place


@pytest.mark.usefixtures("_worker")
def test_acknowledging_in_place_answers_with_the_row_and_the_first_sentence(responder):
    alert, other = AlertFactory(subject="Mine now"), AlertFactory()

    answer = take(responder, alert, **HTMX)

    page = answer.content.decode()
    assert f'id="ao-row-{alert.pk}"' in page
    assert f"#{alert.pk} is acknowledged." in page
    assert "You have it, taken" in page
    assert f'id="ao-row-{other.pk}"' not in page
    assert 'hx-swap-oob="true"' in page
    assert "1 alert is open and nobody has taken it." in page
    alert.refresh_from_db()
    assert (alert.status, alert.owner) == ("acknowledged", responder.user)


def test_without_scripts_acknowledging_leads_back_to_the_overview(responder):
    alert = AlertFactory()

    answer = take(responder, alert)

    assert (answer.status_code, answer.url) == (302, "/")
    assert f"#{alert.pk} is acknowledged." in shown(responder)[1]


def test_an_alert_that_was_closed_meanwhile_says_so(responder):
    alert = AlertFactory(status="closed", closed_at=NOW, closed_by="Builds")

    page = take(responder, alert, **HTMX).content.decode()

    assert "by Builds." in page
    assert "<button" not in page


@pytest.mark.parametrize(
    ("role", "status"),
    [(NOBODY, 403), (roles.VIEWER, 403), (roles.RESPONDER, 200), (roles.ADMIN, 200), (SUPERUSER, 200)],
)
def test_only_who_may_respond_can_take_an_alert(role, status, as_role):
    alert = AlertFactory()
    client = as_role(role)

    assert take(client, alert, **HTMX).status_code == status
    alert.refresh_from_db()
    assert (alert.status == "acknowledged") == (status == 200)


def test_who_may_only_look_is_offered_no_button(as_role):
    alert = AlertFactory()

    assert f'id="ao-take-{alert.pk}"' not in shown(as_role(roles.VIEWER))[1]
    assert f'id="ao-take-{alert.pk}"' in shown(as_role(roles.RESPONDER))[1]


def test_a_form_from_elsewhere_is_refused(responder):
    alert = AlertFactory()
    responder.handler.enforce_csrf_checks = True

    assert take(responder, alert, **HTMX).status_code in (403, 404)
    alert.refresh_from_db()
    assert alert.status == "open"


def test_looking_takes_nothing(responder):
    alert = AlertFactory()

    assert responder.get(reverse("admin:overview_acknowledge", args=[alert.pk])).status_code == 405
    assert take(responder, AlertFactory.build(pk=999_999), **HTMX).status_code == 404


# The parts


@pytest.mark.parametrize(
    ("role", "status"), [(NOBODY, 403), (roles.VIEWER, 200), (roles.RESPONDER, 200), (SUPERUSER, 200)]
)
@pytest.mark.parametrize("name", ["alerts", "day"])
def test_a_part_refreshes_for_who_may_see_it(name, role, status, as_role):
    AlertFactory(subject="Secret")

    answer = part(as_role(role), name)

    assert answer.status_code == status
    assert ("<html" in answer.content.decode()) == (status != 200)


def test_there_are_no_other_parts(superuser):
    assert part(superuser, "everything").status_code == 404


def test_a_stranger_is_asked_to_log_in(client, db):
    assert part(client, "alerts").status_code == 302


def test_somebody_without_a_role_is_told_why_nothing_is_here(as_role):
    AlertFactory(subject="Secret")
    MessageFactory()

    context, page = shown(as_role(NOBODY))

    assert "Secret" not in page
    assert "Your account has no role" in page
    assert not context["parts"]


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (
            roles.RESPONDER,
            {"Waiting", "From received to sent", "Not delivered", "Unmatched"},
        ),
        (
            roles.INTEGRATIONS_ADMIN,
            {"Waiting", "From received to sent", "Not delivered", "Unmatched", "Workers"},
        ),
    ],
)
def test_each_figure_is_for_who_may_see_the_list_behind_it(role, names, as_role):
    client = as_role(role)
    MessageFactory()

    found = tiles(shown(client)[0])

    assert set(found) == names
    for tile in found.values():
        assert client.get(tile.url).status_code == 200


# The last 24 hours


@pytest.fixture
def builds(db):
    return RuleFactory(integration=IntegrationFactory(name="Builds")).integration


def processed(integration, *states, at=NOW):
    for state in states:
        MessageFactory(integration=integration, state=state, received_at=at)
    operations.process_waiting(integration.pk, now=at)


def test_deliveries_are_drawn_by_hour_and_outcome_with_their_lists(superuser, builds):
    operations.mark_hour(NOW - timedelta(hours=2))
    processed(builds, "FAILED", "FAILED", at=NOW - timedelta(hours=2) + timedelta(minutes=5))
    operations.mark_hour(NOW - timedelta(hours=1))
    operations.mark_hour(NOW)
    processed(builds, "SUCCESSFUL")
    MessageFactory(integration=builds, status="refused", reason="disabled", received_at=NOW)

    context, page = shown(superuser)

    bars = [bar for bar in context["bars"] if bar.parts]
    assert [bar.label for bar in bars] == [
        "10:00–11:00: 2 deliveries (1 Mapped, 1 Mapped Appended)",
        "12:00–13:00: 2 deliveries (1 Mapped, 1 Refused)",
    ]
    assert len(context["bars"]) == 24
    assert bars[0].label in page
    assert {str(key.word): key.count for key in context["keys"]} == {
        "Mapped": "2",
        "Mapped Appended": "1",
        "Refused": "1",
    }
    assert [superuser.get(bar.url).context["cl"].result_count for bar in bars] == [2, 2]
    assert all(superuser.get(key.url).status_code == 200 for key in context["keys"])


def test_integrations_whose_deliveries_fail_are_named_with_the_reason_the_worst_first(superuser):
    good, bad, worse = (IntegrationFactory(name=name) for name in ("Good", "Bad", "Worse"))
    MessageFactory(integration=good, status="mapped", reason="opened")
    MessageFactory(integration=bad, status="mapping_failed", reason="missing_field")
    MessageFactory(
        integration=bad, status="refused", reason="disabled", received_at=NOW - timedelta(hours=25)
    )
    MessageFactory.create_batch(2, integration=worse, status="refused", reason="bad_signature")

    context, _page = shown(superuser)

    assert [(trouble.name, trouble.sentence) for trouble in context["troubles"]] == [
        ("Worse", "2 deliveries, mostly: refused: wrong signature"),
        ("Bad", "1 delivery, a field was missing"),
    ]
    counts = [superuser.get(trouble.url).context["cl"].result_count for trouble in context["troubles"]]
    assert counts == [2, 1]


def test_what_could_not_be_sent_and_what_found_no_integration_is_counted(superuser):
    UnmatchedDelivery.objects.create(received_at=NOW, token_hint="abc", method="POST")
    UnmatchedDelivery.objects.create(received_at=NOW - timedelta(days=2), token_hint="abc", method="POST")
    alert = AlertFactory()
    notification(alert, status="failed")
    notification(alert, status="failed", due_at=NOW - timedelta(days=2))

    found = tiles(shown(superuser)[0])

    assert (found["Not delivered"].value, found["Not delivered"].tone) == ("1", "red")
    assert (found["Unmatched"].value, found["Unmatched"].tone) == ("1", "amber")


def told(received_at, sent_at, *, wait=0, **columns):
    """Make an alert that a delivery opened, and its first notification."""
    alert = AlertFactory(created_at=received_at, opened_at=received_at)
    message = MessageFactory(received_at=received_at, status="mapped", alert=alert)
    AlertEvent.objects.create(alert=alert, at=received_at, kind="opened", message=message)
    escalation = Escalation.objects.create(
        alert=alert, started_at=received_at, steps=[{"number": 1, "wait": wait}]
    )
    key = f"step:{escalation.pk}:0:0:0:7:email"
    row = {"escalation": escalation, "dedup_key": key, "status": "sent", "sent_at": sent_at}
    return notification(alert, **row | columns)


def test_the_time_from_received_to_sent_leaves_out_what_the_policy_waits(superuser):
    begin = NOW - timedelta(hours=1)
    told(begin, begin + timedelta(seconds=0.4))
    told(begin, begin + timedelta(seconds=303), wait=300)
    slow = told(begin, begin + timedelta(seconds=90))
    notification(slow.alert, dedup_key="step:1:0:1:0:7:email", status="sent", sent_at=NOW)
    told(NOW - timedelta(days=2), NOW - timedelta(days=2))

    tile = tiles(shown(superuser)[0])["From received to sent"]

    assert tile.value == "3.0 s"
    assert "the slowest of the last 3 took 1 minute 30 seconds" in tile.text


@pytest.mark.parametrize(
    ("crews", "value", "tone"),
    [
        ({"alerts": (4, 4), "slow": (1, 1)}, "5", "grey"),
        ({"alerts": (3, 4), "slow": (1, 1)}, "4", "red"),
        (None, "0", "red"),
    ],
    ids=["whole", "one is missing", "none"],
)
def test_the_workers_that_live_are_counted(crews, value, tone, superuser):
    MessageFactory()
    if crews:
        nodes.tell("node-1", crews, NOW)

    tile = tiles(shown(superuser)[0])["Workers"]

    assert (tile.value, tile.tone) == (value, tone)


# A new installation


def test_it_says_where_mails_go_while_no_server_is_set(superuser, settings):
    for _once in range(2):  # empty, and then in use
        _context, page = shown(superuser)
        assert f"Mails reach nobody yet: they are written to {settings.MAIL_FOLDER}" in page
        MessageFactory()


def test_a_new_installation_shows_three_steps_and_ticks_off_what_is_done(superuser):
    context, page = shown(superuser)
    assert [(step.is_done, step.is_next) for step in context["steps"]] == [
        (False, True),
        (False, False),
        (False, False),
    ]
    assert "Nothing is wrong" not in page
    assert "No worker is running" in page

    StepFactory(users=[UserFactory()])
    IntegrationFactory()
    context, _page = shown(superuser)
    assert [(step.is_done, step.is_next) for step in context["steps"]] == [
        (True, False),
        (True, False),
        (False, True),
    ]

    MessageFactory()
    context, _page = shown(superuser)
    assert context["steps"] == []


def test_a_responder_sees_no_settings_to_mend(as_role):
    _context, page = shown(as_role(roles.RESPONDER))

    assert "Mails reach nobody" not in page
    assert "Three steps" not in page
    assert reverse("admin:health") not in page


# What it costs


def test_the_overview_costs_few_queries_however_much_there_is(
    superuser, builds, django_assert_max_num_queries
):
    everything(builds)
    with django_assert_max_num_queries(30) as once:
        shown(superuser)
    everything(builds, times=15)

    with django_assert_max_num_queries(len(once)):
        shown(superuser)


@pytest.mark.parametrize(("name", "most"), [("alerts", 16), ("day", 16)])
def test_refreshing_a_part_costs_few_queries(name, most, superuser, builds, django_assert_max_num_queries):
    everything(builds, times=5)

    with django_assert_max_num_queries(most):
        part(superuser, name)


def everything(integration, times=1):
    for _time in range(times):
        told(NOW - timedelta(hours=1), NOW)
        AlertFactory(integration=integration, status="acknowledged", owner=UserFactory())
        AlertFactory(integration=integration, severity="critical")
        MessageFactory(integration=IntegrationFactory(), status="refused", reason="disabled")
        MessageFactory(integration=integration, status="mapping_failed", reason="missing_field")
    operations.mark_hour(NOW - timedelta(hours=3))
