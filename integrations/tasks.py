"""What the task queue calls: each task looks what is due, and reads the clock for what it calls."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone

from alertops.lib import jobs
from alerts import engine as alerts
from integrations import engine, operations

# After this time others have their turn, and the rest is nudged again, behind them: what one sender's
# storm may cost another's first page, with what escalates and delivers behind it in the same queue.
BUDGET = 0.5  # seconds
# What more messages than these make due is left to other workers: in a storm nobody stops processing.
FEW = 50
# SQLite lets in whoever asks at the right moment: between two batches the door must find one.
PAUSE = 0.01 if settings.IS_SQLITE else 0.0  # seconds


def process(integration_id: int) -> None:
    """Process what waits of an integration; with what little that makes due this process goes on at once.

    Not where a provider takes its time: what the integration sends next must not wait for that.
    """
    jobs.drain(
        operations.PROCESS,
        integration_id,
        do=lambda: _process_batch(integration_id),
        few=FEW if alerts.delivers_quickly() else 0,
        budget=BUDGET,
        pause=PAUSE,
    )


def _process_batch(integration_id: int) -> int:
    batch = operations.begin_batch(integration_id, now=_clock())
    return operations.finish_batch(batch, now=_clock()) if batch else 0


def replay(replay_id: int) -> None:
    """Go on with a process-again run."""
    jobs.arrived(operations.REPLAY, replay_id)
    operations.run_replay(replay_id, now=_clock())


def take_requests() -> None:
    """Do what runs of brokers asked of alerts."""
    jobs.arrived(engine.TAKE_REQUESTS)
    jobs.go_on(_take_requests, few=FEW, budget=BUDGET)


def _take_requests() -> int:
    return sum(iter(lambda: engine.take_requests(_clock()), 0))


def _clock() -> datetime:
    return timezone.now()  # noqa: TID251 (a door reads the clock)
