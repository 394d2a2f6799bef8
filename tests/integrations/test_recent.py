"""The newest deliveries of each integration, by one query."""

import pytest

from integrations.logic.outcome import Status
from integrations.operations.recent import recent
from tests.factories import IntegrationFactory, MessageFactory

pytestmark = pytest.mark.django_db


def test_the_newest_of_each_come_newest_first():
    first, second, idle = IntegrationFactory.create_batch(3)
    of_first = [MessageFactory(integration=first, status="mapped").pk for _n in range(4)]
    of_second = [MessageFactory(integration=second, status="refused").pk]

    found = recent([first.pk, second.pk, idle.pk], most=3)

    assert [row.number for row in found[first.pk]] == of_first[:0:-1]
    assert [(row.number, row.status) for row in found[second.pk]] == [(of_second[0], Status.REFUSED)]
    assert found[idle.pk] == []


def test_one_query_answers_for_all(django_assert_num_queries):
    numbers = [MessageFactory().integration_id for _n in range(5)]

    with django_assert_num_queries(1) as asked:
        assert len(recent(numbers, most=10)) == 5
    assert "body" not in asked.captured_queries[0]["sql"].replace("body_size", "")


def test_no_integration_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert recent([], most=10) == {}
