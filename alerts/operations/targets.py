"""Whom a step reaches: its people, looked up at the moment it runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from alerts.logic.escalation import Step, TeamOrder
from alerts.logic.lifecycle import Status
from alerts.models import Alert, EscalationPolicy, Team, TeamMembership, User
from alerts.operations import telling


@dataclass(frozen=True)
class Targets:
    """The people of a step.

    people: to be told.  knowing: who know already and are left in peace.
    missed: who cannot be told, with the reason, in words.
    """

    people: tuple[User, ...]
    knowing: tuple[User, ...]
    missed: tuple[str, ...]


def targets_of(step: Step, member: int, alert: Alert) -> Targets:
    """Return whom a step reaches now.

    member: where a team is told one by one, its place in the team's order; the step's other people come
    with the first.
    """
    teams = _teams(step.teams)
    if step.team_order is TeamOrder.ONE_BY_ONE:
        named = [user for users in teams.values() for user in users[member : member + 1]]
    else:
        named = [user for users in teams.values() for user in users]
    if member == 0:
        named = [*_users(step.users), *_recipients(step, alert), *_owner(step, alert), *named]
    missed = _empty(teams) if member == 0 else []
    return _sorted_out({user.pk: user for user in named}, missed, _acknowledgers(alert))


def team_size(step: Step) -> int:
    """Return how many members the longest team of a step that tells one by one has."""
    if step.team_order is TeamOrder.ALL:
        return 0
    return max((len(users) for users in _teams(step.teams).values()), default=0)


def last_resort(policy: EscalationPolicy | None) -> Targets:
    """Return who is told when nobody is left: the policy's last resort, else all superusers."""
    chosen = policy.last_resort if policy else None
    if chosen is not None and telling.is_reachable(chosen):
        return Targets((chosen,), (), ())
    superusers = User.objects.filter(is_superuser=True, is_active=True).exclude(email="")
    missed = (telling.why_not(chosen),) if chosen else ()
    return Targets(tuple(superusers.order_by("pk")), (), missed)


def has_recipients(alert: Alert) -> bool:
    """Tell whether the integration or the events named anybody at all."""
    return any(people.exists() for people in (*_recipient_users(alert), *_recipient_teams(alert)))


def _sorted_out(named: dict[int, User], missed: list[str], knowing: set[int]) -> Targets:
    """Tell those who can be told from those who know and those who cannot."""
    asked = [user for pk, user in named.items() if pk not in knowing]
    return Targets(
        people=tuple(filter(telling.is_reachable, asked)),
        knowing=tuple(user for pk, user in named.items() if pk in knowing),
        missed=(*missed, *(telling.why_not(user) for user in asked if not telling.is_reachable(user))),
    )


def _users(ids: tuple[int, ...]) -> list[User]:
    found = User.objects.in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def _teams(ids: Iterable[int]) -> dict[Team, list[User]]:
    teams: dict[Team, list[User]] = {team: [] for team in Team.objects.filter(pk__in=set(ids))}
    by_id = {team.pk: team for team in teams}
    memberships = TeamMembership.objects.filter(team__in=by_id).select_related("user")
    for membership in memberships.order_by("position", "pk"):
        teams[by_id[membership.team_id]].append(membership.user)
    return teams


def _recipients(step: Step, alert: Alert) -> Iterator[User]:
    if step.tells_recipients:
        for users in _recipient_users(alert):
            yield from users
        team_ids = [pk for teams in _recipient_teams(alert) for pk in teams.values_list("pk", flat=True)]
        for members in _teams(team_ids).values():
            yield from members


def _owner(step: Step, alert: Alert) -> list[User]:
    return [alert.owner] if step.tells_owner and alert.owner else []


def _recipient_users(alert: Alert) -> list[QuerySet[User]]:
    integration = alert.integration
    return [alert.named_users.all(), *([integration.recipient_users.all()] if integration else [])]


def _recipient_teams(alert: Alert) -> list[QuerySet[Team]]:
    integration = alert.integration
    return [alert.named_teams.all(), *([integration.recipient_teams.all()] if integration else [])]


def _empty(teams: dict[Team, list[User]]) -> list[str]:
    return [
        _("team %(team)s (nobody is in it)") % {"team": team} for team, users in teams.items() if not users
    ]


def _acknowledgers(alert: Alert) -> set[int]:
    """Return who is left in peace: nobody once the alert is open again."""
    if alert.status != Status.ACKNOWLEDGED:
        return set()
    return set(alert.acknowledgers.values_list("pk", flat=True))
