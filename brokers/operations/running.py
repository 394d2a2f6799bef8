"""How a run is done: claimed, tried, and what came of it written down; what is temporary is tried again.

1. The run is claimed: its start is counted and committed before anything else can happen.
2. One whose starts did not end so often in a row is set aside: it breaks whoever does it.
3. The broker acts, outside any transaction. Each call of it is recorded by its host.
4. The result, the transcript and what the run asks of alerts are one transaction, by who still holds it.

Who dies between 3 and 4 has acted without a record, and the run is done once more: twice is better than
never.
"""

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

from alertops.lib import jobs
from alertops.lib.rows import insert_missing
from alertops.lib.sayings import saying
from brokers.base import BrokerError, Request, TemporaryError, one_line
from brokers.models import BrokerRun, RunRequest
from brokers.operations import failing
from brokers.operations.catalog import UnknownBroker, broker_of
from brokers.operations.hosting import LiveHost
from brokers.operations.payloads import facts_of, payload_of
from brokers.operations.services import secrets_in
from brokers.operations.words import BROKEN, NO_BROKER, deeds_of

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Status = BrokerRun.Status

TAKE_REQUESTS = "integrations.tasks.take_requests"
# Longer than the task queue lets a task of its slow lane run.
LEASE = timedelta(seconds=settings.Q_CLUSTER["ALT_CLUSTERS"]["slow"]["timeout"] + 5)
MOST_STARTS = 3
# After each failure that may pass; the one after the last of them is for good.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30, 120))
LONGEST_WAIT = timedelta(hours=6)
LONGEST_SENTENCE = 500
MOST_LINES = 500

SET_ASIDE = saying("The process that worked on it died %(count)d times in a row, so it was set aside.")
SWITCHED_OFF = saying("It was not run: the service is switched off.")
DIED = saying("A process that worked on it died. What it had done by then may be done twice.")

_DATABASE_AWAY = (OperationalError, InterfaceError)


class Overtaken(Exception):
    """Another process does the run by now: write nothing."""


@dataclass
class Result:
    """What an attempt came to. next_attempt_at: None when it was the last."""

    status: str
    sentence: str
    counts: bool = True
    next_attempt_at: datetime | None = None
    transcript: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


def due(now: datetime) -> QuerySet[BrokerRun]:
    """Return the runs that are to be tried, the longest due first."""
    runs: QuerySet[BrokerRun] = BrokerRun.objects.filter(next_attempt_at__lte=now)
    return runs.order_by("next_attempt_at", "id")


def run_one(run_id: int, *, clock: Clock) -> bool:
    """Try a run that is due; return whether this process had it."""
    now = clock()
    claimable = BrokerRun.objects.filter(pk=run_id, next_attempt_at__lte=now)
    if not claimable.claim(now=now, lease=LEASE):
        return False
    run = BrokerRun.objects.select_related("service__repository", "push").get(pk=run_id)
    run.status, run.started_at = Status.RUNNING, now
    BrokerRun.objects.mine().filter(pk=run_id).update(status=run.status, started_at=now)
    try:
        result = _refused(run) or _try(run, now=now)
        _conclude(run, result, now=clock())
    except Overtaken:
        logger.warning("Run %s is done by another process; what came of it here is not kept.", run_id)
    except _DATABASE_AWAY:
        raise
    except Exception:
        logger.exception("Run %s could not be done.", run_id)
        _give_back(run)
    return True


def _refused(run: BrokerRun) -> Result | None:
    """Return why a run is not even begun."""
    if run.start_count > MOST_STARTS:
        return Result(Status.SET_ASIDE, SET_ASIDE % {"count": MOST_STARTS})
    if run.is_first and not run.service.is_enabled:
        return Result(Status.FAILED, SWITCHED_OFF, counts=False)
    return None


