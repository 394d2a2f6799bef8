"""Whom a step reaches: its people, looked up at the moment it runs."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any

from django.db.models import BigIntegerField, QuerySet, Value, prefetch_related_objects

from alertops.lib.compiled import compiled
from alertops.lib.sayings import saying
from alerts.logic.escalation import Role, Step, TeamOrder
from alerts.logic.lifecycle import Status
from alerts.models import Alert, EscalationPolicy, Schedule, Team, TeamMembership, User
from alerts.operations import telling
from alerts.operations.on_call import Cover, on_call

# What is related to an alert or an integration, by its id.
_Related = defaultdict[Any, list[int]]
_EMPTY_TEAM = saying("team %(team)s (nobody is in it)")
_EMPTY_ROLE = saying("team %(team)s (nobody in it has this role)")
_NOT_COVERED = saying("schedule %(schedule)s (nobody is on call)")
_NOBODY = Value(None, output_field=BigIntegerField())


@dataclass(frozen=True)
class Targets:
    """The people of a step.

    people: to be told.  knowing: who know already and are left in peace.
    missed: who cannot be told, with the reason, in words.
    covered_at: when somebody is on call again, where a schedule means to have nobody now.
    """

    people: tuple[User, ...]
    knowing: tuple[User, ...]
    missed: tuple[str, ...]
    covered_at: datetime | None = None

    @property
    def is_nobody(self) -> bool:
        return not self.people and not self.knowing


class Directory:
    """Everybody whom steps may reach for some alerts, read in a few statements however many they are.

    Who is on call is asked for each instant that is looked at, and only where a step names a schedule.
    """

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
        self._members: dict[int, list[TeamMembership]] = defaultdict(list)
        for membership in _ask(_memberships, self._teams):
            self._members[membership.team_id].append(membership)
        schedules = {pk for step in steps for pk in step.schedules}
        self._schedules = Schedule.objects.in_bulk(schedules) if schedules else {}
        self._covers: dict[datetime, dict[int, Cover]] = {}

    def name(self, alert: Alert, users: Iterable[User], teams: Iterable[Team]) -> None:
        """Have people and teams named by the event of an alert that is not saved."""
        for user in users:
            self._users[user.pk] = user
            self._named_users[alert.pk].append(user.pk)
        for team in teams:
            self._teams[team.pk] = team
            self._named_teams[alert.pk].append(team.pk)
            self._members[team.pk] = _ask(_memberships, [team.pk])

    def users(self, ids: Iterable[int]) -> list[User]:
        return [self._users[pk] for pk in ids if pk in self._users]

    def teams(self, ids: Iterable[int], role: Role) -> dict[Team, list[User]]:
        """Return teams in the order of their names, with their members of a role in order."""
        wanted = set(ids)
        return {
            team: [row.user for row in self._members[pk] if role in (Role.EVERYBODY, row.role)]
            for pk, team in self._teams.items()
            if pk in wanted
        }

    def recipients(self, alert: Alert, role: Role) -> list[User]:
        """Return whom the alert's events named and its integration tells; of teams, those of a role."""
        users = self.users((*self._named_users[alert.pk], *self._sender_users[alert.integration_id]))
        teams = self.teams((*self._named_teams[alert.pk], *self._sender_teams[alert.integration_id]), role)
        return [*users, *chain.from_iterable(teams.values())]

    def covers(self, step: Step, at: datetime) -> dict[Schedule, Cover]:
        """Return the schedules of a step that are still there, and who is on call by them at an instant."""
        known = [pk for pk in step.schedules if pk in self._schedules]
        if not known:
            return {}
        if at not in self._covers:
            self._covers[at] = on_call(list(self._schedules), at)
        return {self._schedules[pk]: self._covers[at][pk] for pk in known}

    def knowing(self, alert: Alert) -> Collection[int]:
        """Return who has acknowledged and is left in peace: nobody once the alert is open again."""
        return self._knowing[alert.pk]

    @cached_property
    def superusers(self) -> tuple[User, ...]:
        return tuple(_superusers())


