"""What is due is found and done: by the ticker's nudges, in capped passes, past what is broken."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from alerts import engine, tasks
from alerts.models import Alert, Escalation, Notification
from alerts.operations import escalation
from tests.alerts.operations.policies import MINUTE, pass_minutes, policy, start
from tests.alerts.operations.reports import act, by
from tests.factories import NOW, AlertFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return UserFactory(username="anna")


@pytest.fixture
def nudged(django_capture_on_commit_callbacks):
    """Return the tasks that a tick puts into the queue."""

    def nudged_at(now):
        OrmQ.objects.all().delete()
        with django_capture_on_commit_callbacks(execute=True):
            engine.tick(now)
        return sorted(SignedPackage.loads(row.payload)["func"] for row in OrmQ.objects.all())

    return nudged_at


def test_nothing_is_nudged_while_nothing_is_due(nudged, anna):
    start(policy(([anna], 5, {})))

    assert nudged(NOW) == []


DUE = {
    "alerts.tasks.wake": {"snoozed_until": NOW},
    "alerts.tasks.remind": {"status": "acknowledged", "acknowledgement_reminder_at": NOW},
    "alerts.tasks.time_out": {"status": "acknowledged", "acknowledgement_expires_at": NOW},
    "alerts.tasks.auto_close": {"auto_close_at": NOW},
}


@pytest.mark.parametrize(("task", "columns"), DUE.items(), ids=DUE)
def test_what_is_due_of_an_alert_nudges_its_task_at_its_time(nudged, task, columns):
    AlertFactory(**columns)

    assert nudged(NOW - timedelta(microseconds=1)) == []
    assert nudged(NOW) == [task]


def test_a_step_that_is_due_nudges_the_escalation_and_a_page_the_delivery(nudged, anna):
    start(policy(([anna], 0, {})))
    assert nudged(NOW) == ["alerts.tasks.escalate"]
    pass_minutes(0, 0)

    assert nudged(NOW + MINUTE) == ["alerts.tasks.deliver"]


def test_what_a_living_process_works_on_is_not_nudged(nudged, anna):
    start(policy(([anna], 0, {})))
    Escalation.objects.all().claim(now=NOW, lease=MINUTE)

    assert nudged(NOW) == []
    assert nudged(NOW + MINUTE) == ["alerts.tasks.escalate"]


@pytest.mark.parametrize(
    ("model", "task"), [(Escalation, "alerts.tasks.escalate"), (Notification, "alerts.tasks.deliver")]
)
def test_what_a_dead_process_of_this_node_held_is_free_at_once(nudged, anna, model, task):
    start(policy(([anna], 0, {}), ([anna], 5, {})))
    if model is Notification:
        pass_minutes(0, 0)
    model.objects.all().claim(now=NOW, lease=MINUTE)
    node, _pid, started = model.objects.get().claimed_by.rsplit("/", 2)
    model.objects.update(claimed_by=f"{node}/999999999/{started}")

    assert nudged(NOW) == [task]


@pytest.mark.skipif(settings.IS_SQLITE, reason="SQLite plans each statement for its values")
def test_a_tick_that_finds_nothing_reads_no_table(anna):
    """By plans that know nothing of the values: PostgreSQL takes to these after a few times."""
    alerts = AlertFactory.create_batch(300)
    Escalation.objects.bulk_create(
        Escalation(alert=alert, steps=[], started_at=NOW, status=Escalation.Status.ENDED)
        for alert in alerts
        for _row in range(10)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE alerts_alert, alerts_escalation")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        before = tables_read(cursor)

        for _second in range(10):
            engine.tick(NOW)

        assert tables_read(cursor) == before


def tables_read(cursor):
    cursor.execute("SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname LIKE 'alerts_%'")
    return dict(cursor.fetchall())


def test_every_task_that_is_nudged_is_there():
    for name in engine.DUE:
        assert callable(getattr(tasks, name.removeprefix("alerts.tasks.")))


def test_a_pass_is_capped_and_takes_the_oldest_first(anna):
    for minute in range(engine.BATCH + 5):
        AlertFactory(auto_close_at=NOW - minute * MINUTE)

    assert engine.auto_close_due(NOW) == engine.BATCH
    assert set(Alert.objects.not_closed().values_list("auto_close_at", flat=True)) == {
        NOW - minute * MINUTE for minute in range(5)
    }
    assert engine.auto_close_due(NOW) == 5


def test_one_that_cannot_be_worked_on_does_not_keep_the_others(anna, caplog):
    broken, sound = start(policy(([anna], 0, {}))), start(policy(([anna], 0, {})))
    Escalation.objects.filter(alert=broken).update(steps=[{"stop": "nonsense"}])

    assert engine.escalate_due(NOW) == 1

    assert Notification.objects.get().alert == sound
    assert "could not be worked on" in caplog.text


def test_a_drain_goes_on_until_nothing_is_left():
    for _n in range(engine.BATCH + 5):
        AlertFactory(status="acknowledged", acknowledgement_reminder_at=NOW)

    tasks.drain("alerts.tasks.remind", engine.remind_due, budget=timedelta(minutes=1))

    assert not Alert.objects.filter(acknowledgement_reminder_at__isnull=False).exists()


def test_a_drain_that_takes_long_makes_way_and_is_nudged_again(django_capture_on_commit_callbacks):
    for _n in range(engine.BATCH + 5):
        AlertFactory(status="acknowledged", acknowledgement_reminder_at=NOW)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.drain("alerts.tasks.remind", engine.remind_due, budget=timedelta(0))

    assert Alert.objects.filter(acknowledgement_reminder_at__isnull=False).count() == 5
    assert [SignedPackage.loads(row.payload)["func"] for row in OrmQ.objects.all()] == ["alerts.tasks.remind"]


def test_from_opening_to_the_mail_two_tasks_are_enough(anna, mailoutbox):
    start(policy(([anna], 0, {})))

    tasks.escalate()
    tasks.deliver()

    assert [mail.to for mail in mailoutbox] == [["anna@example.com"]]


def test_each_task_does_its_part(anna):
    woken = AlertFactory(snoozed_until=NOW)
    timed_out = AlertFactory(status="acknowledged", acknowledgement_expires_at=NOW)
    reminded = AlertFactory(status="acknowledged", owner=anna, acknowledgement_reminder_at=NOW)

    for task in (tasks.wake, tasks.remind, tasks.time_out):
        task()

    woken.refresh_from_db()
    timed_out.refresh_from_db()
    reminded.refresh_from_db()
    assert woken.snoozed_until is None
    assert timed_out.status == "open"
    assert reminded.acknowledgement_reminder_at is None


def test_an_action_nudges_what_has_to_be_prompt(anna, django_capture_on_commit_callbacks):
    alert = start(policy(([anna], 60, {})))

    with django_capture_on_commit_callbacks(execute=True):
        act(alert, "escalate", by=by(anna))

    assert [SignedPackage.loads(row.payload)["func"] for row in OrmQ.objects.all()] == [
        "alerts.tasks.deliver"
    ]


def test_an_opening_nudges_its_first_step_only_if_it_does_not_wait(anna, django_capture_on_commit_callbacks):
    for minutes in (0, 5):
        alert = AlertFactory(policy=policy(([anna], minutes, {})))
        with django_capture_on_commit_callbacks(execute=True):
            escalation.start(alert, now=NOW)

    assert [SignedPackage.loads(row.payload)["func"] for row in OrmQ.objects.all()] == [
        "alerts.tasks.escalate"
    ]
