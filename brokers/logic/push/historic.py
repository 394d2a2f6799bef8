"""How Bitbucket's POST service told a push from 2009 on, and our own POST service still does."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alertops.lib.sayings import saying
from brokers.logic.push.facts import Change, Commit, Push, RepositoryFacts, name_of
from brokers.logic.push.spot import Spot, host_of, without_credentials

BITBUCKET = "https://bitbucket.org"
LOCAL = ZoneInfo("Europe/Amsterdam")  # of `timestamp`, which names no zone
NO_NODE = saying("%(path)s: is no commit's hash, and raw_node is missing.", within=["path"])
_NODE = re.compile(r"[0-9a-f]{12,64}")


def read_historic(root: Spot) -> Push:
    """Read a historic push. Its commits come oldest first, of all branches in one list."""
    repository = root.at("repository").object()
    owner, slug = repository.at("owner").name(), repository.at("slug").name()
    full_name = Spot(f"{owner}/{slug}", repository.at("slug").path).full_name()
    canon = without_credentials(root.at("canon_url").url() or BITBUCKET)
    absolute = repository.at("absolute_url").text()
    path = absolute.strip("/") if absolute.startswith("/") else full_name
    url = Spot(f"{canon}/{path}", repository.at("absolute_url").path).url() or f"{canon}/{full_name}"
    commits = [spot.object() for spot in root.at("commits").needed_elements()]
    return Push(
        host=host_of(canon),
        kind="historic",
        full_name=full_name,
        repository=RepositoryFacts(
            name=repository.at("name").text() or slug,
            owner=owner,
            slug=slug,
            url=url,
            website=repository.at("website").url(),
            is_private=repository.at("is_private").known_flag(),
            is_fork=repository.at("fork").known_flag(),
            scm=repository.at("scm").text() or "git",
        ),
        pusher=root.at("user").text(),
        changes=tuple(_changes(root, commits)),
        files_known=root.at("files_known").value is not False,
    )


def _changes(root: Spot, commits: Iterable[Spot]) -> Iterable[Change]:
    """Give each branch its commits; those of no branch come under an empty name.

    The list may be empty: of a branch without new commits, or where a push was too large to be told.
    Source: https://bitbucket.org/site/master/issues/7439
    """
    by_branch: dict[str, list[Commit]] = {}
    for spot in commits:
        branch = spot.at("branch")
        by_branch.setdefault(branch.name() if branch.value is not None else "", []).append(_commit(spot))
    for name, mine in (by_branch or {"": []}).items():
        yield Change(
            kind="branch",
            name=name,
            is_forced=root.at("forced").flag(),
            is_truncated=root.at("truncated").flag(),
            old=mine[0].parents[0] if mine and mine[0].parents else None,
            new=mine[-1].node if mine else None,
            commits=tuple(mine),
        )


def _commit(spot: Spot) -> Commit:
    raw = spot.at("raw_author").text() or spot.at("author").text()
    parents = [parent.text().lower() for parent in spot.at("parents").elements()]
    return Commit(
        node=_node(spot),
        message=spot.at("message").message(),
        author=spot.at("author").text() or name_of(raw),
        raw_author=raw,
        at=_time(spot),
        parents=tuple(parent for parent in parents if _NODE.fullmatch(parent)),
        files=tuple(_files(spot)),
        url=spot.at("url").url(),
    )


def _node(spot: Spot) -> str:
    """Return the whole hash; before 2010 only its first 12 digits were sent."""
    if spot.at("raw_node").value is not None:
        return spot.at("raw_node").hash()
    node = spot.at("node").text().lower()
    if not _NODE.fullmatch(node):
        raise spot.at("node").refuse(NO_NODE)
    return node


def _time(spot: Spot) -> datetime | None:
    stamp = spot.at("utctimestamp").time()
    if stamp:
        return stamp
    try:
        return datetime.fromisoformat(spot.at("timestamp").text()).replace(tzinfo=LOCAL).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _files(spot: Spot) -> Iterable[tuple[str, str]]:
    for one in spot.at("files").elements():
        name, kind = one.at("file").text(), one.at("type").text()
        if name:
            yield name, kind if kind in ("added", "modified", "removed") else "modified"
