"""The newest runs and pushes, found by their indexes however many others there are.

By a range of one service, and in the order of the index: asked by the number alone, PostgreSQL may read all
runs backwards for a service that has none.
"""

from django.db.models import F, OuterRef, QuerySet, Subquery

from brokers.models import BrokerRun, Push, Repository, RepositoryService


def runs_of(service: RepositoryService) -> QuerySet[BrokerRun]:
    """Return the runs of a service, the newest first."""
    return _newest_first(BrokerRun.objects.filter(service__gte=service.pk, service__lte=service.pk))


def newest_run() -> Subquery:
    """Return the number of the newest run, to be asked for with each of some services."""
    own = BrokerRun.objects.filter(service__gte=OuterRef("pk"), service__lte=OuterRef("pk"))
    return Subquery(_newest_first(own).values("pk")[:1])


def pushes_to(repository: Repository | int) -> QuerySet[Push]:
    """Return the pushes to a repository, the newest first."""
    return Push.objects.filter(repository=repository).order_by("-received_at", "-pk")


def _newest_first(runs: QuerySet[BrokerRun]) -> QuerySet[BrokerRun]:
    return runs.order_by(F("service_id").asc(), F("id").desc())
