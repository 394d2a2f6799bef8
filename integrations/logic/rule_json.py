"""How rules are written as JSON: the one shape of presets, of the database and of exports.

A rule is an object with the names of MappingRule's columns, and its filters as a list:
    {"name": "Builds", "fields": {"source": {"kind": "constant", "value": "Bitbucket"}, ...},
     "open_match": "equals", "open_values": ["FAILED"], ..., "filters": [{"group": "all", ...}]}
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from enum import StrEnum
from typing import Any, TypeVar

from alertops.lib import conditions
from alerts.logic.event import Severity
from integrations.logic import words
from integrations.logic.mapping import (
    FIELDS,
    FieldKind,
    FieldSpec,
    FilterSpec,
    Group,
    Match,
    Problem,
    Rule,
    SeverityCase,
    ValueList,
)
from integrations.logic.payload import clean
from integrations.logic.pipeline import Config

NAMES = frozenset(
    ["name", "is_enabled", "iterate_over", "fields", "severity_cases", "filters"]
    + [f"{action}_{part}" for action in ("open", "close", "update") for part in ("match", "values")]
)


def read_config(data: Iterable[object]) -> Config:
    """Read rules. What cannot be understood is kept as their misfits, for `problems`."""
    return Config(tuple(read_rule(rule) for rule in data))


def write_config(config: Config) -> list[dict[str, Any]]:
    return [write_rule(rule) for rule in config.rules]


def read_rule(data: object) -> Rule:
    """Read a rule. What cannot be understood is kept as its misfits, for `problems`."""
    reader = _Reader()
    rule = reader.items_of(data, "rule")
    for name in sorted(rule.keys() - NAMES):
        reader.refuse(name, words.UNKNOWN_PART % {"name": conditions.shorten(name)})
    return Rule(
        name=reader.text_of(rule.get("name", ""), "name"),
        is_enabled=reader.flag_of(rule.get("is_enabled", True), "is_enabled"),
        iterate_over=reader.text_of(rule.get("iterate_over", ""), "iterate_over").strip(),
        fields=tuple(reader.fields(rule.get("fields", {}))),
        opens=reader.value_list(rule, "open"),
        closes=reader.value_list(rule, "close"),
        updates=reader.value_list(rule, "update"),
        severity_cases=tuple(reader.severity_cases(rule.get("severity_cases", []))),
        filters=tuple(reader.filters(rule.get("filters", []))),
        misfits=tuple(reader.misfits),
    )


def write_rule(rule: Rule) -> dict[str, Any]:
    """Write a rule; reading it gives the same rule."""
    return {
        "name": rule.name,
        "is_enabled": rule.is_enabled,
        "iterate_over": rule.iterate_over,
        "filters": [_plain(row) for row in rule.filters],
        "fields": {name: _plain(spec) for name, spec in rule.fields},
        "open_match": rule.opens.match.value,
        "open_values": list(rule.opens.values),
        "close_match": rule.closes.match.value,
        "close_values": list(rule.closes.values),
        "update_match": rule.updates.match.value,
        "update_values": list(rule.updates.values),
        "severity_cases": [_plain(case) for case in rule.severity_cases],
    }


def _plain(part: FieldSpec | FilterSpec | SeverityCase) -> dict[str, Any]:
    """The columns of a part, enumerations as the texts that they stand for."""
    return {
        name: value.value if isinstance(value, StrEnum) else value for name, value in asdict(part).items()
    }


_ORDER = {name: position for position, name in enumerate(FIELDS)}


def _place(field: tuple[str, Any]) -> tuple[int, str]:
    return _ORDER.get(field[0], len(_ORDER)), field[0]


Choice = TypeVar("Choice", bound=StrEnum)


class _Reader:
    """Turns foreign JSON into the parts of a rule, and notes what it could not."""

    def __init__(self) -> None:
        self.misfits: list[Problem] = []

    def refuse(self, field: str, message: str) -> None:
        self.misfits.append(Problem(field, message))

    def fields(self, data: object) -> Iterator[tuple[str, FieldSpec]]:
        """Fields in the order people know them, for databases keep none; tags last, by name.

        Those whose value is empty are as good as absent: a form sends them all.
        """
        for name, spec in sorted(self.items_of(data, "fields").items(), key=_place):
            place = f"fields.{name}"
            parts = self.items_of(spec, place)
            kind = self.choice_of(FieldKind, parts.get("kind", FieldKind.PATH), place)
            value = self.text_of(parts.get("value", ""), place)
            if kind is not None and value.strip():
                yield name, FieldSpec(kind, value)

    def value_list(self, rule: dict[str, Any], action: str) -> ValueList:
        match = self.choice_of(Match, rule.get(f"{action}_match", Match.EQUALS), f"{action}_match")
        place = f"{action}_values"
        values = [self.text_of(value, place) for value in self.rows_of(rule.get(place, []), place)]
        return ValueList(match or Match.EQUALS, tuple(value.strip() for value in values))

    def severity_cases(self, data: object) -> Iterator[SeverityCase]:
        for index, row in enumerate(self.rows_of(data, "severity_cases")):
            place = f"severity_cases.{index}"
            parts = self.items_of(row, place)
            match = self.choice_of(Match, parts.get("match", Match.EQUALS), f"{place}.match")
            severity = self.choice_of(Severity, parts.get("severity"), f"{place}.severity")
            value = self.text_of(parts.get("value", ""), f"{place}.value")
            if match is not None and severity is not None:
                yield SeverityCase(match, value, severity)

    def filters(self, data: object) -> Iterator[FilterSpec]:
        for index, row in enumerate(self.rows_of(data, "filters")):
            place = f"filters.{index}"
            parts = self.items_of(row, place)
            group = self.choice_of(Group, parts.get("group", Group.ALL), f"{place}.group")
            operator = self.choice_of(conditions.Operator, parts.get("operator"), f"{place}.operator")
            path = self.text_of(parts.get("path", ""), f"{place}.path")
            value = self.text_of(parts.get("value", ""), f"{place}.value")
            is_negated = self.flag_of(parts.get("is_negated", False), f"{place}.is_negated")
            if group is not None and operator is not None:
                yield FilterSpec(group, path, operator, value, is_negated)

    def items_of(self, data: object, place: str) -> dict[str, Any]:
        if isinstance(data, dict) and all(isinstance(key, str) for key in data):
            return {clean(key): value for key, value in data.items()}
        self.refuse(place, words.MUST_BE_OBJECT)
        return {}

    def rows_of(self, data: object, place: str) -> list[Any]:
        if isinstance(data, list | tuple):
            return list(data)
        self.refuse(place, words.MUST_BE_LIST)
        return []

    def text_of(self, data: object, place: str) -> str:
        """Numbers and booleans are taken for their JSON text, as they are compared."""
        if isinstance(data, str | int | float):
            return clean(conditions.as_text(data))
        self.refuse(place, words.MUST_BE_TEXT)
        return ""

    def flag_of(self, data: object, place: str) -> bool:
        if isinstance(data, bool):
            return data
        self.refuse(place, words.MUST_BE_FLAG)
        return False

    def choice_of(self, choices: type[Choice], data: object, place: str) -> Choice | None:
        text = clean(conditions.preview(data))
        try:
            return choices(text)
        except ValueError:
            self.refuse(place, words.UNKNOWN_CHOICE % {"text": text, "known": ", ".join(choices)})
            return None
