"""Malformed pushes: each is refused by the path of what is wrong, and none breaks anything else."""

import copy
import itertools
from typing import Any

import pytest

from alertops.lib.sayings import recognize
from brokers.logic.push import PushUnreadable, historic_payload, read_push
from tests.brokers.pushes import NAMES, sent

CHANGE = "push^changes^0"
MISSING = object()


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("bitbucket/push", "push^changes", MISSING),
        ("bitbucket/push", "push^changes", {}),
        ("bitbucket/push", CHANGE, None),
        ("bitbucket/push", CHANGE, "main"),
        ("bitbucket/push", f"{CHANGE}^new", []),
        ("bitbucket/push", f"{CHANGE}^old", "main"),
        ("bitbucket/push", f"{CHANGE}^new^name", MISSING),
        ("bitbucket/push", f"{CHANGE}^new^name", ""),
        ("bitbucket/push", f"{CHANGE}^new^name", "main\r\nBcc: eve@example.com"),
        ("bitbucket/push", f"{CHANGE}^new^name", "m" * 256),
        ("bitbucket/push", f"{CHANGE}^new^name", "main\u202egpj"),
        ("bitbucket/push", f"{CHANGE}^new^type", 3),
        ("bitbucket/push", f"{CHANGE}^commits", "c2"),
        ("bitbucket/push", f"{CHANGE}^commits^1", None),
        ("bitbucket/push", f"{CHANGE}^commits^1^hash", MISSING),
        ("bitbucket/push", f"{CHANGE}^commits^1^hash", "zzz"),
        ("bitbucket/push", f"{CHANGE}^commits^1^hash", 12),
        ("bitbucket/push", f"{CHANGE}^commits^1^message", {"raw": "x"}),
        ("bitbucket/push", "repository^full_name", MISSING),
        ("bitbucket/push", "repository^full_name", "website"),
        ("bitbucket/push", "repository^full_name", "acme/../../etc"),
        ("bitbucket/push", "repository^full_name", "acme/web site"),
        ("bitbucket/push", "repository^full_name", "acme/<script>"),
        ("bitbucket/push", "repository^full_name", ["acme", "website"]),
        ("bitbucket_data_center/push", "repository", []),
        ("bitbucket_data_center/push", "repository^project", MISSING),
        ("bitbucket_data_center/push", "repository^project^key", 1),
        ("bitbucket_data_center/push", "repository^slug", None),
        ("bitbucket_data_center/push", "changes", MISSING),
        ("bitbucket_data_center/push", "changes^0^ref", MISSING),
        ("bitbucket_data_center/push", "changes^0^ref^displayId", MISSING),
        ("bitbucket_data_center/push", "changes^0^toHash", "main"),
        ("bitbucket_data_center/push", "commits", 5),
        ("bitbucket_data_center/push", "commits^0^id", None),
        ("github/push", "repository^full_name", MISSING),
        ("github/push", "after", "main"),
        ("github/push", "ref", "refs/heads/"),
        ("github/push", "commits", {}),
        ("github/push", "commits^0", "c2"),
        ("github/push", "commits^0^id", MISSING),
        ("github/push", "commits^0^message", 7),
        ("gitlab/push", "ref", MISSING),
        ("gitlab/push", "project^path_with_namespace", 4),
        ("gitlab/push", "project^path_with_namespace", "acme"),
        ("gitlab/push", "commits^0^id", "abc"),
        ("gitea/push", "commits^2^id", False),
        ("historic/push", "commits^0^raw_node", "x"),
        ("historic/push", "commits^0^branch", 3),
        ("historic/push", "commits^0", []),
        ("historic/push", "commits", "none"),
        ("historic/push", "repository^owner", MISSING),
        ("historic/push_of_2009", "commits^0^node", "12"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(name, path, value):
    with pytest.raises(PushUnreadable) as refused:
        read_push({}, _with(sent(name), path, value))

    assert refused.value.path == path
    assert recognize(str(refused.value)), "what is told of it is a saying"


@pytest.mark.parametrize(
    ("headers", "payload", "path"),
    [
        ({"X-Event-Key": "repo:push"}, {}, "repository"),
        ({"X-Event-Key": "repo:push"}, [], ""),
        ({"X-Event-Key": "repo:push"}, {"repository": {"full_name": "acme/website"}}, "push"),
        ({"X-Event-Key": "repo:refs_changed"}, {"repository": 1}, "repository"),
        ({"X-GitHub-Event": "push"}, None, ""),
        ({"X-GitHub-Event": "push"}, {"repository": {"full_name": "a/b"}}, "repository^html_url"),
        ({"X-Gitlab-Event": "Push Hook"}, {"project": {}}, "project^web_url"),
    ],
)
def test_a_header_that_says_push_makes_an_empty_body_unreadable(headers, payload, path):
    with pytest.raises(PushUnreadable) as refused:
        read_push(headers, payload)

    assert refused.value.path == path


def test_neither_old_nor_new_is_refused():
    data = _with(_with(sent("bitbucket/push"), f"{CHANGE}^new", None), f"{CHANGE}^old", None)

    with pytest.raises(PushUnreadable, match="old as well"):
        read_push({}, data)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("bitbucket/push", f"{CHANGE}^commits^0^author", "anna"),
        ("bitbucket/push", f"{CHANGE}^commits^0^parents^0", "c1"),
        ("bitbucket/push", f"{CHANGE}^commits^0^links", []),
        ("bitbucket/push", f"{CHANGE}^links", None),
        ("bitbucket/push", "actor", [1]),
        ("bitbucket/push", "repository^website", "javascript:alert(1)"),
        ("github/push", "commits^0^added", "README.md"),
        ("github/push", "commits^0^modified", [None, 3, {}]),
        ("github/push", "pusher", "anna"),
        ("github/push", "repository^homepage", 3),
        ("gitlab/push", "total_commits_count", "many"),
        ("gitlab/push", "total_commits_count", True),
        ("bitbucket_data_center/push", "commits^0^authorTimestamp", "then"),
    ],
)
def test_what_no_broker_needs_may_be_anything(name, path, value):
    push = read_push({}, _with(sent(name), path, value))

    assert len(historic_payload(push, seen=())["commits"]) == 3


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(("/push", "/new_branch"))])
def test_whatever_is_put_anywhere_is_read_or_refused_by_path(name):
    """Every value is replaced by each kind of value, one at a time."""
    data = sent(name)
    refusals = [
        _refusal(_with(data, path, value))
        for path, value in itertools.product(_paths(data), (None, 7, "x", [{}], {}, MISSING))
    ]

    assert None in refusals
    assert "" not in refusals


