"""How services and repositories are deleted with all they have on record, however much that is."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from brokers.models import BrokerRun, Push, Repository, RepositoryService, RunRequest, SeenCommit

BATCH = 1000


def remove_service(service: RepositoryService) -> None:
    """Delete a service with its runs."""
    with transaction.atomic():
        _remove_runs(BrokerRun.objects.filter(service=service))
        service.delete()


def remove_repository(repository: Repository) -> None:
    """Delete a repository with its services, pushes and runs, and forget its commits."""
    with transaction.atomic():
        _remove_runs(BrokerRun.objects.filter(repository=repository))
        _remove(Push.objects.filter(repository=repository))
        _remove(SeenCommit.objects.filter(repository=repository))
        repository.delete()


def remove_pushes(ids: Collection[int]) -> int:
    """Delete pushes with their runs; return how many rows of both that was."""
    with transaction.atomic():
        return _remove_runs(BrokerRun.objects.filter(push__in=ids)) + _remove(Push.objects.filter(pk__in=ids))


def remove_runs(runs: QuerySet[BrokerRun]) -> int:
    """Delete runs; return how many."""
    with transaction.atomic():
        return _remove_runs(runs)


def _remove_runs(runs: QuerySet[BrokerRun]) -> int:
    """Delete runs without reading them: each of them holds a whole transcript."""
    count = 0
    while ids := list(runs.values_list("pk", flat=True)[:BATCH]):
        BrokerRun.objects.filter(again_of__in=ids).update(again_of=None)
        _remove(RunRequest.objects.filter(run__in=ids))
        count += _remove(BrokerRun.objects.filter(pk__in=ids))
    return count


def _remove(rows: Any) -> int:
    return int(rows._raw_delete(rows.db))
