"""Threads that take work in the order in which it came, and tell when they cannot keep up."""

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

LOOK = 0.0001  # seconds between two looks whether there are more

logger = logging.getLogger(__name__)


class Job:
    """What is to be done once: by the thread that claims it, or by nobody, when who asked claims it back."""

    def __init__(self, item: Any) -> None:
        self.asked_at = time.monotonic()
        self.item = item
        self._unclaimed = threading.Lock()

    def claim(self) -> bool:
        """Tell whether this caller has the job; only one ever has."""
        return self._unclaimed.acquire(blocking=False)


class Crew:
    """Some threads and what waits for them.

    patience: seconds that somebody waits for an answer.
    work: is given items to work on.
    most: items that a thread works on together; it takes what waits.
    gather: seconds that it waits at most for as many as there were the last time: senders that are answered
    together come again together, a moment apart. Who comes alone is never kept waiting for others.
    """

    def __init__(
        self,
        name: str,
        size: int,
        *,
        patience: float,
        work: Callable[[list[Any]], None],
        most: int = 1,
        gather: float = 0.0,
    ) -> None:
        self.name, self.size, self.patience = name, size, patience
        self._do, self._most, self._gather, self._taken = work, most, gather, 1
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._waiting: deque[Job] = deque()  # the same jobs; of this one, the oldest can be looked at

    def start(self) -> None:
        """Start the threads; they end with the process."""
        for number in range(self.size):
            threading.Thread(target=self._work, name=f"{self.name} {number + 1}", daemon=True).start()

    def give(self, item: Any) -> Job:
        """Have an item worked on as soon as a thread is free."""
        job = Job(item)
        self._waiting.append(job)
        self._jobs.put(job)
        return job

    def delay(self) -> float:
        """Return for how many seconds the oldest job has been waiting; 0 when none waits."""
        try:
            return time.monotonic() - self._waiting[0].asked_at
        except IndexError:
            return 0.0

    def _work(self) -> None:
        while True:
            items = [job.item for job in self._take() if job.claim()]
            try:
                if items:
                    self._do(items)
            except BaseException:
                logger.exception("A thread of %s goes on after an error.", self.name)
            del items  # or their requests would be kept until the next ones

    def _take(self) -> list[Job]:
        """Wait for a job; return it with those that wait behind it."""
        jobs = [self._jobs.get()]
        until = time.monotonic() + self._gather
        while self._jobs.qsize() + 1 < self._taken and time.monotonic() < until:
            time.sleep(LOOK)
        with contextlib.suppress(queue.Empty):
            while len(jobs) < self._most:
                jobs.append(self._jobs.get_nowait())
        self._taken = len(jobs)
        for _job in jobs:
            self._waiting.popleft()
        return jobs
