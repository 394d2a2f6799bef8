"""What deliveries come to, and what the trace tells about it."""

import json
import time
from datetime import UTC, datetime

import pytest

from alerts.logic.event import Kind, Severity
from integrations.logic import pipeline, rule_json
from integrations.logic.outcome import Reason
from integrations.logic.payload import Kind as PayloadKind
from integrations.logic.payload import Payload
from integrations.logic.trace import sentence

FAILED = {
    "repository": {"full_name": "acme/website"},
    "commit_status": {"key": "tests", "state": "FAILED", "name": "Tests", "refname": "main"},
}


def _rule(name="Builds", **columns):
    fields = {
        "source": {"kind": "constant", "value": "Bitbucket"},
        "source_name": {"kind": "path", "value": "repository^full_name"},
        "source_id": {"kind": "template", "value": "<commit_status^key> <commit_status^refname>"},
        "source_status": {"kind": "path", "value": "commit_status^state"},
    }
    return {
        "name": name,
        "open_values": ["FAILED"],
        "close_values": ["SUCCESSFUL", "INPROGRESS"],
        "update_values": ["NOTE"],
        **columns,
        "fields": {**fields, **columns.get("fields", {})},
    }


def _iterating(name="Alerts", **columns):
    return {
        "name": name,
        "iterate_over": "alerts",
        "open_values": ["firing"],
        "close_values": ["resolved"],
        **columns,
        "fields": {
            "source": {"kind": "constant", "value": "Alertmanager"},
            "source_name": {"kind": "path", "value": "name"},
            "source_status": {"kind": "path", "value": "status"},
            "tag:receiver": {"kind": "path", "value": "^receiver"},
            **columns.get("fields", {}),
        },
    }


def _evaluate(data, *rules, headers=None, kind=PayloadKind.JSON):
    return pipeline.evaluate(Payload(data, headers or {}, kind), rule_json.read_config(rules))


def _field(value, kind="path"):
    return {"kind": kind, "value": value}


def _with_state(state):
    return {**FAILED, "commit_status": {**FAILED["commit_status"], "state": state}}


def _alerts(*statuses):
    return {
        "receiver": "ops",
        "alerts": [{"name": f"disk {n}", "status": status} for n, status in enumerate(statuses)],
    }


# Status control


@pytest.mark.parametrize(
    ("status", "lists", "kind"),
    [
        ("FAILED", {}, Kind.OPEN),
        ("failed", {}, Kind.OPEN),
        (" Failed ", {}, Kind.OPEN),
        ("SUCCESSFUL", {}, Kind.CLOSE),
        ("INPROGRESS", {}, Kind.CLOSE),
        ("NOTE", {}, Kind.UPDATE),
        ("STOPPED", {}, None),
        ("FAILED AGAIN", {}, None),
        ("", {}, None),
        (None, {}, None),
        (True, {"open_values": ["true"]}, Kind.OPEN),
        (0, {"close_values": ["0"]}, Kind.CLOSE),
        (2, {"open_match": "regex", "open_values": ["^[1-9]"]}, Kind.OPEN),
        ("Host PROBLEM", {"open_match": "contains", "open_values": ["problem"]}, Kind.OPEN),
        ("RECOVERY of PROBLEM", {"open_match": "contains", "open_values": ["problem"]}, Kind.OPEN),
        ("down", {"open_match": "regex", "open_values": ["^DOWN$"]}, None),
        ("DOWN", {"open_match": "regex", "open_values": ["^DOWN$"]}, Kind.OPEN),
        ("ok", {"close_match": "regex", "close_values": ["^(?i)OK$"]}, Kind.CLOSE),
    ],
)
def test_a_status_opens_closes_updates_or_is_not_listed(status, lists, kind):
    (decision,) = _evaluate(_with_state(status), _rule(**lists)).decisions

    assert decision.kind == kind
    assert decision.reason == (None if kind else Reason.STATUS_MISMATCH)


def test_an_absent_status_is_a_mismatch_that_names_the_path():
    (decision,) = _evaluate({"repository": {"full_name": "acme/website"}}, _rule()).decisions

    assert decision.reason == Reason.STATUS_MISMATCH
    assert decision.sentence == (
        "“Builds” found no status: it reads commit_status^state, and there is no “commit_status”."
    )


