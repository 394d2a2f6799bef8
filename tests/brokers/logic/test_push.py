"""Pushes of every code host become one payload, every key of it."""

import json
from pathlib import Path

import pytest

from brokers.logic.push import commits_of, historic_payload, read_push
from tests.brokers.pushes import NAMES, labels, node, read, sent, told

PAYLOADS = Path(__file__).parents[1] / "payloads"
KINDS = ("bitbucket", "bitbucket_data_center", "github", "gitlab", "gitea", "gogs", "historic")


@pytest.mark.parametrize("name", NAMES)
def test_a_push_becomes_the_payload_that_is_expected(name):
    assert told(name) == json.loads((PAYLOADS / f"{name}.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_payload_is_plain_json(name):
    assert json.loads(json.dumps(told(name))) == told(name)


@pytest.mark.parametrize("name", NAMES)
def test_whose_push_it_is_shows_by_its_shape(name):
    assert read(name).kind == name.partition("/")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_commits_come_oldest_first(kind):
    assert labels(told(f"{kind}/push"))[:3] == ["c2", "c3", "c4"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_historic_key_is_there(kind):
    payload = told(f"{kind}/push")

    assert {"broker", "canon_url", "commits", "repository", "service", "truncated", "user"} <= set(payload)
    assert {
        *("absolute_url", "fork", "is_private", "name", "owner", "scm", "slug", "website"),
    } <= set(payload["repository"])
    assert {
        *("author", "branch", "files", "message", "node", "parents", "raw_author", "raw_node"),
        *("revision", "size", "timestamp", "utctimestamp"),
    } <= set(payload["commits"][0])


def test_canon_url_has_no_slash_and_absolute_url_has_two():
    payload = told("gitlab/push")

    assert payload["canon_url"] == "https://gitlab.example.com"
    assert payload["repository"]["absolute_url"] == "/acme/web/website/"


@pytest.mark.parametrize(
    ("name", "stamp", "utc"),
    [
        ("bitbucket/push", "2026-05-04 09:15:02", "2026-05-04 07:15:02+00:00"),
        ("gitea/push", "2026-05-04 09:15:02", "2026-05-04 07:15:02+00:00"),
        ("bitbucket_data_center/push", "2026-05-04 09:15:02", "2026-05-04 07:15:02+00:00"),
    ],
)
def test_times_are_written_as_they_always_were(name, stamp, utc):
    commit = told(name)["commits"][0]

    assert (commit["timestamp"], commit["utctimestamp"]) == (stamp, utc)


def test_a_winter_time_is_one_hour_ahead():
    data = sent("bitbucket/one_commit")
    data["push"]["changes"][0]["commits"][0]["date"] = "2026-01-04T23:30:00-02:00"

    commit = historic_payload(read_push({}, data), seen=())["commits"][0]

    assert (commit["timestamp"], commit["utctimestamp"]) == (
        "2026-01-05 02:30:00",
        "2026-01-05 01:30:00+00:00",
    )


@pytest.mark.parametrize(
    "date", [None, "", "yesterday", 12.5, [], "0001-01-01T00:00+14:00", "9999-12-31T23:30Z", 10**40]
)
def test_a_time_that_cannot_be_read_is_null(date):
    data = sent("github/one_commit")
    data["commits"][0]["timestamp"] = date

    commit = historic_payload(read_push({}, data), seen=())["commits"][0]

    assert (commit["timestamp"], commit["utctimestamp"]) == (None, None)


def test_files_tell_what_became_of_them():
    files = told("github/push")["commits"][2]["files"]

    assert files == [
        {"file": "README.md", "type": "modified"},
        {"file": "old/notes.txt", "type": "removed"},
    ]


def test_bitbucket_does_not_tell_files_and_that_is_told():
    assert told("bitbucket/push")["files_known"] is False
    assert told("github/push")["files_known"] is True


@pytest.mark.parametrize(
    "name",
    [
        *("bitbucket/tag", "bitbucket/tag_deleted", "bitbucket/branch_deleted", "bitbucket_data_center/tag"),
        *("bitbucket_data_center/branch_deleted", "github/tag", "github/branch_deleted", "gitea/tag"),
        *("gitlab/tag_push", "gitlab/branch_deleted"),
    ],
)
def test_tags_and_deletions_are_no_commit_events(name):
    payload = told(name)

    assert payload["commits"] == []
    assert len(payload["changes"]) == 1


@pytest.mark.parametrize(
    ("name", "branches"),
    [
        ("bitbucket/two_branches", ("main", "release/1.2")),
        ("bitbucket/tag", ()),
        ("bitbucket/branch_deleted", ("feature/search",)),
        ("historic/push", ("main", "release/1.2")),
    ],
)
def test_branches_are_those_that_were_touched(name, branches):
    assert read(name).branches == branches


@pytest.mark.parametrize(
    ("name", "is_cut", "total"),
    [
        ("bitbucket/forced_and_cut", True, None),
        ("gitlab/push_cut", True, 10),
        ("gitea/push_cut", True, 7),
        ("github/push", False, None),
        ("gitlab/push", False, 3),
    ],
)
def test_a_cut_push_says_at_least(name, is_cut, total):
    payload = told(name)

    assert payload["truncated"] is is_cut
    assert payload["at_least"] is is_cut
    assert payload["changes"][0]["total"] == total


def test_github_is_taken_to_be_cut_where_it_always_cuts():
    data = sent("github/one_commit")
    data["commits"] = [{**data["commits"][0], "id": f"{number:040x}"} for number in range(1, 2049)]

    assert read_push({}, data).is_truncated


@pytest.mark.parametrize("name", ["bitbucket/forced_and_cut", "bitbucket/rewound", "github/forced"])
def test_a_forced_push_is_told_as_such(name):
    assert read(name).is_forced
    assert told(name)["forced"] is True


def test_only_what_the_branches_hold_is_told():
    payload = told("bitbucket/two_branches", branches=("release/1.2",))

    assert [change["name"] for change in payload["changes"]] == ["release/1.2"]
    assert [(commit["branch"], commit["branches"]) for commit in payload["commits"]] == [
        ("release/1.2", ["release/1.2"])
    ]


def test_the_commits_that_a_tag_lists_are_not_told():
    data = sent("bitbucket/tag")
    data["push"]["changes"][0]["commits"] = sent("bitbucket/push")["push"]["changes"][0]["commits"]

    push = read_push({}, data)

    assert push.changes[0].commits == ()


def test_a_dangling_commit_of_a_historic_push_has_no_branch():
    commit = told("historic/push")["commits"][-1]

    assert (commit["branch"], commit["branches"]) == (None, [])


@pytest.mark.parametrize("name", ["historic/push", "bitbucket/push", "github/push", "gitlab/push"])
def test_what_our_post_service_sends_is_read_back_the_same(name):
    payload = told(name)

    again = historic_payload(read_push({}, payload), seen=())

    assert again["commits"] == payload["commits"]
    assert {**again["repository"], "fork": None} == {**payload["repository"], "fork": None}


def test_a_push_by_hand_needs_no_header_and_a_header_no_case():
    with_header = read_push({"X-Gogs-Event": "push"}, sent("gogs/push"))

    assert with_header == read_push({}, sent("gogs/push"))


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"x-github-event": "push", "x-gogs-event": "push", "x-gitea-event": "push"}, "gitea"),
        ({"x-github-event": "push", "x-forgejo-event": "push"}, "gitea"),
        ({"x-gogs-event": "push"}, "gogs"),
        ({"x-github-event": "push"}, "github"),
    ],
)
def test_headers_tell_those_apart_that_look_alike(headers, kind):
    assert read_push(headers, sent("gogs/push")).kind == kind


