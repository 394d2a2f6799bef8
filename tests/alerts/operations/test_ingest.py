"""What an event does to alerts: opens, joins, raises, updates and closes them."""

import pytest

from alerts.logic.event import Reason, Severity
from alerts.models import Alert, AlertEvent, Escalation, Notification
from integrations.models import InboundMessage
from tests.alerts.operations.reports import (
    HOUR,
    LATER,
    MINUTE,
    act,
    by,
    failed,
    ingest,
    lines,
    mended,
    noted,
    running,
    waiting,
)
from tests.factories import NOW, IntegrationFactory


def _called(alert, world):
    """Have Anna be called for an alert, and the call be sent."""
    act(alert, "escalate", by=by(world.carol), at=NOW)
    Notification.objects.filter(alert=alert).update(status=Notification.Status.SENT)


# Opening


def test_an_open_event_opens_an_alert_and_starts_the_policy(world):
    result = ingest(world.integration, failed(severity=Severity.WARNING))

    alert = Alert.objects.get()
    assert (result.reason, result.alert) == (Reason.OPENED, alert)
    assert (alert.status, alert.severity, alert.event_count) == ("open", "warning", 1)
    assert alert.created_at == alert.opened_at == alert.last_event_at == NOW
    assert (alert.integration, alert.created_by) == (world.integration, "Builds")
    assert (alert.policy, alert.priority) == (world.policy, "High")
    assert (alert.sla_due_at, alert.auto_close_at) == (NOW + 2.5 * HOUR, NOW + 2 * HOUR)
    assert lines(alert) == ["opened"]
    assert (running(alert).policy, running(alert).due_at) == (world.policy, NOW)


def test_an_alert_has_what_its_event_says(world):
    said = {
        "source": "Bitbucket",
        "source_name": "acme/website",
        "source_id": "build main",
        "source_status": "FAILED",
        "subject": "Build 12 of main failed",
        "short_text": "2 of 40 tests failed",
        "long_text": "test_cart\ntest_price",
        "source_url": "https://bitbucket.example.com/acme/website/12",
        "runbook_url": "https://wiki.example.com/builds",
        "assignee": "anna",
        "tags": {"branch": "main"},
    }

    alert = ingest(world.integration, failed(**said)).alert

    alert.refresh_from_db()
    assert {name: getattr(alert, name) for name in said} == said


def test_what_is_too_long_for_its_column_is_cut_and_the_key_is_not(world):
    long = dict.fromkeys(("source", "source_name", "source_id", "subject", "source_url"), "x" * 3000)

    first = ingest(world.integration, failed(**long)).alert
    second = ingest(world.integration, failed(**{**long, "source_id": "x" * 3000 + "y"})).alert

    first.refresh_from_db()
    lengths = {name: len(getattr(first, name)) for name in long}
    assert lengths == {
        "source": 200,
        "source_name": 500,
        "source_id": 500,
        "subject": 300,
        "source_url": 2000,
    }
    assert first.subject.endswith("x…")
    assert first.pk != second.pk


def test_an_event_without_subject_is_headed_by_its_source_and_status(world):
    assert ingest(world.integration, failed(subject="")).alert.subject == "acme/website: FAILED"


def test_an_integration_without_policy_or_auto_close_opens_without_them(world):
    integration = IntegrationFactory(escalation_policy=None)

    alert = ingest(integration, failed()).alert

    alert.refresh_from_db()
    assert (alert.policy, alert.priority, alert.sla_due_at, alert.auto_close_at) == (None, "", None, None)


def test_one_key_in_two_integrations_is_two_problems(world):
    ingest(world.integration, failed())

    assert ingest(IntegrationFactory(), failed()).reason is Reason.OPENED


def test_a_line_names_the_integration_the_message_and_the_event(world):
    message = InboundMessage.objects.create(
        integration=world.integration, received_at=NOW, method="POST", body=b"{}"
    )

    alert = ingest(world.integration, failed(message_id=message.pk), at=NOW + MINUTE).alert

    line = alert.events.get()
    assert (line.actor, line.actor_label, line.via, line.message) == (None, "Builds", "source", message)
    assert (line.text, line.at) == ("Build 12 of main failed", NOW + MINUTE)


def test_a_test_neither_joins_nor_closes_what_is_real(world):
    real = ingest(world.integration, failed()).alert

    trial = ingest(world.integration, failed(is_test=True)).alert
    assert (trial.is_test, real.is_test) == (True, False)
    assert ingest(world.integration, mended(is_test=True)).alert == trial
    assert Alert.objects.get(pk=real.pk).status == "open"


# Joining