# Which rule decides


def test_no_rules_at_all_and_none_enabled_are_both_no_rule():
    for trace in (_evaluate(FAILED), _evaluate(FAILED, _rule(is_enabled=False))):
        assert [decision.reason for decision in trace.decisions] == [Reason.NO_RULE]


def test_the_first_rule_with_a_match_decides_and_later_ones_are_not_tried():
    unwanted = _filter("repository^full_name", value="acme/shop")
    trace = _evaluate(
        FAILED,
        _rule("off", is_enabled=False),
        _rule("other", filters=[unwanted]),
        _rule("mine"),
        _rule("later"),
    )

    assert [(rule.name, rule.result) for rule in trace.rules] == [
        ("off", "off"),
        ("other", "refuses"),
        ("mine", "decides"),
    ]
    assert trace.decisions[0].rule == "mine"


def test_a_rule_that_matched_decides_even_when_a_later_one_would_know_the_status():
    (decision,) = _evaluate(_with_state("STOPPED"), _rule(), _rule(open_values=["STOPPED"])).decisions

    assert decision.reason == Reason.STATUS_MISMATCH


def _filter(path, value="", operator="equals", **columns):
    return {"path": path, "operator": operator, "value": value, **columns}


STATE, NAME, NOBODY = (
    _filter("commit_status^state", "FAILED"),
    _filter("repository^full_name", "acme/website"),
    _filter("nobody", "x"),
)


def _any(row):
    return {**row, "group": "any"}


@pytest.mark.parametrize(
    ("filters", "is_match"),
    [
        ([], True),
        ([STATE], True),
        ([STATE, NAME], True),
        ([STATE, NOBODY], False),
        ([{**STATE, "is_negated": True}], False),
        ([{**NOBODY, "is_negated": True}], True),
        ([_any(STATE), _any(NOBODY)], True),
        ([_any(NOBODY)], False),
        ([NAME, _any(NOBODY)], False),
        ([NAME, _any(STATE), _any(NOBODY)], True),
        ([NOBODY, _any(STATE)], False),
        ([_filter("@header^X-Event-Key", "repo:commit_status_updated")], True),
    ],
)
def test_all_filters_of_all_and_one_of_any_must_hold(filters, is_match):
    headers = {"x-event-key": "repo:commit_status_updated"}
    (decision,) = _evaluate(FAILED, _rule(filters=filters), headers=headers).decisions

    assert decision.reason == (None if is_match else Reason.FILTERED)


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        ([NOBODY], "“Builds”: there is no “nobody”."),
        (
            [_filter("commit_status^state", "X")],
            "“Builds”: commit_status^state: “FAILED” does not equal “X”.",
        ),
        ([{**STATE, "is_negated": True}], "commit_status^state: “FAILED” equals “FAILED” and must not."),
        ([_any(NOBODY)], "“Builds”: none of its “any” filters holds."),
    ],
)
def test_a_filtered_delivery_says_which_filter_refused_it(filters, why):
    (decision,) = _evaluate(FAILED, _rule(filters=filters)).decisions

    assert decision.sentence.startswith("No rule matched.")
    assert decision.sentence.endswith(why)


# Iterating


def test_each_element_is_one_event_that_reads_itself_and_by_a_leading_caret_the_whole():
    trace = _evaluate(_alerts("firing", "resolved", "odd"), _iterating())

    assert [(decision.index, decision.kind, decision.reason) for decision in trace.decisions] == [
        (0, Kind.OPEN, None),
        (1, Kind.CLOSE, None),
        (2, None, Reason.STATUS_MISMATCH),
    ]
    assert [event.source_name for event in trace.events] == ["disk 0", "disk 1"]
    assert trace.events[0].tags == {"receiver": "ops"}
    assert sentence(trace) == "3 events: 1 opening, 1 closing, 1 without a listed status."


def test_a_bare_path_never_reads_the_whole_while_iterating():
    data = {"name": "of the whole", "alerts": [{"status": "firing"}]}

    assert _evaluate(data, _iterating()).decisions[0].reason == Reason.MISSING_FIELD


