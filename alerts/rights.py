"""Who may manage whom, and what: nobody hands out, or takes over, more rights than he has.

A role gives rights over every row of a kind. A team gives its escalation managers rights over the rows that
it owns, which have an `owning_team_id`: Django asks for those by `user.has_perm(permission, row)`.
"""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Group, Permission
from django.db.models import Exists, OuterRef, Q, QuerySet

from alerts.models import Alert, EscalationPolicy, Schedule, Team, User

# What managers may do with what their team owns: all that an integrations admin may, but make, delete or
# give away an integration, a policy or a schedule. A role must let them see it: rights to change do not
# open pages.
_VERBS = ("add", "change", "delete")
_SEE = {"integrations": "integrations.view_integration", "alerts": "alerts.view_escalationpolicy"}
_OF_SCHEDULES = frozenset(
    {
        *(f"alerts.{verb}_{part}" for verb in _VERBS for part in ("rotation", "rotationturn")),
        *(f"alerts.{verb}_{part}" for verb in _VERBS for part in ("rotationhours", "override")),
        "alerts.change_schedule",
    }
)
OF_OWN = _OF_SCHEDULES | frozenset(
    {
        *("integrations.change_integration", "integrations.show_token", "integrations.process_again"),
        *(f"integrations.{verb}_{part}" for verb in _VERBS for part in ("mappingrule", "filter", "route")),
        *(f"alerts.{verb}_escalationstep" for verb in _VERBS),
        "alerts.change_escalationpolicy",
    }
)


class ByTeam(BaseBackend):
    """The rights of a team's escalation managers over what it owns."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        team_id = getattr(obj, "owning_team_id", None)
        return team_id is not None and team_id in _teams_giving(user_obj, perm)


def within_reach(actor: User, permission: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Narrow rows that teams may own to those with which an actor may do something."""
    if actor.has_perm(permission):
        return rows
    return rows.filter(team__in=_teams_giving(actor, permission))


def reaches_any(actor: User, permission: str) -> bool:
    """Tell whether an actor may do something with all rows, or with those of a team."""
    return actor.has_perm(permission) or bool(_teams_giving(actor, permission))


def may_manage(actor: User, person: User) -> bool:
    """Tell whether an actor may change a person's account, password and tokens.

    Whoever can set a password can log in with it, so a person with more rights is out of reach; whether
    the account is active makes no difference, since it can be activated again.
    """
    if actor.is_superuser:
        return True
    return not person.is_superuser and _rights_of(person) <= actor.get_all_permissions()


def may_man(actor: User, team: Team) -> bool:
    """Tell whether an actor may say who is in a team: that gives rights over what the team owns."""
    return actor.is_superuser or actor.get_all_permissions() >= OF_OWN or not owns_anything(team)


def owns_anything(team: Team) -> bool:
    # The class is not to be imported here: integrations stand above alerts.
    integration: Any = Alert._meta.get_field("integration").related_model
    owned: tuple[Any, ...] = (EscalationPolicy.objects, Schedule.objects, integration.objects)
    return any(rows.filter(team=team).exists() for rows in owned)


def grantable_groups(actor: User, groups: QuerySet[Group]) -> QuerySet[Group]:
    """Narrow groups to those that give nothing the actor has not."""
    if actor.is_superuser:
        return groups
    beyond = Permission.objects.exclude(pk__in=_own_permissions(actor)).filter(group=OuterRef("pk"))
    return groups.filter(~Exists(beyond))


def _teams_giving(user: User, permission: str) -> frozenset[int]:
    """Return the teams that give a user a right over what they own."""
    is_given = permission in OF_OWN and user.is_active and user.has_perm(_sight_for(permission))
    return user.managed_team_ids if is_given else frozenset()


def _sight_for(permission: str) -> str:
    """Return the right to see what a permission is about."""
    if permission in _OF_SCHEDULES:
        return "alerts.view_schedule"
    return _SEE[permission.partition(".")[0]]


def _rights_of(person: User) -> set[str]:
    rights = _own_permissions(person).values_list("content_type__app_label", "codename")
    by_team = OF_OWN if person.managed_team_ids else frozenset()
    return {f"{app}.{code}" for app, code in rights} | by_team


def _own_permissions(person: User) -> QuerySet[Permission]:
    return Permission.objects.filter(Q(group__user=person) | Q(user=person)).order_by().distinct()
