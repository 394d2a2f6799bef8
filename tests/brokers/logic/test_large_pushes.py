"""Large pushes: read and told at once, and in bounded words."""

import time

import pytest

from brokers.builtin import BUILTIN
from brokers.logic.push import historic_payload, news_of, read_push
from tests.brokers.builtin.test_hostile_pushes import SETTINGS
from tests.brokers.pushes import node, sent
from tests.brokers.recorder import Recorder, run

MANY = 5000


def branches_of_cloud() -> dict:
    """Return a push of 5,000 new branches, of which nobody can tell what is new."""
    data = sent("bitbucket/new_branch")
    change = data["push"]["changes"][0]
    data["push"]["changes"] = [
        {"new": {**change["new"], "name": f"b{number}"}, "commits": change["commits"][:1]}
        for number in range(MANY)
    ]
    return data


def branches_of_data_center() -> dict:
    data = sent("bitbucket_data_center/push")
    change, commit = data["changes"][0], data["commits"][0]
    data["changes"] = [
        {**change, "ref": {**change["ref"], "displayId": f"b{number}"}} for number in range(MANY)
    ]
    data["commits"] = [
        {**commit, "id": node(f"x{number}"), "parents": [{"id": node(f"x{number + 1}")}]}
        for number in range(MANY)
    ]
    return data


def commits_of_github() -> dict:
    data = sent("github/push")
    data["commits"] = [{**data["commits"][0], "id": node(f"x{number}")} for number in range(MANY)]
    return data


@pytest.mark.parametrize("make", [branches_of_cloud, branches_of_data_center, commits_of_github])
def test_thousands_of_branches_and_commits_are_read_at_once(make):
    data = make()
    begun = time.perf_counter()

    push = read_push({}, data)
    payload = historic_payload(push, seen=())

    assert len(payload["changes"]) in (1, MANY)
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize("name", [name for name in BUILTIN if name != "post"])
def test_thousands_of_branches_are_told_in_bounded_words(name):
    payload = historic_payload(read_push({}, branches_of_cloud()), seen=())
    for change in payload["changes"]:
        change |= {"forced": True, "name": change["name"] + "x" * 240}

    host = run(BUILTIN[name], {**payload, "forced": True}, SETTINGS[name], Recorder())

    for mail in host.mails:
        assert len(mail.subject) <= 200
        assert len(mail.text) + len(mail.html) < 50_000
        assert all(len(value) < 1000 for _key, value in mail.headers)
    assert all(len(call.body) < 28_000 for call in host.calls)
    assert len(host.requests) <= 20


def test_news_of_thousands_of_branches_are_found_once():
    push = read_push({}, branches_of_cloud())

    news = news_of(push, push.changes, {node("c4")})

    assert [commit.node for _change, commit in news.commits] == [node("c5")]