def test_elements_that_the_filters_refuse_are_told_and_the_rule_decides_for_the_others():
    trace = _evaluate(
        _alerts("firing", "firing"), _iterating(filters=[_filter("name", "disk 1")]), _iterating("later")
    )

    assert [decision.reason for decision in trace.decisions] == [Reason.FILTERED, None]
    assert trace.events[0].source_name == "disk 1"


def test_a_rule_none_of_whose_elements_match_leaves_it_to_the_next():
    trace = _evaluate(
        _alerts("firing", "firing"),
        _iterating("a", filters=[NOBODY]),
        _iterating("b", iterate_over="^alerts"),
    )

    assert [rule.result for rule in trace.rules] == ["refuses", "decides"]
    assert trace.rules[0].reason == "none of 2 elements matches (the first: there is no “nobody”)"


@pytest.mark.parametrize(
    ("data", "reason", "why"),
    [
        ({"alerts": []}, Reason.NO_EVENTS, "the list alerts is empty"),
        ({}, Reason.FILTERED, "no list at alerts: there is no “alerts”"),
        ({"alerts": None}, Reason.FILTERED, "no list at alerts: “alerts” is null"),
        ({"alerts": {"0": {}}}, Reason.FILTERED, "alerts is an object with 1 key, not a list"),
        ({"alerts": "firing"}, Reason.FILTERED, "alerts is firing, not a list"),
        ([], Reason.FILTERED, "the data is a list"),
    ],
)
def test_a_list_that_is_empty_or_none_holds_no_events(data, reason, why):
    (decision,) = _evaluate(data, _iterating()).decisions

    assert decision.reason == reason
    assert why in decision.sentence


def test_a_delivery_that_is_a_list_itself_can_be_iterated_over():
    trace = _evaluate([{"name": "a", "status": "firing"}, 5, None], _iterating(iterate_over="^"))

    assert [decision.reason for decision in trace.decisions] == [
        None,
        Reason.MISSING_FIELD,
        Reason.MISSING_FIELD,
    ]


def test_what_is_beyond_the_longest_list_is_told_loudly():
    trace = _evaluate(_alerts(*["firing"] * (pipeline.MAX_EVENTS + 1)), _iterating())

    assert len(trace.events) == pipeline.MAX_EVENTS
    assert trace.decisions[-1].reason == Reason.ERROR
    assert "1001 elements" in trace.decisions[-1].sentence


def test_an_empty_query_never_opens():
    rule = _rule(
        fields={"source_name": _field("x", "constant"), "source_status": _field("FAILED", "constant")}
    )

    (decision,) = _evaluate({}, rule, kind=PayloadKind.QUERY).decisions

    assert decision.reason == Reason.NO_EVENTS
    assert _evaluate({}, rule).decisions[0].kind == Kind.OPEN


# Fields


@pytest.mark.parametrize("name", [None, "", "  ", [], {}])
def test_a_missing_source_name_fails_and_names_its_path(name):
    data = {**FAILED, "repository": {"full_name": name}}
    trace = _evaluate(data, _rule())

    if name in (None, "", "  "):
        assert trace.decisions[0].reason == Reason.MISSING_FIELD
        assert "“Builds” reads repository^full_name" in trace.decisions[0].sentence
    else:
        assert trace.events[0].source_name == json.dumps(name)


def test_a_missing_source_name_counts_before_the_status():
    data = {"commit_status": {"state": "STOPPED"}}

    assert _evaluate(data, _rule()).decisions[0].reason == Reason.MISSING_FIELD


def test_the_event_holds_every_field():
    fields = {
        "subject": _field("<commit_status^name> is <commit_status^state>", "template"),
        "short_text": _field("short", "constant"),
        "long_text": _field("commit_status"),
        "source_url": _field("commit_status^name"),
        "runbook_url": _field("https://wiki.example.com", "constant"),
        "assignee": _field("commit_status^name"),
        "event_time": _field("2026-03-02T12:00:00Z and <nobody>", "template"),
        "tag:branch": _field("commit_status^refname"),
        "tag:nobody": _field("nobody"),
    }
    (event,) = _evaluate(FAILED, _rule(fields=fields)).events

    assert (event.source, event.source_name, event.source_id) == ("Bitbucket", "acme/website", "tests main")
    assert (event.source_status, event.subject, event.short_text) == ("FAILED", "Tests is FAILED", "short")
    assert json.loads(event.long_text) == FAILED["commit_status"]
    assert (event.source_url, event.assignee) == ("Tests", "Tests")
    assert event.runbook_url == "https://wiki.example.com"
    assert event.occurred_at is None
    assert event.tags == {"branch": "main"}


