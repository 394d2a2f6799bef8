"""What paths find, and which conditions hold."""

import re
import time

import pytest

from alertops.lib import conditions
from alertops.lib.conditions import Missing, Operator, Scope

DATA = {
    "state": "FAILED",
    "count": 3,
    "share": 0.5,
    "big": 12345678901234567890,
    "is_final": True,
    "nothing": None,
    "empty": "",
    "labels": ["bug", "ui"],
    "0": "zero",
    "odd^key": "caret",
    "repository": {"full_name": "acme/website", "owner": {"name": "Anna"}},
    "alerts": [{"status": "firing"}, {"status": "resolved"}, None],
    "matrix": [[1, 2], [3]],
    "@timestamp": "now",
}
HEADERS = {"x-event-key": "repo:push"}
ALL = Scope(DATA, HEADERS, DATA)
ELEMENT = Scope(DATA, HEADERS, DATA["alerts"][0])


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("state", "FAILED"),
        (" state ", "FAILED"),
        ("repository^full_name", "acme/website"),
        ("repository^owner^name", "Anna"),
        ("alerts^0^status", "firing"),
        ("alerts^1^status", "resolved"),
        ("alerts^-2^status", "resolved"),
        ("matrix^0^1", 2),
        ("0", "zero"),
        (r"odd\^key", "caret"),
        ("@timestamp", "now"),
        ("count", 3),
        ("is_final", True),
        ("empty", ""),
        ("@header^X-Event-Key", "repo:push"),
        ("@HEADER^x-EVENT-key", "repo:push"),
        ("^", DATA),
        ("^state", "FAILED"),
        ("@element", DATA),
    ],
)
def test_a_path_finds(path, found):
    assert conditions.look_up(conditions.parse_path(path), ALL) == found


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("stat", "there is no “stat”"),
        ("State", "there is no “State”"),
        ("nothing", "“nothing” is null"),
        ("repository^name", "“repository” has no “name”"),
        ("repository^owner^mail", "“repository^owner” has no “mail”"),
        ("repository^nobody^mail", "“repository” has no “nobody”"),
        ("alerts^3^status", "“alerts” is a list of 3 and has no element 3"),
        ("alerts^-4", "“alerts” is a list of 3 and has no element -4"),
        ("alerts^2", "element 2 of “alerts” is null"),
        ("alerts^status", "“alerts” is a list: name one of its elements by number, like alerts^0"),
        ("state^0", "“state” is “FAILED” and holds no “0”"),
        ("is_final^x", "“is_final” is “true” and holds no “x”"),
        ("@header^X-Hub-Signature", "there is no header “X-Hub-Signature”"),
    ],
)
def test_a_missing_value_says_which_part_was_missing(path, reason):
    assert conditions.look_up(conditions.parse_path(path), ALL) == Missing(path, reason)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("status", "firing"),
        ("^state", "FAILED"),
        ("^alerts^1^status", "resolved"),
        ("@element", {"status": "firing"}),
        ("@header^X-Event-Key", "repo:push"),
        ("state", Missing("state", "there is no “state”")),
    ],
)
def test_a_path_reads_the_element_and_only_a_leading_caret_the_whole(path, found):
    assert conditions.look_up(conditions.parse_path(path), ELEMENT) == found


@pytest.mark.parametrize("element", [None, 5, "text", [], [1]])
def test_elements_that_are_no_objects_have_no_keys(element):
    found = conditions.look_up(conditions.parse_path("status"), Scope([element], {}, element))

    assert isinstance(found, Missing)


def test_an_element_that_is_a_text_can_be_read_itself():
    assert conditions.look_up(conditions.parse_path("@element"), Scope(["a"], {}, "a")) == "a"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "The path is empty"),
        ("   ", "The path is empty"),
        ("a^^b", "“a^^b” has nothing in part 2"),
        ("a^", "“a^” has nothing in part 2"),
        ("^^", "has nothing in part 1"),
        ("@header", "must name one header"),
        ("@header^", "has nothing in part 2"),
        ("@header^a^b", "must name one header"),
        ("a" * 501, "longer than 500"),
    ],
)
def test_an_invalid_path_is_refused_by_name(path, message):
    with pytest.raises(conditions.InvalidPath, match=re.escape(message)):
        conditions.parse_path(path)


HOLDING = [
    ("state", Operator.EQUALS, "FAILED"),
    ("count", Operator.EQUALS, "3"),
    ("share", Operator.EQUALS, "0.5"),
    ("big", Operator.EQUALS, "12345678901234567890"),
    ("is_final", Operator.EQUALS, "true"),
    ("empty", Operator.EQUALS, ""),
    ("repository^owner", Operator.EQUALS, '{"name":"Anna"}'),
    ("state", Operator.CONTAINS, "AIL"),
    ("labels", Operator.CONTAINS, "bug"),
    ("count", Operator.CONTAINS, "3"),
    ("state", Operator.STARTS_WITH, "FA"),
    ("state", Operator.IN_LIST, "SUCCESSFUL, FAILED ,STOPPED"),
    ("is_final", Operator.IN_LIST, "true"),
    ("state", Operator.EXISTS, ""),
    ("repository", Operator.EXISTS, ""),
    ("empty", Operator.EXISTS, ""),
    ("@header^x-event-key", Operator.EXISTS, ""),
    ("state", Operator.REGEX, "^F.*D$"),
    ("state", Operator.REGEX, "AIL"),
    ("state", Operator.REGEX, "(?i)failed"),
    ("count", Operator.GREATER, "2.5"),
    ("count", Operator.LESS, "1e3"),
    ("big", Operator.GREATER, "12345678901234567889"),
    ("0", Operator.EXISTS, ""),
]
FAILING = [
    ("state", Operator.EQUALS, "failed"),
    ("count", Operator.EQUALS, "3.0"),
    ("is_final", Operator.EQUALS, "True"),
    ("state", Operator.CONTAINS, "ail"),
    ("labels", Operator.CONTAINS, "bu"),
    ("state", Operator.STARTS_WITH, "AIL"),
    ("state", Operator.IN_LIST, "FAIL, ED"),
    ("state", Operator.REGEX, "^AIL"),
    ("count", Operator.GREATER, "3"),
    ("count", Operator.LESS, "3"),
    ("state", Operator.GREATER, "0"),
    ("is_final", Operator.GREATER, "0"),
    ("labels", Operator.LESS, "5"),
]


