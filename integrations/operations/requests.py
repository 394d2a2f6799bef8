"""What runs of brokers ask of alerts, done: each request opens, joins or closes an alert once."""

import logging
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from alertops.lib.sayings import saying
from alerts import operations as alerts
from alerts.logic.event import Event, Kind, Severity
from brokers.models import RunRequest
from integrations.models import Integration
from integrations.operations.effects import DATABASE_AWAY

logger = logging.getLogger(__name__)

TAKE_REQUESTS = "integrations.tasks.take_requests"
BATCH = 100
SOURCE = "Broker"
NOWHERE = saying("Not done: it is not known any more by which integration the push came.")
BROKEN = saying("Not done: the alert could not be opened or closed.")


def take_requests(now: datetime) -> int:
    """Do what waits, in order; return how many requests this process did."""
    return sum([_take(pk, now) for pk in list(waiting_requests()[:BATCH])])


def waiting_requests() -> QuerySet[RunRequest, int]:
    """Return the requests that nobody has done yet, the oldest first."""
    return RunRequest.objects.filter(done_at__isnull=True).order_by("id").values_list("pk", flat=True)


def _take(pk: int, now: datetime) -> bool:
    """Do one request, and note that in the same transaction: it is done once, whoever dies."""
    try:
        with transaction.atomic():
            waiting = RunRequest.objects.filter(pk=pk, done_at__isnull=True)
            if not waiting.update(done_at=now):
                return False  # somebody else was first
            reason, alert_id = _do(RunRequest.objects.select_related(*_ABOUT).get(pk=pk), now)
            RunRequest.objects.filter(pk=pk).update(outcome=reason, alert=alert_id)
    except DATABASE_AWAY:
        raise
    except Exception:
        logger.exception("Request %s of a broker run could not be done.", pk)
        RunRequest.objects.filter(pk=pk, done_at__isnull=True).update(done_at=now, outcome=BROKEN)
    return True


_ABOUT = ("run__repository", "run__service", "run__push")


def _do(request: RunRequest, now: datetime) -> tuple[str, int | None]:
    """Take a request in as an event of the integration by which the push came; return what came of it."""
    push = request.run.push
    senders = Integration.objects.select_related("escalation_policy")
    sender = senders.filter(pk=push.integration_id or 0).first() if push else None
    if sender is None:
        return NOWHERE, None
    done = alerts.ingest(sender, _event(request), now=now)
    return str(done.reason), done.alert.pk if done.alert else None


def _event(request: RunRequest) -> Event:
    what: Mapping[str, str] = request.what
    run = request.run
    return Event(
        kind=Kind(what["act"]),
        source=SOURCE,
        source_name=run.repository.full_name,
        source_id=what["key"],
        source_status=what["act"],
        severity=Severity(what.get("severity") or Severity.ERROR),
        subject=what.get("subject", ""),
        long_text=what.get("text", ""),
        source_url=what.get("url", ""),
        tags={"repository": run.repository.full_name, "service": run.service.title},
        received_at=run.created_at,
        message_id=run.push.message_id if run.push else None,
        is_test=run.is_test,
    )
