"""What is new in a push: nothing twice, and never the history of a new branch."""

import pytest

from brokers.logic.push import historic_payload, read_push
from tests.brokers.pushes import labels, node, sent, told


def seen(*names: str) -> tuple[str, ...]:
    return tuple(map(node, names))


@pytest.mark.parametrize(
    ("name", "known", "news"),
    [
        ("bitbucket/push", (), ["c2", "c3", "c4"]),
        ("bitbucket/push", ("c2",), ["c3", "c4"]),
        ("bitbucket/push", ("c2", "c3", "c4"), []),
        ("bitbucket/two_branches", (), ["c3", "c4"]),
        # A new branch lists c1 to c5. Above a known commit all is new; without one in sight, nothing.
        ("bitbucket/new_branch", (), []),
        ("bitbucket/new_branch", ("c4",), ["c5"]),
        ("bitbucket/new_branch", ("c3",), ["c4", "c5"]),
        ("bitbucket/new_branch", ("c1", "c2", "c3", "c4", "c5"), []),
        # Cut at c7, whose parent c6 is told.
        ("bitbucket/new_branch_cut", (), []),
        ("bitbucket/new_branch_cut", ("c6",), ["c7", "c8", "c9", "c10", "c11"]),
        ("bitbucket/new_branch_cut", ("c9",), ["c10", "c11"]),
        ("bitbucket/new_branch_cut", ("c2",), []),
        # A main branch from its root on: how a repository begins.
        ("bitbucket/first_push", (), ["c1", "c2"]),
        ("bitbucket/first_push", ("c1",), ["c2"]),
        # Gitea tells no parents: what is listed before a known commit is older.
        ("gitea/new_branch", (), []),
        ("gitea/new_branch", ("c4",), ["c5"]),
        ("gitea/new_branch", ("c2",), ["c3", "c4", "c5"]),
        # GitHub says itself what was pushed before, GitLab sends nothing else.
        ("github/new_branch", (), ["c5"]),
        ("gitlab/new_branch", (), ["c5"]),
        ("github/push", ("c3",), ["c2", "c4"]),
    ],
)
def test_news_are_what_was_not_known(name, known, news):
    assert labels(told(name, seen=seen(*known))) == news


def test_a_new_branch_of_which_nobody_can_tell_what_is_new_says_so():
    payload = told("bitbucket/new_branch")

    assert payload["changes"][0]["unclear"] is True
    assert payload["at_least"] is True


def test_a_first_push_of_another_branch_is_not_taken_for_a_beginning():
    data = sent("bitbucket/first_push")
    data["push"]["changes"][0]["new"]["name"] = "feature/search"

    assert historic_payload(read_push({}, data), seen=())["commits"] == []


def test_a_first_push_that_is_cut_is_history():
    data = sent("bitbucket/first_push")
    data["push"]["changes"][0]["truncated"] = True

    assert historic_payload(read_push({}, data), seen=())["commits"] == []


def test_one_commit_in_two_changes_counts_once_with_both_branches():
    first = told("bitbucket/two_branches")["commits"][0]

    assert (first["branch"], first["branches"]) == ("main", ["main", "release/1.2"])


def test_a_branch_made_in_the_same_push_begins_where_the_other_was():
    data = sent("bitbucket/two_branches")
    data["push"]["changes"] = [
        sent("bitbucket/new_branch")["push"]["changes"][0],
        sent("bitbucket/push")["push"]["changes"][0],
    ]

    payload = historic_payload(read_push({}, data), seen=())

    assert sorted(labels(payload)) == ["c2", "c3", "c4", "c5"]


def test_a_merge_brings_only_what_hangs_on_new_commits():
    """c3 and c2 are parents of one merge; c2 is known, so c1 below it is history, and c3 is not."""
    data = sent("bitbucket/new_branch")
    listed = data["push"]["changes"][0]["commits"]
    _c5, c4, c3, c2, c1 = listed
    c3["parents"] = [{"type": "commit", "hash": c1["hash"]}]
    c4["parents"] = [{"type": "commit", "hash": c3["hash"]}, {"type": "commit", "hash": c2["hash"]}]

    payload = historic_payload(read_push({}, data), seen=seen("c2"))

    assert labels(payload) == ["c3", "c4", "c5"]
