"""What a broker is handed: the historic payload of a push, for one service."""

from typing import Any

from brokers.logic.push import historic_payload
from brokers.models import BrokerRun, RepositoryService
from brokers.operations import facts
from brokers.operations.arrivals import branches_for
from brokers.operations.services import handed_over, shown_settings


def payload_of(
    service: RepositoryService, kept: dict[str, Any], *, settings: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the payload of a push for a service, its settings and secrets included.

    kept: the facts of a push.  settings: what is handed over instead of the service's own.
    What somebody has run on a push that the filter would not let through is told of all its branches.
    """
    push = facts.load(kept["push"])
    branches = branches_for(service, push) or [change.name for change in push.branch_changes]
    payload = historic_payload(push, seen=kept["seen"], branches=branches)
    handed = handed_over(service) if settings is None else settings
    return {**payload, "broker": service.broker, "service": handed}


def shown_payload(run: BrokerRun) -> dict[str, Any]:
    """Return the payload of a run as people may see it: of the service only what is no secret."""
    payload = payload_of(run.service, facts_of(run), settings={})
    return {**payload, "service": dict(shown_settings(run.service))}


def facts_of(run: BrokerRun) -> dict[str, Any]:
    """Return the facts of the push that a run acts on, or of the example."""
    found: dict[str, Any] = run.push.facts if run.push else run.sample or {}
    return found
