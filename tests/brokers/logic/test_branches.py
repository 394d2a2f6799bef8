"""Branch filters."""

import pytest

from alertops.lib.sayings import recognize
from brokers.logic.branches import BranchFilter, InvalidFilter


@pytest.mark.parametrize(
    ("text", "name", "passes"),
    [
        ("", "main", True),
        ("  \n , ", "anything/at/all", True),
        ("main", "main", True),
        ("main", "Main", False),
        ("main", "main2", False),
        ("main, dev", "dev", True),
        ("main\ndev", "dev", True),
        ("release/*", "release/1.2", True),
        ("release/*", "release/1.2/hot", True),
        ("release/*", "release", False),
        ("release/*, !release/old", "release/old", False),
        ("release/*, !release/old", "release/new", True),
        ("!wip/*", "main", True),
        ("!wip/*", "wip/x", False),
        ("*", "main", True),
        ("*-fix", "hot-fix", True),
        ("v?", "v1", True),
        ("v?", "v12", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-b-b", False),
        ("[main]", "m", False),
        ("grün/*", "grün/x", True),
        ("", "", True),
        ("!wip", "", True),
        ("main", "", False),
    ],
)
def test_a_filter_lets_through_what_it_names(text, name, passes):
    assert BranchFilter.parse(text).accepts(name) is passes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!", "stands alone"),
        ("main dev", "Put a comma"),
        ("ma~in", "no branch name"),
        ("x" * 201, "longer than 200"),
        ("refs/heads/main", "without refs/heads/"),
        (",".join(["a"] * 101), "more than 100"),
    ],
)
def test_what_is_no_filter_is_refused_with_the_mend(text, said):
    with pytest.raises(InvalidFilter, match=said) as refused:
        BranchFilter.parse(text)
    assert recognize(str(refused.value))


def test_a_filter_is_kept_as_one_line():
    assert BranchFilter.parse(" main ,\n\nrelease/* ").text == "main, release/*"


def test_a_hostile_pattern_is_matched_at_once():
    assert not BranchFilter.parse("*a" * 99 + "b").accepts("a" * 255)
