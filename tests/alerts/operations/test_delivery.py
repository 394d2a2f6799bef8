"""How notifications leave by a real mail server that takes them, refuses them, is slow, or is gone."""

from datetime import timedelta

import pytest

from alertops.lib import processes
from alerts import channels
from alerts.logic.notification import MOST_STARTS, Kind
from alerts.models import Alert, AlertEvent, Notification
from alerts.operations import attempts, delivery, escalation, telling
from tests.alerts.operations.policies import MINUTE, pass_minutes, policy, start, story
from tests.alerts.operations.reports import act, by, running
from tests.factories import NOW, AlertFactory, UserFactory

SECOND = timedelta(seconds=1)
EMAIL = channels.CHANNELS["email"]
LEASE = EMAIL.timeout + attempts.GRACE

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return UserFactory(username="anna")


@pytest.fixture
def ben():
    return UserFactory(username="ben")


@pytest.fixture
def page(anna):
    """Anna's page, which is due now."""
    return page_for(anna)


def page_for(*users):
    alert = start(policy((users, 0, {}), last_resort=UserFactory(username="boss")))
    pass_minutes(0, 0)
    return alert.notifications.order_by("id").first()


def deliver(seconds=0):
    return sum(iter(lambda: delivery.deliver_due(NOW + seconds * SECOND), 0))


def begin(page):
    """Claim one page; return its attempt, or None if it was not ours."""
    claimed = attempts.begin([page.pk], EMAIL, now=NOW)
    return claimed[0] if claimed else None


def fate(page):
    """Return the status of a page, and the results of its attempts."""
    page.refresh_from_db()
    return page.status, list(page.attempts.values_list("result", flat=True))


def seconds_until_next(page):
    page.refresh_from_db()
    return round((page.due_at - NOW).total_seconds())


def test_a_page_is_sent_once_and_its_attempt_keeps_the_servers_answer(server, page):
    deliver()
    deliver(1)

    server.gets("anna@example.com")
    assert fate(page) == ("sent", ["sent"])
    assert page.attempts.get().answer == "250 2.0.0 OK queued as 1"
    assert (page.claimed_by, page.lease_until, page.error) == ("", None, "")
    assert abs(page.sent_at - NOW) < 5 * SECOND


def test_what_is_sent_at_once_is_in_the_log_and_leaves_no_line_on_the_timeline(server, page):
    deliver()

    server.gets("anna@example.com")
    assert story(page.alert) == ["Step 1: telling Anna."]


def test_many_pages_use_one_connection(server, anna):
    users = [anna, *(UserFactory() for _n in range(9))]
    page_for(*users)

    assert deliver() == 10

    assert server.connections == 1
    for user in users:
        server.gets(user.email)


def test_a_temporary_failure_is_tried_again_and_then_told(server, page):
    server.answers("451 4.3.0 try again later")

    deliver()
    assert (fate(page), seconds_until_next(page)) == (("pending", ["retry"]), 15)
    assert page.error == "451 4.3.0 try again later"
    assert deliver(14) == 0
    deliver(16)

    server.gets("anna@example.com")
    assert fate(page) == ("sent", ["retry", "sent"])
    assert page.alert.events.get(kind=AlertEvent.Kind.TOLD).text == "Anna was told by e-mail at attempt 2."


def test_a_mail_has_the_same_message_id_at_each_attempt(server, page):
    server.answers("250 taken, and then the line went dead")
    deliver()
    Notification.objects.update(status="pending", start_count=1)
    deliver(60)

    ids = {mail["Message-ID"] for _to, mail in server.mails}
    server.mails.clear()
    assert len(ids) == 1


PERMANENT = {
    "no such mailbox": ({"anna@example.com": "550 5.1.1 no such user"}, ()),
    "refused content": ({}, ("554 5.7.1 looks like spam",)),
}


@pytest.mark.parametrize(("refuses", "answers"), PERMANENT.values(), ids=PERMANENT)
def test_a_permanent_refusal_is_final_and_told_at_once(server, page, refuses, answers):
    server.refuses = refuses
    server.answers(*answers)

    deliver()

    assert fate(page) == ("failed", ["failed"])
    line = page.alert.events.get(kind=AlertEvent.Kind.NOT_TOLD)
    assert line.text == f"Anna could not be told by e-mail: {page.error}"
    assert line.data == {"notification": page.pk}


def test_one_refused_mail_does_not_keep_the_others(server, anna, ben):
    server.refuses = {"anna@example.com": "550 5.1.1 no such user"}
    first = page_for(anna, ben)

    deliver()

    server.gets("ben@example.com")
    assert (fate(first)[0], server.connections) == ("failed", 1)


