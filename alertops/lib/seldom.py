"""What happens a thousand times a second and is to be said once in a while."""

import threading
import time


class Seldom:
    """Counts, and tells when it is time to say how often. every: seconds between two sayings."""

    def __init__(self, every: float = 10.0) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._count = 0
        self._said_at = float("-inf")

    def count(self) -> int:
        """Count one more; return how many there were since the last saying, or 0 when it is too early."""
        with self._lock:
            self._count += 1
            now = time.monotonic()
            if now - self._said_at < self._every:
                return 0
            counted, self._count, self._said_at = self._count, 0, now
            return counted
