"""When an open event opens the same alert anew, and what that does."""

from datetime import timedelta

import pytest

from alerts.logic.event import Reason, Severity
from alerts.models import Alert
from tests.alerts.operations.reports import (
    HOUR,
    LATER,
    MINUTE,
    MOMENT,
    act,
    by,
    failed,
    ingest,
    lines,
    mended,
    running,
)
from tests.factories import NOW, PolicyFactory

CLOSED = NOW + HOUR


@pytest.fixture
def closed(world):
    """An alert that Ben had and that its source closed."""
    alert = ingest(world.integration, failed()).alert
    act(alert, "acknowledge", by=by(world.ben), at=NOW)
    ingest(world.integration, mended(), at=CLOSED)
    return alert


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (timedelta(0), Reason.REOPENED),
        (5 * MINUTE - MOMENT, Reason.REOPENED),
        (5 * MINUTE, Reason.OPENED),
        (5 * MINUTE + MOMENT, Reason.OPENED),
    ],
    ids=["at once", "within the window", "at its end", "after it"],
)
def test_the_window_counts_from_the_last_closing(world, closed, after, reason):
    result = ingest(world.integration, failed(), at=CLOSED + after)

    assert result.reason is reason
    assert (result.alert == closed) == (reason is Reason.REOPENED)


def test_a_window_of_nothing_reopens_never(world, closed):
    world.integration.reopen_window = timedelta(0)

    assert ingest(world.integration, failed(), at=CLOSED).reason is Reason.OPENED


def test_a_reopened_alert_opens_anew(world, closed):
    at = CLOSED + MINUTE
    event = failed(severity=Severity.CRITICAL, subject="Build 13 of main failed")

    ingest(world.integration, event, at=at)

    closed.refresh_from_db()
    assert (closed.status, closed.severity, closed.subject) == ("open", "critical", "Build 13 of main failed")
    assert (closed.created_at, closed.opened_at, closed.last_event_at) == (NOW, at, at)
    assert (closed.event_count, closed.first_assigned_at) == (2, NOW)
    assert (closed.closed_at, closed.closed_by, closed.resolution) == (None, "", "")
    assert (closed.owner, closed.acknowledged_at, closed.acknowledgement_expires_at) == (None, None, None)
    assert not closed.acknowledgers.exists()
    assert (closed.sla_due_at, closed.auto_close_at) == (at + 2.5 * HOUR, at + 2 * HOUR)
    assert lines(closed) == ["opened", "acknowledged", "closed", "reopened"]


def test_whoever_had_it_last_is_told_first(world, closed):
    ingest(world.integration, failed(), at=CLOSED + MINUTE)

    first, second, third = running(closed).steps
    assert (first["users"], first["wait"], running(closed).due_at) == ([world.ben.pk], 0, CLOSED + MINUTE)
    assert (second["users"], third["users"]) == ([world.anna.pk], [world.ben.pk])


@pytest.mark.parametrize("who", ["nobody", "inactive"])
def test_without_somebody_who_had_it_the_policy_begins_at_once(world, closed, who):
    if who == "nobody":
        Alert.objects.filter(pk=closed.pk).update(owner=None)
    world.ben.is_active = who != "inactive"
    world.ben.save()

    ingest(world.integration, failed(), at=CLOSED + MINUTE)

    assert running(closed).steps[0]["users"] == [world.anna.pk]


def test_a_reopened_alert_has_the_policy_of_its_integration_as_it_is_now(world, closed):
    world.integration.escalation_policy = PolicyFactory(priority="Low")

    ingest(world.integration, failed(), at=CLOSED + MINUTE)

    closed.refresh_from_db()
    assert (closed.policy, closed.priority) == (world.integration.escalation_policy, "Low")


def test_nobody_is_told_of_a_reopening_if_so_asked(world, closed):
    ingest(world.integration, failed(), at=CLOSED + MINUTE, notifies=False)

    assert running(closed) is None


def test_what_a_person_closed_is_reopened_too(world):
    alert = ingest(world.integration, failed()).alert
    act(alert, "close", by=by(world.ben), at=CLOSED)

    assert ingest(world.integration, failed(), at=CLOSED + MINUTE).reason is Reason.REOPENED


def test_of_several_the_one_that_was_closed_last_is_reopened(world):
    first = ingest(world.integration, failed()).alert
    act(first, "close", by=by(world.ben), at=NOW)
    second = ingest(world.integration, failed(), at=LATER).alert
    act(second, "close", by=by(world.ben), at=LATER)
    act(first, "reopen", by=by(world.ben), at=LATER + MINUTE)
    act(first, "close", by=by(world.ben), at=LATER + 2 * MINUTE)

    assert ingest(world.integration, failed(), at=LATER + 3 * MINUTE).alert == first


def test_a_merged_alert_that_is_reopened_is_on_its_own_again(world):
    build = ingest(world.integration, failed()).alert
    site = ingest(world.integration, failed(source_id="site")).alert
    act(build, "merge", by=by(world.ben), other_id=site.pk, at=CLOSED)
    act(site, "close", by=by(world.ben), at=CLOSED + MINUTE)

    result = ingest(world.integration, failed(), at=CLOSED + 2 * MINUTE)

    build.refresh_from_db()
    assert (result.reason, result.alert) == (Reason.REOPENED, build)
    assert (build.status, build.merged_into) == ("open", None)
