"""What the scenarios behind the door do and read within an installation, called by `server.call`."""

import itertools
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Count, F, Max, Min, Q, Window
from django.db.models.functions import Lag
from django.utils import timezone

from alerts.models import Alert, Escalation, Notification, User
from bench import builds, stories
from integrations import engine, operations, tasks
from integrations.models import InboundMessage, Integration
from integrations.operations.waiting import waiting

SEED_BATCH = 500
NAME = "Bench"


def prepare(integrations: int) -> list[str]:
    """Make integrations with one recipient, who is told at once; return their tokens."""
    anna = User.objects.create_user("anna", "anna@example.com", first_name="Anna")
    names = (f"{NAME} {number}" for number in range(integrations))
    return [operations.create_integration("bitbucket", name=name, users=[anna]).token for name in names]


def queue(story: str, name: str, count: int) -> int:
    """Store deliveries of all integrations in turns, as the door would.

    Return how many alerts they leave open.
    """
    ids = list(Integration.objects.filter(name__startswith=NAME).order_by("pk").values_list("pk", flat=True))
    each = [stories.STORIES[story](f"{name}-{pk}", count // len(ids)) for pk in ids]
    said = itertools.chain.from_iterable(zip(*each, strict=True))
    last: dict[str, str] = {}
    rows: list[InboundMessage] = []
    for number, (pk, (build, state)) in enumerate(zip(itertools.cycle(ids), said)):
        last[build] = state
        rows.append(message(pk, builds.body(build, state, second=number)))
        if len(rows) == SEED_BATCH:
            InboundMessage.objects.bulk_create(rows)
            rows = []
    InboundMessage.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # PostgreSQL does it by itself, but not within a minute
    return sum(state == stories.FAILED for state in last.values())


def drain() -> dict[str, float]:
    """Process all that waits, in this one process, by what the task queue calls; return what it took."""
    before = processed()
    began, used = time.perf_counter(), time.process_time()
    while pending := list(engine.waiting_integrations(_now())):
        for pk in pending:
            tasks.process(pk)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    return {"seconds": seconds, "cpu": cpu, "messages": processed() - before}


def tell_nobody() -> None:
    """Call off all that is due, so that what follows is not about what was left of this."""
    Escalation.objects.filter(due_at__isnull=False).update(due_at=None, status=Escalation.Status.ENDED)
    Notification.objects.pending().update(status=Notification.Status.CANCELLED)


def processed() -> int:
    """Return how many messages have been processed to their end."""
    return InboundMessage.objects.filter(processed_at__isnull=False).count()


def processing(since: float) -> dict[str, float]:
    """Return how many messages that came after an instant were processed, and in how many seconds."""
    rows = InboundMessage.objects.filter(received_at__gt=_moment(since), processed_at__isnull=False)
    ends = rows.aggregate(count=Count("pk"), first=Min("processed_at"), last=Max("processed_at"))
    return {"messages": ends["count"], "seconds": (ends["last"] - ends["first"]).total_seconds()}


def wait_for() -> dict[str, int]:
    """Return what still waits, by kind."""
    return {
        "messages": waiting().order_by().count(),
        "escalations": Escalation.objects.filter(due_at__lte=_now()).count(),
        "notifications": Notification.objects.pending().count(),
    }


def wrongs(name: str, left_open: int) -> list[str]:
    """Return what is wrong with what a queue came to: its order, and the alerts that it left open."""
    before = Window(Lag("processed_at"), partition_by=F("integration"), order_by=F("id").asc())
    ends = InboundMessage.objects.annotate(before=before).values_list("before", "processed_at")
    early = sum(1 for earlier, end in ends.iterator() if earlier and end and earlier > end)
    still = Alert.objects.not_closed().filter(source_id__startswith=f"{name}-").count()
    failed = InboundMessage.objects.filter(Q(status="mapping_failed") | Q(start_count__gt=1)).count()
    found = {
        f"{early} messages were processed before an earlier one": early,
        f"{still} alerts are open instead of {left_open}": still != left_open,
        f"{failed} messages failed or were begun twice": failed,
    }
    return [sentence for sentence, is_so in found.items() if is_so]


def told(name: str) -> list[dict[str, Any]]:
    """Return of each page its alert, the build that it is about, and when each thing was done for it.

    name: what the builds' names begin with.
    """
    paged = Notification.objects.filter(kind="page", alert__source_id__startswith=name)
    pages = paged.values(
        *("alert_id", "created_at", "sent_at"),
        source=F("alert__source_id"),
        begun=Min("attempts__started_at"),
    )
    opened = {
        row["alert_id"]: row
        for row in InboundMessage.objects.filter(reason="opened").values(
            "alert_id", "received_at", "processed_at"
        )
    }
    return [
        {
            "build": page["source"].partition(" ")[0],
            **{column: value.timestamp() for column, value in row.items() if isinstance(value, datetime)},
            "alert_id": page["alert_id"],
        }
        for page, row in ((page, page | opened.get(page["alert_id"], {})) for page in pages)
    ]


def message(integration_id: int, body: bytes) -> InboundMessage:
    """Return the row of a delivery, not yet stored."""
    delivery_id = str(uuid.uuid4())
    return InboundMessage(
        integration_id=integration_id,
        received_at=_now(),
        method="POST",
        content_type="application/json",
        headers={**builds.HEADERS, "X-Request-UUID": delivery_id},
        body=body,
        body_size=len(body),
        remote_address="127.0.0.1",
        delivery_id=delivery_id,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 (benchmarks have the clock of the world)
