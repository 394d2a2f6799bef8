"""What the task queue calls: each task looks what is due, and reads the clock for what it calls."""

import time

from django.conf import settings
from django.utils import timezone

from alertops.lib import jobs
from integrations import operations

# After this time others have their turn, and the rest is nudged again, behind them: what one sender's
# storm may cost another's first page, with what escalates and delivers behind it in the same queue.
BUDGET = 0.5  # seconds
# SQLite lets in whoever asks at the right moment: between two batches the door must find one.
PAUSE = 0.01 if settings.IS_SQLITE else 0.0  # seconds


def process(integration_id: int) -> None:
    """Process what waits of an integration."""
    jobs.arrived(operations.PROCESS, integration_id)
    until = time.monotonic() + BUDGET
    while operations.process_batch(integration_id, now=timezone.now()):  # noqa: TID251 (a door reads the clock)
        if time.monotonic() > until:
            jobs.nudge(operations.PROCESS, integration_id)
            return
        time.sleep(PAUSE)


def replay(replay_id: int) -> None:
    """Go on with a process-again run."""
    jobs.arrived(operations.REPLAY, replay_id)
    operations.run_replay(replay_id, now=timezone.now())  # noqa: TID251 (a door reads the clock)
