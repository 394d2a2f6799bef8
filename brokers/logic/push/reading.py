"""Whose push a delivery is, by its shape."""

from collections.abc import Callable, Mapping
from typing import Any

from brokers.logic.push.bitbucket import read_cloud, read_data_center
from brokers.logic.push.facts import Push
from brokers.logic.push.github import read_gitea, read_github, read_gogs
from brokers.logic.push.gitlab import read_gitlab
from brokers.logic.push.historic import read_historic
from brokers.logic.push.spot import Spot


def read_push(headers: Mapping[str, str], payload: object) -> Push | None:
    """Return the push that a delivery tells of, or None when it is none.

    headers: in any case.  payload: decoded.  The shape decides, so that a push posted by hand is one too;
    where the body does not say it, the sender's event header does.
    Raises PushUnreadable: by its shape it is a push, but malformed.
    """
    names = {name.lower(): value for name, value in headers.items()}
    if not _may_be_push(names, payload):
        return None
    root = Spot(payload)
    for is_meant, read in _READERS:
        if is_meant(names, root):
            root.object()
            return read(root)
    return None


# Most deliveries are no pushes, and are told by a glance.
_TELLING_KEYS = frozenset({"push", "changes", "object_kind", "event_name", "ref", "commits"})
_EVENT_HEADERS = ("x-gitea-event", "x-forgejo-event", "x-gogs-event", "x-github-event")
_TELLING_HEADERS = (*_EVENT_HEADERS, "x-event-key", "x-gitlab-event")
_PUSHES = frozenset({"push", "repo:push", "repo:refs_changed", "Push Hook", "Tag Push Hook"})


def _may_be_push(headers: Mapping[str, str], payload: object) -> bool:
    if isinstance(payload, dict) and not _TELLING_KEYS.isdisjoint(payload):
        return True
    return any(headers.get(name) in _PUSHES for name in _TELLING_HEADERS)


def _is_cloud(headers: Mapping[str, str], root: Spot) -> bool:
    return headers.get("x-event-key") == "repo:push" or (
        root.at("push").is_object and root.at("repository").is_object
    )


def _is_data_center(headers: Mapping[str, str], root: Spot) -> bool:
    if root.at("eventKey").value is not None:
        return bool(root.at("eventKey").value == "repo:refs_changed")
    has_tips = root.at("changes", 0, "toHash").value is not None
    return headers.get("x-event-key") == "repo:refs_changed" or (has_tips and root.at("repository").is_object)


def _is_gitlab(headers: Mapping[str, str], root: Spot) -> bool:
    kind = root.at("object_kind").value or root.at("event_name").value
    if kind is not None:
        return kind in ("push", "tag_push")
    return headers.get("x-gitlab-event") in ("Push Hook", "Tag Push Hook")


def _is_like_github(headers: Mapping[str, str], root: Spot) -> bool:
    event = next((headers[name] for name in _EVENT_HEADERS if name in headers), None)
    if event is not None:
        return event == "push"
    tips = (root.at(key).value for key in ("ref", "before", "after"))
    return all(isinstance(tip, str) for tip in tips) and root.at("repository").value is not None


def _is_gogs(headers: Mapping[str, str], root: Spot) -> bool:
    if not _is_like_github(headers, root):
        return False
    if any(name in headers for name in _EVENT_HEADERS):
        return "x-gogs-event" in headers and "x-gitea-event" not in headers
    return root.at("compare_url").value is not None and root.at("total_commits").value is None


def _is_gitea(headers: Mapping[str, str], root: Spot) -> bool:
    if not _is_like_github(headers, root):
        return False
    if any(name in headers for name in _EVENT_HEADERS):
        return "x-gitea-event" in headers or "x-forgejo-event" in headers
    return root.at("total_commits").value is not None


def _is_historic(_headers: Mapping[str, str], root: Spot) -> bool:
    repository = root.at("repository")
    has_address = repository.at("absolute_url").value is not None or root.at("canon_url").value is not None
    return has_address and root.at("commits").value is not None and root.at("ref").value is None


Test = Callable[[Mapping[str, str], Spot], bool]
# Gitea sends GitHub's headers too, and Gogs' headers came with Gitea: the most telling come first.
_READERS: tuple[tuple[Test, Callable[[Spot], Any]], ...] = (
    (_is_cloud, read_cloud),
    (_is_data_center, read_data_center),
    (_is_gitlab, read_gitlab),
    (_is_gogs, read_gogs),
    (_is_gitea, read_gitea),
    (_is_like_github, read_github),
    (_is_historic, read_historic),
)