def test_a_second_open_event_joins_and_nobody_is_told(world):
    first = ingest(world.integration, failed()).alert
    _called(first, world)

    result = ingest(world.integration, failed(source_url="https://b.example.com/13"), at=NOW + MINUTE)

    alert = Alert.objects.get()
    assert (result.reason, result.alert, result.alert.event_count) == (Reason.DUPLICATE, alert, 2)
    assert (alert.event_count, alert.last_event_at, alert.opened_at) == (2, NOW + MINUTE, NOW)
    assert alert.source_url == "https://b.example.com/13"
    assert alert.auto_close_at == NOW + 2 * HOUR + MINUTE
    assert lines(alert)[-1] == "joined"
    assert waiting(alert) == []


def test_joining_keeps_a_snooze_and_an_acknowledgement(world):
    alert = ingest(world.integration, failed()).alert
    act(alert, "acknowledge", by=by(world.anna))
    act(alert, "snooze", by=by(world.anna), until=NOW + HOUR)

    ingest(world.integration, failed(severity=Severity.INFO), at=NOW + MINUTE)

    alert.refresh_from_db()
    assert (alert.status, alert.severity, alert.owner) == ("acknowledged", "error", world.anna)
    assert alert.snoozed_until == NOW + HOUR


# Raising


def test_a_worse_event_raises_and_tells_at_once_who_was_called(world):
    alert = ingest(world.integration, failed()).alert
    _called(alert, world)
    first = running(alert)

    result = ingest(world.integration, failed(severity=Severity.CRITICAL), at=NOW + MINUTE)

    alert.refresh_from_db()
    assert (result.reason, alert.severity, alert.event_count) == (Reason.DUPLICATE, "critical", 2)
    assert waiting(alert) == [("anna", "raised")]
    assert running(alert).pk == first.pk
    assert alert.events.last().data == {"from": "error", "to": "critical"}


def test_a_worse_event_runs_the_next_step_where_nobody_was_called(world):
    alert = ingest(world.integration, failed()).alert

    ingest(world.integration, failed(severity=Severity.CRITICAL), at=NOW)

    assert waiting(alert) == [("anna", "page")]


def test_a_worse_event_breaks_a_snooze_and_begins_the_policy_anew(world):
    alert = ingest(world.integration, failed()).alert
    _called(alert, world)
    act(alert, "snooze", by=by(world.anna), until=NOW + HOUR)

    ingest(world.integration, failed(severity=Severity.CRITICAL), at=NOW + MINUTE)

    alert.refresh_from_db()
    assert alert.snoozed_until is None
    assert waiting(alert) == [("anna", "raised")]
    assert (running(alert).step, running(alert).due_at) == (0, NOW + MINUTE)


def test_a_worse_event_opens_what_somebody_has_and_tells_them_at_once(world):
    alert = ingest(world.integration, failed()).alert
    act(alert, "acknowledge", by=by(world.ben))

    ingest(world.integration, failed(severity=Severity.CRITICAL), at=NOW + MINUTE)

    alert.refresh_from_db()
    assert (alert.status, alert.severity, alert.owner) == ("open", "critical", None)
    assert not alert.acknowledgers.exists()
    assert waiting(alert) == [("ben", "raised")]
    assert (running(alert).step, running(alert).due_at) == (0, NOW + MINUTE)


def test_a_worse_event_tells_nobody_if_so_asked(world):
    alert = ingest(world.integration, failed()).alert
    act(alert, "acknowledge", by=by(world.ben))

    ingest(world.integration, failed(severity=Severity.CRITICAL), at=NOW + MINUTE, notifies=False)

    alert.refresh_from_db()
    assert (alert.status, alert.severity) == ("open", "critical")
    assert (waiting(alert), running(alert)) == ([], None)


def test_a_worse_event_that_tells_nobody_leaves_the_policy_where_it_is(world):
    alert = ingest(world.integration, failed()).alert
    due_at = running(alert).due_at

    ingest(world.integration, failed(severity=Severity.CRITICAL), at=NOW, notifies=False)

    assert (waiting(alert), running(alert).due_at, running(alert).step) == ([], due_at, 0)


# Updating and closing


def test_an_update_adds_a_line_and_counts_nothing(world):
    alert = ingest(world.integration, failed()).alert

    result = ingest(world.integration, noted(severity=Severity.CRITICAL), at=NOW + MINUTE)

    alert.refresh_from_db()
    assert (result.reason, result.alert) == (Reason.UPDATED, alert)
    assert (alert.event_count, alert.severity, alert.last_event_at) == (1, "error", NOW + MINUTE)
    assert (alert.subject, alert.source_status) == ("Build 12 of main failed", "STILL FAILING")
    assert lines(alert) == ["opened", "updated"]


@pytest.mark.parametrize("taken", ["nobody", "acknowledged", "snoozed"])
def test_a_sources_close_beats_whoever_has_it(world, taken):
    alert = ingest(world.integration, failed()).alert
    if taken != "nobody":
        act(alert, "acknowledge", by=by(world.anna))
    if taken == "snoozed":
        act(alert, "snooze", by=by(world.anna), until=NOW + HOUR)

    result = ingest(world.integration, mended(), at=NOW + MINUTE)

    alert.refresh_from_db()
    assert (result.reason, result.alert) == (Reason.CLOSED, alert)
    assert (alert.status, alert.closed_at, alert.closed_by) == ("closed", NOW + MINUTE, "Builds")
    assert (alert.resolution, alert.source_status) == ("acme/website: SUCCESSFUL", "SUCCESSFUL")
    assert (alert.snoozed_until, alert.acknowledgement_expires_at, alert.auto_close_at) == (None, None, None)
    assert running(alert) is None


