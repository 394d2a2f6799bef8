"""Whom a step reaches: its people, looked up at the moment it runs."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from django.db.models import BigIntegerField, QuerySet, Value, prefetch_related_objects

from alertops.lib.compiled import compiled
from alertops.lib.sayings import saying
from alerts.logic.escalation import Step, TeamOrder
from alerts.logic.lifecycle import Status
from alerts.models import Alert, EscalationPolicy, Team, TeamMembership, User
from alerts.operations import telling

# What is related to an alert or an integration, by its id.
_Related = defaultdict[Any, list[int]]
_EMPTY_TEAM = saying("team %(team)s (nobody is in it)")
_NOBODY = Value(None, output_field=BigIntegerField())


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
        senders = {alert.integration_id for alert in told if alert.integration_id}
        self._named_users, self._named_teams = _pairs(_named, {alert.pk for alert in told})
        self._sender_users, self._sender_teams = _pairs(_recipients, senders)
        self._knowing, _ = _pairs(_acknowledgers, {alert.pk for alert in filter(_is_acknowledged, alerts)})
        users = {pk for step in steps for pk in step.users}
        users.update(*self._named_users.values(), *self._sender_users.values())
        self._users = {user.pk: user for user in _ask(_users, users)}
        teams = {pk for step in steps for pk in step.teams}
        teams.update(*self._named_teams.values(), *self._sender_teams.values())
        self._teams = {team.pk: team for team in _ask(_teams, teams)}
        self._members: dict[int, list[User]] = defaultdict(list)
        for membership in _ask(_memberships, self._teams):
            self._members[membership.team_id].append(membership.user)

    def name(self, alert: Alert, users: Iterable[User], teams: Iterable[Team]) -> None:
        """Have people and teams named by the event of an alert that is not saved."""
        for user in users:
            self._users[user.pk] = user
            self._named_users[alert.pk].append(user.pk)
        for team in teams:
            self._teams[team.pk] = team
            self._named_teams[alert.pk].append(team.pk)
            self._members[team.pk] = [row.user for row in _ask(_memberships, [team.pk])]

    def users(self, ids: Iterable[int]) -> list[User]:
        return [self._users[pk] for pk in ids if pk in self._users]

    def teams(self, ids: Iterable[int]) -> dict[Team, list[User]]:
        """Return teams in the order of their names, with their members in order."""
        wanted = set(ids)
        return {team: self._members[pk] for pk, team in self._teams.items() if pk in wanted}

    def recipients(self, alert: Alert) -> list[User]:
        """Return whom the alert's events named and its integration tells."""
        users = self.users((*self._named_users[alert.pk], *self._sender_users[alert.integration_id]))
        teams = self.teams((*self._named_teams[alert.pk], *self._sender_teams[alert.integration_id]))
        return [*users, *chain.from_iterable(teams.values())]

    def knowing(self, alert: Alert) -> Collection[int]:
        """Return who has acknowledged and is left in peace: nobody once the alert is open again."""
        return self._knowing[alert.pk]

    @cached_property
    def superusers(self) -> tuple[User, ...]:
        return tuple(_superusers())


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


def with_recipients(alerts: Iterable[Alert], *, plain: Collection[int] = ()) -> set[int]:
    """Return the numbers of those alerts for which the integration or the events named anybody at all.

    plain: numbers of alerts whose events named nobody.
    """
    asked = {alert.pk: alert for alert in alerts}
    named = {pk for pk, *_someone in _ask(_named, asked.keys() - set(plain))}
    senders = {alert.integration_id for alert in asked.values() if alert.integration_id}
    having = {pk for pk, *_someone in _ask(_recipients, senders)}
    return named | {pk for pk, alert in asked.items() if alert.integration_id in having}


@compiled
def _named(alert_ids: Sequence[int]) -> QuerySet:
    """Return alert, user and team, one of both, in the order in which they were named."""
    users = Alert.named_users.through.objects.filter(alert__in=alert_ids)
    teams = Alert.named_teams.through.objects.filter(alert__in=alert_ids)
    return _users_and_teams("alert_id", users, teams)


@compiled
def _recipients(integration_ids: Sequence[int]) -> QuerySet:
    """Return the same of integrations, whose class is not to be imported here."""
    sender: Any = Alert._meta.get_field("integration").related_model
    users = sender.recipient_users.through.objects.filter(integration__in=integration_ids)
    teams = sender.recipient_teams.through.objects.filter(integration__in=integration_ids)
    return _users_and_teams("integration_id", users, teams)


@compiled
def _acknowledgers(alert_ids: Sequence[int]) -> QuerySet:
    knowing: QuerySet = Alert.acknowledgers.through.objects.filter(alert__in=alert_ids)
    return knowing.annotate(team=_NOBODY).values_list("alert_id", "user_id", "team", "pk").order_by("pk")


@compiled
def _superusers() -> QuerySet:
    """Return who is told when nobody else is left."""
    return User.objects.filter(is_superuser=True, is_active=True).exclude(email="").order_by("pk")


@compiled
def _users(ids: Sequence[int]) -> QuerySet:
    return User.objects.filter(pk__in=ids)


@compiled
def _teams(ids: Sequence[int]) -> QuerySet:
    return Team.objects.filter(pk__in=ids)


@compiled
def _memberships(team_ids: Sequence[int]) -> QuerySet:
    return TeamMembership.objects.filter(team__in=team_ids).select_related("user").order_by("position", "pk")


def _users_and_teams(of: str, users: QuerySet, teams: QuerySet) -> QuerySet:
    of_users = users.annotate(team=_NOBODY).values_list(of, "user_id", "team", "pk")
    of_teams = teams.annotate(user=_NOBODY).values_list(of, "user", "team_id", "pk")
    return of_users.union(of_teams, all=True).order_by("pk")


def _pairs(question: Callable[[Sequence[int]], list[Any]], ids: Collection[int]) -> tuple[_Related, _Related]:
    """Return the users and the teams that a question finds for each of some ids."""
    users, teams = defaultdict(list), defaultdict(list)
    for pk, user_id, team_id, _row in _ask(question, ids):
        if user_id:
            users[pk].append(user_id)
        else:
            teams[pk].append(team_id)
    return users, teams


def _ask(question: Callable[[Sequence[int]], list[Any]], ids: Collection[int]) -> list[Any]:
    return question(sorted(ids)) if ids else []


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
    return [_EMPTY_TEAM % {"team": team} for team, users in teams.items() if not users]