def test_a_key_keeps_its_form_when_a_part_of_it_is_missing():
    data = {**FAILED, "commit_status": {"key": "tests", "state": "FAILED"}}

    assert _evaluate(data, _rule()).events[0].source_id == "tests"


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (["anna", "ben"], ("anna", "ben")),
        ("anna, ben ,anna,,", ("anna", "ben")),
        ("anna", ("anna",)),
        (["anna", " ", None, 5], ("anna", "5")),
        ([], ()),
        ("", ()),
        (None, ()),
    ],
)
def test_users_and_teams_are_lists_or_texts_with_commas(value, names):
    rule = _rule(fields={"users": _field("who"), "teams": _field("who")})
    (event,) = _evaluate({**FAILED, "who": value}, rule).events

    assert event.users == event.teams == names


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("P1", Severity.CRITICAL),
        ("p1", Severity.CRITICAL),
        ("feature/x", Severity.WARNING),
        ("info", Severity.INFO),
        ("Critical", Severity.CRITICAL),
        ("unheard of", Severity.ERROR),
        ("", Severity.ERROR),
        (None, Severity.ERROR),
        (5, Severity.INFO),
    ],
)
def test_the_first_severity_case_decides_and_what_is_not_listed_is_an_error(value, severity):
    cases = [
        {"match": "equals", "value": "P1", "severity": "critical"},
        {"match": "regex", "value": "^(feature|fix)/", "severity": "warning"},
        {"match": "contains", "value": "FEATURE", "severity": "critical"},
        {"match": "equals", "value": "5", "severity": "info"},
    ]
    rule = _rule(fields={"severity": _field("severity")}, severity_cases=cases)

    assert _evaluate({**FAILED, "severity": value}, rule).events[0].severity == severity


def test_a_missing_severity_is_an_error_whatever_the_table_would_make_of_nothing():
    cases = [{"match": "regex", "value": ".*", "severity": "info"}]
    rule = _rule(fields={"severity": _field("nobody")}, severity_cases=cases)

    assert _evaluate(FAILED, rule).events[0].severity == Severity.ERROR


def test_a_severity_can_be_constant_and_is_an_error_when_no_field_is_given():
    warning = _rule(fields={"severity": _field("warning", "constant")})

    assert _evaluate(FAILED, warning).events[0].severity == Severity.WARNING
    assert _evaluate(FAILED, _rule()).events[0].severity == Severity.ERROR


@pytest.mark.parametrize(
    ("value", "moment", "note"),
    [
        (
            "2026-03-02 12:00:00 UTC",
            datetime(2026, 3, 2, 12, tzinfo=UTC),
            "understood as 2026-03-02T12:00:00+00:00",
        ),
        ("soon", None, "no time that can be read: left out"),
        (None, None, "“at” is null"),
    ],
)
def test_an_event_time_that_cannot_be_read_is_left_out_and_noted(value, moment, note):
    trace = _evaluate({**FAILED, "at": value}, _rule(fields={"event_time": _field("at")}))

    assert trace.events[0].occurred_at == moment
    assert [field.notes for field in trace.decisions[0].fields if field.name == "event_time"] == [(note,)]


# Rules that cannot work


def test_a_broken_rule_decides_as_an_error_that_names_its_field():
    broken = _rule("broken", fields={"subject": _field("a^")})
    (decision,) = _evaluate(FAILED, broken, _rule()).decisions

    assert decision.reason == Reason.ERROR
    assert "“broken” cannot work: fields.subject" in decision.sentence


def test_a_broken_rule_that_is_off_or_comes_too_late_does_no_harm():
    broken = _rule("broken", open_values="nonsense")

    assert _evaluate(FAILED, {**broken, "is_enabled": False}, _rule(), broken).events