def test_when_nobody_of_a_step_could_be_told_the_next_step_runs_at_once(server, anna, ben):
    server.refuses = dict.fromkeys(("anna@example.com", "ben@example.com"), "550 no such user")
    carla = UserFactory(username="carla")
    alert = start(policy(([anna, ben], 0, {}), ([carla], 30, {})))
    pass_minutes(0, 0)

    deliver()
    pass_minutes(1, 1)
    deliver(60)

    server.gets("carla@example.com")
    assert "Step 2: telling Carla." in story(alert)


def test_the_next_step_keeps_its_time_while_somebody_of_the_last_was_told(server, anna, ben):
    server.refuses = {"anna@example.com": "550 no such user"}
    alert = start(policy(([anna, ben], 0, {}), ([anna], 30, {})))
    pass_minutes(0, 0)

    deliver()

    server.gets("ben@example.com")
    assert running(alert).due_at == NOW + 30 * MINUTE


def test_the_next_step_keeps_its_time_when_the_failure_is_of_an_earlier_one(server, anna, ben):
    alert = start(policy(([anna], 0, {}), ([ben], 5, {}), ([anna], 30, {})))
    pass_minutes(0, 0)
    server.answers("451 later")
    deliver()
    pass_minutes(5, 5)
    server.refuses = {"anna@example.com": "550 no such user"}

    deliver(301)

    server.gets("ben@example.com")
    assert running(alert).due_at == NOW + 35 * MINUTE


def test_a_server_that_is_down_is_tried_with_growing_waits_until_it_is_given_up(settings, page):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    waits, at = [], 0
    for _start in range(MOST_STARTS - 1):
        assert deliver(at) == 1
        waits.append(seconds_until_next(page) - at)
        at = seconds_until_next(page) + 1
    deliver(at)

    assert waits == [15, 30, 60, 120, 300, 600, 1200]
    assert fate(page) == ("failed", ["retry"] * 7 + ["failed"])
    assert "Connection refused" in page.error
    assert page.alert.events.filter(kind=AlertEvent.Kind.NOT_TOLD).count() == 1


