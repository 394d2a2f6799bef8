"""What scenarios have in common: percentiles, slopes, and waiting until nothing waits."""

import time
from collections.abc import Sequence

from bench import work
from bench.sender import Sending
from tests.processes import Server

LOOK_EVERY = 0.2


class NotQuiet(Exception):
    """Something still waits after all the time that it was given."""


def percentile(seconds: Sequence[float], part: float) -> float | None:
    """Return the milliseconds that so many of a hundred do not exceed; None of nothing."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part / 100))] * 1000 if ordered else None


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the second figure grows for each one of the first (least squares)."""
    count = len(points)
    x_mean, y_mean = (sum(values) / count for values in zip(*points, strict=True))
    spread = sum((x - x_mean) ** 2 for x, _y in points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / spread if spread else 0.0


def wait_until_quiet(server: Server, *, patience: float, sending: Sequence[Sending] = ()) -> float:
    """Wait until nothing is sent any more and nothing waits; return the seconds that took.

    Raises NotQuiet.
    """
    began = time.monotonic()
    while not all(one.is_over for one in sending) or any(server.call(work.wait_for).values()):
        if time.monotonic() - began > patience:
            raise NotQuiet(f"After {patience:.0f} s there wait {server.call(work.wait_for)}.")
        time.sleep(LOOK_EVERY)
    return time.monotonic() - began
