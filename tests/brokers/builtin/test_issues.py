"""The Issues broker: Jira's keys, what several messages ask, and how failures are told."""

import json

import pytest

from brokers import Answer, BrokerError, TemporaryError
from brokers.builtin import BUILTIN
from tests.brokers.pushes import told
from tests.brokers.recorder import Recorder, run

JIRA = {"jira_url": "https://jira.example.com/", "jira_user": "bot@example.com", "jira_token": "s3cret"}
WAYS = {
    "transitions": [
        {"id": "11", "name": "Start", "to": {"name": "In Progress"}},
        {"id": "31", "name": "Finish it", "to": {"name": "Done"}},
        "junk",
        {"id": "41", "name": "Reopen", "to": None},
    ]
}
ANSWERS = {"GET https://jira.example.com/": Answer(200, body=json.dumps(WAYS).encode())}


def pushed(*messages: str) -> dict:
    payload = told("github/push")
    commit = payload["commits"][0]
    payload["commits"] = [{**commit, "message": message} for message in messages]
    return payload


def test_a_key_of_jira_goes_its_way_and_is_commented_on():
    host = run(BUILTIN["issues"], pushed("closes OPS-7"), JIRA, Recorder(ANSWERS))

    assert [
        (call.method, call.url.removeprefix("https://jira.example.com/rest/api/2/")) for call in host.calls
    ] == [
        ("GET", "issue/OPS-7/transitions"),
        ("POST", "issue/OPS-7/transitions"),
        ("POST", "issue/OPS-7/comment"),
    ]
    assert json.loads(host.calls[1].body) == {"transition": {"id": "31"}}
    assert "Resolved by commit" in json.loads(host.calls[2].body)["body"]
    assert all(call.headers["Authorization"].startswith("Basic ") for call in host.calls)


@pytest.mark.parametrize(
    ("message", "way"),
    [("reopens OPS-7", "41"), ("see OPS-7", None), ("wontfix OPS-7", None), ("holds OPS-7", None)],
)
def test_what_has_no_way_in_the_settings_is_commented_on_only(message, way):
    host = run(BUILTIN["issues"], pushed(message), JIRA, Recorder(ANSWERS))

    moves = [
        json.loads(call.body) for call in host.calls if call.method == "POST" and "transitions" in call.url
    ]
    assert moves == ([{"transition": {"id": way}}] if way else [])
    assert host.calls[-1].url.endswith("/comment")


def test_a_way_that_is_not_open_is_told():
    host = Recorder({"GET": Answer(200, body=b'{"transitions": []}')})

    run(BUILTIN["issues"], pushed("closes OPS-7"), JIRA, host)

    assert "no way called “Done”" in host.lines[0]


def test_keys_are_left_alone_where_no_jira_is_set():
    assert run(BUILTIN["issues"], pushed("closes OPS-7"), {}).calls == []


def test_a_token_alone_is_sent_as_such():
    settings = {"jira_url": "https://jira.example.com", "jira_token": "s3cret"}

    host = run(BUILTIN["issues"], pushed("see OPS-7"), settings)

    assert host.calls[0].headers["Authorization"] == "Bearer s3cret"


def test_of_one_issue_the_last_word_counts():
    host = run(BUILTIN["issues"], pushed("fixes #1", "reopens #1", "see #1"), {})

    assert json.loads(host.calls[0].body)["state"] == "open"
    assert len(host.calls) == 2


def test_links_may_be_left_out():
    assert run(BUILTIN["issues"], pushed("see #1"), {"links": False}).calls == []


def test_so_many_issues_that_a_run_may_not_call_for_all_are_told():
    message = "fixes " + ", ".join(f"#{number}" for number in range(1, 21))

    host = run(BUILTIN["issues"], pushed(message), {})

    assert len(host.calls) == 18
    assert sum("left out" in line for line in host.lines) == 11


def test_an_issue_that_is_not_there_does_not_keep_the_others():
    host = Recorder({"PATCH https://api.github.com/repos/acme/website/issues/1": Answer(404)})

    run(BUILTIN["issues"], pushed("fixes #1, #2"), {}, host)

    assert any(line.startswith("Issue 1: api.github.com answered 404") for line in host.lines)
    assert any(line.startswith("Commented on issue 2: Resolved by") for line in host.lines)


@pytest.mark.parametrize("start", ["PATCH", "PATCH https://api.github.com/repos/acme/website/issues/2"])
def test_a_failure_that_may_pass_is_tried_again(start):
    host = Recorder({start: TemporaryError("no answer")})

    with pytest.raises(TemporaryError):
        run(BUILTIN["issues"], pushed("fixes #1, #2"), {}, host)

    assert "Issue 2: no answer" in host.lines


def test_when_nothing_can_be_moved_the_run_fails_and_says_why():
    with pytest.raises(BrokerError, match="The user or token lacks the right"):
        run(BUILTIN["issues"], pushed("fixes #1"), {}, Recorder({"PATCH": Answer(403)}))


@pytest.mark.parametrize("word", ["hold", "wontfix", "invalidate", "reopen", "see"])
@pytest.mark.parametrize("kind", ["bitbucket", "github", "gitlab", "gitea", "gogs"])
def test_every_word_is_at_least_said_at_every_host(kind, word):
    payload = told(f"{kind}/push")
    payload["commits"][0]["message"] = f"{word} #5"

    host = run(BUILTIN["issues"], payload, {})

    mine = [call for call in host.calls if "/issues/5" in call.url]
    assert mine[-1].url.endswith(("/comments", "/notes"))
    assert len(mine) == (1 if word == "see" or (word == "hold" and kind != "bitbucket") else 2)
