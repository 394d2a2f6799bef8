"""The payload that brokers have had since 2009, made of a push of today.

    {"broker", "service", "canon_url", "user", "truncated", "repository": {...},
     "commits": [{..., "files": [{"file", "type"}]}],
     and of today: "host", "forced", "at_least", "files_known", "changes"}

docs/broker-api.md describes every key.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from brokers.logic.push.facts import Change, Commit, Push
from brokers.logic.push.historic import LOCAL
from brokers.logic.push.news import news_of

SHORT = 12  # digits of a hash


def historic_payload(
    push: Push, *, seen: Collection[str], branches: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the payload of a push, its commits oldest first.

    seen: which of commits_of(push) were known before it; they are no news.  branches: the names of those
    that count; None: all. `broker` and `service` are empty: whoever runs a broker fills them in.
    """
    counted = [change for change in push.changes if change.kind == "tag" or _counts(change, branches)]
    holders = _holders(counted)
    news = news_of(push, [change for change in counted if change.kind == "branch"], seen)
    unclear = {id(change) for change in news.unclear}
    first_on = Counter(id(change) for change, _one in news.commits)
    canon_url, absolute_url = _addresses(push)
    return {
        "broker": "",
        "service": {},
        "canon_url": canon_url,
        "user": push.pusher,
        "truncated": any(change.is_truncated for change in counted),
        "forced": any(change.is_forced for change in counted if change.kind == "branch"),
        "at_least": any(change.is_truncated or id(change) in unclear for change in counted),
        "files_known": push.files_known,
        "host": {"name": push.host, "kind": push.kind},
        "repository": {**_repository(push), "absolute_url": absolute_url},
        "commits": [_commit(commit, change, holders[commit.node]) for change, commit in news.commits],
        "changes": [
            _change(change, commits=first_on[id(change)], is_unclear=id(change) in unclear)
            for change in counted
        ],
    }


def _counts(change: Change, branches: Collection[str] | None) -> bool:
    return branches is None or change.name in branches


def _addresses(push: Push) -> tuple[str, str]:
    """Return canon_url, which ends without a slash, and absolute_url, which is between two."""
    if not push.repository.url:
        return "", f"/{push.full_name}/"
    parts = urlsplit(push.repository.url)
    return f"{parts.scheme}://{parts.netloc}", f"{parts.path.rstrip('/')}/"


def _repository(push: Push) -> dict[str, Any]:
    facts = push.repository
    return {
        "name": facts.name,
        "owner": facts.owner,
        "slug": facts.slug,
        "website": facts.website,
        "scm": facts.scm,
        "is_private": facts.is_private,
        "fork": bool(facts.is_fork),
        "full_name": push.full_name,
        "url": facts.url,
    }


def _commit(commit: Commit, change: Change, branches: list[str]) -> dict[str, Any]:
    return {
        "author": commit.author,
        "raw_author": commit.raw_author,
        "branch": change.name or None,
        "branches": branches,
        "files": [{"file": name, "type": kind} for name, kind in commit.files],
        "message": commit.message,
        "node": commit.node[:SHORT],
        "raw_node": commit.node,
        "parents": [parent[:SHORT] for parent in commit.parents],
        "revision": None,
        "size": -1,
        "timestamp": _stamp(commit.at and commit.at.astimezone(LOCAL)),
        "utctimestamp": commit.at and f"{_stamp(commit.at)}+00:00",
        "url": commit.url,
    }


def _holders(changes: Iterable[Change]) -> dict[str, list[str]]:
    """Return the names of the branches that list a commit, by its hash."""
    found: dict[str, dict[str, None]] = {}
    for change in changes:
        for commit in change.commits:
            names = found.setdefault(commit.node, {})
            if change.name:
                names[change.name] = None
    return {node: list(names) for node, names in found.items()}


def _stamp(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else None


def _change(change: Change, *, commits: int, is_unclear: bool) -> dict[str, Any]:
    return {
        "type": change.kind,
        "name": change.name,
        "created": change.is_created,
        "deleted": change.is_deleted,
        "forced": change.is_forced,
        "truncated": change.is_truncated,
        "unclear": is_unclear,
        "old": change.old,
        "new": change.new,
        "url": change.compare_url,
        "commits": commits,
        "total": change.total,
    }
