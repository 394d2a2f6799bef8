"""What made-up inputs found, each once and for ever."""

import tracemalloc

import pytest

from alertops.lib.conditions import InvalidCondition, Scope, compile_regex
from integrations.logic import headers, mapping, payload, pipeline, rule_json, signature, template
from integrations.logic.signature import Scheme

FIELDS = {
    "source": {"kind": "constant", "value": "Fuzz"},
    "source_name": {"kind": "path", "value": "n"},
    "source_status": {"kind": "path", "value": "s"},
}
RULE = {"name": "Rule", "fields": FIELDS, "open_values": ["open"]}


def test_a_header_whose_name_becomes_a_secrets_only_when_it_is_stored_is_masked():
    kept = headers.redact({"Author\0ization": "Bearer abc"}, hidden="a-token")

    assert kept == {"Authorization": headers.MASK}


@pytest.mark.parametrize("scheme", [Scheme.GITLAB, Scheme.BEARER])
def test_a_secret_whose_last_byte_is_a_space_in_latin_1_is_taken(scheme):
    name, proof = signature.sign(scheme, secret="voilà", body=b"")
    as_sent = proof.encode().decode("latin-1")

    assert signature.is_valid(scheme, secret="voilà", body=b"", headers={name: f" {as_sent} "})


def test_a_letter_that_no_header_can_hold_does_not_stand_for_a_question_mark():
    assert not signature.is_valid(Scheme.GITLAB, secret="?", body=b"", headers={"X-Gitlab-Token": "€"})


def test_percent_signs_do_not_take_200_times_their_memory():
    body = b"a=" + b"%" * 100_000

    tracemalloc.start()
    payload.decode(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 20 * len(body)


@pytest.mark.parametrize("operator", ["\ud800", "a\0b", "x" * 100_000, {"a": "b" * 100_000}, ["\0"]])
def test_an_unknown_operator_is_told_in_words_that_can_be_stored(operator):
    rule = rule_json.read_rule({**RULE, "filters": [{"path": "a", "operator": operator}]})

    (problem,) = mapping.problems(rule)
    problem.message.encode()
    assert "\0" not in problem.message
    assert len(problem.message) < 500


@pytest.mark.parametrize(
    "part",
    [
        {"x" * 100_000: 1},
        {"fields": {**FIELDS, "x" * 100_000: FIELDS["source"]}},
        {"fields": {**FIELDS, "severity": {"kind": "constant", "value": "x" * 9_000}}},
        {"open_values": ["x" * 9_000], "close_values": ["x" * 9_000]},
    ],
    ids=["a part", "a field", "a severity", "a value"],
)
def test_what_is_wrong_with_a_rule_is_told_shortly(part):
    rule = rule_json.read_rule({**RULE, **part})
    (decision,) = pipeline.evaluate(payload.decode(b"{}"), pipeline.Config((rule,))).decisions

    assert all(len(problem.message) < 1_000 for problem in mapping.problems(rule))
    assert len(decision.sentence) < 3_000


def test_a_template_names_a_bounded_number_of_paths():
    template.parse("<a>" * template.MAX_PATHS)
    with pytest.raises(template.InvalidTemplate, match="more than 100 paths"):
        template.parse("<a>" * template.MAX_PATHS + "<a>")


def test_the_whole_delivery_is_written_once_for_all_elements_that_show_it():
    scope = Scope({"a": [1, 2]}, {}, None)
    read = template.parse("<^> and <b>")
    written = [
        template.fill(read, Scope(scope.root, {}, {"b": number}, scope.written))[0] for number in (1, 2)
    ]

    assert written == ['{"a":[1,2]} and 1', '{"a":[1,2]} and 2']
    assert scope.written == {"^": '{"a":[1,2]}'}


def test_a_short_expression_that_takes_25_microseconds_for_each_byte_is_refused():
    with pytest.raises(InvalidCondition, match="would take too long"):
        compile_regex(r"(\w{1,500}){2}!")
