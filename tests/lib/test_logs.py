"""No line of the log shows a secret URL, and none is written a thousand times."""

import logging

import pytest

from alertops.lib import secrets
from alertops.lib.logs import HideTokens
from alertops.lib.seldom import Seldom

TOKEN = secrets.new_token()


@pytest.mark.parametrize(
    ("message", "arguments", "line"),
    [
        ("Not Found: %s", (f"/in/{TOKEN}",), "Not Found: /in/***"),
        ("GET %s", (f"//in//{TOKEN}?a=1",), "GET //in//***?a=1"),
        ("no match: %s.", (f"/IN/{TOKEN}/messages/5",), "no match: /IN/***/messages/5."),
        ("Not Found: /in/short/x", (), "Not Found: /in/***/x"),
        ("nothing %s to hide in it", (5,), "nothing 5 to hide in it"),
    ],
)
def test_tokens_are_hidden_wherever_they_stand(message, arguments, line):
    record = logging.LogRecord("x", logging.ERROR, "x", 1, message, arguments, None)

    assert HideTokens().filter(record)
    assert record.getMessage() == line


def test_the_first_is_said_and_then_how_many_there_were():
    seldom = Seldom(every=1000)
    assert [seldom.count() for _time in range(5)] == [1, 0, 0, 0, 0]

    now_and_then = Seldom(every=0)
    assert [now_and_then.count() for _time in range(3)] == [1, 1, 1]
