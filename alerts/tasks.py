"""What the task queue calls for alerts: each task does what is due of one kind until nothing is left."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from alertops.lib import jobs
from alerts import engine

# After this time no new pass is begun, and what is left is nudged again: it stands at the end of the queue,
# so that no drain keeps another waiting for much longer, however many of them a storm has set going.
BUDGET = timedelta(seconds=1)


def wake() -> None:
    """End the snoozes that are over."""
    drain("alerts.tasks.wake", engine.wake_due)


def remind() -> None:
    """Remind those whose acknowledgement is about to run out."""
    drain("alerts.tasks.remind", engine.remind_due)


def time_out() -> None:
    """Open the alerts whose acknowledgement has run out."""
    drain("alerts.tasks.time_out", engine.time_out_due)


def escalate() -> None:
    """Run the steps that are due."""
    drain("alerts.tasks.escalate", engine.escalate_due)


def deliver() -> None:
    """Hand over the notifications that are due."""
    drain("alerts.tasks.deliver", engine.deliver_due)


def auto_close() -> None:
    """Close the alerts of which nothing was heard for long."""
    drain("alerts.tasks.auto_close", engine.auto_close_due)


def drain(task: str, do_due: Callable[[datetime], int], *, budget: timedelta = BUDGET) -> None:
    """Call one pass after another until it finds nothing to do, each with its own time."""
    jobs.arrived(task)
    end = time.monotonic() + budget.total_seconds()
    while do_due(timezone.now()):  # noqa: TID251 (a door reads the clock)
        if time.monotonic() > end:
            return jobs.nudge(task)
    return None
