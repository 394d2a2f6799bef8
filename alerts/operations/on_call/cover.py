"""Who is on call at an instant: what a step asks when it runs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from alerts.logic import oncall
from alerts.logic.oncall import Role
from alerts.models import Schedule, User
from alerts.operations.on_call.reading import schedules_of


@dataclass(frozen=True)
class Cover:
    """Who is on call in a schedule, role by role, each in order.

    is_intended_gap: nobody is, in any role, and the schedule says that this is intended.
    covered_again_at: when somebody is again, in whatever role; None while somebody is, and where nobody
    will be within 400 days.
    Deactivated people are left out; a time in which only they are on call is no intended gap.
    """

    primary: tuple[User, ...] = ()
    secondary: tuple[User, ...] = ()
    escalation_managers: tuple[User, ...] = ()
    is_intended_gap: bool = False
    covered_again_at: datetime | None = None

    def of(self, role: Role) -> tuple[User, ...]:
        return {
            Role.PRIMARY: self.primary,
            Role.SECONDARY: self.secondary,
            Role.ESCALATION_MANAGER: self.escalation_managers,
        }[role]


def on_call(schedules: Collection[int], at: datetime) -> dict[int, Cover]:
    """Return who is on call in each of some schedules, by number; one that is not there has nobody.

    A fixed number of statements, however many schedules.
    """
    rows = Schedule.objects.in_bulk(set(schedules))
    shapes = schedules_of(list(rows), at, None)
    having = {pk: oncall.on_call_at(shape, at) for pk, shape in shapes.items()}
    users = _active(user for roles in having.values() for ids in roles.values() for user in ids)
    covers = {pk: _cover(rows[pk], shape, having[pk], users, at) for pk, shape in shapes.items()}
    return {pk: covers.get(pk, Cover()) for pk in schedules}


def _active(ids: Iterable[int]) -> dict[int, User]:
    return {user.pk: user for user in User.objects.filter(pk__in=set(ids), is_active=True)}


def _cover(
    row: Schedule,
    shape: oncall.Schedule,
    having: dict[Role, tuple[int, ...]],
    users: dict[int, User],
    at: datetime,
) -> Cover:
    if not having:
        again = oncall.covered_again_at(shape, at)
        return Cover(is_intended_gap=row.is_uncovered_time_intended, covered_again_at=again)
    found = {role: tuple(users[pk] for pk in ids if pk in users) for role, ids in having.items()}
    return Cover(
        primary=found.get(Role.PRIMARY, ()),
        secondary=found.get(Role.SECONDARY, ()),
        escalation_managers=found.get(Role.ESCALATION_MANAGER, ()),
    )
