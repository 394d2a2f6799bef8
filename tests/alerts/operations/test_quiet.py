"""How an alert is kept quiet, and how that ends."""

from datetime import timedelta

import pytest

from alerts.logic.event import Severity
from alerts.logic.lifecycle import UNTIL_RECOVERED, InvalidTransition
from alerts.models import Alert, Escalation
from tests.alerts.operations.reports import (
    HOUR,
    MINUTE,
    MOMENT,
    act,
    by,
    failed,
    ingest,
    lines,
    mended,
    running,
    waiting,
)
from tests.factories import NOW, AlertFactory


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


# Until it has recovered


@pytest.fixture
def muted(world, alert_in):
    """An alert that Ben has muted after Anna was called for it."""
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.carol), at=NOW)
    act(alert, "mute", by=by(world.ben), at=NOW + MINUTE, text="The lab is being moved.")
    return Alert.objects.get(pk=alert.pk)


def test_a_mute_calls_off_what_waits_and_whoever_muted_has_it(muted, world):
    assert (muted.status, muted.owner, muted.snoozed_until) == ("acknowledged", world.ben, UNTIL_RECOVERED)
    assert list(muted.acknowledgers.all()) == [world.ben]
    assert (muted.acknowledgement_reminder_at, muted.acknowledgement_expires_at) == (None, None)
    assert waiting(muted) == []
    assert running(muted).status == Escalation.Status.PAUSED
    assert (muted.events.last().kind, muted.events.last().text) == ("muted", "The lab is being moved.")


def test_a_mute_leaves_the_alert_to_whoever_has_it(world, alert_in):
    alert = alert_in("acknowledged")

    acted = act(alert, "mute", by=by(world.ben), at=NOW + 2 * MINUTE)

    alert.refresh_from_db()
    assert acted.sentence == f"#{alert.pk} is quiet until its source says that it is over."
    assert (alert.owner, alert.acknowledgement_expires_at) == (world.anna, None)


def test_nobody_is_told_of_what_is_muted_however_bad_it_gets(muted, world):
    before = len(lines(muted))

    ingest(world.integration, failed(), at=NOW + HOUR)
    ingest(world.integration, failed(severity=Severity.CRITICAL), at=NOW + 2 * HOUR)

    muted.refresh_from_db()
    assert (muted.status, muted.severity, muted.event_count) == ("acknowledged", "critical", 3)
    assert muted.is_muted
    assert lines(muted, before) == ["joined", "raised"]
    assert waiting(muted) == []


def test_nothing_wakes_what_is_muted_by_itself(muted):
    for due in (
        Alert.objects.due_for_waking,
        Alert.objects.due_for_reminder,
        Alert.objects.due_for_acknowledgement_timeout,
    ):
        assert not due(NOW + timedelta(days=3650))


def test_what_was_muted_is_closed_by_its_source_and_loud_when_it_fails_again(muted, world):
    ingest(world.integration, mended(), at=NOW + HOUR)
    muted.refresh_from_db()
    assert (muted.status, muted.closed_by, muted.snoozed_until) == ("closed", "Builds", None)

    again = ingest(world.integration, failed(), at=NOW + 2 * HOUR).alert

    assert again != muted
    assert running(again).due_at == NOW + 2 * HOUR


def test_a_person_ends_a_mute_and_the_policy_begins_anew(muted, world):
    acted = act(muted, "wake", by=by(world.carol), at=NOW + HOUR)

    muted.refresh_from_db()
    assert acted.sentence == f"#{muted.pk} is no longer muted; its policy begins anew."
    assert (muted.status, muted.owner, muted.snoozed_until) == ("open", None, None)
    assert (running(muted).step, running(muted).due_at) == (0, NOW + HOUR)


def test_the_clock_does_not_end_a_mute(muted):
    assert not act(muted, "wake", at=NOW + timedelta(days=3650)).changed


def test_muting_twice_changes_nothing(muted, world):
    acted = act(muted, "mute", by=by(world.carol), at=NOW + HOUR)

    assert (acted.changed, acted.sentence) == (False, f"#{muted.pk} is muted already.")


def test_an_alert_without_a_source_cannot_be_muted(world):
    with pytest.raises(InvalidTransition, match="No source will ever say"):
        act(AlertFactory(), "mute", by=by(world.ben))


@pytest.mark.parametrize("action", ["unacknowledge", "escalate"])
def test_who_wants_it_loud_again_ends_a_mute(muted, world, action):
    act(muted, action, by=by(world.carol), at=NOW + HOUR)

    muted.refresh_from_db()
    assert (muted.status, muted.is_muted) == ("open", False)


def test_one_more_who_acknowledges_what_is_muted_leaves_it_muted(muted, world):
    act(muted, "acknowledge", by=by(world.carol), at=NOW + HOUR)

    muted.refresh_from_db()
    assert muted.is_muted
    assert muted.acknowledgement_expires_at is None
