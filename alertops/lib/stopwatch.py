"""What time it is while many rows are worked on: only doors read the clock, and work takes time."""

import time
from datetime import datetime, timedelta


class Stopwatch:
    """The time it was, and what has passed since."""

    def __init__(self, now: datetime) -> None:
        self._now, self._began = now, time.monotonic()

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._began)

    @property
    def now(self) -> datetime:
        return self._now + self.elapsed