def test_what_concerns_the_server_and_not_the_mail_is_never_final(server, page, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "alertops", "wrong"

    deliver()

    assert fate(page) == ("pending", ["retry"])


def test_a_server_that_does_not_answer_in_time_is_left(server, page, settings):
    settings.EMAIL_TIMEOUT = 0.2
    server.pause = 1.0

    deliver()

    assert fate(page) == ("pending", ["retry"])
    assert "timed out" in page.error


def test_a_server_that_hangs_up_between_two_mails_is_called_again(server, anna, ben):
    server.answers("421 4.7.0 too busy, closing")
    page_for(anna, ben)

    deliver()
    deliver(20)

    assert server.connections == 2
    server.gets("anna@example.com")
    server.gets("ben@example.com")


def test_an_address_that_is_none_is_refused_before_any_server_is_asked(server, anna, ben):
    Notification.objects.filter(pk=page_for(anna, ben).pk).update(address="anna@exa mple@\n.com")

    deliver()

    failed = Notification.objects.get(user=anna)
    assert failed.status == "failed"
    server.gets("ben@example.com")


CALLED_OFF = {
    "acknowledged": {"status": "acknowledged"},
    "closed": {"status": "closed"},
    "snoozed": {"snoozed_until": NOW + 60 * MINUTE},
}


@pytest.mark.parametrize("columns", CALLED_OFF.values(), ids=CALLED_OFF)
def test_what_is_not_wanted_any_more_is_not_sent_even_if_nothing_called_it_off(server, page, columns):
    Alert.objects.update(**columns)

    assert begin(page) is None
    assert deliver() == 0

    assert fate(page) == ("cancelled", [])


def test_what_waits_for_another_attempt_is_not_tried_again_after_an_acknowledgement(server, page, anna):
    server.answers("451 later")
    deliver()

    act(page.alert, "acknowledge", by=by(anna), at=NOW + SECOND)
    deliver(20)

    assert fate(page) == ("cancelled", ["retry"])


def test_an_acknowledgement_while_a_mail_is_being_sent_does_not_hide_that_it_was_sent(server, page, anna):
    attempt = begin(page)

    act(page.alert, "acknowledge", by=by(anna), at=NOW + SECOND)

    assert attempt is not None
    assert fate(page) == ("pending", ["unknown"])


def test_a_worker_that_died_while_sending_leaves_an_attempt_of_unknown_result_and_the_mail_is_sent_again(
    server, page
):
    begin(page)

    assert delivery.deliver_due(NOW + LEASE - SECOND) == 0
    assert delivery.deliver_due(NOW + LEASE) == 1

    server.gets("anna@example.com")
    assert fate(page) == ("sent", ["unknown", "sent"])


def test_of_two_that_claim_a_notification_one_gets_it(page):
    assert begin(page) is not None
    assert begin(page) is None


def test_a_result_that_comes_after_the_lease_was_lost_leaves_the_row_to_its_new_holder(page):
    attempt = begin(page)
    Notification.objects.update(claimed_by="elsewhere/1/1", lease_until=NOW + 60 * MINUTE)

    attempts.end([attempts.Result(attempt, channels.Receipt("250 OK"), NOW + SECOND)])

    assert fate(page) == ("pending", ["sent"])
    assert page.claimed_by == "elsewhere/1/1"


def test_what_breaks_its_worker_each_time_is_given_up_and_told(server, page):
    Notification.objects.update(start_count=MOST_STARTS)

    deliver()

    assert fate(page) == ("failed", [])
    assert page.alert.events.filter(kind=AlertEvent.Kind.NOT_TOLD).exists()


def test_a_letter_that_cannot_be_written_does_not_keep_the_others(server, anna, ben, caplog):
    broken = page_for(anna)
    Alert.objects.update(tags=["not", "a", "mapping"])
    escalation.tell(AlertFactory(), [ben], Kind.RESPONDER, now=NOW, key="x")

    deliver()

    server.gets("ben@example.com")
    assert fate(broken) == ("pending", ["retry"])
    assert "could not be sent" in caplog.text


def test_who_left_meanwhile_is_not_told(server, page, anna):
    anna.is_active = False
    anna.save()

    deliver()

    assert fate(page)[0] == "failed"


def test_who_was_deleted_meanwhile_is_not_told(server, page, anna):
    anna.delete()

    deliver()

    assert fate(page)[0] == "failed"


def test_a_given_up_notification_can_be_tried_again_by_hand(server, page):
    server.refuses = {"anna@example.com": "550 no such user"}
    deliver()
    server.refuses = {}

    assert delivery.retry(page, now=NOW + MINUTE)
    deliver(61)

    server.gets("anna@example.com")
    assert (*fate(page), page.start_count) == ("sent", ["failed", "sent"], 1)
    assert list(page.attempts.values_list("number", flat=True)) == [1, 2]
    assert not delivery.retry(page, now=NOW + MINUTE)


def test_one_worker_is_kept_free_while_the_others_wait_for_a_slow_server(server, settings, anna):
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "workers": 3}
    page_for(anna, *(UserFactory() for _n in range(3)))
    busy = Notification.objects.order_by("-id").values_list("pk", flat=True)[:2]
    for number, pk in enumerate(list(busy)):
        attempts.begin([pk], EMAIL, now=NOW)
        Notification.objects.filter(pk=pk).update(claimed_by=f"{processes.node()}/{number}/1")

    assert delivery.is_busy(NOW)
    assert deliver() == 0


def test_news_of_closing_is_called_off_when_the_alert_is_open_again(server, page, anna):
    deliver()
    server.gets("anna@example.com")
    act(page.alert, "close", at=NOW + SECOND)

    act(page.alert, "reopen", by=by(anna), at=NOW + 2 * SECOND)
    deliver(3)

    assert Notification.objects.get(kind="closed").status == "cancelled"


STATES = [
    {"status": status, "owner": owner, "snoozed": snoozed}
    for status in ("open", "acknowledged", "closed")
    for owner in (False, True)
    for snoozed in (False, True)
]


@pytest.mark.parametrize("state", STATES, ids=str)
def test_the_condition_in_the_database_is_the_rule(anna, state):
    alert = AlertFactory(
        status=state["status"],
        owner=anna if state["owner"] else None,
        snoozed_until=NOW + MINUTE if state["snoozed"] else None,
    )
    every = [(kind, stop) for kind in Kind for stop in ("", *telling.Stop)]
    for kind, stop in every:
        Notification.objects.create(
            alert=alert, kind=kind, stop=stop, dedup_key=f"{kind}{stop}", created_at=NOW, due_at=NOW
        )

    in_database = {(row.kind, row.stop) for row in Notification.objects.filter(telling.wanted(NOW))}

    assert in_database == {
        (kind, stop)
        for kind, stop in every
        if telling.notification.is_wanted(
            kind,
            telling.Stop(stop) if stop else None,
            status=telling.Status(state["status"]),
            has_owner=state["owner"],
            is_snoozed=state["snoozed"],
        )
    }
