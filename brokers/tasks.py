"""What the task queue calls, all of it in its slow cluster: a broker may take minutes."""

from django.utils import timezone

from alertops.lib import jobs
from brokers import engine
from brokers.operations.arrivals import RUN

# After this time nothing more is begun: other tasks of the slow cluster wait. What is left is nudged anew
# by the next tick.
BUDGET = 60.0  # seconds


def run() -> None:
    """Try the runs that are due."""
    jobs.arrived(RUN)
    engine.run_due(clock=timezone.now, budget=BUDGET)  # noqa: TID251 (a door reads the clock)


def tell() -> None:
    """Tell administrators of services that were switched off by themselves."""
    jobs.arrived(engine.TELL)
    engine.tell_due(timezone.now())  # noqa: TID251 (a door reads the clock)