# The trace


def test_the_trace_tells_rules_filters_fields_and_status():
    refusing = _rule("refusing", filters=[_filter("nobody", operator="exists")])
    deciding = _rule(
        "deciding", filters=[STATE], fields={"subject": _field("<commit_status^name> <nobody>", "template")}
    )
    trace = _evaluate(FAILED, refusing, deciding)

    story = trace.outcome_json(trace.decisions[0])

    assert [(rule["rule"], rule["result"]) for rule in story["rules"]] == [
        ("refusing", "refuses"),
        ("deciding", "decides"),
    ]
    assert story["rules"][0]["filters"][0]["reason"] == "there is no “nobody”"
    assert story["filters"] == [
        {
            "group": "all",
            "path": "commit_status^state",
            "not": False,
            "operator": "equals",
            "value": "FAILED",
            "seen": "FAILED",
            "holds": True,
            "reason": "“FAILED” equals “FAILED”",
        }
    ]
    assert story["action"] == "open"
    assert story["status"] == {"value": "FAILED", "listed": "FAILED"}
    assert story["sentence"] == "“deciding”: the status “FAILED” opens an alert."
    assert {field["name"]: field for field in story["fields"]}["subject"] == {
        "name": "subject",
        "from": "<commit_status^name> <nobody>",
        "value": "Tests",
        "notes": ["nobody: there is no “nobody”"],
    }


def test_the_trace_of_a_mismatch_tells_the_fields_too():
    trace = _evaluate(_with_state("STOPPED"), _rule())
    story = trace.outcome_json(trace.decisions[0])

    assert (story["reason"], story["action"]) == ("status_mismatch", None)
    assert story["fields"][1]["value"] == "acme/website"
    assert story["sentence"] == (
        "“Builds” knows no status “STOPPED” (open: FAILED; close: SUCCESSFUL, INPROGRESS; update: NOTE)."
    )


def test_a_status_that_matched_something_else_says_what():
    rule = _rule(open_match="regex", open_values=["^FAIL"])

    assert sentence(_evaluate(FAILED, rule)) == (
        "“Builds”: the status “FAILED” opens an alert (it matches “^FAIL”)."
    )


def test_a_trace_is_bounded_whatever_the_delivery_holds():
    filters = [_filter("alerts^0^name", "x" * 900, operator="contains", is_negated=True) for _n in range(100)]
    data = {"alerts": [{"name": "y" * 900, "status": "firing"}] * 1000}
    rule = _iterating(filters=filters, fields={f"tag:{n}": _field("^alerts") for n in range(49)})

    trace = _evaluate(data, _rule(filters=[NOBODY]), rule)

    assert len(trace.events) == 1000
    assert len(json.dumps(trace.outcome_json(trace.decisions[0]))) < 50_000
    assert len(json.dumps(trace.as_json())) < 1_500_000
    assert trace.as_json()["event_count"] == 1000
    assert trace.as_json()["decisions"][-1] == {"more": 970}
    assert trace.as_json()["decisions"][0]["filters"][-1] == {"more": 70}


def test_what_reads_the_whole_is_not_read_again_for_every_element():
    data = {"alerts": [{"name": "y" * 900, "status": "firing"}] * 1000}
    whole = [_filter("^alerts^0^status", "nowhere", operator="contains", is_negated=True)] + [
        _filter("^", "nowhere", operator=operator, is_negated=True) for operator in ("contains", "regex")
    ]
    rule = _iterating(
        filters=whole, fields={f"tag:{n}": _field("<^> <^alerts>", "template") for n in range(5)}
    )
    started = time.perf_counter()

    assert len(_evaluate(data, rule).events) == 1000
    assert time.perf_counter() - started < 2


def test_evaluating_twice_gives_the_same_and_changes_nothing():
    data = _alerts("firing", "resolved")
    before = json.dumps(data)

    assert _evaluate(data, _iterating()) == _evaluate(data, _iterating())
    assert json.dumps(data) == before


def test_rules_are_compiled_once_for_a_configuration():
    config = rule_json.read_config([_rule()])

    assert config.ready is config.ready
    assert rule_json.read_config([_rule()]).ready[0] is config.ready[0]