def test_the_host_keeps_its_port_and_loses_its_password():
    data = sent("gitea/push")
    data["repository"]["html_url"] = "HTTPS://bot:secret@Code.Example.com:3000/acme/website/"

    push = read_push({}, data)

    assert push.host == "code.example.com:3000"
    assert push.repository.url == "https://code.example.com:3000/acme/website"


def test_an_old_data_center_that_sends_no_links_is_read_all_the_same():
    push = read("bitbucket_data_center/without_commits_and_links")

    assert (push.host, push.full_name, push.repository.url) == ("bitbucket-server", "WEB/website", "")


def test_a_script_in_a_link_is_no_link():
    data = sent("github/push")
    data["compare"] = "javascript:alert(1)"
    data["commits"][0]["url"] = 'https://github.com/"><script>alert(1)</script>'

    payload = historic_payload(read_push({}, data), seen=())

    assert (payload["changes"][0]["url"], payload["commits"][0]["url"]) == ("", "")


def test_what_is_known_after_a_push_are_its_commits_their_parents_and_tips():
    assert commits_of(read("bitbucket/push")) == tuple(map(node, ("c2", "c3", "c4", "c1")))
    assert node("c6") in commits_of(read("bitbucket/new_branch_cut"))
    assert commits_of(read("bitbucket/tag")) == ()


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "push",
        {},
        {"commit_status": {"state": "FAILED"}, "repository": {"full_name": "acme/website"}},
        {"pullrequest": {"id": 1}, "repository": {"full_name": "acme/website"}},
        {"object_kind": "pipeline", "project": {}, "commit": {}},
        {"object_kind": "build", "ref": "main", "before_sha": "0" * 40},
        {"event_name": "repository_update", "changes": [{"before": "a", "after": "b"}]},
        {"ref": "v1", "ref_type": "tag", "repository": {"full_name": "acme/website"}},
        {"eventKey": "pr:opened", "changes": [{"fromHash": "a", "toHash": "b"}], "repository": {}},
        {"alerts": [], "commits": 3},
        {"commits": [], "repository": {"name": "website"}},
    ],
)
def test_what_is_no_push_is_none(payload):
    assert read_push({}, payload) is None


def test_another_event_of_github_is_no_push_whatever_it_looks_like():
    assert read_push({"X-GitHub-Event": "workflow_run"}, sent("github/push")) is None
