"""The pages about mapping tell of everything that there is, and their examples work."""

import json
import re
from pathlib import Path

import pytest

from alertops.lib import conditions
from integrations.logic import mapping, outcome, payload, pipeline, rule_json, template
from integrations.models import OPERATOR_CHOICES, STATUS_CHOICES
from integrations.operations import presets

DOCS = Path(__file__).resolve().parents[2] / "docs"
MAPPING, ADDING, SENDERS = (
    (DOCS / name).read_text("utf-8") for name in ("mapping.md", "adding-a-preset.md", "senders.md")
)


@pytest.mark.parametrize("reason", list(outcome.Reason))
def test_every_reason_is_explained_beside_its_status(reason):
    status = dict(STATUS_CHOICES)[outcome.STATUS[reason].value]

    assert re.search(rf"^\| {status} \| `{reason}` \| .+ \|", MAPPING, re.MULTILINE)


@pytest.mark.parametrize("label", [str(label).partition(" (")[0] for _value, label in OPERATOR_CHOICES])
def test_every_operator_is_explained(label):
    assert re.search(rf"^\| .*{re.escape(label)}.* \|", MAPPING, re.MULTILINE)


@pytest.mark.parametrize("label", mapping.FIELDS.values())
def test_every_field_is_explained(label):
    assert re.search(rf"^\| .*\*\*{label}\*\*", MAPPING, re.MULTILINE)


@pytest.mark.parametrize(
    "limit",
    [
        f"{payload.MAX_DEPTH} levels",
        f"{payload.MAX_FIELDS:,}",
        f"{pipeline.MAX_EVENTS:,}",
        f"{conditions.MAX_PATH_LENGTH}, {conditions.MAX_REGEX_LENGTH:,}",
        f"{template.MAX_LENGTH:,}",
        f"{mapping.MAX_TAGS}, {mapping.MAX_VALUES}",
        f"its first {conditions.LONGEST_SEARCHED:,} characters",
        f"{conditions.MOST_INSTRUCTIONS:,}: ",
        f"| paths in a template | {template.MAX_PATHS} |",
    ],
)
def test_every_limit_is_told(limit):
    assert limit in MAPPING.partition("## Limits")[2]


def test_every_preset_is_on_the_page_of_senders():
    missing = [preset.name for preset in presets.presets() if preset.name not in SENDERS]

    assert missing == []


def test_the_example_of_the_mapping_page_comes_to_what_the_page_says():
    delivery = re.search(r"```json\n(.+?)```", MAPPING, re.DOTALL)[1]
    table = MAPPING.partition("| Field | How | Value |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| `(.+?)` \|$", table, re.MULTILINE)
    names = {label: name for name, label in mapping.FIELDS.items()}
    rule = {
        "name": "Plain events",
        "fields": {names[label]: {"kind": kind, "value": value} for label, kind, value in rows},
        "open_values": ["DOWN"],
        "close_values": ["UP"],
        "severity_cases": [{"match": "equals", "value": "HIGH", "severity": "error"}],
    }

    trace = pipeline.evaluate(payload.decode(delivery.encode()), rule_json.read_config([rule]))

    assert len(rows) == 8
    assert trace.decisions[0].sentence in MAPPING
    assert f"*{trace.events[0].subject}*" in " ".join(MAPPING.split())


def test_a_fresh_custom_integration_says_what_the_pages_say():
    delivery = re.search(r"```json\n(.+?)```", MAPPING, re.DOTALL)[1]
    rules = presets.preset("custom").rules

    told = (
        pipeline.evaluate(payload.decode(delivery.encode()), rule_json.read_config(rules))
        .decisions[0]
        .sentence
    )

    assert told in " ".join(SENDERS.split())
    assert told.partition(" Give")[0] in " ".join(MAPPING.split())


def test_the_preset_of_the_guide_can_work_and_uses_every_part_of_a_rule():
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.+?)```", ADDING, re.DOTALL)]
    preset = next(block for block in blocks if isinstance(block, dict))
    written = preset["rules"][0]
    rule = rule_json.read_rule(written)

    assert mapping.problems(rule) == []
    assert set(written) == rule_json.NAMES
    assert rule_json.write_rule(rule) == written
    assert set(preset) == set(json.loads((presets.FOLDER / "bitbucket" / "preset.json").read_text()))
