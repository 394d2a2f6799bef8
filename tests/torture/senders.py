"""Those who report: each problem is posted until it is taken, as senders do, and noted down."""

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum

import requests

PATIENCE = 90.0  # seconds until a delivery that is not taken is a failure
PAUSE = (1.0, 3.0)


class Story(StrEnum):
    """What happens to a problem."""

    STAYS = "stays"  # fails, once or more
    MENDS = "mends"  # fails, and is mended


@dataclass
class Problem:
    """One build and what was said about it."""

    key: str
    story: Story
    message_ids: list[int] = field(default_factory=list)
    first_posted_at: float = 0.0


class Sender(threading.Thread):
    """Posts one problem after another to one integration."""

    def __init__(self, url: str, token: str, *, seed: int) -> None:
        super().__init__(daemon=True)
        self._door = f"{url}/in/{token}"
        self._name = f"{seed}"
        self._random = random.Random(seed)
        self._must_stop = threading.Event()
        self.problems: list[Problem] = []
        self.failures: list[str] = []

    def stop(self) -> None:
        self._must_stop.set()

    def run(self) -> None:
        while not self._must_stop.wait(self._random.uniform(*PAUSE)):
            self._report(len(self.problems) + 1)

    def _report(self, number: int) -> None:
        story = Story.MENDS if self._random.random() < 0.3 else Story.STAYS
        problem = Problem(f"build-{self._name}-{number}", story, first_posted_at=time.time())
        self.problems.append(problem)
        for _ in range(self._random.choice((1, 1, 1, 2))):
            self._post(problem, "FAILED")
        if story is Story.MENDS:
            time.sleep(self._random.choice((0, 0, 1, 3)))
            self._post(problem, "SUCCESSFUL")

    def _post(self, problem: Problem, state: str) -> None:
        """Post until it is taken; each try is the same delivery, as its id says."""
        headers = {"X-Request-UUID": str(uuid.uuid4())}
        status = {"key": problem.key, "refname": "main", "name": "Build", "state": state}
        body = {"repository": {"full_name": "acme/website"}, "commit_status": status}
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                answer = requests.post(self._door, json=body, headers=headers, timeout=10)
            except requests.RequestException:
                time.sleep(0.2)
                continue
            if answer.status_code == 202:
                problem.message_ids.append(answer.json()["id"])
                return
            if answer.status_code < 500:
                self.failures.append(f"{problem.key}: the door said {answer.status_code} {answer.text}")
                return
            time.sleep(0.2)
        self.failures.append(f"{problem.key}: {state} was not taken within {PATIENCE:.0f} s")
