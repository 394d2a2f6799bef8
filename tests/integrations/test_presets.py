"""Every preset is whole, can work, and does with each of its payloads what it promises."""

import json
from dataclasses import asdict

import pytest
from django.utils import translation

from alerts.logic.event import key_digest
from integrations.logic import mapping, payload, pipeline, rule_json
from integrations.operations import presets as operations

SLUGS = ["custom", "bitbucket", "github", "gitlab", "grafana", "alertmanager"]


def _cases(slug):
    return json.loads((operations.FOLDER / slug / "cases.json").read_text("utf-8"))


CASES = [pytest.param(slug, case, id=f"{slug}: {case['name']}") for slug in SLUGS for case in _cases(slug)]
RULES = [
    pytest.param(rule, id=f"{slug}: {rule['name']}")
    for slug in SLUGS
    for rule in operations.preset(slug).rules
]


def test_presets_are_listed_with_custom_first_and_then_by_name():
    assert [preset.slug for preset in operations.presets()] == SLUGS


def test_every_folder_is_a_preset_made_of_data_only():
    folders = [path for path in operations.FOLDER.iterdir() if path.is_dir()]

    assert sorted(path.name for path in folders) == sorted(SLUGS)
    assert {path.suffix for path in operations.FOLDER.rglob("*") if path.is_file()} == {
        ".json",
        ".md",
        ".txt",
    }


@pytest.mark.parametrize("slug", SLUGS)
def test_a_preset_has_a_set_up_page_with_its_address(slug):
    preset = operations.preset(slug)

    assert preset.setup_text.startswith("# ")
    assert "{url}" in preset.setup_text
    assert "https://alerts.example.com/in/x" in preset.setup_for("https://alerts.example.com/in/x")
    assert "{url}" not in preset.setup_for("https://alerts.example.com/in/x")
    assert preset.description


@pytest.mark.parametrize("slug", SLUGS)
def test_a_preset_has_its_place_in_the_gallery_and_a_mark_of_its_own(slug):
    preset = operations.preset(slug)

    assert preset.purpose in {"Builds", "Monitoring", "Anything else"}
    assert preset.words
    assert 1 <= len(preset.mark.letters) <= 3
    assert 0 <= preset.mark.hue < 360
    assert [other for other in operations.presets() if other.mark == preset.mark] == [preset]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_payload_has_an_expected_outcome_and_every_case_a_payload(slug):
    payloads = {path.name for path in (operations.FOLDER / slug / "payloads").iterdir()}

    assert {case["file"] for case in _cases(slug)} == payloads


@pytest.mark.parametrize("slug", SLUGS)
def test_the_cases_of_a_preset_open_close_and_do_neither(slug):
    expected = [decision for case in _cases(slug) for decision in case["expected"]]

    assert {"open", "close", None} <= {decision.get("action") for decision in expected}


@pytest.mark.parametrize("slug", SLUGS)
def test_the_sample_opens_an_alert(slug):
    preset = operations.preset(slug)
    read = payload.decode(preset.sample_body.encode(), headers=preset.sample_headers)

    assert pipeline.evaluate(read, rule_json.read_config(preset.rules)).events[0].kind == "open"


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_of_a_preset_has_a_problem(rule):
    assert mapping.problems(rule_json.read_rule(rule)) == []


@pytest.mark.parametrize(("slug", "case"), CASES)
def test_a_payload_ends_as_expected(slug, case):
    body = (operations.FOLDER / slug / "payloads" / case["file"]).read_bytes()
    read = payload.decode(body, content_type=case.get("content_type", ""), headers=case["headers"])

    trace = pipeline.evaluate(read, rule_json.read_config(_enabled(slug, case)))

    assert [
        _told(decision, expected)
        for decision, expected in zip(trace.decisions, case["expected"], strict=True)
    ] == case["expected"]


def test_a_red_build_of_bitbucket_and_the_green_one_of_another_commit_have_one_key():
    red, green = (
        _only_event("bitbucket", name) for name in ("pipeline failed on main", "pipeline mended on main")
    )

    assert red.tags["commit"] != green.tags["commit"]
    assert key_digest(1, red) == key_digest(1, green)


def _only_event(slug, name):
    case = next(case for case in _cases(slug) if case["name"] == name)
    read = payload.decode((operations.FOLDER / slug / "payloads" / case["file"]).read_bytes())
    (event,) = pipeline.evaluate(read, rule_json.read_config(operations.preset(slug).rules)).events
    return event


def _enabled(slug, case):
    return [
        {**rule, "is_enabled": rule.get("is_enabled", True) or rule["name"] in case.get("enables", [])}
        for rule in operations.preset(slug).rules
    ]


def _told(decision, expected):
    """What a decision says of the things that the case expects something of."""
    facts = {"reason": decision.reason, "status": decision.status, "action": decision.kind}
    if decision.event:
        facts |= asdict(decision.event)
        facts["users"] = list(facts["users"])
        facts["occurred_at"] = facts["occurred_at"] and facts["occurred_at"].isoformat()
    return {name: facts[name] for name in expected}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_preset_speaks_every_language_and_is_found_by_the_words_of_each(slug):
    english = operations.preset(slug)
    with translation.override("de"):
        german = operations.preset(slug)

        assert operations.presets()[0].slug == "custom"
        assert german.is_found_by(english.name if slug != "custom" else "webhook")
    assert german.description != english.description
    assert german.setup_text != english.setup_text
    assert german.setup_text.count("{url}") == english.setup_text.count("{url}")
    assert german.setup_text.count("\n| ") == english.setup_text.count("\n| ")
    assert german.rules == english.rules
