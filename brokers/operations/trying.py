"""Trying a service: what it would do with a push, with nothing done; doing it; and running it again."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alertops.lib import jobs
from brokers.base import BrokerError, Request, one_line
from brokers.models import BrokerRun, Push, RepositoryService
from brokers.operations.arrivals import RUN
from brokers.operations.catalog import UnknownBroker, broker_of
from brokers.operations.hosting import DryHost
from brokers.operations.payloads import payload_of
from brokers.operations.recent import pushes_to
from brokers.operations.services import secrets_in
from brokers.operations.words import BROKEN, NO_BROKER

logger = logging.getLogger(__name__)

MOST_RECORDED = 20  # pushes that are offered


@dataclass(frozen=True)
class Rehearsal:
    """What a service would do. problem: why it would fail, as far as that can be known here."""

    transcript: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    problem: str = ""


def recorded(service: RepositoryService) -> list[Push]:
    """Return the last pushes of a service's repository, the newest first."""
    return list(pushes_to(service.repository_id)[:MOST_RECORDED])


def rehearse(service: RepositoryService, kept: dict[str, Any]) -> Rehearsal:
    """Return what a service would do with a push: nobody is called, and every call is taken for answered."""
    try:
        broker = broker_of(service.broker)
    except UnknownBroker:
        return Rehearsal(problem=NO_BROKER % {"name": service.broker})
    host = DryHost(secrets=secrets_in(service, broker))
    problem = ""
    try:
        broker(host).handle(payload_of(service, kept))
    except BrokerError as error:
        problem = str(error)
    except Exception as error:
        logger.exception("The broker %s failed in a rehearsal.", service.broker)
        names = {"kind": type(error).__name__, "error": one_line(error, 300)}
        problem = BROKEN % names
    return Rehearsal(host.transcript, host.requests, host.mask(problem))


def begin_test(
    service: RepositoryService,
    *,
    push: Push | None = None,
    sample: dict[str, Any] | None = None,
    requested_by: Any,
    now: datetime,
) -> BrokerRun:
    """Have a service really act on a push that was recorded, or on an example; return the run."""
    return _begin(service, push, sample, requested_by=requested_by, now=now, is_test=True)


def run_again(run: BrokerRun, *, requested_by: Any, now: datetime) -> BrokerRun:
    """Have a service act on the same push once more, by its settings as they are now; return the new run."""
    return _begin(
        run.service,
        run.push,
        run.sample,
        requested_by=requested_by,
        now=now,
        is_test=run.is_test,
        again_of=run,
    )


def _begin(
    service: RepositoryService,
    push: Push | None,
    sample: dict[str, Any] | None,
    **more: Any,
) -> BrokerRun:
    now = more.pop("now")
    run = BrokerRun.objects.create(
        service=service,
        repository_id=service.repository_id,
        push=push,
        sample=sample,
        is_first=False,
        created_at=now,
        next_attempt_at=now,
        **more,
    )
    jobs.nudge(RUN, cluster=jobs.SLOW)
    return run
