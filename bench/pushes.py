"""What is done with pushes and runs within an installation, called by `server.call`."""

import copy
import functools
import hashlib
import itertools
import json
import time
from datetime import datetime
from typing import Any

from django.test import Client, override_settings
from django.utils import timezone

from alerts.models import User
from bench import builds, push_history, repeated, work
from brokers import engine, operations
from brokers.models import BrokerRun, Push, Repository
from brokers.operations.changes import changes_before
from integrations.models import InboundMessage, Integration

RECORDED = builds.ROOT / "integrations/presets/bitbucket/payloads/push.json"
HOST, MAIL, BOTH = "bitbucket.org", "mail", "both"
REPOSITORIES = 20  # of each kind
SEED_BATCH = 500
BUDGET = 3600.0
# For each kind of repository: its services.
KINDS = {
    MAIL: {"email": {"to": "team@example.com"}},
    "post": {"post": {"url": "{post}"}},
    BOTH: {"email": {"to": "team@example.com"}, "post": {"url": "{post}"}},
}
LISTS = {
    "runs": "/brokers/brokerrun/",
    "runs, failed ones": "/brokers/brokerrun/?status__exact=failed",
    "pushes": "/brokers/push/",
    "repositories": "/brokers/repository/",
}
DELIVERIES = 50


def prepare(post_url: str) -> None:
    """Make an integration, and repositories with their services. post_url: where the POST broker posts."""
    work.prepare(1)
    for kind, number in itertools.product(KINDS, range(REPOSITORIES)):
        repository = Repository.objects.create(host=HOST, full_name=_name(kind, number), created_at=_now())
        for broker, settings in KINDS[kind].items():
            told = {name: value.format(post=post_url) for name, value in settings.items()}
            operations.add_service(repository, broker, settings=told, now=_now())


def queue(kind: str, name: str, count: int) -> None:
    """Store pushes to all repositories of a kind in turns, as the door would. name: tells them apart."""
    integration = Integration.objects.earliest("pk")
    for first in range(0, count, SEED_BATCH):
        rows = [
            _message(integration.pk, kind, f"{name}-{number}", number % REPOSITORIES)
            for number in range(first, min(first + SEED_BATCH, count))
        ]
        InboundMessage.objects.bulk_create(rows)
    push_history.analyze()


def take_in() -> dict[str, float]:
    """Process all pushes that wait, in this one process; return what it took."""
    return {"runs_before": BrokerRun.objects.count(), **work.drain()}


def run_all() -> dict[str, float]:
    """Do all runs that are due, in this one process, several services at once; return what it took."""
    began, used = time.perf_counter(), time.process_time()
    count = engine.run_due(clock=_now, budget=BUDGET)
    return {
        "runs": count,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - used,
        "not_done": BrokerRun.objects.exclude(status=BrokerRun.Status.DONE).count(),
    }


def counts() -> dict[str, int]:
    """Return how many pushes and runs there are, and how many runs wait."""
    waiting = BrokerRun.objects.filter(next_attempt_at__isnull=False).count()
    return {"pushes": Push.objects.count(), "runs": BrokerRun.objects.count(), "waiting": waiting}


def call_off() -> None:
    """Let nothing wait, so that what follows is not about what was left of this."""
    waiting = BrokerRun.objects.filter(next_attempt_at__isnull=False)
    waiting.update(next_attempt_at=None, status=BrokerRun.Status.DONE)


def fill(runs: int) -> float:
    """Write a long history of runs; return the seconds that took."""
    began = time.monotonic()
    User.objects.create_superuser(repeated.ROOT, "root@example.com")
    push_history.write(runs)
    push_history.analyze()
    return time.monotonic() - began


def everything(name: str, deliveries: int = DELIVERIES) -> dict[str, float]:
    """Do everything once; return milliseconds of each: of one push, one run, one tick, one page."""
    with override_settings(**repeated.SETTINGS):
        queue(MAIL, name, deliveries)
        return {
            "take in a push": _timed(work.drain) / deliveries,
            "tick, all waits": _best(lambda: engine.tick(_now())),
            "run": _timed(lambda: engine.run_due(clock=_now, budget=BUDGET)) / deliveries,
            "tick, nothing waits": _best(lambda: engine.tick(_now())),
            "changes before an alert": _best(_changes),
            **_pages(),
        }


def _changes() -> None:
    root = User.objects.get(username=repeated.ROOT)
    assert changes_before(_now(), [_name(MAIL, 0)], reader=root).pushes


def _pages() -> dict[str, float]:
    client = Client()
    client.force_login(User.objects.get(username=repeated.ROOT))
    repository = Repository.objects.get(full_name=_name(MAIL, 0))
    paths = {**LISTS, "repository": f"/brokers/repository/{repository.pk}/change/"}
    return {f"page: {name}": _best(lambda path=path: _get(client, path)) for name, path in paths.items()}


def _get(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"


def _message(integration_id: int, kind: str, name: str, number: int) -> InboundMessage:
    row = work.message(integration_id, _body(_name(kind, number), name))
    row.headers["X-Event-Key"] = "repo:push"
    return row


def _body(full_name: str, name: str) -> bytes:
    """Return a push of one commit that nobody has seen before."""
    payload = copy.deepcopy(_recorded())
    node = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    payload["repository"]["full_name"] = full_name
    change = payload["push"]["changes"][0]
    change["new"]["target"]["hash"] = node
    change["commits"] = [{**change["commits"][0], "hash": node, "message": f"Change {name}\n"}]
    return json.dumps(payload, separators=(",", ":")).encode()


@functools.cache
def _recorded() -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))
    return payload


def _name(kind: str, number: int) -> str:
    return f"acme/{kind}-{number}"


def _best(do: Any) -> float:
    return min(_timed(do) for _ in range(repeated.TIMES))


def _timed(do: Any) -> float:
    """Return milliseconds."""
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1000


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 (benchmarks have the clock of the world)