def targets_of(step: Step, member: int, alert: Alert, directory: Directory, at: datetime) -> Targets:
    """Return whom a step reaches at an instant.

    member: where a team is told one by one, its place in the team's order; the step's other people come
    with the first.
    """
    teams = directory.teams(step.teams, step.team_role)
    if step.team_order is TeamOrder.ONE_BY_ONE:
        named = [user for users in teams.values() for user in users[member : member + 1]]
    else:
        named = [user for users in teams.values() for user in users]
    if member:
        return _sorted_out({user.pk: user for user in named}, [], directory.knowing(alert))
    recipients = directory.recipients(alert, step.team_role) if step.tells_recipients else []
    duty = _duty(step, alert, directory.covers(step, at))
    named = [*directory.users(step.users), *recipients, *duty.people, *named]
    reach = _sorted_out(
        {user.pk: user for user in named}, [*duty.missed, *_empty(step, teams)], directory.knowing(alert)
    )
    return replace(reach, covered_at=duty.covered_at)


def team_size(step: Step, directory: Directory) -> int:
    """Return how many members the longest team of a step that tells one by one has."""
    if step.team_order is TeamOrder.ALL:
        return 0
    return max((len(users) for users in directory.teams(step.teams, step.team_role).values()), default=0)


def last_resort(policy: EscalationPolicy | None, directory: Directory) -> Targets:
    """Return who is told when nobody is left: the policy's last resort, else all superusers."""
    chosen = policy.last_resort if policy else None
    if chosen is not None and telling.is_reachable(chosen):
        return Targets((chosen,), (), ())
    missed = (telling.why_not(chosen),) if chosen else ()
    return Targets(directory.superusers, (), missed)


def on_duty(user_ids: Sequence[int], steps: Collection[Step], at: datetime) -> tuple[int, ...]:
    """Return those of some users who are on call by a schedule of some steps; all, where none names one."""
    schedules = {pk for step in steps for pk in step.schedules}
    if not user_ids or not schedules:
        return tuple(user_ids)
    covers = on_call(schedules, at).values()
    there = {user.pk for cover in covers for user in _with_role(cover, Role.EVERYBODY)}
    return tuple(pk for pk in user_ids if pk in there)


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


def _duty(step: Step, alert: Alert, covers: dict[Schedule, Cover]) -> Targets:
    """Return the owner while that person is on call, else who is on call; the owner where no schedule is.

    covered_at: the earliest time at which a schedule is covered again that means to have nobody now.
    """
    owner = alert.owner if step.tells_owner else None
    if owner and (not covers or any(owner in _with_role(cover, Role.EVERYBODY) for cover in covers.values())):
        return Targets((owner,), (), ())
    people = [user for cover in covers.values() for user in _with_role(cover, step.schedule_role)]
    empty = {row: cover for row, cover in covers.items() if not _with_role(cover, step.schedule_role)}
    returns = [
        cover.covered_again_at
        for cover in empty.values()
        if cover.is_intended_gap and cover.covered_again_at is not None
    ]
    missed = tuple(_NOT_COVERED % {"schedule": row} for row in empty)
    return Targets(tuple(people), (), missed, min(returns, default=None))


def _with_role(cover: Cover, role: Role) -> tuple[User, ...]:
    """Return those on call of a role; who has several comes once."""
    by_role = {
        Role.PRIMARY: cover.primary,
        Role.SECONDARY: cover.secondary,
        Role.ESCALATION_MANAGER: cover.escalation_managers,
    }
    wanted = by_role.values() if role is Role.EVERYBODY else [by_role[role]]
    return tuple(dict.fromkeys(chain.from_iterable(wanted)))


def _empty(step: Step, teams: dict[Team, list[User]]) -> list[str]:
    why = _EMPTY_TEAM if step.team_role is Role.EVERYBODY else _EMPTY_ROLE
    return [why % {"team": team} for team, users in teams.items() if not users]
