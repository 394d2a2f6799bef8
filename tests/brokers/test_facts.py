"""What is kept of a push is all of it."""

import json

import pytest

from brokers.operations import facts
from brokers.operations.words import summary_of
from tests.brokers import pushes


@pytest.mark.parametrize("name", pushes.NAMES)
def test_a_push_that_was_kept_as_json_comes_back_as_it_was(name):
    push = pushes.read(name)

    kept = json.loads(json.dumps(facts.dump(push)))

    assert facts.load(kept) == push


def test_what_an_older_version_did_not_keep_has_its_default():
    kept = facts.dump(pushes.read("github/push"))
    del kept["files_known"]

    assert facts.load(kept).files_known


def test_what_a_newer_version_keeps_is_left_out():
    kept = {**facts.dump(pushes.read("github/push")), "mood": "good"}

    assert facts.load(kept) == pushes.read("github/push")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("github/branch_deleted", "deleted the branch feature/search"),
        ("github/tag", "pushed the tag"),
        ("github/new_branch", "made the branch"),
    ],
)
def test_a_push_without_news_is_told_for_what_it_is(name, said):
    assert said in summary_of(pushes.read(name), [])
