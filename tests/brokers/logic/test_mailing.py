"""How much of a push stands in a mail, and what is said of the rest."""

import pytest

from brokers.logic.mail_html import html_of
from brokers.logic.mailing import MAX_BODY, body_of, subject_of
from tests.brokers.pushes import told


def many(number: int, message: str = "Step") -> dict:
    payload = told("github/push")
    commit = payload["commits"][0]
    payload["commits"] = [
        {**commit, "node": f"{index:012}", "message": f"{message} {index}"} for index in range(number)
    ]
    return payload


@pytest.mark.parametrize("written", [body_of, html_of])
def test_a_mail_shows_the_newest_hundred_commits_and_counts_the_rest(written):
    text = written(many(150))

    assert "150 new commits in website" in text
    assert "50 older commits of this push are left out here." in text
    assert "000000000149" in text
    assert "000000000050" in text
    assert "000000000049" not in text


@pytest.mark.parametrize("written", [body_of, html_of])
def test_long_messages_leave_room_for_fewer_commits(written):
    text = written(many(30, "x" * 9_000))

    assert "17 older commits of this push are left out here." in text
    assert "000000000029" in text


def test_one_message_is_cut_and_says_so():
    text = body_of(many(1, "x" * 200_000))

    assert len(text) < 15_000
    assert "[…]" in text


def test_a_mail_that_is_too_long_ends_with_saying_so_and_why_it_was_sent():
    text = body_of(many(1), [("Diff of 1:", "+y\n" * MAX_BODY)])

    assert len(text) < MAX_BODY + 500
    assert "[The rest is left out: the mail is too long.]" in text
    assert text.rstrip().endswith("can change or end that.")


def test_many_files_are_counted_and_the_first_are_named():
    payload = told("github/one_commit")
    payload["commits"][0]["files"] = [{"file": f"f{index:03}", "type": "added"} for index in range(80)]

    text = body_of(payload)

    assert "80 files, the first 50 of them:" in text
    assert "  A f049" in text
    assert "f050" not in text


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("github/one_commit", "commit/website: ben: Mend the contact form, fixes #12"),
        ("github/push", "commit/website: 3 new changesets"),
        ("gitlab/push_cut", "commit/website: at least 3 new changesets"),
        ("bitbucket/rewound", "commit/website: main rewritten"),
    ],
)
def test_subjects_are_those_that_bitbucket_had(name, subject):
    assert subject_of(told(name)) == subject


def test_one_commit_of_a_cut_push_is_not_told_as_the_only_one():
    payload = {**told("github/one_commit"), "at_least": True}

    assert subject_of(payload) == "commit/website: at least 1 new changeset"


@pytest.mark.parametrize(
    ("wish", "subject"),
    [
        ("[web] {usual}", "[web] commit/website: ben: Mend the contact form, fixes #12"),
        ("{author} on {branch}", "ben on main"),
        ("{count}: {summary}", "1 new commit: Mend the contact form, fixes #12"),
        ("{nobody} {", "{nobody} {"),
    ],
)
def test_a_subject_of_ones_own_holds_the_words_it_names(wish, subject):
    assert subject_of(told("github/one_commit"), wish) == subject


def test_a_blank_message_has_a_subject_too():
    payload = told("github/one_commit")
    payload["commits"][0]["message"] = " \n\u202e\n"

    assert subject_of(payload) == "commit/website: ben: (no message)"