@pytest.mark.parametrize(("path", "operator", "value"), HOLDING)
def test_a_condition_holds_and_with_not_it_does_not(path, operator, value):
    assert _judge(path, operator, value).holds
    assert not _judge(path, operator, value, is_negated=True).holds


@pytest.mark.parametrize(("path", "operator", "value"), FAILING)
def test_a_condition_does_not_hold_and_with_not_it_does(path, operator, value):
    assert not _judge(path, operator, value).holds
    assert _judge(path, operator, value, is_negated=True).holds


@pytest.mark.parametrize("operator", list(Operator))
@pytest.mark.parametrize("path", ["nobody", "nothing", "@header^Nobody"])
def test_a_missing_or_null_value_fails_every_operator_and_not_turns_that_round(operator, path):
    assert not _judge(path, operator, "1").holds
    assert _judge(path, operator, "1", is_negated=True).holds
    assert _judge(path, operator, "1").seen is None


@pytest.mark.parametrize(
    ("path", "operator", "value", "reason"),
    [
        ("state", Operator.EQUALS, "FAILED", "“FAILED” equals “FAILED”"),
        ("state", Operator.EQUALS, "STOPPED", "“FAILED” does not equal “STOPPED”"),
        ("state", Operator.IN_LIST, "A, B", "“FAILED” is not one of “A, B”"),
        ("state", Operator.REGEX, "^F", "“FAILED” matches “^F”"),
        ("state", Operator.GREATER, "5", "“FAILED” is no number"),
        ("count", Operator.LESS, "5", "“3” is less than “5”"),
        ("repository", Operator.EXISTS, "", "exists: an object with 2 keys"),
        ("labels", Operator.CONTAINS, "x", "“a list of 2” does not contain “x”"),
        ("nobody", Operator.EXISTS, "", "there is no “nobody”"),
    ],
)
def test_a_verdict_says_why(path, operator, value, reason):
    assert _judge(path, operator, value).reason == reason


@pytest.mark.parametrize(
    ("operator", "value", "message"),
    [
        (Operator.REGEX, "(", "“(” is no regular expression that can be used: missing )"),
        (Operator.REGEX, "(?=x)", "Look-ahead"),
        (Operator.REGEX, r"(a)\1", "back-references"),
        (Operator.REGEX, "", "is empty"),
        (Operator.REGEX, "a" * 1001, "longer than 1000"),
        (Operator.REGEX, "((a{100}){100}){100}", "no regular expression that can be used"),
        (Operator.GREATER, "many", "needs a number, and “many” is none"),
        (Operator.LESS, "", "needs a number"),
        (Operator.LESS, "nan", "needs a number"),
        (Operator.LESS, "1_000", "needs a number"),
        (Operator.IN_LIST, " , ", "needs values"),
        (Operator.CONTAINS, "", "needs a text"),
        (Operator.STARTS_WITH, "", "needs a text"),
    ],
)
def test_a_value_that_does_not_suit_its_operator_is_refused_by_name(operator, value, message):
    with pytest.raises(conditions.InvalidCondition, match=re.escape(message)):
        conditions.compile_condition("state", operator, value)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_no_pattern_takes_longer_than_its_text(pattern):
    started = time.perf_counter()

    conditions.matches(conditions.compile_regex(pattern), "a" * 100_000 + "!")

    assert time.perf_counter() - started < 2


def test_a_refused_pattern_writes_nothing_to_the_log(capfd):
    with pytest.raises(conditions.InvalidCondition):
        conditions.compile_regex("(")

    assert capfd.readouterr().err == ""


def test_lone_surrogates_break_no_pattern_and_no_text():
    assert conditions.matches(conditions.compile_regex("a\ud800?"), "\udfffa")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        (0.5, 0.5),
        ("5", 5),
        (" -5.25 ", -5.25),
        ("1e3", 1000.0),
        ("1e400", float("inf")),
        ("9" * 30, int("9" * 30)),
        (True, None),
        (None, None),
        ("", None),
        ("5 apples", None),
        ("inf", None),
        ("٥", None),
        ("9" * 5000, None),
    ],
)
def test_what_is_a_number(value, number):
    assert conditions.as_number(value) == number


def test_a_shown_value_is_short():
    verdict = conditions.judge(
        conditions.compile_condition("long", Operator.STARTS_WITH, "a" * 900),
        Scope({"long": "a" * 1_000_000}, {}, {"long": "a" * 1_000_000}),
    )

    assert verdict.holds
    assert len(verdict.reason) < 500
    assert len(verdict.seen) == 200


def _judge(path, operator, value, *, is_negated=False):
    condition = conditions.compile_condition(path, operator, value, is_negated=is_negated)
    return conditions.judge(condition, ALL)
