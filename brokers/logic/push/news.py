"""Which commits of a push are news."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from brokers.logic.push.facts import Change, Commit, Push

# These list what a new branch holds down to its root, whatever of it was there before.
HISTORY_TELLERS = frozenset({"bitbucket", "bitbucket_data_center", "gitea", "gogs"})
MAIN_BRANCHES = frozenset({"main", "master", "trunk", "default"})


@dataclass(frozen=True)
class News:
    """commits: the new ones, oldest first, each once, with the first change that holds it.

    unclear: new branches of whose commits nobody can tell which are new.
    """

    commits: tuple[tuple[Change, Commit], ...]
    unclear: tuple[Change, ...]


def news_of(push: Push, changes: Iterable[Change], seen: Collection[str]) -> News:
    """Find what is new: neither seen, nor pushed before by the sender's word, nor history of a new branch.

    On a new branch of a host that lists history, commits are new above one that is known. Where none is in
    sight, nobody can tell, and nothing is news: except the first push of a main branch that begins at its
    root, which is how a repository begins.
    """
    known = {*seen, *(change.old for change in push.changes if change.old)}
    sighted = known | {
        commit.node for change in push.changes if not change.is_created for commit in change.commits
    }
    found: dict[str, tuple[Change, Commit]] = {}
    unclear = []
    for change in changes:
        old = {commit.node for commit in change.commits if commit.node in known or not commit.is_distinct}
        if change.is_created and push.kind in HISTORY_TELLERS:
            if not _is_in_sight(change, sighted) and not _is_beginning(change, seen):
                unclear += [change] if change.commits else []
                continue
            old |= _history(change, old)
        for commit in change.commits:
            if commit.node not in old:
                found.setdefault(commit.node, (change, commit))
    return News(tuple(found.values()), tuple(unclear))


def _is_in_sight(change: Change, sighted: Collection[str]) -> bool:
    return any(node in sighted for commit in change.commits for node in (commit.node, *commit.parents))


def _is_beginning(change: Change, seen: Collection[str]) -> bool:
    """Whether this is the first push of a repository, whole from its first commit on."""
    reaches_root = bool(change.commits) and not change.commits[0].parents
    return not seen and not change.is_truncated and reaches_root and change.name in MAIN_BRANCHES


def _history(change: Change, old: Collection[str]) -> set[str]:
    """Return what lies below the old commits of a list, by parents or, where none are told, by order."""
    if not any(commit.parents for commit in change.commits):
        last = max((index for index, one in enumerate(change.commits) if one.node in old), default=-1)
        return {commit.node for commit in change.commits[: last + 1]}
    parents = {commit.node: commit.parents for commit in change.commits}
    found: set[str] = set()
    left = list(old)
    while left:
        node = left.pop()
        if node not in found:
            found.add(node)
            left += parents.get(node, ())
    return found