def test_closing_calls_off_what_waits_and_tells_who_was_called(world):
    alert = ingest(world.integration, failed()).alert
    _called(alert, world)
    act(alert, "escalate", by=by(world.carol))
    assert waiting(alert) == [("ben", "page")]

    ingest(world.integration, mended(), at=NOW + MINUTE)

    assert waiting(alert) == [("anna", "closed")]


def test_closing_tells_nobody_if_so_asked(world):
    alert = ingest(world.integration, failed()).alert
    _called(alert, world)

    ingest(world.integration, mended(), at=NOW + MINUTE, notifies=False)

    assert waiting(alert) == []


@pytest.mark.parametrize(
    ("event", "reason"),
    [(mended(), Reason.CLOSE_WITHOUT_OPEN), (noted(), Reason.UPDATE_WITHOUT_OPEN)],
    ids=["close", "update"],
)
@pytest.mark.parametrize("before", ["nothing", "closed"])
def test_what_has_nothing_open_is_ignored(world, event, reason, before):
    if before == "closed":
        ingest(world.integration, failed())
        ingest(world.integration, mended())
    count = AlertEvent.objects.count()

    result = ingest(world.integration, event, at=NOW + MINUTE)

    assert (result.reason, result.alert) == (reason, None)
    assert AlertEvent.objects.count() == count


# Closing by itself


@pytest.mark.parametrize("event", [failed(), noted(), failed(severity=Severity.CRITICAL)])
def test_every_event_puts_off_the_closing_by_itself(world, event):
    alert = ingest(world.integration, failed()).alert

    ingest(world.integration, event, at=NOW + HOUR)

    alert.refresh_from_db()
    assert alert.auto_close_at == NOW + 3 * HOUR
    assert not act(alert, "auto_close", at=NOW + 2 * HOUR).changed
    assert act(alert, "auto_close", at=NOW + 3 * HOUR).changed


def test_an_event_follows_the_integrations_auto_close_as_it_is_now(world):
    alert = ingest(world.integration, failed()).alert
    world.integration.auto_close_after = None

    ingest(world.integration, failed(), at=NOW + HOUR)

    alert.refresh_from_db()
    assert alert.auto_close_at is None


# Merged


def _merged(world):
    """Merge the alert of a failed build into that of a failed site, and return both."""
    build = ingest(world.integration, failed()).alert
    site = ingest(world.integration, failed(source_id="site", subject="Site down")).alert
    act(build, "merge", by=by(world.ben), other_id=site.pk)
    return build, site


def test_an_open_event_joins_what_its_alert_was_merged_into(world):
    _build, site = _merged(world)

    result = ingest(world.integration, failed(source_status="BROKEN"), at=NOW + MINUTE)

    site.refresh_from_db()
    assert (result.reason, result.alert) == (Reason.DUPLICATE, site)
    assert (site.event_count, site.last_event_at) == (3, NOW + MINUTE)
    assert (site.subject, site.source_status) == ("Site down", "FAILED")
    assert lines(site) == ["opened", "merged", "joined"]


@pytest.mark.parametrize("event", [mended(), noted()], ids=["close", "update"])
def test_what_is_said_of_a_merged_alert_is_a_line_where_it_went(world, event):
    _build, site = _merged(world)

    result = ingest(world.integration, event, at=NOW + MINUTE)

    assert (result.reason, result.alert) == (Reason.UPDATED, site)
    assert Alert.objects.get(pk=site.pk).status == "open"
    assert lines(site) == ["opened", "merged", "updated"]


def test_a_key_has_its_own_alert_again_once_what_it_was_merged_into_is_closed(world):
    build, site = _merged(world)
    act(site, "close", by=by(world.ben), at=LATER)

    result = ingest(world.integration, failed(), at=LATER)

    assert (result.reason, result.alert.pk > site.pk) == (Reason.OPENED, True)
    assert Alert.objects.get(pk=build.pk).merged_into == site


def test_its_own_alert_comes_before_one_it_was_merged_into(world):
    build, _site = _merged(world)
    own = ingest(world.integration, failed(source_id="other")).alert
    Alert.objects.filter(pk=own.pk).update(key_digest=build.key_digest)

    assert ingest(world.integration, failed()).alert == own


def test_an_escalation_is_started_once_per_opening(world):
    alert = ingest(world.integration, failed()).alert
    ingest(world.integration, failed())
    ingest(world.integration, noted())

    assert Escalation.objects.filter(alert=alert).count() == 1
