"""How an alert is kept quiet, and how that ends."""

from datetime import timedelta

import pytest

from alerts.logic.lifecycle import InvalidTransition
from alerts.models import Alert, Escalation
from tests.alerts.operations.reports import (
    HOUR,
    MINUTE,
    MOMENT,
    act,
    by,
    running,
    waiting,
)
from tests.factories import NOW


def test_a_snooze_calls_off_what_waits_and_keeps_an_acknowledgement_from_running_out(world, alert_in):
    alert = alert_in("acknowledged")

    acted = act(alert, "snooze", by=by(world.anna), until=NOW + 8 * HOUR, at=NOW + 2 * MINUTE)

    alert.refresh_from_db()
    assert acted.sentence == f"#{alert.pk} is quiet until 20:00 UTC."
    assert alert.snoozed_until == NOW + 8 * HOUR
    assert (alert.acknowledgement_reminder_at, alert.acknowledgement_expires_at) == (None, None)
    assert alert.events.last().data == {"until": "2026-03-02T20:00:00+00:00"}


def test_a_snooze_mutes_an_open_alert(world, alert_in):
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.carol), at=NOW)

    act(alert, "snooze", by=by(world.ben), until=NOW + HOUR, at=NOW + MINUTE)

    assert waiting(alert) == []
    assert running(alert).status == Escalation.Status.PAUSED


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        (NOW, "in the future"),
        (NOW + timedelta(hours=24) + MOMENT, "24 hours at most"),
        (None, "in the future"),
    ],
    ids=["now", "longer than a day", "none"],
)
def test_a_snooze_that_cannot_be_is_refused(world, alert_in, until, sentence):
    with pytest.raises(InvalidTransition, match=sentence):
        act(alert_in("open"), "snooze", by=by(world.ben), until=until, at=NOW)


@pytest.mark.parametrize("status", ["open", "acknowledged"])
def test_after_a_snooze_nobody_has_it_and_the_policy_begins_anew(world, alert_in, status):
    alert = alert_in(status)
    act(alert, "snooze", by=by(world.anna), until=NOW + HOUR, at=NOW + 2 * MINUTE)
    first = running(alert)

    acted = act(alert, "wake", at=NOW + HOUR)

    alert.refresh_from_db()
    assert acted.changed
    assert (alert.status, alert.owner, alert.snoozed_until) == ("open", None, None)
    assert not alert.acknowledgers.exists()
    assert (running(alert).pk == first.pk, running(alert).step, running(alert).due_at) == (
        False,
        0,
        NOW + HOUR,
    )


def test_the_clock_does_not_wake_an_alert_a_moment_early_but_a_person_may(world, alert_in):
    alert = alert_in("open")
    act(alert, "snooze", by=by(world.anna), until=NOW + HOUR, at=NOW)

    assert not act(alert, "wake", at=NOW + HOUR - MOMENT).changed
    assert act(alert, "wake", by=by(world.ben), at=NOW + MINUTE).changed


def test_due_for_waking_are_those_whose_snooze_is_over(world, alert_in):
    alert = alert_in("open")
    act(alert, "snooze", by=by(world.anna), until=NOW + HOUR, at=NOW)

    assert list(Alert.objects.due_for_waking(NOW + HOUR)) == [alert]
    assert not Alert.objects.due_for_waking(NOW + HOUR - MOMENT)
