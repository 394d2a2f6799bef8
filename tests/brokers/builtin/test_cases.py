"""Every built-in broker does for recorded pushes what is expected of it, to the letter.

A case is a file of cases/<broker>/: the push, the settings, what is answered; and what was asked then.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from alertops.lib.wording import worded
from brokers import Answer, BrokerError
from brokers.builtin import BUILTIN
from tests.brokers.pushes import node, told
from tests.brokers.recorder import Recorder, run

CASES = Path(__file__).parent / "cases"
FILES = sorted(CASES.rglob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CASES).with_suffix("")))
def test_a_broker_does_what_is_expected(path):
    case = json.loads(path.read_text())

    assert outcome_of(path.parent.name, case) == case["expected"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CASES).with_suffix("")))
def test_what_its_run_is_told_as_is_worded_for_its_reader(path):
    expected = json.loads(path.read_text())["expected"]
    stored = expected.get("log", [])
    stored += [expected["error"].partition(": ")[2]] if "error" in expected else []

    with translation.override("de"):
        assert [text for text in stored if worded(text) == text] == []


@pytest.mark.parametrize("name", BUILTIN)
def test_every_broker_has_cases(name):
    assert len([path for path in FILES if path.parent.name == name]) >= 3


def outcome_of(name: str, case: dict[str, Any]) -> dict[str, Any]:
    """Run a case and return all that was asked, texts as lists of lines."""
    payload = told(case["push"], seen=tuple(node(label) for label in case.get("seen", ())))
    answers = {
        start: Answer(answer["status"], answer.get("headers", {}), answer.get("body", "").encode())
        for start, answer in case.get("answers", {}).items()
    }
    host = Recorder(answers)
    outcome: dict[str, Any] = {}
    try:
        run(BUILTIN[name], payload, case["settings"], host, token=case.get("token", ""))
    except BrokerError as error:
        outcome["error"] = f"{type(error).__name__}: {error}"
    return outcome | {
        **_filled("mails", [_lines(asdict(mail)) for mail in host.mails]),
        **_filled("calls", [_call(asdict(call)) for call in host.calls]),
        **_filled("requests", [_lines(asdict(request)) for request in host.requests]),
        **_filled("log", host.lines),
    }


def _filled(name: str, found: list[Any]) -> dict[str, Any]:
    return {name: json.loads(json.dumps(found))} if found else {}


def _call(call: dict[str, Any]) -> dict[str, Any]:
    if call["headers"].get("Content-Type") == "application/json":
        call["body"] = json.loads(call["body"])
    return call


def _lines(told: dict[str, Any]) -> dict[str, Any]:
    return {
        **told,
        "text": told["text"].split("\n"),
        **({"html": bool(told["html"])} if "html" in told else {}),
    }
