"""What a push does: it is put on record, its commits are known from then on, and services are to run.

Set by set, however many pushes come together: a batch costs the statements of one. Two that concern one
repository wait for each other, so that each commit is news to one of them alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from alertops.lib import jobs
from alertops.lib.compiled import compiled
from alertops.lib.rows import insert_missing, insert_numbered
from alertops.lib.sayings import saying
from brokers.logic import push as logic
from brokers.logic.branches import BranchFilter, InvalidFilter
from brokers.logic.push import commits_of
from brokers.logic.push.news import news_of
from brokers.models import BrokerRun, HostKind, Push, Repository, RepositoryService, SeenCommit
from brokers.operations import facts
from brokers.operations.words import summary_of

RUN = "brokers.tasks.run"

# Why no service runs
UNKNOWN = saying("A push to %(name)s, which is not among the repositories here.")
NOT_AGAIN = saying("A push to %(name)s: services run again only if that is asked for.")
NO_BRANCH = saying("A push to %(name)s that touches no branch: its services act on certain branches only.")
NO_SERVICES = saying("A push to %(name)s: the repository has no services.")
ALL_OFF = saying("A push to %(name)s: all services of the repository are off.")
OTHER_BRANCHES = saying("A push to %(name)s: no service acts on its branches.")


@dataclass(frozen=True)
class Arrived:
    """A push as it came: by whose URL, as which delivery, and when."""

    push: logic.Push
    integration_id: int | None
    message_id: int | None
    received_at: datetime


@dataclass(frozen=True)
class Taken:
    """What came of a push. services: those that run.  why: a sentence, where none does."""

    repository: Repository | None = None
    push: Push | None = None
    services: list[RepositoryService] = field(default_factory=list)
    why: str = ""


def take_in(arrivals: Sequence[Arrived], *, now: datetime, runs: bool = True) -> list[Taken]:
    """Put pushes on record and have the services of their repositories run; return what came of each.

    runs: whether services run. A delivery that was taken in before is not put on record again, and each of
    its services runs once. In the caller's transaction.
    """
    if not arrivals:
        return []
    repositories = _repositories(arrivals, now)
    known = [(each, repositories[found]) for each in arrivals if (found := _name(each.push)) in repositories]
    rows = _on_record([each for each, _repository in known])
    fresh = [(each, repository) for each, repository in known if _key(each) not in rows]
    rows |= _record(fresh)
    services = _services({repository.pk for _each, repository in known}) if runs else {}
    taken = [
        _taken(each, repositories.get(_name(each.push)), rows.get(_key(each)), services, runs=runs)
        for each in arrivals
    ]
    planned = [_run(each, service, now) for each in taken for service in each.services]
    insert_missing(planned)
    if planned:
        jobs.nudge(RUN, cluster=jobs.SLOW)
    return taken


# Which repository


def _name(push: logic.Push) -> tuple[str, str]:
    return push.host.casefold(), push.full_name.casefold()


def _key(each: Arrived) -> tuple[int | None, int]:
    """What tells a push from others: its delivery, or itself where it came without one."""
    return each.message_id, 0 if each.message_id else id(each)


def _repositories(arrivals: Sequence[Arrived], now: datetime) -> dict[tuple[str, str], Repository]:
    """Return the repositories of pushes, by name, locked; one that is not known is made, where that is on."""
    pushes = {_name(each.push): each.push for each in arrivals}
    found = _named(pushes.values())
    missing = [push for name, push in pushes.items() if name not in found]
    if not missing or not settings.REPOSITORIES_BY_PUSH:
        return found
    made = [
        Repository(
            host=push.host,
            full_name=push.full_name,
            kind=push.kind if push.kind in HostKind.values else "",
            url=_by_https(push.repository.url),
            is_by_push=True,
            created_at=now,
        )
        for push in missing
    ]
    Repository.objects.bulk_create(made, ignore_conflicts=True)
    return found | _named(missing)


def _by_https(url: str) -> str:
    """Return an address without its word that TLS is not spoken there: who enters it may say so, no push."""
    return url.replace("http://", "https://", 1) if url.startswith("http://") else url


def _named(pushes: Iterable[logic.Push]) -> dict[tuple[str, str], Repository]:
    names = {push.full_name for push in pushes}
    rows = Repository.objects.alias(_lower=Lower("full_name")).order_by("pk").defer("access_token")
    rows = rows.filter(Q(full_name__in=names) | Q(_lower__in={name.lower() for name in names}))
    return {(row.host.casefold(), row.full_name.casefold()): row for row in rows.select_for_update()}


# What is put on record


def _on_record(arrivals: Iterable[Arrived]) -> dict[tuple[int | None, int], Push]:
    ids = [each.message_id for each in arrivals if each.message_id]
    return {(row.message_id, 0): row for row in Push.objects.filter(message__in=ids)} if ids else {}


def _record(fresh: Sequence[tuple[Arrived, Repository]]) -> dict[tuple[int | None, int], Push]:
    """Store pushes and remember their commits; return the rows."""
    nodes = [(repository.pk, node) for each, repository in fresh for node in commits_of(each.push)]
    if nodes:
        ids, names = (sorted(set(column)) for column in zip(*nodes, strict=True))
    seen: defaultdict[int, set[str]] = defaultdict(set)
    for repository_id, node in _seen(ids, names) if nodes else ():
        seen[repository_id].add(node)
    rows: dict[tuple[int | None, int], Push] = {}
    for each, repository in fresh:
        rows[_key(each)] = _row(each, repository, seen=seen[repository.pk])
        seen[repository.pk].update(commits_of(each.push))
    insert_numbered(list(rows.values()))
    insert_missing([SeenCommit(repository_id=pk, node=node) for pk, node in dict.fromkeys(nodes)])
    return rows


@compiled
def _seen(repository_ids: Sequence[int], nodes: Sequence[str]) -> QuerySet:
    rows = SeenCommit.objects.filter(repository__in=repository_ids, node__in=nodes)
    return rows.values_list("repository_id", "node")


def _row(each: Arrived, repository: Repository, *, seen: set[str]) -> Push:
    """Return the row of a push. seen: the commits of the repository that were known before it."""
    push = each.push
    known = [node for node in commits_of(push) if node in seen]
    news = [commit for _change, commit in news_of(push, push.branch_changes, known).commits]
    return Push(
        repository=repository,
        integration_id=each.integration_id,
        message_id=each.message_id,
        received_at=each.received_at,
        pusher=push.pusher[:200],
        branches=list(push.branches),
        summary=summary_of(push, news)[:300],
        commit_count=len(news),
        facts={"push": facts.dump(push), "seen": known},
    )


# Which services


def _services(repository_ids: set[int]) -> dict[int, list[RepositoryService]]:
    found: defaultdict[int, list[RepositoryService]] = defaultdict(list)
    rows = RepositoryService.objects.filter(repository__in=repository_ids).defer("secrets", "settings")
    for service in rows.order_by("pk"):
        found[service.repository_id].append(service)
    return found


def _taken(
    each: Arrived,
    repository: Repository | None,
    row: Push | None,
    services: dict[int, list[RepositoryService]],
    *,
    runs: bool,
) -> Taken:
    if repository is None:
        return Taken(why=UNKNOWN % {"name": each.push.full_name})
    of_repository = services.get(repository.pk, [])
    running = [service for service in of_repository if service.is_enabled and acts_on(service, each.push)]
    why = "" if running else _why_none(each.push, of_repository, runs=runs)
    return Taken(repository, row, running, why)


def acts_on(service: RepositoryService, push: logic.Push) -> bool:
    """Tell whether a service acts on a push: on one of its branches, or on all there are.

    A push that tells no branch (of a tag, or one of which its host tells nothing) is for the services that
    act on all branches, as the POST service of old was called for every push.
    """
    return bool(branches_for(service, push)) or (not push.branch_changes and _accepts(service, ""))


def branches_for(service: RepositoryService, push: logic.Push) -> list[str]:
    """Return the branches of a push on which a service acts."""
    names = dict.fromkeys(change.name for change in push.branch_changes)
    return [name for name in names if _accepts(service, name)]


def _accepts(service: RepositoryService, branch: str) -> bool:
    """Tell whether a service acts on a branch; a filter that cannot be read accepts none."""
    try:
        return BranchFilter.parse(service.branch_filter).accepts(branch)
    except InvalidFilter:
        return False


def _why_none(push: logic.Push, services: list[RepositoryService], *, runs: bool) -> str:
    """Say why no service runs."""
    if not runs:
        words = NOT_AGAIN
    elif not services:
        words = NO_SERVICES
    elif not any(service.is_enabled for service in services):
        words = ALL_OFF
    elif not push.branch_changes:
        words = NO_BRANCH
    else:
        words = OTHER_BRANCHES
    return words % {"name": push.full_name}


def _run(taken: Taken, service: RepositoryService, now: datetime) -> BrokerRun:
    return BrokerRun(
        service=service,
        repository_id=service.repository_id,
        push=taken.push,
        created_at=now,
        next_attempt_at=now,
    )
