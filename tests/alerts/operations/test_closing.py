"""How an alert is closed, merged into another, and opened again by hand."""

import pytest

from alerts.logic.lifecycle import InvalidTransition
from alerts.models import Alert, AlertEvent
from tests.alerts.operations.reports import (
    HOUR,
    LATER,
    MINUTE,
    MOMENT,
    act,
    by,
    failed,
    ingest,
    running,
    waiting,
)
from tests.factories import NOW, AlertFactory


def test_closing_writes_by_whom_when_and_how_it_was_solved(world, alert_in):
    alert = alert_in("acknowledged")
    act(alert, "snooze", by=by(world.anna), until=NOW + HOUR, at=NOW + 2 * MINUTE)

    acted = act(alert, "close", by=by(world.ben), text="Restarted the runner.", at=NOW + 3 * MINUTE)

    alert.refresh_from_db()
    assert acted.sentence == f"#{alert.pk} is closed."
    assert (alert.closed_at, alert.closed_by) == (NOW + 3 * MINUTE, "Ben")
    assert alert.resolution == "Restarted the runner."
    assert (alert.snoozed_until, alert.auto_close_at, alert.acknowledgement_expires_at) == (None, None, None)
    assert (alert.owner, alert.acknowledged_at) == (world.anna, NOW + MINUTE)
    assert alert.events.last().text == "Restarted the runner."
    assert running(alert) is None


def test_closing_calls_off_what_waits(world, alert_in):
    alert = alert_in("open")
    act(alert, "escalate", by=by(world.carol), at=NOW)

    act(alert, "close", by=by(world.ben), at=NOW + MINUTE)

    assert waiting(alert) == []


def test_an_alert_of_which_nothing_is_heard_closes_by_itself(world, alert_in):
    alert = alert_in("open")

    act(alert, "auto_close", at=NOW + 2 * HOUR)

    alert.refresh_from_db()
    assert (alert.status, alert.closed_by) == ("closed", "alertops")
    assert alert.resolution == "Nothing more was heard since 2026-03-02 12:00 UTC."


@pytest.mark.parametrize(
    ("fields", "at"),
    [({}, NOW + 2 * HOUR - MOMENT), ({"auto_close_at": None}, LATER)],
    ids=["a moment early", "never"],
)
def test_an_alert_does_not_close_by_itself_before_its_time(alert_in, fields, at):
    alert = alert_in("open", **fields)

    assert not act(alert, "auto_close", at=at).changed
    alert.refresh_from_db()
    assert alert.status == "open"


def test_due_for_auto_close_are_those_whose_time_has_come(alert_in):
    alert = alert_in("open")

    assert list(Alert.objects.due_for_auto_close(NOW + 2 * HOUR)) == [alert]
    assert not Alert.objects.due_for_auto_close(NOW + 2 * HOUR - MOMENT)


@pytest.mark.parametrize("notifies", [False, True], ids=["quietly", "telling people"])
def test_reopening_by_hand_tells_people_only_if_asked(world, alert_in, notifies):
    alert = alert_in("acknowledged")
    act(alert, "close", by=by(world.anna), text="Done.", at=NOW + HOUR)

    act(alert, "reopen", by=by(world.ben), notifies=notifies, at=LATER)

    alert.refresh_from_db()
    assert (alert.status, alert.opened_at, alert.created_at) == ("open", LATER, NOW)
    assert (alert.closed_at, alert.closed_by, alert.resolution) == (None, "", "")
    assert (alert.owner, alert.acknowledged_at) == (None, None)
    assert not alert.acknowledgers.exists()
    assert (alert.auto_close_at, alert.sla_due_at) == (LATER + 2 * HOUR, LATER + 2.5 * HOUR)
    assert (running(alert) is not None) == notifies


def test_reopening_is_refused_while_the_problem_has_a_newer_alert(world, alert_in):
    old = alert_in("closed")
    newer = ingest(world.integration, failed(), at=LATER + HOUR).alert

    with pytest.raises(InvalidTransition, match=f"^#{newer.pk} is about the same problem"):
        act(old, "reopen", by=by(world.ben), at=LATER + HOUR)
    assert Alert.objects.get(pk=old.pk).status == "closed"

    act(newer, "close", by=by(world.ben), at=LATER + HOUR)
    assert act(old, "reopen", by=by(world.ben), at=LATER + HOUR).changed


def test_an_alert_made_by_hand_can_be_reopened_beside_others(world):
    first, _second = AlertFactory(status="closed", closed_at=NOW, closed_by="Anna"), AlertFactory()

    assert act(first, "reopen", by=by(world.ben), at=LATER).changed


def test_merging_closes_the_one_and_counts_its_events_in_the_other(world, alert_in):
    alert = alert_in("open")
    ingest(world.integration, failed(), at=NOW + MINUTE)
    other = AlertFactory(subject="Site down", event_count=3)

    acted = act(alert, "merge", by=by(world.ben), other_id=other.pk, text="Same cause.", at=NOW + HOUR)

    alert.refresh_from_db()
    other.refresh_from_db()
    assert acted.sentence == f"#{alert.pk}: Merged into #{other.pk}. Same cause."
    assert (alert.status, alert.merged_into, alert.closed_by) == ("closed", other, "Ben")
    assert (other.status, other.event_count, other.last_event_at) == ("open", 5, NOW + MINUTE)
    assert running(alert) is None
    assert alert.events.last().data == {"into": other.pk}
    line = other.events.get()
    assert (line.kind, line.data) == (AlertEvent.Kind.MERGED, {"from": alert.pk})
    assert line.text == f"#{alert.pk} was merged into this one: Build 12 of main failed"


@pytest.mark.parametrize("target", ["itself", "nothing", "unknown", "closed"])
def test_a_merge_that_cannot_be_is_refused(world, alert_in, target):
    alert = alert_in("open")
    closed = AlertFactory(status="closed")
    other_id = {"itself": alert.pk, "nothing": None, "unknown": 404_404, "closed": closed.pk}[target]

    with pytest.raises(InvalidTransition):
        act(alert, "merge", by=by(world.ben), other_id=other_id, at=NOW)
    assert Alert.objects.get(pk=alert.pk).status == "open"


def test_merges_make_neither_chains_nor_circles(world):
    first, second, third = (AlertFactory() for _each in range(3))

    act(first, "merge", by=by(world.ben), other_id=second.pk, at=NOW)
    act(second, "merge", by=by(world.ben), other_id=third.pk, at=NOW)
    act(first, "reopen", by=by(world.ben), at=NOW)
    act(third, "merge", by=by(world.ben), other_id=first.pk, at=NOW)

    into = dict(Alert.objects.values_list("pk", "merged_into"))
    assert into == {first.pk: None, second.pk: first.pk, third.pk: first.pk}
