"""Rules that are right, nearly right and wrong, and what they consist of: paths, filters, templates."""

import json
from collections.abc import Callable

from hypothesis import strategies as st

from alertops.lib.conditions import InvalidCondition, InvalidPath, Operator, compile_regex, parse_path
from alerts.logic.event import Severity
from integrations.logic import rule_json
from integrations.logic.mapping import FIELDS, FieldKind, Group, Match
from integrations.logic.payload import clean
from integrations.logic.template import InvalidTemplate
from integrations.logic.template import parse as parse_template
from tests.fuzz.inputs import ODD_TEXTS, PRESETS, texts, values

PRESET_RULES = tuple(
    rule for path in sorted(PRESETS.glob("*/preset.json")) for rule in json.loads(path.read_text())["rules"]
)
_KEYS = ("commit_status", "state", "alerts", "labels", "status", "0", "-1", "a", "repository", "full_name")

keys = st.one_of(st.sampled_from(_KEYS), texts)
paths = st.one_of(
    st.lists(keys, min_size=1, max_size=4).map("^".join),
    st.lists(st.sampled_from(("^", "\\", "\\^", "a", "0", "-1", "@header", "@element", " ")), max_size=8).map(
        "".join
    ),
    texts.map("@header^{}".format),
    texts.map("^{}".format),
)

# What a search for evil has to be made of: each piece is right or wrong by what stands beside it.
_REGEX_PIECES = (
    "a", "b", ".", ".*", "(", ")", "(?:", "(?i)", "(?P<n>", "|", "*", "+", "?", "*?", "{2}", "{0,1000}",
    "{1001}", "[", "]", "[^a]", "[[:alpha:]]", "\\d", "\\b", "\\pL", "\\p{Greek}", "\\Q", "\\1", "(?=a)",
    "\\x{10ffff}", "\\C", "^", "$", "\\A", "\\z", "é", "😀", "\0", "\ud800", "(a+)+", "(a|aa)+", "(.*a){20}",
)  # fmt: skip
regexes = st.one_of(
    st.lists(st.sampled_from(_REGEX_PIECES), max_size=10).map("".join),
    texts,
)
templates = st.lists(
    st.one_of(st.sampled_from(("<", ">", "<<", ">>", "< >", "<a>", "<^>", "<@element>", "text ")), paths),
    max_size=6,
).map("".join)

condition_values = st.one_of(texts, regexes, st.sampled_from(("1", "-1.5e3", "1e400", "a, b", ",", "FAILED")))

_FIELD_VALUES = {
    FieldKind.PATH: paths,
    FieldKind.CONSTANT: texts,
    FieldKind.TEMPLATE: templates,
}
_field_specs = st.sampled_from(FieldKind).flatmap(
    lambda kind: st.fixed_dictionaries({"kind": st.just(kind.value), "value": _FIELD_VALUES[kind]})
)
_field_names = st.one_of(st.sampled_from((*FIELDS, "tag:a", "tag:", "tag:b")), texts)
_matches = st.sampled_from(Match).map(str)
_value_lists = st.lists(st.one_of(st.sampled_from(("FAILED", "open", "firing")), regexes), max_size=3)

# Rules as their JSON: what the forms, presets and exports of all the world might hold.
rules_in_shape = st.fixed_dictionaries(
    {"name": texts, "fields": st.dictionaries(_field_names, _field_specs, max_size=6)},
    optional={
        "is_enabled": st.booleans(),
        "iterate_over": paths,
        "open_match": _matches,
        "open_values": _value_lists,
        "close_match": _matches,
        "close_values": _value_lists,
        "update_values": _value_lists,
        "severity_cases": st.lists(
            st.fixed_dictionaries(
                {"match": _matches, "value": regexes, "severity": st.sampled_from(Severity).map(str)}
            ),
            max_size=3,
        ),
        "filters": st.lists(
            st.fixed_dictionaries(
                {
                    "group": st.sampled_from(Group).map(str),
                    "path": paths,
                    "operator": st.sampled_from(Operator).map(str),
                    "value": condition_values,
                    "is_negated": st.booleans(),
                }
            ),
            max_size=3,
        ),
    },
)


odd_parts = st.dictionaries(
    st.one_of(st.sampled_from(sorted(rule_json.NAMES)), st.sampled_from(ODD_TEXTS)), values, max_size=2
)
foreign_rules = st.one_of(rules_in_shape, st.sampled_from(PRESET_RULES), values)


def _working(read: Callable[[str], object], instead: str) -> Callable[[str], str]:
    """Return what puts something that can be read in the place of what cannot."""

    def replaced(text: str) -> str:
        try:
            read(clean(text))
        except (InvalidPath, InvalidCondition, InvalidTemplate):
            return instead
        return text

    return replaced


_working_paths = paths.map(_working(parse_path, "a"))
_working_fields = st.fixed_dictionaries(
    {
        "source": st.just({"kind": "constant", "value": "Fuzz"}),
        "source_name": st.just({"kind": "template", "value": "n<a>"}),
        "source_status": st.just({"kind": "template", "value": "s<status><^>"}),
    },
    optional={
        **{
            name: _working_paths.map(lambda path: {"kind": "path", "value": path})
            for name in ("severity", "event_time", "source_id", "users", "teams", "assignee", "tag:a")
        },
        **{
            name: templates.map(_working(parse_template, "<a>")).map(
                lambda text: {"kind": "template", "value": text}
            )
            for name in ("subject", "short_text", "long_text", "source_url", "tag:b")
        },
    },
)
_working_regexes = regexes.map(_working(compile_regex, "."))
# Whatever is read, these come to an event: every status begins with s.
working_rules = st.fixed_dictionaries(
    {
        "name": st.just("Works"),
        "fields": _working_fields,
        "close_values": st.just(["sclosed"]),
        "update_match": st.just("regex"),
        "update_values": st.lists(_working_regexes.filter(bool), max_size=1),
        "open_match": st.just("contains"),
        "open_values": st.just(["S"]),
    },
    optional={
        "iterate_over": st.sampled_from(("alerts", "a")),
        "severity_cases": st.lists(
            st.fixed_dictionaries(
                {"match": st.just("regex"), "value": _working_regexes, "severity": st.just("critical")}
            ),
            max_size=2,
        ),
    },
)
usable_rules = st.one_of(
    st.sampled_from([{**rule, "is_enabled": True} for rule in PRESET_RULES]),
    working_rules,
    working_rules,
    rules_in_shape,
)
