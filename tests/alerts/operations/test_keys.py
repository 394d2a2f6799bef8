"""Which events are too old to count: those that are older than the last decision on their key."""

from datetime import timedelta

import pytest

from alerts.logic.event import Reason
from alerts.models import Alert, AlertKey
from alerts.operations.keys import note_decisions
from tests.alerts.operations.reports import (
    HOUR,
    LATER,
    MINUTE,
    MOMENT,
    act,
    by,
    failed,
    ingest,
    mended,
    noted,
)
from tests.factories import NOW, IntegrationFactory


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("after", "is_newest"),
    [(-MOMENT, False), (timedelta(0), True), (MOMENT, True), (timedelta(seconds=0.5), True)],
    ids=["a moment older", "of the same time", "a moment newer", "half a second newer"],
)
def test_a_decision_is_noted_unless_a_later_one_was(after, is_newest):
    note_decisions([("key", NOW)])
    note_decisions([("another key", NOW + HOUR)])

    assert note_decisions([("key", NOW + after)]) == [is_newest]
    assert AlertKey.objects.get(digest="key").decided_at == max(NOW, NOW + after)


@pytest.mark.parametrize("decision", [failed, mended, noted], ids=["open", "close", "update"])
@pytest.mark.parametrize("event", [failed, mended, noted], ids=["open", "close", "update"])
@pytest.mark.parametrize(
    ("after", "is_stale"),
    [(-MOMENT, True), (timedelta(0), False), (MOMENT, False)],
    ids=["older", "same time", "newer"],
)
def test_an_event_older_than_the_last_decision_is_stale(world, decision, event, after, is_stale):
    ingest(world.integration, decision(occurred_at=NOW))

    result = ingest(world.integration, event(occurred_at=NOW + after), at=NOW + MINUTE)

    assert (result.reason is Reason.STALE) == is_stale


def test_a_failure_that_arrives_after_its_own_mending_opens_nothing(world):
    ingest(world.integration, mended(occurred_at=NOW), at=NOW)

    result = ingest(world.integration, failed(occurred_at=NOW - MINUTE), at=NOW)

    assert (result.reason, result.alert) == (Reason.STALE, None)
    assert not Alert.objects.exists()


def test_a_stale_event_changes_nothing_and_names_the_alert(world):
    alert = ingest(world.integration, failed(occurred_at=NOW)).alert
    before = Alert.objects.values().get()

    result = ingest(world.integration, mended(occurred_at=NOW - MINUTE), at=NOW + HOUR)

    assert (result.reason, result.alert) == (Reason.STALE, alert)
    assert Alert.objects.values().get() == before
    assert alert.events.count() == 1


def test_an_event_without_a_time_of_its_own_is_never_stale(world):
    ingest(world.integration, failed(occurred_at=NOW), at=NOW)

    result = ingest(world.integration, mended(received_at=NOW - HOUR), at=NOW + MINUTE)

    assert result.reason is Reason.CLOSED


def test_keys_are_stale_each_for_itself(world):
    ingest(world.integration, failed(occurred_at=NOW))

    other = failed(occurred_at=NOW - HOUR, source_id="other")
    assert ingest(world.integration, other).reason is Reason.OPENED
    assert ingest(IntegrationFactory(), failed(occurred_at=NOW - HOUR)).reason is Reason.OPENED


def test_a_sender_whose_clock_is_ahead_silences_nobody(world):
    ingest(world.integration, failed(occurred_at=NOW + timedelta(days=365)), at=NOW)

    assert ingest(world.integration, mended(occurred_at=NOW), at=NOW).reason is Reason.CLOSED


def test_what_a_person_closes_while_an_event_waits_to_be_processed_is_reopened(world):
    alert = ingest(world.integration, failed(), at=NOW).alert
    act(alert, "close", by=by(world.ben), at=NOW + HOUR)

    event = failed(received_at=NOW + HOUR - MOMENT, occurred_at=NOW + HOUR - MINUTE)
    result = ingest(world.integration, event, at=NOW + HOUR)

    assert (result.reason, result.alert) == (Reason.REOPENED, alert)


# Processed again


def _again(world, event):
    return ingest(world.integration, event, at=LATER, is_replay=True, notifies=False)


def test_processing_again_what_is_older_than_the_last_decision_is_stale(world):
    ingest(world.integration, failed(received_at=NOW), at=NOW)
    ingest(world.integration, mended(received_at=NOW + HOUR), at=NOW + HOUR)

    assert _again(world, failed(received_at=NOW + HOUR - MOMENT)).reason is Reason.STALE


def test_processing_again_what_a_person_has_closed_since_is_stale(world):
    alert = ingest(world.integration, failed(received_at=NOW), at=NOW).alert
    act(alert, "close", by=by(world.ben), at=NOW + HOUR)

    assert _again(world, failed(received_at=NOW + HOUR - MOMENT)).reason is Reason.STALE


def test_what_is_processed_again_keeps_its_own_times_and_tells_nobody(world):
    alert = _again(world, failed(received_at=NOW)).alert

    alert.refresh_from_db()
    assert (alert.opened_at, alert.last_event_at, alert.created_at) == (NOW, NOW, LATER)
    assert (alert.sla_due_at, alert.auto_close_at) == (NOW + 2.5 * HOUR, LATER + 2 * HOUR)
    assert alert.events.get().at == LATER
    assert not alert.escalations.exists()


def test_what_is_processed_again_reopens_by_its_own_time(world):
    alert = ingest(world.integration, failed(received_at=NOW), at=NOW).alert
    act(alert, "close", by=by(world.ben), at=NOW + HOUR)

    result = _again(world, failed(received_at=NOW + HOUR + MINUTE))

    assert (result.reason, result.alert) == (Reason.REOPENED, alert)
    assert _again(world, mended(received_at=NOW + 2 * HOUR)).reason is Reason.CLOSED
    alert.refresh_from_db()
    assert alert.closed_at == NOW + 2 * HOUR


def test_what_is_processed_again_and_came_long_after_opens_a_new_alert(world):
    alert = ingest(world.integration, failed(received_at=NOW), at=NOW).alert
    act(alert, "close", by=by(world.ben), at=NOW + HOUR)

    result = _again(world, failed(received_at=NOW + HOUR + 5 * MINUTE))

    assert (result.reason, result.alert == alert) == (Reason.OPENED, False)
