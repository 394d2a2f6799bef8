"""One tick: what is due is looked at, heartbeats are sent, the time is noted; nothing keeps the rest."""

import logging
import time
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from alertops import health, nodes
from alertops.ticker import HEARTBEAT, Ticker
from integrations.models import HourMark, InboundMessage
from integrations.operations import PROCESS
from tests.factories import NOW, IntegrationFactory

pytestmark = pytest.mark.django_db(transaction=True)


def queued():
    return [(row.key, SignedPackage.loads(row.payload)["func"]) for row in OrmQ.objects.order_by("id")]


def something_waits():
    sender = IntegrationFactory()
    InboundMessage.objects.create(integration=sender, received_at=NOW, method="POST", body=b"{}")


def test_a_tick_nudges_what_waits_and_notes_the_time():
    InboundMessage.objects.create(
        integration=IntegrationFactory(), received_at=NOW, method="POST", body=b"{}"
    )

    Ticker(list)._tick()

    assert queued() == [("alerts", PROCESS)]
    assert cache.get(health.TICKER) == pytest.approx(time.time(), abs=5)


def test_the_first_tick_of_an_hour_marks_it():
    ticker = Ticker(list)
    for _ in range(2):
        ticker._tick()

    assert HourMark.objects.count() == 1


def test_a_tick_tells_which_workers_live_once_in_a_while():
    told = [{"alerts": (4, 4)}, {"alerts": (3, 4)}]
    ticker = Ticker(list, lambda: told.pop(0))
    for _ in range(2):
        ticker._tick()

    (node,) = nodes.known(datetime.now(UTC))
    assert [(crew.cluster, crew.alive, crew.wanted) for crew in node.crews] == [("alerts", 4, 4)]
    assert len(told) == 1


def test_a_tick_nudges_anew_when_what_was_on_its_way_has_died():
    InboundMessage.objects.create(
        integration=IntegrationFactory(), received_at=NOW, method="POST", body=b"{}"
    )
    ticker = Ticker(list)
    for _ in range(2):
        ticker._tick()
    assert len(queued()) == 1

    ticker.expect_loss()
    for _ in range(2):
        ticker._tick()

    assert len(queued()) == 2


def test_each_cluster_that_is_ready_gets_a_heartbeat_and_its_watchdog_is_told():
    told = []
    ticker = Ticker(lambda: [("alerts", told.append), ("slow", told.append)])

    ticker._tick()
    ticker._tick()  # too soon for the next heartbeats

    assert queued() == [("alerts", HEARTBEAT), ("slow", HEARTBEAT)]
    assert told == [pytest.approx(time.monotonic(), abs=5)] * 2


def test_what_fails_is_complained_about_once_and_keeps_nothing_from_being_done(caplog):
    def listeners():
        raise ZeroDivisionError

    ticker = Ticker(listeners)

    ticker._tick()
    ticker._tick()

    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert cache.get(health.TICKER)


def test_a_running_tick_tells_for_how_long_it_has_been_running():
    seen = []
    ticker = Ticker(lambda: seen.append(ticker.stuck_for(time.monotonic())) or ticker.stop() or [])
    assert ticker.stuck_for(time.monotonic()) == 0

    ticker.run()

    assert 0 < seen[0] < 5
    assert ticker.stuck_for(time.monotonic()) == 0
