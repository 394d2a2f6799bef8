"""Which rules are refused when they are saved, and for which field."""

import pytest

from integrations.logic import mapping, rule_json

RULE = {
    "name": "Builds",
    "fields": {
        "source": {"kind": "constant", "value": "Bitbucket"},
        "source_name": {"kind": "path", "value": "repository^full_name"},
        "source_status": {"kind": "path", "value": "commit_status^state"},
    },
    "open_values": ["FAILED"],
    "close_values": ["SUCCESSFUL"],
}


def _rule(**changes):
    """RULE with other columns; a column `fields` only adds to its fields, None takes one away."""
    fields = {**RULE["fields"], **changes.pop("fields", {})}
    return {**RULE, **changes, "fields": {name: spec for name, spec in fields.items() if spec is not None}}


def _path(value):
    return {"kind": "path", "value": value}


def _constant(value):
    return {"kind": "constant", "value": value}


def _template(value):
    return {"kind": "template", "value": value}


def _filter(**columns):
    return {"filters": [{"path": "a", "operator": "equals", "value": "1", **columns}]}


def _case(**columns):
    return {"match": "equals", "value": "P1", "severity": "critical", **columns}


WORKING = {
    "the least there can be": _rule(),
    "a constant Source Name and status": _rule(
        fields={"source_name": _constant("Cron"), "source_status": _constant("failed")}
    ),
    "a rule that only closes, beside one that opens": _rule(open_values=[], close_values=["up"]),
    "a constant status that an expression may match": _rule(
        fields={"source_status": _constant("open")}, open_match="regex", open_values=["^o"]
    ),
    "every field": _rule(
        fields={name: _template("<a>") for name in mapping.FIELDS if name != "source"}
        | {"tag:branch": _path("refname"), "tag:two words": _constant("x")}
    ),
    "iterating over a list": _rule(iterate_over="alerts"),
    "iterating over the whole": _rule(iterate_over="^"),
    "a severity that is constant": _rule(fields={"severity": _constant("warning")}),
    "a severity table": _rule(
        fields={"severity": _path("p")}, severity_cases=[_case(), _case(match="regex", value="^P")]
    ),
    "filters of every kind": _rule(
        filters=[
            {"path": "a", "operator": operator, "value": "5", "group": group, "is_negated": True}
            for operator in (
                "equals",
                "contains",
                "starts_with",
                "in_list",
                "exists",
                "regex",
                "greater",
                "less",
            )
            for group in ("all", "any")
        ]
    ),
    "regular expressions that differ by case only": _rule(
        open_match="regex", open_values=[r"\S"], close_match="regex", close_values=[r"\s"]
    ),
    "numbers and booleans as values": _rule(open_values=[1, True], close_values=[0, False]),
}
REFUSED = {
    "no name": (_rule(name=" "), "name", "Give the rule a name"),
    "an invalid list": (_rule(iterate_over="a^^b"), "iterate_over", "nothing in part 2"),
    "a header as list": (_rule(iterate_over="@header^X"), "iterate_over", "A header is no list"),
    "no Source": (_rule(fields={"source": None}), "fields.source", "Source is needed"),
    "an empty Source": (_rule(fields={"source": _constant(" ")}), "fields.source", "Source is needed"),
    "a Source that is no constant": (_rule(fields={"source": _path("a")}), "fields.source", "as a constant"),
    "no Source Name": (_rule(fields={"source_name": None}), "fields.source_name", "Source Name is needed"),
    "no Source Status": (
        _rule(fields={"source_status": None}),
        "fields.source_status",
        "Source Status is needed",
    ),
    "a constant status in no list": (
        _rule(fields={"source_status": _constant("open")}),
        "fields.source_status",
        "“open” is in none of the lists",
    ),
    "an unknown field": (_rule(fields={"titel": _path("a")}), "fields.titel", "There is no field “titel”"),
    "a tag without name": (_rule(fields={"tag:": _path("a")}), "fields.tag:", "A tag needs a name"),
    "too many tags": (_rule(fields={f"tag:{n}": _path("a") for n in range(51)}), "fields", "51 tags"),
    "an invalid path": (_rule(fields={"subject": _path("a^")}), "fields.subject", "nothing in part 2"),
    "an invalid template": (_rule(fields={"subject": _template("a < b")}), "fields.subject", "Write << for"),
    "an invalid path in a template": (
        _rule(fields={"subject": _template("<a^^b>")}),
        "fields.subject",
        "part 2",
    ),
    "a text without end": (
        _rule(fields={"subject": _constant("x" * 10_001)}),
        "fields.subject",
        "longer than 10000",
    ),
    "a constant event time": (_rule(fields={"event_time": _constant("now")}), "fields.event_time", "no time"),
    "a constant that is no severity": (
        _rule(fields={"severity": _constant("bad")}),
        "fields.severity",
        "“bad” is no severity",
    ),
    "a severity table of nothing": (_rule(severity_cases=[_case()]), "fields.severity", "Severity is needed"),
    "an unknown severity": (
        _rule(severity_cases=[_case(severity="bad")]),
        "severity_cases.0.severity",
        "“bad” is not known",
    ),
    "an empty severity value": (
        _rule(fields={"severity": _path("p")}, severity_cases=[_case(value="")]),
        "severity_cases.0.value",
        "empty",
    ),
    "an invalid severity expression": (
        _rule(fields={"severity": _path("p")}, severity_cases=[_case(), _case(match="regex", value="(")]),
        "severity_cases.1.value",
        "missing )",
    ),
    "no values at all": (_rule(open_values=[], close_values=[]), "open_values", "the rule can do nothing"),
    "an empty value": (_rule(open_values=["FAILED", " "]), "open_values", "One of the values is empty"),
    "too many values": (_rule(open_values=[str(n) for n in range(101)]), "open_values", "more than 100"),
    "an invalid status expression": (
        _rule(close_match="regex", close_values=["("]),
        "close_values",
        "missing )",
    ),
    "a value in two lists": (
        _rule(close_values=["FAILED"]),
        "close_values",
        "“FAILED” is in two lists: opening",
    ),
    "a value in two lists, ignoring case": (
        _rule(update_values=["Successful"]),
        "update_values",
        "closing comes first",
    ),
    "a value in two lists of different comparison": (
        _rule(close_match="contains", close_values=["failed"]),
        "close_values",
        "in two lists",
    ),
    "the same expression in two lists": (
        _rule(open_match="regex", open_values=["^F"], close_match="regex", close_values=["^F"]),
        "close_values",
        "in two lists",
    ),
    "an unknown comparison": (_rule(open_match="like"), "open_match", "“like” is not known"),
    "a filter with an invalid path": (_rule(**_filter(path="")), "filters.0.path", "The path is empty"),
    "a filter with an unknown operator": (
        _rule(**_filter(operator="is")),
        "filters.0.operator",
        "“is” is not known",
    ),
    "a filter with an unknown set": (
        _rule(**_filter(group="none")),
        "filters.0.group",
        "“none” is not known",
    ),
    "a filter with an invalid expression": (
        _rule(**_filter(operator="regex", value="(?=x)")),
        "filters.0.value",
        "Look-ahead",
    ),
    "a filter that compares with no number": (
        _rule(**_filter(operator="greater", value="x")),
        "filters.0.value",
        "needs a number",
    ),
    "a filter with an unclear not": (
        _rule(**_filter(is_negated="no")),
        "filters.0.is_negated",
        "true or false",
    ),
    "a column that there is not": (_rule(opens=["x"]), "opens", "There is no “opens” in a rule"),
    "values that are no list": (_rule(open_values="FAILED"), "open_values", "must be a list"),
    "a value that is no text": (_rule(open_values=[["FAILED"]]), "open_values", "must be a text"),
    "fields that are a list": ({**RULE, "fields": []}, "fields", "must be an object"),
    "a field that is a text": (_rule(fields={"subject": "a"}), "fields.subject", "must be an object"),
    "a field of unknown kind": (
        _rule(fields={"subject": {"kind": "jq", "value": "."}}),
        "fields.subject",
        "“jq” is not known",
    ),
    "a rule that is no object": (["Builds"], "rule", "must be an object"),
}


