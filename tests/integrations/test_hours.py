"""What came of deliveries in each hour, from marks of counters that only grow."""

from collections import Counter
from datetime import timedelta

import pytest

from integrations import operations
from integrations.models import HourMark, InboundMessage, Tally
from tests.factories import NOW, IntegrationFactory, MessageFactory, RuleFactory

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def builds():
    return RuleFactory(integration=IntegrationFactory()).integration


def tally(integration, **counts):
    """Let the tallies stand at these counts."""
    Tally.objects.all().delete()
    for outcome, count in counts.items():
        Tally.objects.create(integration=integration, outcome=outcome, within="1.0", count=count)


def counted(now):
    return {hour.began_at: dict(hour.counts) for hour in operations.last_day(now) if hour.counts}


def test_what_is_processed_counts_in_the_hour_that_has_begun(builds):
    operations.mark_hour(NOW)
    first = MessageFactory(integration=builds, state="FAILED")
    operations.process_waiting(builds.pk, now=NOW + timedelta(minutes=10))

    *_others, hour = operations.last_day(NOW + timedelta(minutes=20))

    assert (hour.began_at, hour.counts) == (NOW, Counter(opened=1))
    assert list(InboundMessage.objects.filter(id__gt=hour.first_id, id__lte=hour.last_id)) == [first]


def test_a_day_has_twenty_four_hours_the_running_one_last():
    hours = operations.last_day(NOW + timedelta(minutes=30))

    assert [hour.began_at for hour in hours] == [NOW - number * HOUR for number in range(23, -1, -1)]


def test_an_hour_without_a_mark_is_one_in_which_nobody_worked(builds):
    tally(builds, opened=7)
    operations.mark_hour(NOW - 5 * HOUR)
    tally(builds, opened=9)
    operations.mark_hour(NOW - HOUR)
    tally(builds, opened=10, closed=1)

    assert counted(NOW) == {NOW - 5 * HOUR: {"opened": 2}, NOW - HOUR: {"opened": 1, "closed": 1}}


def test_an_integration_that_is_deleted_makes_no_hour_negative(builds):
    tally(builds, opened=7, closed=3)
    operations.mark_hour(NOW - HOUR)
    tally(builds, closed=4)

    assert counted(NOW) == {NOW - HOUR: {"closed": 1}}


def test_an_hour_is_marked_once_and_forgotten_after_two_days(builds):
    operations.mark_hour(NOW - 50 * HOUR)
    operations.mark_hour(NOW)
    tally(builds, opened=7)
    operations.mark_hour(NOW + timedelta(minutes=59))

    mark = HourMark.objects.get()
    assert (mark.at, mark.counts) == (NOW, {})


def test_a_day_takes_three_queries(builds, django_assert_num_queries):
    for number in range(30):
        operations.mark_hour(NOW - number * HOUR)

    with django_assert_num_queries(3):
        operations.last_day(NOW)
