"""Examples of pushes, for who tries a service before the first real one has come."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha1
from typing import Any

from django.utils.translation import gettext_lazy as _

from brokers.logic.push import Change, Commit, Push, RepositoryFacts
from brokers.models import Repository
from brokers.operations import facts
from brokers.operations.services import url_of

PUSHER, AUTHOR = "anna", "Anna Berg <anna@example.com>"
MESSAGES = (
    ("Put the basket into the header", (("web/header.html", "modified"), ("web/basket.js", "added"))),
    ("Count what is in the basket\n\nIt stood at zero after a reload.", (("web/basket.js", "modified"),)),
    ("Say “empty” where the basket is empty\n\nCloses #17.", (("web/basket.js", "modified"),)),
)


def example(name: str, repository: Repository, *, now: datetime) -> dict[str, Any]:
    """Return the facts of an example for a repository. Raises KeyError."""
    _label, change = EXAMPLES[name]
    push = Push(
        host=repository.host,
        kind=repository.kind or "github",  # type: ignore[arg-type]
        full_name=repository.full_name,
        repository=_repository(repository),
        pusher=PUSHER,
        changes=(change(repository, now),),
    )
    return {"push": facts.dump(push), "seen": []}


def _repository(repository: Repository) -> RepositoryFacts:
    owner, _slash, slug = repository.full_name.rpartition("/")
    return RepositoryFacts(name=slug, owner=owner, slug=slug, url=url_of(repository))


def _one(repository: Repository, now: datetime) -> Change:
    return _change(repository, now, 1)


def _three(repository: Repository, now: datetime) -> Change:
    return _change(repository, now, 3)


def _forced(repository: Repository, now: datetime) -> Change:
    return replace(_change(repository, now, 2), is_forced=True)


def _truncated(repository: Repository, now: datetime) -> Change:
    return replace(_change(repository, now, 3), is_truncated=True, total=12)


def _branch(repository: Repository, now: datetime) -> Change:
    made = _change(repository, now, 1, name="feature/basket")
    return replace(made, is_created=True, old=None, commits=())


def _change(repository: Repository, now: datetime, count: int, *, name: str = "main") -> Change:
    """Return a push of some commits, the last of them just made."""
    commits = [
        _commit(repository, number, now - timedelta(minutes=count - number)) for number in range(count)
    ]
    return Change(
        kind="branch",
        name=name,
        old=_node("before"),
        new=commits[-1].node,
        compare_url=_link(repository, f"compare/{_node('before')[:12]}..{commits[-1].node[:12]}"),
        commits=tuple(commits),
        total=count,
    )


def _commit(repository: Repository, number: int, at: datetime) -> Commit:
    message, files = MESSAGES[number]
    node = _node(str(number))
    return Commit(
        node=node,
        message=message,
        author=PUSHER,
        raw_author=AUTHOR,
        at=at.replace(microsecond=0),
        parents=(_node(str(number - 1) if number else "before"),),
        files=files,
        url=_link(repository, f"commits/{node}"),
    )


def _link(repository: Repository, path: str) -> str:
    page = url_of(repository)
    return f"{page}/{path}" if page else ""


def _node(seed: str) -> str:
    return sha1(seed.encode(), usedforsecurity=False).hexdigest()


EXAMPLES: dict[str, tuple[Any, Callable[[Repository, datetime], Change]]] = {
    "one": (_("One commit to main"), _one),
    "three": (_("Three commits to main"), _three),
    "forced": (_("A forced push of two commits"), _forced),
    "truncated": (_("A push of which the host tells only the last commits"), _truncated),
    "branch": (_("A new branch without new commits"), _branch),
}
