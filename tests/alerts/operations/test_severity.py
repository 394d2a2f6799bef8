"""What a change of severity by hand does."""

from alerts.logic.event import Severity
from alerts.logic.lifecycle import Actor
from alerts.models import Escalation, Notification
from tests.alerts.operations.reports import HOUR, LATER, MINUTE, act, by, running, waiting
from tests.factories import NOW, UserFactory


def test_raising_an_open_alert_by_hand_tells_at_once_who_was_called(world, alert_in):
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.carol), at=NOW)
    Notification.objects.update(status=Notification.Status.SENT)

    act(alert, "change_severity", by=by(world.ben), severity=Severity.CRITICAL, at=NOW + MINUTE)

    alert.refresh_from_db()
    line = alert.events.last()
    assert alert.severity == "critical"
    assert (line.kind, line.data) == ("raised", {"from": "error", "to": "critical"})
    assert waiting(alert) == [("anna", "raised")]
    assert alert.acknowledgement_expires_at is None


def test_who_raises_it_is_not_told_of_it(world, alert_in):
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.carol), at=NOW)
    Notification.objects.update(status=Notification.Status.SENT)

    act(alert, "change_severity", by=by(world.anna), severity=Severity.CRITICAL, at=NOW + MINUTE)

    assert waiting(alert) == []


def test_raising_what_nobody_was_called_for_runs_the_next_step(world, alert_in):
    alert = alert_in("open")

    act(alert, "change_severity", by=by(world.ben), severity=Severity.CRITICAL, at=NOW)

    assert waiting(alert) == [("anna", "page")]


def test_raising_a_snoozed_alert_by_hand_breaks_the_snooze(world, alert_in):
    alert = alert_in("open")
    act(alert, "snooze", by=by(world.ben), until=NOW + HOUR, at=NOW)
    first = running(alert)

    act(alert, "change_severity", by=by(world.ben), severity=Severity.CRITICAL, at=NOW + MINUTE)

    alert.refresh_from_db()
    assert alert.snoozed_until is None
    assert (running(alert).pk == first.pk, running(alert).due_at) == (False, NOW + MINUTE)


def test_who_has_an_alert_that_is_raised_by_hand_keeps_it_for_a_shorter_time(world, alert_in):
    alert = alert_in("acknowledged")

    act(alert, "change_severity", by=by(world.ben), severity=Severity.CRITICAL, at=NOW + 2 * HOUR)

    alert.refresh_from_db()
    assert (alert.status, alert.owner) == ("acknowledged", world.anna)
    assert alert.acknowledgement_expires_at == NOW + 3 * HOUR
    assert waiting(alert) == [("anna", "raised")]
    assert running(alert).status == Escalation.Status.PAUSED


def test_lowering_tells_nobody_and_lets_an_acknowledgement_last(world, alert_in):
    alert = alert_in("acknowledged")

    acted = act(alert, "change_severity", by=by(world.anna), severity=Severity.WARNING, at=NOW + HOUR)

    alert.refresh_from_db()
    assert acted.sentence == f"#{alert.pk} is warning now."
    assert (alert.severity, alert.acknowledgement_expires_at) == ("warning", None)
    assert waiting(alert) == []


def test_lowering_a_snoozed_alert_leaves_it_quiet(world, alert_in):
    quiet = {"snoozed_until": LATER, "acknowledgement_expires_at": None}
    alert = alert_in("acknowledged", severity="critical", **quiet)

    act(alert, "change_severity", by=by(world.anna), severity=Severity.ERROR, at=NOW + HOUR)

    alert.refresh_from_db()
    assert (alert.snoozed_until, alert.acknowledgement_expires_at) == (LATER, None)


def test_the_same_severity_changes_nothing(world, alert_in):
    alert = alert_in("open")

    acted = act(alert, "change_severity", by=by(world.ben), severity=Severity.ERROR, at=NOW)

    assert (acted.changed, acted.sentence) == (False, f"#{alert.pk} is error already.")


# Whom a raise reaches


def _raise(alert, world, at=NOW + HOUR):
    act(alert, "change_severity", by=by(world.ben), severity=Severity.CRITICAL, at=at)


def test_everybody_who_has_it_hears_of_a_raise(world, alert_in):
    dora = UserFactory(username="dora")
    alert = alert_in("acknowledged")
    act(alert, "acknowledge", by=by(dora), at=NOW + 2 * MINUTE)
    act(alert, "assign", by=by(world.anna), user_id=world.carol.pk, at=NOW + 3 * MINUTE)
    Notification.objects.update(status=Notification.Status.SENT)

    _raise(alert, world)

    assert sorted(waiting(alert)) == [("anna", "raised"), ("carol", "raised"), ("dora", "raised")]


def test_who_was_given_an_alert_hears_of_a_raise(world, alert_in):
    alert = alert_in("open", owner=world.carol)

    _raise(alert, world)

    assert waiting(alert) == [("carol", "raised")]


def test_who_was_called_off_has_not_heard_of_it(world, alert_in):
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.carol), at=NOW)
    Notification.objects.update(status=Notification.Status.CANCELLED)

    _raise(alert, world)

    assert waiting(alert) == [("ben", "page")]


def test_who_was_called_for_an_earlier_opening_has_not_heard_of_this_one(world, alert_in):
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.carol), at=NOW)
    Notification.objects.update(status=Notification.Status.SENT)
    act(alert, "close", by=by(world.carol), at=NOW + MINUTE)
    act(alert, "reopen", by=by(world.carol), notifies=True, at=NOW + 2 * MINUTE)
    Notification.objects.update(status=Notification.Status.SENT)

    _raise(alert, world)

    assert waiting(alert) == [("anna", "page")]


def test_raising_by_hand_what_no_person_has_but_is_acknowledged_calls_nobody(world, alert_in):
    alert = alert_in("open")
    act(alert, "acknowledge", by=Actor("Deploy bot", "api"), at=NOW)

    _raise(alert, world)

    assert waiting(alert) == []


def test_raising_what_is_quiet_goes_on_where_only_closing_stops_it(world, alert_in):
    world.policy.stop = "closed"
    world.policy.save()
    alert = alert_in("acknowledged")
    act(alert, "snooze", by=by(world.anna), until=LATER, at=NOW + 2 * MINUTE)
    assert running(alert).status == Escalation.Status.PAUSED

    _raise(alert, world)

    assert running(alert).status == Escalation.Status.RUNNING
