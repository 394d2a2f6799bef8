"""What is done with repository services: made, changed, switched, duplicated; their secrets kept apart."""

import itertools
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from brokers.base import REPOSITORY_TOKEN, REPOSITORY_URL, BaseBroker, clean_settings
from brokers.logic.fields import secret_values
from brokers.logic.push.bitbucket import UNTOLD
from brokers.models import Repository, RepositoryService
from brokers.operations.catalog import UnknownBroker, broker_of

LONGEST_TITLE = 100


def add_service(
    repository: Repository,
    broker: str,
    *,
    title: str = "",
    branch_filter: str = "",
    settings: Mapping[str, Any] | None = None,
    now: datetime,
) -> RepositoryService:
    """Enable a broker on a repository. Raises UnknownBroker and InvalidSettings."""
    kind = broker_of(broker)
    service = RepositoryService(repository=repository, broker=kind.name, created_at=now)
    service.title = title or free_title(repository, _(kind.title))
    service.branch_filter = branch_filter
    put_settings(service, clean_settings(kind.fields, settings or {}))
    service.save()
    return service


def free_title(repository: Repository, title: str, *, leaves: int | None = None) -> str:
    """Return a title that no other service of the repository has. leaves: a service that is not looked at."""
    others = RepositoryService.objects.filter(repository=repository).exclude(pk=leaves or 0)
    taken = set(others.values_list("title", flat=True))
    cut = title[: LONGEST_TITLE - 4]
    numbered = (f"{cut} {number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([title[:LONGEST_TITLE]], numbered) if free not in taken)


def put_settings(service: RepositoryService, cleaned: Mapping[str, Any]) -> None:
    """Write settings onto a service, not yet saved: what is secret, encrypted."""
    secret = {field.name for field in broker_of(service.broker).fields if field.is_secret}
    kept = {name: value for name, value in cleaned.items() if name in secret and value}
    service.settings = {name: value for name, value in cleaned.items() if name not in secret}
    service.secrets = json.dumps(kept) if kept else ""


def settings_of(service: RepositoryService) -> dict[str, Any]:
    """Return all settings of a service, secrets too; a field that its broker got since has its default."""
    stored = {**service.settings, **secrets_of(service)}
    return {field.name: stored.get(field.name, _unset(field)) for field in broker_of(service.broker).fields}


def secrets_of(service: RepositoryService) -> dict[str, str]:
    return json.loads(service.secrets) if service.secrets else {}


def handed_over(service: RepositoryService) -> dict[str, Any]:
    """Return `payload["service"]`: the settings, and by which token the repository's host lets one in, where.

    The address is the stored one: a push may say another, and would be sent the token.
    """
    repository = service.repository
    place = {REPOSITORY_TOKEN: repository.access_token, REPOSITORY_URL: url_of(repository)}
    return {**settings_of(service), **place}


def url_of(repository: Repository) -> str:
    """Return the web page of a repository, as it was entered or as most hosts have it; "" for no address."""
    if not repository.url and repository.host == UNTOLD:
        return ""
    return (repository.url or f"https://{repository.host}/{repository.full_name}").rstrip("/")


def secrets_in(service: RepositoryService, broker: type[BaseBroker]) -> frozenset[str]:
    """Return every text that no transcript may show."""
    token = service.repository.access_token
    return secret_values(broker.fields, settings_of(service)) | (frozenset({token}) if token else frozenset())


def shown_settings(service: RepositoryService) -> list[tuple[str, str]]:
    """Return label and value of the settings that are set, as they may be shown."""
    try:
        fields = broker_of(service.broker).fields
    except UnknownBroker:
        return [(name, str(value)) for name, value in sorted(service.settings.items())]
    stored = settings_of(service)
    return [
        (_(field.label or field.name), field.shown(stored[field.name]))
        for field in fields
        if stored[field.name] not in ("", [], None)
    ]


def switch_on(service: RepositoryService) -> bool:
    """Enable a service; its failures are forgiven. Return whether that changed anything."""
    return _switch(service, is_enabled=True)


def switch_off(service: RepositoryService) -> bool:
    """Disable a service. Return whether that changed anything."""
    return _switch(service, is_enabled=False)


def _switch(service: RepositoryService, *, is_enabled: bool) -> bool:
    with transaction.atomic():
        row = RepositoryService.objects.select_for_update().get(pk=service.pk)
        if row.is_enabled == is_enabled:
            return False
        row.is_enabled, row.failure_count = is_enabled, 0
        row.disabled_at, row.disabled_because, row.note_due_at = None, "", None
        row.save()
    service.refresh_from_db()
    return True


def duplicate(service: RepositoryService, *, now: datetime) -> RepositoryService:
    """Make a second one with the same settings, secrets too; it is off until somebody has looked at it."""
    copy = RepositoryService(
        repository=service.repository,
        broker=service.broker,
        title=free_title(service.repository, _("Copy of %(title)s") % {"title": service.title}),
        is_enabled=False,
        branch_filter=service.branch_filter,
        settings=service.settings,
        secrets=service.secrets,
        created_at=now,
    )
    copy.save()
    return copy


def _unset(field: Any) -> Any:
    return list(field.default) if isinstance(field.default, tuple) else field.default
