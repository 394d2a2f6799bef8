"""Policies to begin with: the five that AlertOps ships, in our words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from alerts.logic.escalation import Role, Step, Stop
from alerts.logic.event import Urgency

FIVE = timedelta(minutes=5)
TIERS = (Role.PRIMARY, Role.SECONDARY, Role.ESCALATION_MANAGER)
_AT_ONCE = timedelta(0)


@dataclass(frozen=True)
class Starter:
    """One policy that can be had by a click; everybody in it is a recipient of the integration."""

    slug: str
    name: Any
    description: Any
    steps: tuple[Step, ...]
    stop: Stop = Stop.ASSIGNED
    runs: int = 1


def _tiers(times: int) -> Iterator[Step]:
    """Yield steps that tell each tier so many times, all five minutes after the one before."""
    for tier in TIERS:
        for time in range(times):
            is_first = tier is TIERS[0] and time == 0
            wait = _AT_ONCE if is_first else FIVE
            yield Step(wait=wait, tells_recipients=True, team_role=tier)


def _once(role: Role, urgency: Urgency | None = None) -> tuple[Step, ...]:
    return (Step(tells_recipients=True, team_role=role, urgency=urgency),)


STARTERS = (
    Starter(
        "five-minutes",
        _("On to the next after 5 minutes"),
        _("Primaries at once, secondaries after 5 minutes, managers after 10, until it has an owner."),
        tuple(_tiers(1)),
    ),
    Starter(
        "six-times",
        _("Six times each, on to the next after 30 minutes"),
        _("Primaries every 5 minutes, then secondaries, then managers, until it has an owner."),
        tuple(_tiers(6)),
    ),
    Starter(
        "all-hands",
        _("All hands"),
        _("Everybody at once and urgently: primaries, secondaries and escalation managers."),
        _once(Role.EVERYBODY, Urgency.HIGH),
    ),
    Starter(
        "all-hands-quietly",
        _("All hands, quietly"),
        _("Everybody at once, with low urgency."),
        _once(Role.EVERYBODY, Urgency.LOW),
    ),
    Starter(
        "managers",
        _("Escalation managers only"),
        _("Only the escalation managers of the recipients' teams, with low urgency."),
        _once(Role.ESCALATION_MANAGER, Urgency.LOW),
    ),
)
