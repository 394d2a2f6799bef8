"""Who may manage whom: nobody hands out, or takes over, more rights than he has."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Exists, OuterRef, Q, QuerySet

from alerts.models import User


def may_manage(actor: User, person: User) -> bool:
    """Tell whether an actor may change a person's account, password and tokens.

    Whoever can set a password can log in with it, so a person with more rights is out of reach; whether
    the account is active makes no difference, since it can be activated again.
    """
    if actor.is_superuser:
        return True
    return not person.is_superuser and _rights_of(person) <= actor.get_all_permissions()


def grantable_groups(actor: User, groups: QuerySet[Group]) -> QuerySet[Group]:
    """Narrow groups to those that give nothing the actor has not."""
    if actor.is_superuser:
        return groups
    beyond = Permission.objects.exclude(pk__in=_own_permissions(actor)).filter(group=OuterRef("pk"))
    return groups.filter(~Exists(beyond))


def _rights_of(person: User) -> set[str]:
    rights = _own_permissions(person).values_list("content_type__app_label", "codename")
    return {f"{app}.{code}" for app, code in rights}


def _own_permissions(person: User) -> QuerySet[Permission]:
    return Permission.objects.filter(Q(group__user=person) | Q(user=person)).order_by().distinct()