@pytest.mark.parametrize("data", WORKING.values(), ids=WORKING)
def test_a_rule_that_can_work_has_no_problems(data):
    assert mapping.problems(rule_json.read_rule(data)) == []


@pytest.mark.parametrize(("data", "field", "message"), REFUSED.values(), ids=REFUSED)
def test_a_rule_that_cannot_work_is_refused_with_the_field_named(data, field, message):
    found = mapping.problems(rule_json.read_rule(data))

    assert [problem.field for problem in found if message in problem.message] == [field]


def test_all_problems_are_told_at_once():
    found = mapping.problems(
        rule_json.read_rule(
            _rule(name="", fields={"source": None, "subject": _path("a^")}, iterate_over="^^")
        )
    )

    assert {problem.field for problem in found} == {"name", "fields.source", "fields.subject", "iterate_over"}


@pytest.mark.parametrize("data", WORKING.values(), ids=WORKING)
def test_a_rule_that_is_written_and_read_is_the_same_rule(data):
    rule = rule_json.read_rule(data)

    assert rule_json.read_rule(rule_json.write_rule(rule)) == rule


def test_a_rule_is_written_whole_and_plain():
    written = rule_json.write_rule(rule_json.read_rule(_rule(**_filter(is_negated=True))))

    assert set(written) == rule_json.NAMES
    assert written["filters"] == [
        {"group": "all", "path": "a", "operator": "equals", "value": "1", "is_negated": True}
    ]
    assert written["fields"]["source"] == {"kind": "constant", "value": "Bitbucket"}
    assert type(written["filters"][0]["operator"]) is str


def test_the_order_of_fields_is_ours_because_databases_keep_none():
    fields = {"tag:b": _path("b"), "subject": _path("s"), "tag:a": _path("a"), **RULE["fields"]}
    backwards = dict(reversed(fields.items()))

    rule = rule_json.read_rule({**RULE, "fields": backwards})

    assert rule == rule_json.read_rule({**RULE, "fields": fields})
    assert [name for name, _spec in rule.fields] == [
        "source",
        "source_name",
        "source_status",
        "subject",
        "tag:a",
        "tag:b",
    ]


def test_a_text_that_no_database_stores_is_cleaned():
    assert rule_json.read_rule(_rule(name="a\x00b", open_values=["\ud800"])).name == "a�b"


def test_a_field_without_value_is_as_good_as_absent():
    rule = rule_json.read_rule(_rule(fields={"subject": _path(" ")}))

    assert rule.field("subject") is None
    assert rule.field("source").value == "Bitbucket"


def test_rules_are_equal_and_hashable_by_what_they_say():
    assert hash(rule_json.read_rule(RULE)) == hash(rule_json.read_rule(_rule()))
    assert rule_json.read_config([RULE]) == rule_json.read_config([_rule()])
