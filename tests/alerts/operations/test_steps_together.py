"""Many steps that are due at once: run together, for the price of one, and each as if it were alone."""

import itertools
import re
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert, Escalation, Notification
from alerts.operations import due_steps
from tests.alerts.operations.policies import policy, start, told
from tests.alerts.operations.reports import act, by, running
from tests.factories import NOW, TeamFactory, UserFactory

LATER = NOW + timedelta(minutes=5)


def run(*alerts, now=NOW):
    return due_steps.run_due([running(alert).pk for alert in alerts], now=now)


def shape(query):
    """Return a statement without what differs from row to row."""
    return re.search(r"[A-Z]{5,}[^0-9]{0,60}", query["sql"]).group()


def people(*names):
    return [UserFactory(username=name) for name in names]


@pytest.mark.django_db
def test_a_hundred_steps_cost_as_many_statements_as_ten():
    anna, ben, carla, dan = people("anna", "ben", "carla", "dan")
    a_policy = policy(
        ([anna], 0, {"teams": [TeamFactory(people=[ben, dan])], "tells_owner": True}),
        ([carla], 5, {"tells_recipients": True}),
    )
    costs = {}
    for count in (10, 100):
        alerts = [start(a_policy, recipients=[dan], alert={"owner": carla}) for _n in range(count)]
        for number, alert in enumerate(alerts):
            alert.named_users.add(ben if number % 2 else anna)
        ids = [running(alert).pk for alert in alerts]
        with CaptureQueriesContext(connection) as queries:
            assert due_steps.run_due(ids, now=NOW) == count
            assert due_steps.run_due(ids, now=LATER) == count
        # SQLite takes a thousand values at a time: what it writes in portions counts as one.
        costs[count] = [sql for sql, _portions in itertools.groupby(map(shape, queries))]

    assert costs[10] == costs[100]
    assert len(costs[10]) < 60  # both passes, with BEGIN and COMMIT


@pytest.mark.django_db
def test_only_the_one_that_fails_counts_up_and_is_tried_alone_from_then_on(caplog):
    (anna,) = people("anna")
    broken, *sound = [start(policy(([anna], 0, {}), ([anna], 5, {}))) for _n in range(3)]
    Escalation.objects.filter(alert=broken).update(steps=[{"stop": "nonsense"}])

    assert run(broken, *sound) == 2
    assert run(broken, *sound, now=LATER) == 2

    assert "could not be worked on" in caplog.text
    assert [running(alert).start_count for alert in (broken, *sound)] == [2, 0, 0]
    assert "together" not in caplog.text[caplog.text.index("could not be worked on") :]


@pytest.mark.django_db
def test_what_a_dead_worker_had_begun_is_run_each_by_itself():
    (anna,) = people("anna")
    alerts = [start(policy(([anna], 0, {}))) for _n in range(3)]
    Escalation.objects.all().claim(now=NOW, lease=due_steps.LEASE)

    assert run(*alerts) == 0
    assert run(*alerts, now=NOW + due_steps.LEASE) == 3
    assert [told(alert) for alert in alerts] == [[(0, "anna")]] * 3


@pytest.mark.django_db
def test_a_later_page_takes_the_place_of_the_same_persons_earlier_one_and_of_no_other():
    anna, ben = people("anna", "ben")
    both = start(policy(([anna, ben], 0, {}), ([anna], 5, {})))
    other = start(policy(([ben], 0, {}), ([ben], 5, {})))
    run(both, other)

    run(both, other, now=LATER)

    waiting = Notification.objects.pending().order_by("id").values_list("alert", "user", "created_at")
    assert list(waiting) == [
        (both.pk, ben.pk, NOW),
        (both.pk, anna.pk, LATER),
        (other.pk, ben.pk, LATER),
    ]


@pytest.mark.django_db
def test_what_an_action_paused_after_the_claim_is_left_alone():
    anna, ben = people("anna", "ben")
    taken, free = start(policy(([anna], 0, {}))), start(policy(([ben], 0, {})))
    ids = [running(alert).pk for alert in (taken, free)]
    Escalation.objects.all().claim(now=NOW - 2 * due_steps.LEASE, lease=due_steps.LEASE)
    act(taken, "acknowledge", by=by(anna))

    assert due_steps.run_due(ids, now=NOW) == 1
    assert told(taken) == []
    assert told(free) == [(0, "ben")]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for all rows")
@pytest.mark.django_db(transaction=True)
def test_an_alert_that_somebody_works_on_keeps_no_other_waiting():
    anna, ben = people("anna", "ben")
    held, free = start(policy(([anna], 0, {}))), start(policy(([ben], 0, {})))
    count = []

    def run_both():
        count.append(run(held, free))
        connection.close()

    worker = threading.Thread(target=run_both)
    with transaction.atomic():
        Alert.objects.select_for_update().get(pk=held.pk)
        worker.start()
        worker.join(3)
        assert [told(held), told(free)] == [[], [(0, "ben")]]
    worker.join()

    assert count == [2]
    assert told(held) == [(0, "anna")]