def _try(run: BrokerRun, *, now: datetime) -> Result:
    """Have the broker act, and say what came of it."""
    service = run.service
    try:
        broker = broker_of(service.broker)
    except UnknownBroker:
        return Result(Status.FAILED, NO_BROKER % {"name": service.broker})
    host = LiveHost(secrets=secrets_in(service, broker), run_id=run.pk, earlier=run.transcript)
    try:
        broker(host).handle(payload_of(service, facts_of(run)))
        result = Result(Status.DONE, deeds_of(host.transcript))
    except TemporaryError as error:
        result = _again_or_failed(run, error, now)
    except BrokerError as error:
        result = Result(Status.FAILED, str(error))
    except Exception as error:  # noqa: BLE001 (a broker may raise anything; it is logged without secrets)
        told = host.mask(traceback.format_exc())
        logger.error("The broker %s failed in run %s.\n%s", service.broker, run.pk, told)
        result = Result(Status.FAILED, BROKEN % _named(error))
    result.sentence = one_line(host.mask(result.sentence), LONGEST_SENTENCE)
    result.transcript, result.requests = host.transcript, host.requests
    return result


def _again_or_failed(run: BrokerRun, error: TemporaryError, now: datetime) -> Result:
    if run.is_test or run.attempt_count >= len(WAITS):
        return Result(Status.FAILED, str(error))
    asked = timedelta(seconds=error.retry_after or 0)
    wait = min(max(WAITS[run.attempt_count], asked), LONGEST_WAIT)
    return Result(Status.PENDING, str(error), next_attempt_at=now + wait)


def _named(error: Exception) -> dict[str, str]:
    return {"kind": type(error).__name__, "error": str(error)}


def _conclude(run: BrokerRun, result: Result, *, now: datetime) -> None:
    """Write down what came of an attempt, with all that follows. Raises Overtaken."""
    sentence = one_line(result.sentence, LONGEST_SENTENCE)
    is_over = result.next_attempt_at is None
    attempt = {"kind": "attempt", "number": run.attempt_count + 1, "began_at": _text(run.started_at)}
    end = {"kind": "end", "status": str(result.status), "text": sentence, "ended_at": _text(now)}
    lines = [*run.transcript, attempt, *_deaths(run), *result.transcript, end]
    with transaction.atomic():
        written = (
            BrokerRun.objects.mine()
            .filter(pk=run.pk, start_count=run.start_count)
            .update(
                status=result.status,
                sentence=sentence,
                next_attempt_at=result.next_attempt_at,
                ended_at=now if is_over else None,
                attempt_count=run.attempt_count + 1,
                transcript=lines[-MOST_LINES:],
                start_count=0,
                claimed_by="",
                lease_until=None,
            )
        )
        if not written:
            raise Overtaken
        _ask(run, result.requests)
        if is_over and result.counts and not run.is_test:
            failing.count(run.service_id, sentence, has_failed=result.status != Status.DONE, now=now)


def _deaths(run: BrokerRun) -> list[dict[str, Any]]:
    """Say that an attempt before did not come to its end, if so: what it did is not known."""
    if run.start_count <= 1:
        return []
    return [{"kind": "log", "at": 0, "text": DIED}]


def _ask(run: BrokerRun, requests: list[Request]) -> None:
    """Store what a run asks of alerts; what it asked at an attempt before is there already."""
    rows = [
        RunRequest(run=run, index=index, what={"act": one.action, **_told(one)})
        for index, one in enumerate(requests)
    ]
    insert_missing(rows)
    if rows:
        jobs.nudge(TAKE_REQUESTS)


def _told(request: Request) -> dict[str, str]:
    names = ("key", "subject", "text", "severity", "url")
    return {name: getattr(request, name) for name in names}


def _give_back(run: BrokerRun) -> None:
    """Let the run be tried again; its start counts as one that did not end."""
    held = BrokerRun.objects.mine().filter(pk=run.pk)
    held.update(status=Status.PENDING, lease_until=None, claimed_by="")


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
