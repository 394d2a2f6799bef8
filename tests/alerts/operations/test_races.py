"""What becomes of an alert when many do something to it in the same moment, each on its own connection."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from alerts.logic.event import Reason, Severity
from alerts.logic.lifecycle import InvalidTransition
from alerts.models import Alert, AlertKey
from tests.alerts.operations.reports import HOUR, MINUTE, act, by, failed, ingest, lines, mended, running
from tests.factories import NOW, AlertFactory, UserFactory

ROUNDS = 5


@pytest.fixture
def world(transactional_db, world):
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("An SQLite database in memory cannot be shared by threads that write.")
    return world


def _at_once(*calls):
    """Run calls together, each in a thread of its own, and return what they returned or raised."""
    start = threading.Barrier(len(calls))

    def run(call):
        try:
            start.wait()
            return call()
        except InvalidTransition as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_two_hundred_open_events_at_once_make_one_alert_and_199_joined(world):
    def ten():
        return [ingest(world.integration, failed()).reason for _event in range(10)]

    reasons = list(itertools.chain.from_iterable(_at_once(*[ten] * 20)))

    alert = Alert.objects.get()
    assert sorted(reasons) == [Reason.DUPLICATE] * 199 + [Reason.OPENED]
    assert alert.event_count == 200
    assert sorted(lines(alert)) == ["joined"] * 199 + ["opened"]
    assert alert.escalations.count() == 1


def test_events_and_people_at_once_leave_an_alert_that_one_of_them_made(world):
    for _round in range(ROUNDS):
        alert = ingest(world.integration, failed()).alert
        _at_once(
            lambda: ingest(world.integration, failed(severity=Severity.CRITICAL)),
            lambda: ingest(world.integration, mended()),
            lambda alert=alert: act(alert, "acknowledge", by=by(world.anna)),
            lambda alert=alert: act(alert, "close", by=by(world.ben)),
        )
        ingest(world.integration, mended())

        assert not Alert.objects.not_closed().exists()
        assert running(alert) is None


def test_of_two_who_acknowledge_at_once_one_owns_it_and_both_have_it(world):
    for _round in range(ROUNDS):
        alert = AlertFactory()
        people = [UserFactory() for _person in range(4)]

        acted = _at_once(*[lambda a=alert, p=p: act(a, "acknowledge", by=by(p)) for p in people])

        assert all(each.changed for each in acted)
        alert.refresh_from_db()
        assert alert.status == "acknowledged"
        assert set(alert.acknowledgers.all()) == set(people)
        assert alert.owner == alert.events.first().actor
        assert lines(alert) == ["acknowledged"] * 4


def test_an_alert_is_closed_once_however_many_close_it(world):
    for _round in range(ROUNDS):
        alert = ingest(world.integration, failed()).alert

        acted = _at_once(*[lambda alert=alert: act(alert, "close", by=by(world.ben))] * 4)

        assert sum(each.changed for each in acted) == 1
        assert lines(alert)[-2:].count("closed") == 1


def test_reopening_by_hand_and_an_open_event_at_once_leave_one_open_alert(world):
    world.integration.reopen_window = 0 * MINUTE
    for _round in range(ROUNDS):
        alert = ingest(world.integration, failed()).alert
        act(alert, "close", by=by(world.ben))

        _at_once(
            lambda: ingest(world.integration, failed()),
            lambda alert=alert: act(alert, "reopen", by=by(world.ben)),
        )

        left = Alert.objects.not_closed().get()
        act(left, "close", by=by(world.ben))


def test_two_alerts_merged_into_each_other_at_once_leave_one(world):
    for _round in range(ROUNDS):
        first, second = AlertFactory(), AlertFactory()

        _at_once(
            lambda a=first, b=second: act(a, "merge", by=by(world.anna), other_id=b.pk),
            lambda a=first, b=second: act(b, "merge", by=by(world.ben), other_id=a.pk),
        )

        left = Alert.objects.not_closed().get()
        assert left.event_count == 2
        act(left, "close", by=by(world.ben))


def test_the_newest_of_decisions_noted_at_once_is_kept(world):
    times = [NOW + minute * MINUTE for minute in range(10)]

    _at_once(
        *[lambda at=at: ingest(world.integration, mended(occurred_at=at), at=max(times)) for at in times]
    )

    assert AlertKey.objects.get().decided_at == max(times)


def _during(first, second):
    """Begin the second while the first is done but not yet committed; return what both returned."""

    def run():
        try:
            return second()
        except InvalidTransition as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            done = first()
            waits = pool.submit(run)
            time.sleep(0.3)
            assert not waits.done()
        return done, waits.result()


def test_an_event_that_would_open_joins_what_is_just_being_reopened(world):
    world.integration.reopen_window = 0 * MINUTE
    alert = ingest(world.integration, failed()).alert
    act(alert, "close", by=by(world.ben))

    _reopened, result = _during(
        lambda: act(alert, "reopen", by=by(world.ben)), lambda: ingest(world.integration, failed())
    )

    assert (result.reason, result.alert) == (Reason.DUPLICATE, alert)
    assert Alert.objects.get().event_count == 2


def test_an_event_that_would_reopen_joins_what_is_just_being_reopened(world):
    alert = ingest(world.integration, failed()).alert
    act(alert, "close", by=by(world.ben))

    _reopened, result = _during(
        lambda: act(alert, "reopen", by=by(world.ben)), lambda: ingest(world.integration, failed())
    )

    assert (result.reason, result.alert) == (Reason.DUPLICATE, alert)


def test_an_event_that_would_reopen_one_alert_joins_an_older_one_that_is_just_being_reopened(world):
    older = ingest(world.integration, failed()).alert
    act(older, "close", by=by(world.ben))
    newer = ingest(world.integration, failed(), at=NOW + HOUR).alert
    act(newer, "close", by=by(world.ben), at=NOW + HOUR)

    _reopened, result = _during(
        lambda: act(older, "reopen", by=by(world.ben), at=NOW + HOUR),
        lambda: ingest(world.integration, failed(), at=NOW + HOUR),
    )

    assert (result.reason, result.alert) == (Reason.DUPLICATE, older)


def test_events_of_two_keys_that_join_one_alert_at_once_are_both_counted(world):
    build, site = (ingest(world.integration, failed(source_id=key)).alert for key in ("build", "site"))
    act(build, "merge", by=by(world.ben), other_id=site.pk)

    _during(
        lambda: ingest(world.integration, failed(source_id="build")),
        lambda: ingest(world.integration, failed(source_id="site")),
    )

    assert Alert.objects.get(pk=site.pk).event_count == 4


def test_reopening_is_refused_with_the_number_of_what_is_just_being_opened(world):
    world.integration.reopen_window = 0 * MINUTE
    old = ingest(world.integration, failed()).alert
    act(old, "close", by=by(world.ben))

    opened, refusal = _during(
        lambda: ingest(world.integration, failed()), lambda: act(old, "reopen", by=by(world.ben))
    )

    assert isinstance(refusal, InvalidTransition)
    assert str(refusal).startswith(f"#{opened.alert.pk} is about the same problem")


def test_what_is_closed_while_one_acknowledges_stays_closed(world):
    alert = ingest(world.integration, failed()).alert

    _closed, acted = _during(
        lambda: ingest(world.integration, mended()), lambda: act(alert, "acknowledge", by=by(world.anna))
    )

    assert (acted.changed, acted.sentence) == (False, f"#{alert.pk} is closed already, by Builds.")


def test_an_event_that_joins_in_the_last_moment_keeps_an_alert_from_closing_by_itself(world):
    alert = ingest(world.integration, failed()).alert
    at = NOW + 2 * HOUR

    _joined, acted = _during(
        lambda: ingest(world.integration, failed(), at=at), lambda: act(alert, "auto_close", at=at)
    )

    assert not acted.changed
    assert Alert.objects.get().status == "open"


def test_who_acknowledges_anew_in_the_last_moment_keeps_the_alert(world):
    alert = ingest(world.integration, failed()).alert
    act(alert, "acknowledge", by=by(world.anna))
    at = NOW + 4 * HOUR

    _anew, acted = _during(
        lambda: act(alert, "acknowledge", by=by(world.anna), at=at), lambda: act(alert, "time_out", at=at)
    )

    assert not acted.changed
    assert Alert.objects.get().status == "acknowledged"


def test_one_who_snoozes_longer_in_the_last_moment_keeps_the_alert_quiet(world):
    alert = ingest(world.integration, failed()).alert
    act(alert, "snooze", by=by(world.anna), until=NOW + HOUR)

    _longer, acted = _during(
        lambda: act(alert, "snooze", by=by(world.anna), until=NOW + 2 * HOUR),
        lambda: act(alert, "wake", at=NOW + HOUR),
    )

    assert not acted.changed
    assert Alert.objects.get().snoozed_until == NOW + 2 * HOUR


def test_a_severity_that_is_raised_meanwhile_is_not_lowered_by_what_came_before(world):
    alert = ingest(world.integration, failed(severity=Severity.INFO)).alert

    _raised, result = _during(
        lambda: act(alert, "change_severity", by=by(world.ben), severity=Severity.CRITICAL),
        lambda: ingest(world.integration, failed(severity=Severity.ERROR)),
    )

    assert result.reason is Reason.DUPLICATE
    assert Alert.objects.get().severity == "critical"
