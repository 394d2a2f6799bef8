"""What is sent when actions and workers come in the same moment, each on its own connection."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connection, transaction

from alerts import channels
from alerts.models import Attempt, Notification
from alerts.operations import attempts, delivery, due_steps
from tests.alerts.operations.policies import MINUTE, policy, start
from tests.alerts.operations.reports import act, by, running
from tests.factories import NOW, UserFactory

ROUNDS = 10
EMAIL = channels.CHANNELS["email"]


@pytest.fixture
def anna(transactional_db):
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("An SQLite database in memory cannot be shared by threads that write.")
    return UserFactory(username="anna")


def at_once(*calls):
    """Run calls together, each in a thread of its own, and return what they returned."""
    start_line = threading.Barrier(len(calls))

    def run(call):
        try:
            start_line.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def during(first, second):
    """Begin the second while the first is done but not yet committed; return what both returned."""

    def run():
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            done = first()
            waits = pool.submit(run)
            time.sleep(0.3)
        return done, waits.result()


def drain():
    return sum(iter(lambda: delivery.deliver_due(NOW), 0))


def page_for(*users):
    alert = start(policy((users, 0, {}), (users, 5, {})))
    due_steps.run_due([running(alert).pk], now=NOW)
    return alert.notifications.order_by("id").first()


def test_a_page_that_is_just_being_called_off_is_not_claimed(anna):
    page = page_for(anna)

    _acted, claimed = during(
        lambda: act(page.alert, "acknowledge", by=by(anna)), lambda: attempts.begin([page.pk], EMAIL, now=NOW)
    )

    assert claimed == []
    assert Notification.objects.get().status == "cancelled"


def test_a_page_of_an_alert_that_is_just_being_closed_is_not_claimed(anna):
    page = page_for(anna)

    _acted, claimed = during(
        lambda: act(page.alert, "close", by=by(anna)), lambda: attempts.begin([page.pk], EMAIL, now=NOW)
    )

    assert claimed == []


def test_a_page_that_is_just_being_claimed_is_sent_and_not_called_off(anna):
    page = page_for(anna)

    claimed, _acted = during(
        lambda: attempts.begin([page.pk], EMAIL, now=NOW), lambda: act(page.alert, "acknowledge", by=by(anna))
    )

    page.refresh_from_db()
    assert (claimed[0].result, page.status) == ("unknown", "pending")


def test_whoever_comes_first_a_page_is_either_sent_or_called_off(anna):
    for _round in range(ROUNDS):
        page = page_for(anna)

        _acted, claimed = at_once(
            lambda page=page: act(page.alert, "acknowledge", by=by(anna)),
            lambda page=page: attempts.begin([page.pk], EMAIL, now=NOW),
        )

        page.refresh_from_db()
        assert page.status == ("pending" if claimed else "cancelled")
        assert Attempt.objects.filter(notification=page).exists() is bool(claimed)


def test_a_step_that_would_run_waits_for_an_acknowledgement_and_then_tells_nobody(anna):
    alert = start(policy(([anna], 0, {})))
    live = running(alert)

    _acted, is_run = during(
        lambda: act(alert, "acknowledge", by=by(anna)), lambda: due_steps.run_due([live.pk], now=NOW)
    )

    assert not is_run
    assert not Notification.objects.exists()
    live.refresh_from_db()
    assert (live.status, live.due_at) == ("paused", None)


def test_an_acknowledgement_waits_for_a_step_that_runs_and_calls_off_what_it_wrote(anna):
    alert = start(policy(([anna], 0, {}), ([anna], 5, {})))
    live = running(alert)

    during(lambda: due_steps.run_due([live.pk], now=NOW), lambda: act(alert, "acknowledge", by=by(anna)))

    assert Notification.objects.get().status == "cancelled"
    live.refresh_from_db()
    assert (live.status, live.due_at) == ("paused", None)


def test_a_step_is_run_once_however_many_workers_come(anna):
    for _round in range(ROUNDS):
        alert = start(policy(([anna], 0, {}), ([anna], 60, {})))
        live = running(alert)

        is_run = at_once(*[lambda live=live: due_steps.run_due([live.pk], now=NOW)] * 4)

        assert sum(is_run) == 1
        assert alert.notifications.count() == 1
        live.refresh_from_db()
        assert live.due_at == NOW + 60 * MINUTE


def test_each_mail_is_sent_once_however_many_workers_drain(anna, settings):
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "workers": 9}
    page_for(anna, *(UserFactory() for _n in range(19)))

    counts = at_once(*[drain] * 4)

    assert sum(counts) == 20
    assert len({message.to[0] for message in mail.outbox}) == len(mail.outbox) == 20
    assert set(Notification.objects.values_list("status", flat=True)) == {"sent"}
