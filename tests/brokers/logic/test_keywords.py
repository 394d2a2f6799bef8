"""What commit messages ask of issues."""

import time

import pytest

from brokers.logic.keywords import WORDS, asked_of, references_in


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("fixes #12", [("resolve", "12")]),
        ("Fixes #12.", [("resolve", "12")]),
        ("FIXED ISSUE #7", [("resolve", "7")]),
        ("closing bug #7", [("resolve", "7")]),
        ("resolves ticket #7", [("resolve", "7")]),
        ("fix: #7", [("resolve", "7")]),
        ("closes #1, #2 and #3", [("resolve", "1"), ("resolve", "2"), ("resolve", "3")]),
        ("closes #1, and issue #2 & OPS-3", [("resolve", "1"), ("resolve", "2"), ("resolve", "OPS-3")]),
        ("fixes #1, re #2", [("resolve", "1"), ("link", "2")]),
        ("reopens #4", [("reopen", "4")]),
        ("holding #4", [("hold", "4")]),
        ("wontfix #4", [("wontfix", "4")]),
        ("invalidates #4", [("invalidate", "4")]),
        ("see #4", [("link", "4")]),
        ("refs OPS-7", [("link", "OPS-7")]),
        ("closes OPS-7, WEB_2-11", [("resolve", "OPS-7"), ("resolve", "WEB_2-11")]),
        ("wontfix #0012", [("wontfix", "12")]),
        ("Line one\n\nfixes\n#9", [("resolve", "9")]),
        ("#12", []),
        ("issue #12", []),
        ("prefixes #12", []),
        ("hot-fixes #12", []),
        ("/fixes #12", []),
        ("fixes#12", []),
        ("fixes 12", []),
        ("fixes #", []),
        ("fixes #12abc", []),
        ("fixes #1234567890", []),
        ("fixes ops-7", []),
        ("fixes everything, OPS-7 too", []),
        ("core #1", []),
        ("", []),
    ],
)
def test_words_and_references_are_found(message, found):
    assert references_in(message) == found


@pytest.mark.parametrize("word", [word for words in WORDS.values() for word in words])
def test_every_word_acts(word):
    assert references_in(f"It {word.upper()} #5")


def test_of_one_issue_the_last_word_counts_and_a_link_least():
    commits = [{"message": text} for text in ("fixes #1", "reopens #1, fixes #2", "see #2")]

    assert [(asked.action, asked.target) for asked in asked_of(commits)] == [
        ("reopen", "1"),
        ("resolve", "2"),
    ]


@pytest.mark.parametrize(
    "message",
    ["fix " * 300_000, "fixes #1" + ", #1" * 300_000, "fixes " + " " * 1_000_000, "fixes #1 and" * 90_000],
    ids=["words", "references", "spaces", "halves"],
)
def test_a_message_of_a_megabyte_is_searched_at_once(message):
    begun = time.perf_counter()

    assert len(references_in(message)) <= 50

    assert time.perf_counter() - begun < 2