def test_a_ref_that_is_neither_branch_nor_tag_changes_nothing():
    push = read_push({}, _with(sent("github/push"), "ref", "refs/notes/commits"))

    assert push.changes == ()


def _refusal(data: Any) -> str | None:
    """Return the path a push is refused for, or None when it is read."""
    try:
        push = read_push({}, data)
    except PushUnreadable as refused:
        return refused.path
    if push:
        historic_payload(push, seen=())
    return None


def _with(data: Any, path: str, value: Any) -> Any:
    """Return a copy with a value at a path."""
    changed = copy.deepcopy(data)
    *way, last = [int(key) if key.isdigit() else key for key in path.split("^")]
    holder = changed
    for key in way:
        holder = holder[key]
    if value is MISSING:
        del holder[last]
    else:
        holder[last] = value
    return changed


FAMILIAR = {"links", "user", "workspace", "committer", "summary", "sender", "target", "project"}


def _paths(value: Any, path: str = "") -> list[str]:
    """Return the path of every value, but not of those within what is never looked into."""
    pairs: list[tuple[Any, Any]] = list(enumerate(value)) if isinstance(value, list) else []
    pairs = list(value.items()) if isinstance(value, dict) else pairs
    found = []
    for key, held in pairs:
        here = f"{path}^{key}" if path else str(key)
        found.append(here)
        found += [] if key in FAMILIAR else _paths(held, here)
    return found
