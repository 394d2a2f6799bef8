"""What texts with paths in them come to."""

import re

import pytest

from alertops.lib.conditions import InvalidPath, Scope
from integrations.logic import template

DATA = {"name": "Tests", "state": "FAILED", "count": 3, "labels": ["a", "b"], "odd>key": 1}
SCOPE = Scope({"root": "whole"}, {"x-event-key": "repo:push"}, DATA)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("", ""),
        ("plain text", "plain text"),
        ("<name>", "Tests"),
        ("<name> is <state>", "Tests is FAILED"),
        ("< name >", "Tests"),
        ("<count> of <labels>", '3 of ["a","b"]'),
        ("<^root>", "whole"),
        ("<@header^X-Event-Key>", "repo:push"),
        ("a << b", "a < b"),
        ("<<<name>>", "<Tests>"),
        ("1 > 0", "1 > 0"),
        ("line\n<name>", "line\nTests"),
    ],
)
def test_a_template_is_filled(text, filled):
    assert template.fill(template.parse(text), SCOPE) == (filled, ())


def test_what_is_missing_is_left_empty_and_named():
    text, missing = template.fill(template.parse("<name>: <nobody> <nothing^x>."), SCOPE)

    assert text == "Tests:  ."
    assert [gap.path for gap in missing] == ["nobody", "nothing^x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a < b", "“< b” opens a path with < and never closes it with >. Write << for a plain <."),
        ("<name", "“<name” opens a path"),
        ("<a<b>", "“<a<b>” opens a path"),
        ("<<<", "“<” opens a path"),
    ],
)
def test_an_unclosed_path_is_refused_with_the_mend(text, message):
    with pytest.raises(template.InvalidTemplate, match=re.escape(message)):
        template.parse(text)


@pytest.mark.parametrize("text", ["<>", "< >", "<a^^b>", "<@header>"])
def test_an_invalid_path_in_a_template_is_refused(text):
    with pytest.raises(InvalidPath):
        template.parse(text)


def test_a_filled_text_does_not_grow_without_end():
    scope = Scope({}, {}, {"a": "x" * 100_000})

    text, _missing = template.fill(template.parse("<a>" * 100), scope)

    assert len(text) == template.MAX_LENGTH
