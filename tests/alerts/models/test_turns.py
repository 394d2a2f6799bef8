"""Whose turn it is: each integration's, its most urgent and oldest first, whatever else waits."""

from datetime import timedelta

import pytest
from django.db import connection

from alerts.models import Escalation, Notification
from alerts.models.turns import in_turns
from tests.factories import NOW, AlertFactory, IntegrationFactory

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def due(integration, *seconds, urgency="high"):
    """Write escalations that are due so many seconds ago; return their ids."""
    return [
        Escalation.objects.create(
            alert=AlertFactory(integration=integration),
            integration=integration,
            urgency=urgency,
            due_at=NOW - ago * SECOND,
            started_at=NOW,
        ).pk
        for ago in seconds
    ]


def turns(limit):
    rows = Escalation.objects.due_for_escalation(NOW)
    return in_turns(list(rows.oldest(limit)), limit, due=lambda: rows)


def test_what_fits_comes_at_once_and_still_in_turns():
    loud, quiet = IntegrationFactory(), IntegrationFactory()
    first, second, third = due(loud, 9, 8, 7)
    (only,) = due(quiet, 1)

    assert turns(100) == [first, only, second, third]


def test_the_many_of_one_leave_room_for_the_few_of_others_and_for_what_was_made_by_hand():
    loud, quiet = IntegrationFactory(), IntegrationFactory()
    storm = due(loud, *range(100, 60, -1))
    few = [*due(quiet, 2), *due(None, 1)]

    found = turns(12)

    assert set(found) == {*few, *storm[:4]}
    assert {*found[:3]} == {*few, storm[0]}


def test_the_most_urgent_of_an_integration_comes_first_and_then_the_oldest():
    one, other = IntegrationFactory(), IntegrationFactory()
    low = due(one, 50, 40, urgency="low")
    high = due(one, 10, 20)
    due(other, *range(60, 30, -1))

    assert [pk for pk in turns(9) if pk in {*low, *high}] == [high[1], high[0], low[0]]
    assert [pk for pk in turns(100) if pk in {*low, *high}] == [high[1], high[0], *low]


def test_each_integration_has_a_turn_however_many_they_are():
    ids = [due(IntegrationFactory(), 9, 8)[0] for _n in range(30)]

    assert sorted(turns(20)) == ids


def test_what_is_not_due_or_held_has_no_turn():
    integration = IntegrationFactory()
    due(integration, -1)
    held, free = due(integration, 5, 4)
    Escalation.objects.filter(pk=held).claim(now=NOW, lease=SECOND)

    assert turns(1) == turns(10) == [free]


@pytest.mark.parametrize("limit", [10, 1000], ids=["a storm", "all fits"])
def test_whose_turn_it_is_costs_the_same_statements_whatever_waits(limit, django_assert_max_num_queries):
    for _n in range(20):
        due(IntegrationFactory(), 9, 8, 7)

    with django_assert_max_num_queries(5 if limit == 10 else 1):
        turns(limit)


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Escalation.objects.due_for_escalation(NOW), "escalation_turn"),
        (Notification.objects.due_for_delivery(NOW), "notification_turn"),
    ],
    ids=["escalations", "notifications"],
)
def test_turns_are_found_by_their_index(rows, index):
    """A look for each integration: neither the rows that wait nor those that are stored are gone through."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for costly in ("seqscan", "bitmapscan", "sort"):  # in a table of few rows nothing is
                cursor.execute(f"SET LOCAL enable_{costly} = off")

    first_high, _first_low = rows._first(5, integration=1)
    plan = first_high.explain()

    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
