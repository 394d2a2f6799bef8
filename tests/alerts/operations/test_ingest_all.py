"""Many events taken in together do what each of them, one after the other, would do."""

import contextlib
import random
import re
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from alerts import operations
from alerts.logic.event import Reason, Severity
from alerts.models import Alert, AlertEvent, AlertKey, Escalation, Notification
from tests.alerts.operations.reports import (
    HOUR,
    MINUTE,
    act,
    by,
    failed,
    ingest,
    lines,
    mended,
    noted,
    running,
)
from tests.factories import NOW

KEYS = ("build", "site", "mail")
SEVERITIES = (Severity.WARNING, Severity.ERROR, Severity.CRITICAL)


def ingest_all(world, *events, at=NOW, **how):
    return operations.ingest_all(world.integration, events, now=at, **how)


def test_an_alert_opens_is_joined_closes_and_reopens_in_one_go(world):
    done = ingest_all(world, failed(), failed(), mended(), failed(), noted())

    alert = Alert.objects.get()
    assert [(each.reason, each.alert, each.count) for each in done] == [
        (Reason.OPENED, alert, 1),
        (Reason.DUPLICATE, alert, 2),
        (Reason.CLOSED, alert, 2),
        (Reason.REOPENED, alert, 3),
        (Reason.UPDATED, alert, 3),
    ]
    assert lines(alert) == ["opened", "joined", "closed", "reopened", "updated"]
    assert (running(alert).step, running(alert).due_at) == (0, NOW)


def test_what_opens_and_closes_in_one_go_calls_nobody(world):
    ingest_all(world, failed(), mended())

    assert Alert.objects.get().status == "closed"
    assert not Escalation.objects.live().exists()


def test_without_a_window_each_failure_after_a_mending_is_an_alert_of_its_own(world):
    world.integration.reopen_window = timedelta(0)
    ingest(world.integration, failed())

    done = ingest_all(world, mended(), failed(), mended(), failed())

    assert [each.reason for each in done] == [Reason.CLOSED, Reason.OPENED, Reason.CLOSED, Reason.OPENED]
    assert [alert.status for alert in Alert.objects.order_by("pk")] == ["closed", "closed", "open"]


def test_what_a_closing_calls_off_stays_called_off_when_the_alert_reopens_at_once(world):
    alert = ingest(world.integration, failed()).alert
    act(alert, "escalate", by=by(world.carol))

    ingest_all(world, mended(), failed())

    assert not Notification.objects.pending().exists()
    assert running(alert).step == 0


def test_who_was_called_hears_of_each_closing(world):
    alert = ingest(world.integration, failed()).alert
    act(alert, "escalate", by=by(world.carol))
    Notification.objects.update(status=Notification.Status.SENT)

    ingest_all(world, mended(), failed(), mended(), at=NOW + HOUR)

    news = Notification.objects.filter(kind="closed")
    assert [row.user for row in news] == [world.anna]


def test_the_older_of_two_events_is_stale_whichever_comes_first(world):
    older, newer = failed(occurred_at=NOW - MINUTE), mended(occurred_at=NOW)

    done = ingest_all(world, newer, older, failed(occurred_at=NOW))

    assert [each.reason for each in done] == [Reason.CLOSE_WITHOUT_OPEN, Reason.STALE, Reason.OPENED]
    assert done[1].alert is None


BATCHES = {
    "green builds": (mended, None),
    "openings": (failed, None),
    "joins": (failed, failed),
    "updates": (noted, failed),
    "closings": (mended, failed),
    "reopenings": (failed, mended),
}


@pytest.mark.parametrize(("event", "before"), BATCHES.values(), ids=BATCHES)
def test_many_take_as_few_statements_as_two(world, event, before):
    def statements(count):
        keys = [f"{count}-{number}" for number in range(count)]
        if before is mended:
            ingest_all(world, *[failed(source_id=key) for key in keys])
        if before:
            ingest_all(world, *[before(source_id=key) for key in keys])
        with CaptureQueriesContext(connection) as found:
            ingest_all(world, *[event(source_id=key) for key in keys])
        # SQLite takes only so many values in one statement, and each row's update is one of its own.
        return len([each for each in found if not each["sql"].startswith("INSERT")])

    assert statements(2) == statements(60)


def _events(seed):
    """A story of three keys: what comes, in which order, at which time of its own."""
    chance = random.Random(seed)
    for _event in range(chance.randint(2, 12)):
        make = chance.choice([failed, failed, mended, mended, noted])
        fields = {"source_id": chance.choice(KEYS), "severity": chance.choice(SEVERITIES)}
        if chance.random() < 0.5:
            fields["occurred_at"] = NOW + chance.randint(-3, 3) * MINUTE
        if chance.random() < 0.1:
            fields["users"] = ("ben",)
        yield make(**fields)


def _state():
    """All that there is, without the numbers of rows."""
    order = {pk: place for place, pk in enumerate(Alert.objects.order_by("pk").values_list("pk", flat=True))}
    columns = [
        field.attname for field in Alert._meta.concrete_fields if field.name not in ("id", "merged_into")
    ]
    return {
        "alerts": [_unnumbered(row) for row in Alert.objects.order_by("pk").values_list(*columns)],
        "lines": [
            (order[alert], *_unnumbered(rest))
            for alert, *rest in AlertEvent.objects.order_by("alert", "pk").values_list(
                "alert", "kind", "text"
            )
        ],
        "keys": list(AlertKey.objects.order_by("digest").values_list("digest", "decided_at")),
        "running": [
            (order[alert], *rest)
            for alert, *rest in Escalation.objects.live().values_list(
                "alert", "run", "step", "due_at", "steps"
            )
        ],
        "told": sorted(
            (order[alert], *rest)
            for alert, *rest in Notification.objects.values_list("alert", "user", "kind", "status")
        ),
    }


def _unnumbered(row):
    return tuple(re.sub(r"#\d+", "#", str(value)) for value in row)


@contextlib.contextmanager
def undone():
    """What is done is forgotten again."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _begin(world):
    """An alert that is open, one that Ben has, one that was merged into it; Anna was called for all."""
    alerts = [ingest(world.integration, failed(source_id=key)).alert for key in KEYS]
    for alert in alerts:
        act(alert, "escalate", by=by(world.carol))
    Notification.objects.update(status=Notification.Status.SENT)
    act(alerts[1], "acknowledge", by=by(world.ben))
    act(alerts[2], "merge", by=by(world.ben), other_id=alerts[1].pk)


@pytest.mark.parametrize("begins", [None, _begin], ids=["nothing", "alerts"])
@pytest.mark.parametrize("seed", range(25))
def test_together_is_as_one_by_one(world, begins, seed):
    at, found = NOW + 2 * MINUTE, []
    events = list(_events(seed))
    for is_together in (True, False):
        with undone():
            if begins:
                begins(world)
            if is_together:
                done = ingest_all(world, *events, at=at)
            else:
                done = [ingest(world.integration, event, at=at) for event in events]
            found.append(([(each.reason, each.count) for each in done], _state()))

    together, one_by_one = found
    assert together == one_by_one
