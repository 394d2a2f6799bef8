"""Who may see and manage what: by a role everything, as an administrator of a repository that one."""

from typing import Any

from django.db.models import Q, QuerySet

from brokers.models import Repository, RepositoryService

VIEW, MANAGE = "brokers.view_repository", "brokers.change_repositoryservice"


def visible_to(user: Any) -> QuerySet[Repository]:
    """Return the repositories whose services, pushes and runs a person may see."""
    return _all_or_own(user, VIEW)


def managed_by(user: Any) -> QuerySet[Repository]:
    """Return the repositories whose services a person may add, change, try, run again and delete."""
    return _all_or_own(user, MANAGE)


def sees_all(user: Any) -> bool:
    return bool(user.has_perm(VIEW))


def sees_any(user: Any) -> bool:
    """Tell whether there is a page about repositories that a person may open."""
    return user.has_perm(VIEW) or _own(user).exists()


def manages_any(user: Any) -> bool:
    return user.has_perm(MANAGE) or _own(user).exists()


def may_see(user: Any, repository_id: int) -> bool:
    return user.has_perm(VIEW) or _own(user).filter(pk=repository_id).exists()


def may_manage(user: Any, repository_id: int) -> bool:
    return user.has_perm(MANAGE) or _own(user).filter(pk=repository_id).exists()


def stays_manager(user: Any, repository: Repository, people: QuerySet, teams: QuerySet) -> bool:
    """Tell whether a person who manages a repository's services would do so under new administrators too."""
    if user.has_perm(MANAGE) or not _own(user).filter(pk=repository.pk).exists():
        return True
    return people.filter(pk=user.pk).exists() or teams.filter(members=user.pk).exists()


def administrators_of(service: RepositoryService, users: Any) -> list[Any]:
    """Return who is told about a service: its repository's administrators, else the superusers.

    users: the class of people.
    """
    repository = service.repository_id
    named = Q(
        pk__in=Repository.administrator_users.through.objects.filter(repository=repository).values("user")
    )
    in_teams = Repository.administrator_teams.through.objects.filter(repository=repository).values("team")
    active = users.objects.filter(is_active=True).exclude(email="")
    found = active.filter(named | Q(memberships__team__in=in_teams)).distinct()
    return list(found) or list(active.filter(is_superuser=True))


def _all_or_own(user: Any, permission: str) -> QuerySet[Repository]:
    return Repository.objects.all() if user.has_perm(permission) else _own(user)


def _own(user: Any) -> QuerySet[Repository]:
    if not (user.is_authenticated and user.is_active):
        return Repository.objects.none()
    return Repository.objects.administered_by(user)
