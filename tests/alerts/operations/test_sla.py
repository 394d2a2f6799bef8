"""That an alert was not closed in time is put on record once for each of its openings."""

import pytest

from alerts import engine
from alerts.models import Alert
from tests.alerts.operations.reports import HOUR, MINUTE, MOMENT, act, by, failed, ingest, lines, mended
from tests.factories import NOW

DUE = 2.5 * HOUR


def miss(at):
    return engine.miss_sla_due(NOW + at)


@pytest.fixture
def alert(world):
    return ingest(world.integration, failed()).alert


@pytest.mark.parametrize(("at", "count"), [(DUE - MOMENT, 0), (DUE, 1), (DUE + HOUR, 1)])
def test_it_is_missed_when_its_time_has_come(at, count, alert):
    assert miss(at) == count
    assert lines(alert).count("sla_missed") == count
    assert Alert.objects.beyond_sla().count() == count


def test_it_is_missed_once(alert):
    miss(DUE)

    assert miss(DUE + MINUTE) == 0
    assert lines(alert).count("sla_missed") == 1


def test_who_has_acknowledged_it_has_not_closed_it(world, alert):
    act(alert, "acknowledge", by=by(world.anna), at=NOW + MINUTE)

    assert miss(DUE) == 1


def test_what_is_closed_in_time_is_not_missed(world, alert):
    ingest(world.integration, mended(), at=NOW + HOUR)

    assert miss(DUE) == 0


def test_without_a_target_nothing_is_missed(world, alert):
    Alert.objects.update(sla_due_at=None)

    assert miss(DUE) == 0


def test_what_is_opened_anew_has_its_whole_time_again(world, alert):
    miss(DUE)
    ingest(world.integration, mended(), at=NOW + DUE + MINUTE)

    ingest(world.integration, failed(), at=NOW + DUE + 2 * MINUTE)

    assert Alert.objects.get().sla_missed_at is None
    assert miss(DUE + HOUR) == 0
    assert miss(2 * DUE + 2 * MINUTE) == 1
