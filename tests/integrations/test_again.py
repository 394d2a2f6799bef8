"""Which events of the past still count when they are looked at again, all at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.logic.event import Kind
from integrations.logic.again import PastEvent, overruled
from tests.factories import NOW

LETTERS = {"o": Kind.OPEN, "c": Kind.CLOSE, "u": Kind.UPDATE}

# Each letter an event of one problem, in order; a capital had its effect before. Expected: the places of
# those that do not count any more.
STORIES = {
    "nothing": ("", []),
    "a failure": ("o", []),
    "failures": ("ooo", []),
    "a failure and its mending": ("oc", [0]),
    "mended twice": ("occ", [0, 1]),
    "mended, failed": ("co", [0]),
    "failed, mended, failed": ("oco", [0, 1]),
    "failed, mended, failed twice": ("ocoo", [0, 1]),
    "what was opened before is closed": ("Oc", []),
    "what was closed before overrules what failed earlier": ("oC", [0]),
    "what was closed before does not overrule what failed later": ("Co", []),
    "what was opened before overrules an earlier closing": ("cO", [0]),
    "an update after the closing counts": ("ocu", [0]),
    "an update before the closing does not": ("ouc", [0, 1]),
    "updates alone": ("uu", []),
}


def past(letters, key="a", begin=1):
    return [
        PastEvent(
            message_id=begin + place,
            index=0,
            key=key,
            kind=LETTERS[letter.lower()],
            told_at=NOW + timedelta(minutes=place),
            had_effect=letter.isupper(),
        )
        for place, letter in enumerate(letters)
    ]


@pytest.mark.parametrize(("letters", "places"), STORIES.values(), ids=STORIES)
def test_only_the_end_of_each_problem_counts(letters, places):
    assert [message_id - 1 for message_id, _index in overruled(past(letters))] == places


def test_problems_do_not_overrule_each_other():
    assert overruled([*past("o", key="a"), *past("c", key="b", begin=2)]) == {}


def test_the_events_own_time_decides_not_the_order_of_arrival():
    failed, mended = past("oc")
    failed, mended = replace(failed, message_id=2), replace(mended, message_id=1)

    assert overruled([mended, failed]) == {(2, 0): 1}


@pytest.mark.parametrize(("letters", "by"), [("oc", 2), ("ooc", 3), ("oco", 3), ("ocoo", 3)], ids=str)
def test_who_overrules_is_named(letters, by):
    assert set(overruled(past(letters)).values()) == {by}
