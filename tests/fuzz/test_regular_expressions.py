"""Regular expressions made to take for ever: each is refused in words, or takes time in proportion."""

import resource
import time

import pytest

from alertops.lib import conditions
from alertops.lib.conditions import InvalidCondition, compile_regex, matches
from integrations.logic import mapping, rule_json

# Expression, and what its text repeats: nearly a match, and never one.
EVIL = {
    "nested plus": ("(a+)+$", "a"),
    "nested star": ("(a*)*$", "a"),
    "overlapping": ("(a|aa)+$", "a"),
    "overlapping with a group": ("(a|a?)+$", "a"),
    "twenty times anything": ("(.*a){20}", "a"),
    "three nested": ("((a+)+)+$", "a"),
    "adjacent": ("(x+x+)+y", "x"),
    "many dots": (".*.*.*.*.*=", "a"),
    "an e-mail address": (r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}$", "a"),
    "a class name": ("^(([a-z])+.)+[A-Z]([a-z])+$", "a"),
    "optional and needed": ("(a?){300}(a){300}", "a"),
    "a long way back": ("(a|b)*a(a|b){300}c", "ab"),
    "a window": ("[a-q][^u-z]{100}x", "aq"),
    "two counts": (r"(\w{1,90}){2}!", "a"),
    "many words": ("|".join(f"word{number}" for number in range(100)) + "$", "word1word2"),
    "all letters of the world": (r"(?i)\pL+\d", "é"),
}
REFUSED = {
    "a thousand and one": ("a{1001}", "invalid repetition size"),
    "counts of counts": ("((a{100}){100}){100}", "invalid repetition size"),
    "a program too large": (r"\pL{300}", "pattern too large"),
    "too many steps": ("(a?){1000}(a?){1000}a{1000}", "would take too long"),
    "too many steps with classes": (r"(\w{1,500}){2}!", "would take too long"),
    "too many steps backwards": (r"x.{0,900}", "would take too long"),
    "look-ahead": ("(?=a)", "Look-ahead, look-behind and back-references are not known here"),
    "a back-reference": (r"(a)\1", "invalid escape sequence"),
    "not closed": ("(a", "missing )"),
    "too long": ("a" * 1001, "longer than 1000 characters"),
    "deep": ("(" * 499 + "a" + ")" * 499 + "(", "missing )"),
}
LENGTH = 5_000


@pytest.mark.parametrize(("pattern", "piece"), EVIL.values(), ids=EVIL)
def test_an_evil_expression_takes_time_in_proportion(pattern, piece):
    regex = compile_regex(pattern)
    once, twice, four_times = (_seconds(regex, piece, times) for times in (1, 2, 4))

    # 2 and 4 where it is linear; backtracking would double with each character.
    assert twice < 6 * once
    assert four_times < 12 * once
    assert four_times < 1


def _seconds(regex, piece: str, times: int) -> float:
    text = (piece * LENGTH)[: LENGTH * times] if len(piece) == 1 else piece * (LENGTH * times // len(piece))
    text = text + "!" if len(text) > 1 else text
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        matches(regex, text)
        best = min(best, time.process_time() - began)
    return max(best, 0.000_1)


@pytest.mark.parametrize(("pattern", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_bounded_is_refused_in_words(pattern, why):
    with pytest.raises(InvalidCondition) as refusal:
        compile_regex(pattern)

    assert why in str(refusal.value)


@pytest.mark.parametrize("pattern", ["(a?){1000}(a?){1000}a{1000}", "(a"])
def test_a_rule_with_such_an_expression_is_refused_where_it_stands(pattern):
    rule = rule_json.read_rule(
        {
            "name": "Evil",
            "fields": {
                "source": {"kind": "constant", "value": "A"},
                "source_name": {"kind": "path", "value": "a"},
                "source_status": {"kind": "path", "value": "s"},
            },
            "open_match": "regex",
            "open_values": [pattern],
            "severity_cases": [{"match": "regex", "value": pattern, "severity": "error"}],
            "filters": [{"path": "a", "operator": "regex", "value": pattern}],
        }
    )

    fields = {problem.field for problem in mapping.problems(rule)}

    assert {"filters.0.value", "open_values", "severity_cases.0.value"} <= fields


def test_the_memory_of_searching_is_bounded():
    regexes = [compile_regex(pattern) for pattern, _piece in EVIL.values()]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for regex in regexes:
        for piece in ("a", "ab", "é", "word1"):
            matches(regex, piece * conditions.LONGEST_SEARCHED)

    # Each expression keeps the states it has met; with REGEX_MEMORY that is a megabyte, not the text's size.
    most = len(regexes) * conditions.REGEX_MEMORY * 2
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < most


def test_only_the_beginning_of_a_very_long_text_is_searched():
    regex = compile_regex("needle")

    assert matches(regex, "x" * (conditions.LONGEST_SEARCHED - 6) + "needle")
    assert not matches(regex, "x" * conditions.LONGEST_SEARCHED + "needle")
