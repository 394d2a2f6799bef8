"""What the processes of these tests do: each function runs in a process of the installation under test."""

import json
import math
import os
import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import Count
from django.utils import timezone

from alerts.models import Alert, AlertEvent, User
from integrations import engine, operations, tasks
from integrations.models import WAITING, InboundMessage, Integration, Outcome

BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def build(state: str, key: str = "main", second: int = 0) -> str:
    """The status of a build as Bitbucket tells it, at a second of its own clock."""
    status = {
        "state": state,
        "key": key,
        "name": f"Build of {key}",
        "refname": "main",
        "updated_on": (BEGIN + timedelta(seconds=second)).isoformat(),
    }
    return json.dumps({"repository": {"full_name": "acme/website"}, "commit_status": status})


def build_more_integrations(count: int) -> None:
    """Make more integrations for builds."""
    for number in range(count):
        operations.create_integration("bitbucket", name=f"Builds {number}", users=[User.objects.get()])


def deliver_stories(builds: int, rounds: int) -> None:
    """Store, as if they came in now, builds of every integration that fail and are mended."""
    integrations = list(Integration.objects.order_by("pk"))
    for turn in range(rounds):
        for state in ("FAILED", "SUCCESSFUL"):
            for integration in integrations:
                second = 2 * turn + (state == "SUCCESSFUL")
                bodies = [build(state, f"build-{number}", second).encode() for number in range(builds)]
                _store(integration, bodies)


def build_integration() -> str:
    """Make an integration for builds; return its token."""
    anna = User.objects.create_user("anna", "anna@example.com", is_staff=True)
    return operations.create_integration("bitbucket", name="Builds", users=[anna]).token


def drain_for_ever() -> None:
    """Process whatever waits, as the ticker and a worker do together."""
    while True:
        for pk in engine.waiting_integrations(timezone.now()):  # noqa: TID251
            tasks.process(pk)
        time.sleep(0.01)


def tick_for_ever() -> None:
    """Free what dead processes held, again and again, as the ticker does."""
    while True:
        engine.tick(timezone.now())  # noqa: TID251
        time.sleep(0.05)


def process_and_be_killed(times: int) -> int:
    """Have two processes at a time `kill -9`ed in the middle of their work; return what still waits.

    Every third time almost at once, else after some work: a message that three workers in a row die over
    alone is rightly set aside, and that is another test.
    """
    for time_ in range(times):
        left = waiting() - 15 if time_ % 3 else math.inf
        children = [_fork(drain_for_ever) for _child in range(2)]
        while waiting() > max(left, 0):
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.05))
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return waiting()


def _fork(work: Callable[[], None]) -> int:
    connections.close_all()  # two processes must not share one
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return child


def waiting() -> int:
    return InboundMessage.objects.filter(WAITING).count()


def last_message() -> list[str]:
    """Return the status, the reason and the body of what came in last."""
    message = InboundMessage.objects.order_by("pk").last()
    return [message.status, message.reason, bytes(message.body).decode()] if message else []


def drain() -> int:
    """Process all there is."""
    now = timezone.now()  # noqa: TID251
    return sum(
        operations.process_waiting(pk, now=now) for pk in Integration.objects.values_list("pk", flat=True)
    )


def account() -> dict[str, Any]:
    """Return what was made of all deliveries, so that nothing lost and nothing doubled can hide."""
    reasons = InboundMessage.objects.values_list("reason").annotate(Count("pk")).order_by()
    return {
        "reasons": dict(reasons),
        "alerts": [list(row) for row in Alert.objects.order_by("pk").values_list("status", "event_count")],
        "outcomes": Outcome.objects.count(),
        "messages": InboundMessage.objects.count(),
        "lines": AlertEvent.objects.filter(message__isnull=False).count(),
    }


def store_stories(builds: int, rounds: int) -> None:
    """Store deliveries as if they had just come in: each build fails twice and is mended, again and again."""
    bodies = [
        build(state, f"build-{number}", 3 * turn + second).encode()
        for turn in range(rounds)
        for second, state in enumerate(["FAILED", "FAILED", "SUCCESSFUL"])
        for number in range(builds)
    ]
    _store(Integration.objects.get(), bodies)


def _store(integration: Integration, bodies: list[bytes]) -> None:
    now = timezone.now()  # noqa: TID251
    InboundMessage.objects.bulk_create(
        InboundMessage(
            integration=integration,
            received_at=now,
            method="POST",
            content_type="application/json",
            body=body,
            body_size=len(body),
        )
        for body in bodies
    )


def stored() -> list[int]:
    """Return the ids of all deliveries."""
    return list(InboundMessage.objects.values_list("pk", flat=True))
