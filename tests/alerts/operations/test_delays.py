"""The first message is held back as the integration says, and every report counts exactly."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import operations
from alerts.logic.event import Severity
from alerts.models import Alert, Escalation
from alerts.operations import forecast
from tests.alerts.operations.policies import pass_minutes, told
from tests.alerts.operations.reports import MINUTE, act, by, failed, ingest, mended
from tests.factories import NOW, HoursFactory


@pytest.fixture
def delayed(world):
    """Have the integration of the world wait, as its settings say."""

    def set_up(kind, **columns):
        for name, value in {"delay_kind": kind, **columns}.items():
            setattr(world.integration, name, value)
        world.integration.save()
        return world.integration

    return set_up


def status(alert):
    return Escalation.objects.filter(alert=alert).latest("pk").status


def test_the_alert_is_there_at_once_and_the_policy_begins_later(delayed):
    integration = delayed("minutes", delay_wait=3 * MINUTE)

    alert = ingest(integration, failed()).alert
    pass_minutes(0, 8)

    assert told(alert) == [(3, "anna"), (8, "ben")]


def test_what_closes_by_itself_meanwhile_tells_nobody(delayed):
    integration = delayed("minutes", delay_wait=3 * MINUTE)
    alert = ingest(integration, failed()).alert

    ingest(integration, mended(), at=NOW + 2 * MINUTE)
    pass_minutes(0, 8)

    assert told(alert) == []


@pytest.mark.parametrize(
    ("every", "reports", "minute"), [(1, 1, 0), (2, 1, None), (2, 2, 1), (3, 2, None), (3, 3, 2), (3, 6, 2)]
)
def test_every_nth_report_lets_go_of_it(every, reports, minute, delayed):
    integration = delayed("every", delay_count=every)
    alert = None
    for number in range(reports):
        alert = ingest(integration, failed(), at=NOW + number * MINUTE).alert
        pass_minutes(number, number)

    assert alert.event_count == reports
    assert [at for at, name in told(alert) if name == "anna"] == ([] if minute is None else [minute])


def test_reports_are_counted_over_all_openings(delayed):
    integration = delayed("every", delay_count=3)
    first = ingest(integration, failed()).alert
    ingest(integration, mended(), at=NOW + MINUTE)
    ingest(integration, failed(), at=NOW + 2 * MINUTE)
    ingest(integration, mended(), at=NOW + 3 * MINUTE)

    third = ingest(integration, failed(), at=NOW + 4 * MINUTE).alert
    pass_minutes(4, 4)

    assert third == first
    assert told(third) == [(4, "anna")]


@pytest.mark.parametrize(
    ("minutes", "at"),
    [([0, 1], None), ([0, 1, 2], 2), ([0, 5, 9], 9), ([0, 5, 10], None), ([0, 5, 10, 11], 11)],
)
def test_so_many_within_some_time_let_go_of_it(minutes, at, delayed):
    integration = delayed("rate", delay_count=3, delay_wait=10 * MINUTE)
    for minute in minutes:
        alert = ingest(integration, failed(), at=NOW + minute * MINUTE).alert
        pass_minutes(minute, minute)

    assert told(alert) == ([] if at is None else [(at, "anna")])


def test_reports_in_one_batch_count_one_by_one(world, delayed):
    integration = delayed("every", delay_count=3)

    operations.ingest_all(integration, [failed()] * 2, now=NOW)
    assert status(Alert.objects.get()) == Escalation.Status.WAITING
    operations.ingest_all(integration, [failed()] * 2, now=NOW + MINUTE)

    assert status(Alert.objects.get()) == Escalation.Status.RUNNING
    assert Alert.objects.get().event_count == 4


def test_what_let_go_before_a_closing_does_not_count_after_it(delayed):
    integration = delayed("every", delay_count=2)
    ingest(integration, failed())

    operations.ingest_all(integration, [failed(), mended(), failed()], now=NOW + MINUTE)

    assert Alert.objects.get().event_count == 3
    assert status(Alert.objects.get()) == Escalation.Status.WAITING


def test_the_first_wait_of_the_policy_counts_from_when_it_is_let_go(world, delayed):
    world.policy.steps.filter(position=1).update(wait=2 * MINUTE)
    integration = delayed("every", delay_count=2)
    alert = ingest(integration, failed()).alert

    ingest(integration, failed(), at=NOW + 5 * MINUTE)
    pass_minutes(0, 7)

    assert told(alert) == [(7, "anna")]


@pytest.mark.parametrize(("severity", "minute"), [("error", 60), ("critical", 0)])
def test_support_hours_are_waited_for_unless_it_is_critical(severity, minute, delayed):
    integration = delayed("hours", delay_hours=HoursFactory(monday="13:00-17:00"))

    alert = ingest(integration, failed(severity=Severity(severity))).alert
    pass_minutes(0, 0)
    pass_minutes(60, 60)

    assert told(alert)[0] == (minute, "anna")


def test_a_higher_severity_is_told_at_once(delayed):
    integration = delayed("every", delay_count=9)
    alert = ingest(integration, failed(severity=Severity.WARNING)).alert

    ingest(integration, failed(severity=Severity.CRITICAL), at=NOW + MINUTE)

    assert told(alert) == [(1, "anna")]


def test_who_takes_it_and_gives_it_back_is_followed_by_the_steps(world, delayed):
    integration = delayed("every", delay_count=9)
    alert = ingest(integration, failed()).alert
    act(alert, "acknowledge", by=by(world.carol), at=NOW + MINUTE)

    act(alert, "unacknowledge", by=by(world.carol), at=NOW + 2 * MINUTE)
    pass_minutes(2, 2)

    assert told(alert) == [(2, "anna")]


def test_an_acknowledged_alert_is_not_let_go(world, delayed):
    integration = delayed("every", delay_count=2)
    alert = ingest(integration, failed()).alert
    act(alert, "acknowledge", by=by(world.carol), at=NOW + MINUTE)

    ingest(integration, failed(), at=NOW + 2 * MINUTE)
    pass_minutes(2, 3)

    assert told(alert) == []


def test_what_comes_next_says_that_reports_are_waited_for(delayed):
    alert = ingest(delayed("every", delay_count=2), failed()).alert

    assert forecast.upcoming(alert, now=NOW).due_at is None


def test_without_a_delay_reports_cost_no_statement_more(world, delayed):
    def cost(key):
        with CaptureQueriesContext(connection) as opened:
            ingest(world.integration, failed(source_id=key))
        with CaptureQueriesContext(connection) as joined:
            ingest(world.integration, failed(source_id=key))
        return len(opened), len(joined)

    cost("warm-up")
    plain = cost("plain")
    delayed("minutes", delay_wait=timedelta(minutes=1))

    assert cost("delayed") == plain


@pytest.mark.parametrize("seed", range(5))
def test_many_reports_in_any_batches_count_as_one_by_one(seed, world, delayed):
    """A slow model: each report is its own, and every third of a problem lets go."""
    dice = random.Random(seed)
    integration = delayed("every", delay_count=3)
    keys, counts, let_go = "abc", dict.fromkeys("abc", 0), set()
    for minute in range(8):
        batch = [dice.choice(keys) for _ in range(dice.randrange(5))]
        operations.ingest_all(
            integration, [failed(source_id=key) for key in batch], now=NOW + minute * MINUTE
        )
        for key in batch:
            counts[key] += 1
            let_go |= {key} if counts[key] == 3 else set()

    for alert in Alert.objects.all():
        assert alert.event_count == counts[alert.source_id]
        expected = Escalation.Status.RUNNING if alert.source_id in let_go else Escalation.Status.WAITING
        assert status(alert) == expected
