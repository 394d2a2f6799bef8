"""Rows of a time are found by their numbers."""

from datetime import timedelta

import pytest

from alertops.lib.moments import within
from integrations.models import InboundMessage
from tests.factories import NOW, IntegrationFactory, MessageFactory

MINUTE = timedelta(minutes=1)


@pytest.fixture
def rows(db):
    """Forty rows, five minutes between any two, with gaps in their numbers."""
    integration = IntegrationFactory()
    made = MessageFactory.build_batch(40, integration=integration)
    for place, row in enumerate(made):
        row.pk, row.received_at = 10 + 3 * place + place // 7 * 50, NOW + 5 * place * MINUTE
    return InboundMessage.objects.bulk_create(made)


def found(**bounds):
    return list(within(InboundMessage.objects.order_by("pk"), "received_at", **bounds))


@pytest.mark.parametrize("since", range(-7, 210, 6))
def test_from_each_moment_on_exactly_the_later_rows_are_found(since, rows):
    moment = NOW + since * MINUTE

    assert found(since=moment) == [row for row in rows if row.received_at >= moment]
    assert found(until=moment) == [row for row in rows if row.received_at < moment]


def test_a_range_is_half_open(rows):
    assert found(since=rows[3].received_at, until=rows[6].received_at) == rows[3:6]


def test_rows_that_changed_places_within_two_minutes_are_found(rows):
    late = rows[20]
    late.received_at = rows[19].received_at - MINUTE
    late.save()

    assert late in found(since=late.received_at)
    assert late not in found(since=rows[19].received_at)


def test_in_an_empty_log_nothing_is_found(db):
    assert found(since=NOW, until=NOW + MINUTE) == []


def test_a_moment_is_found_in_few_looks(rows, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        found(since=rows[11].received_at)
