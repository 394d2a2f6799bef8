"""Whom a step reaches: its people, looked up at the moment it runs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from django.db.models import Model, prefetch_related_objects
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


class Directory:
    """Everybody whom steps may reach for some alerts, read in a few statements however many they are."""

    def __init__(self, alerts: Sequence[Alert], steps: Collection[Step]) -> None:
        if any(step.tells_owner for step in steps):
            prefetch_related_objects(alerts, "owner")
        told = alerts if any(step.tells_recipients for step in steps) else []
        prefetch_related_objects(told, "integration__recipient_users", "integration__recipient_teams")
        self._named_users = _ids_of(Alert.named_users.through, "user_id", told)
        self._named_teams = _ids_of(Alert.named_teams.through, "team_id", told)
        self._knowing = _ids_of(Alert.acknowledgers.through, "user_id", filter(_is_acknowledged, alerts))
        users = {pk for step in steps for pk in step.users}.union(*self._named_users.values())
        self._users = User.objects.in_bulk(users)
        own_teams = {pk for step in steps for pk in step.teams}
        team_ids = own_teams.union(*self._named_teams.values(), *map(_recipient_team_ids, told))
        self._teams = {team.pk: team for team in Team.objects.filter(pk__in=team_ids)}
        self._members: dict[int, list[User]] = defaultdict(list)
        memberships = TeamMembership.objects.filter(team__in=team_ids).select_related("user")
        for membership in memberships.order_by("position", "pk"):
            self._members[membership.team_id].append(membership.user)

    def users(self, ids: Iterable[int]) -> list[User]:
        return [self._users[pk] for pk in ids if pk in self._users]

    def teams(self, ids: Iterable[int]) -> dict[Team, list[User]]:
        """Return teams in the order of their names, with their members in order."""
        wanted = set(ids)
        return {team: self._members[pk] for pk, team in self._teams.items() if pk in wanted}

    def recipients(self, alert: Alert) -> list[User]:
        """Return whom the alert's events named and its integration tells."""
        users = self.users(self._named_users[alert.pk])
        if alert.integration:
            users += alert.integration.recipient_users.all()
        teams = self.teams({*self._named_teams[alert.pk], *_recipient_team_ids(alert)})
        return [*users, *chain.from_iterable(teams.values())]

    def knowing(self, alert: Alert) -> Collection[int]:
        """Return who has acknowledged and is left in peace: nobody once the alert is open again."""
        return self._knowing[alert.pk]

    @cached_property
    def superusers(self) -> tuple[User, ...]:
        active = User.objects.filter(is_superuser=True, is_active=True)
        return tuple(active.exclude(email="").order_by("pk"))


def targets_of(step: Step, member: int, alert: Alert, directory: Directory) -> Targets:
    """Return whom a step reaches now.

    member: where a team is told one by one, its place in the team's order; the step's other people come
    with the first.
    """
    teams = directory.teams(step.teams)
    if step.team_order is TeamOrder.ONE_BY_ONE:
        named = [user for users in teams.values() for user in users[member : member + 1]]
    else:
        named = [user for users in teams.values() for user in users]
    if member == 0:
        recipients = directory.recipients(alert) if step.tells_recipients else []
        named = [*directory.users(step.users), *recipients, *_owner(step, alert), *named]
    missed = _empty(teams) if member == 0 else []
    return _sorted_out({user.pk: user for user in named}, missed, directory.knowing(alert))


def team_size(step: Step, directory: Directory) -> int:
    """Return how many members the longest team of a step that tells one by one has."""
    if step.team_order is TeamOrder.ALL:
        return 0
    return max((len(users) for users in directory.teams(step.teams).values()), default=0)


def last_resort(policy: EscalationPolicy | None, directory: Directory) -> Targets:
    """Return who is told when nobody is left: the policy's last resort, else all superusers."""
    chosen = policy.last_resort if policy else None
    if chosen is not None and telling.is_reachable(chosen):
        return Targets((chosen,), (), ())
    missed = (telling.why_not(chosen),) if chosen else ()
    return Targets(directory.superusers, (), missed)


def with_recipients(alerts: Iterable[Alert]) -> set[int]:
    """Return the numbers of those alerts for which the integration or the events named anybody at all."""
    asked = {alert.pk: alert for alert in alerts}
    if not asked:
        return set()
    users = Alert.named_users.through.objects.filter(alert__in=asked).values_list("alert_id")
    teams = Alert.named_teams.through.objects.filter(alert__in=asked).values_list("alert_id")
    named = {pk for (pk,) in users.union(teams)}
    one_of_each = {alert.integration_id: alert for alert in asked.values()}
    having = {pk for pk, alert in one_of_each.items() if _has_recipients(alert)}
    return named | {pk for pk, alert in asked.items() if alert.integration_id in having}


def _has_recipients(alert: Alert) -> bool:
    integration = alert.integration
    return integration is not None and (
        integration.recipient_users.exists() or integration.recipient_teams.exists()
    )


def _ids_of(through: type[Model], column: str, alerts: Iterable[Alert]) -> dict[int, list[int]]:
    """Return the ids that a table relates to each of some alerts."""
    found: dict[int, list[int]] = defaultdict(list)
    pairs = through._default_manager.filter(alert__in=[alert.pk for alert in alerts]).order_by("pk")
    for alert_id, pk in pairs.values_list("alert_id", column):
        found[alert_id].append(pk)
    return found


def _recipient_team_ids(alert: Alert) -> list[int]:
    return [team.pk for team in alert.integration.recipient_teams.all()] if alert.integration else []


def _is_acknowledged(alert: Alert) -> bool:
    return alert.status == Status.ACKNOWLEDGED


def _sorted_out(named: dict[int, User], missed: list[str], knowing: Collection[int]) -> Targets:
    """Tell those who can be told from those who know and those who cannot."""
    asked = [user for pk, user in named.items() if pk not in knowing]
    return Targets(
        people=tuple(filter(telling.is_reachable, asked)),
        knowing=tuple(user for pk, user in named.items() if pk in knowing),
        missed=(*missed, *(telling.why_not(user) for user in asked if not telling.is_reachable(user))),
    )


def _owner(step: Step, alert: Alert) -> list[User]:
    return [alert.owner] if step.tells_owner and alert.owner else []


def _empty(teams: dict[Team, list[User]]) -> list[str]:
    return [
        _("team %(team)s (nobody is in it)") % {"team": team} for team, users in teams.items() if not users
    ]
