"""Pushes come in and services act on them while processes are killed: what was done is held against that.

Each push is of one commit with a hash of its own, to a branch of its own. One service posts it to a server
that notes what it gets, the other asks for an alert.
"""

import json
import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import requests
from django.utils import timezone

from alerts.models import Alert
from brokers.models import BrokerRun, Push, Repository, RunRequest
from brokers.operations import add_service
from integrations import operations
from integrations.models import Integration
from tests.factories import push_body

NAME = "acme/website"
PATIENCE = 90.0  # seconds until a push that is not taken is a failure
PAUSE = (0.5, 2.0)

Row = dict[str, Any]


# Inside the installation


def create(url: str) -> str:
    """Make an integration and a repository with two services; return the token.

    Its alerts tell nobody: the mails of the others are counted.
    """
    now = timezone.now()  # noqa: TID251 (the torture has the clock of the world)
    integration = operations.create_integration("github", name="Pushes", policy=None, users=_people())
    Integration.objects.get(pk=integration.pk).recipient_users.clear()
    repository = Repository.objects.create(host="github.com", full_name=NAME, kind="github", created_at=now)
    add_service(repository, "post", settings={"url": url, "format": "json"}, now=now)
    add_service(repository, "alert", settings={"protected": "*"}, now=now)
    return integration.token


def _people() -> list[Any]:
    users = Integration._meta.get_field("recipient_users").related_model
    return list(users._default_manager.all()[:1])


def is_quiet() -> bool:
    """Tell whether nothing waits any more: no run, no request."""
    return not (
        BrokerRun.objects.filter(next_attempt_at__isnull=False).exists()
        or RunRequest.objects.filter(done_at=None).exists()
    )


def read() -> dict[str, list[Row]]:
    """Return what was written."""
    return {
        "pushes": list(Push.objects.values("id", "message_id")),
        "runs": list(BrokerRun.objects.values("id", "push_id", "service__broker", "status", "sentence")),
        "requests": list(RunRequest.objects.values("id", "run_id", "outcome")),
        "alerts": list(Alert.objects.filter(source="Broker").values("source_id", "event_count")),
    }


# Outside


class Pusher(threading.Thread):
    """Posts one push after another until each is taken. taken: the message of each, by its branch."""

    def __init__(self, url: str, token: str, *, seed: int) -> None:
        super().__init__(daemon=True)
        self._door = f"{url}/in/{token}"
        self._random, self._must_stop = random.Random(seed), threading.Event()
        self.taken: dict[str, int] = {}
        self.failures: list[str] = []

    def stop(self) -> None:
        self._must_stop.set()

    def run(self) -> None:
        while not self._must_stop.wait(self._random.uniform(*PAUSE)):
            self._push(len(self.taken) + 1)

    def _push(self, number: int) -> None:
        branch = f"branch-{number}"
        body = json.loads(push_body("1", branch=branch, full_name=NAME))
        body["after"] = body["commits"][0]["id"] = f"{number:040x}"
        headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": str(uuid.uuid4())}
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                answer = requests.post(self._door, json=body, headers=headers, timeout=10)
            except requests.RequestException:
                time.sleep(0.2)
                continue
            if answer.status_code == 202:
                self.taken[branch] = answer.json()["id"]
                return
            time.sleep(0.2)
        self.failures.append(f"{branch} was not taken within {PATIENCE:.0f} s")


# The verdict


def posted(received: Iterable[Any]) -> Counter[str]:
    """Count what the first service posted, by the branch."""
    return Counter(str(request.json()["changes"][0]["name"]) for request in received)


def wrong(
    taken: dict[str, int], facts: dict[str, list[Row]], counts: Counter[str], *, kills: int
) -> Iterator[str]:
    """Yield what is wrong: each push has its two runs, each done; nothing is lost.

    What is done twice is done at a kill: between the act and its record.
    """
    push_of = {row["message_id"]: row["id"] for row in facts["pushes"]}
    runs, alerts = defaultdict(list), {row["source_id"].split()[-1]: row for row in facts["alerts"]}
    for row in facts["runs"]:
        runs[row["push_id"]].append(row)
    for branch, message in taken.items():
        yield from _wrong_with(branch, runs[push_of.get(message)], counts[branch], alerts.get(branch, {}))
    yield from (
        f"run {row['id']} is {row['status']}: {row['sentence']}"
        for row in facts["runs"]
        if row["status"] != "done"
    )
    yield from (
        f"request {row['id']} of run {row['run_id']} ended as {row['outcome']!r}"
        for row in facts["requests"]
        if row["outcome"] != "opened"
    )
    if twice(counts) > kills:
        yield f"{twice(counts)} posts came twice, at {kills} kills"


def _wrong_with(branch: str, runs: list[Row], count: int, alert: Row) -> Iterator[str]:
    if sorted(row["service__broker"] for row in runs) != ["alert", "post"]:
        yield f"{branch} has the runs {runs}"
    if not count:
        yield f"{branch} was never posted"
    if alert.get("event_count") != 1:
        yield f"{branch} has this alert: {alert}"


def twice(counts: Counter[str]) -> int:
    return sum(count - 1 for count in counts.values())
