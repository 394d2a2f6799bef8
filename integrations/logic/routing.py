"""Where an event goes besides its integration's own policy and recipients."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alertops.lib.conditions import Condition, Scope, judge
from alerts.logic.event import Event
from alerts.logic.hours import Hours, is_within


@dataclass(frozen=True)
class Route:
    """One case, and what is so in it; what is empty does not matter.

    number: as people count them.  condition: on the delivery.  hours: within them, or outside.
    policy_id: in place of the integration's.  teams: names of those who are recipients, too.
    """

    number: int
    condition: Condition | None = None
    hours: Hours | None = None
    is_outside: bool = False
    policy_id: int | None = None
    teams: tuple[str, ...] = ()

    def is_open(self, at: datetime) -> bool:
        """Tell whether its hours are now."""
        return self.hours is None or is_within(self.hours, at) != self.is_outside


def fitting(routes: Sequence[Route], scope: Scope) -> tuple[Route, ...]:
    """Return those routes, in order, that fit what was delivered; their hours are not asked."""
    return tuple(route for route in routes if route.condition is None or judge(route.condition, scope).holds)


def follow(event: Event, routes: Sequence[Route], at: datetime) -> Event:
    """Return an event with the policy of the first of its routes that has one now, and all their teams."""
    open_now = [route for route in routes if route.is_open(at)]
    if not open_now:
        return event
    policy_id = next((route.policy_id for route in open_now if route.policy_id is not None), event.policy_id)
    teams = dict.fromkeys((*event.teams, *(team for route in open_now for team in route.teams)))
    return replace(event, policy_id=policy_id, teams=tuple(teams))
