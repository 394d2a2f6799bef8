"""A rule made ready to run: paths, templates and expressions read once, for all deliveries to come."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alertops.lib import conditions
from alertops.lib.conditions import Condition, Missing, Path, Scope, shorten
from alerts.logic.event import Kind, Severity
from integrations.logic import template, words
from integrations.logic.mapping import (
    FieldKind,
    FieldSpec,
    FilterSpec,
    Group,
    Match,
    Rule,
    ValueList,
    problems,
)

Found = tuple[Any, tuple[Missing, ...]]
Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """A field with the way to read it.

    read: gives None, and what was missing, where there is nothing.
    is_shared: whether it reads the same for every element of a delivery.
    """

    name: str
    spec: FieldSpec
    read: Callable[[Scope], Found]
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one of the three lists, or of the severity table."""

    text: str
    is_match: Test


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule that is ready to run. broken: why it cannot, empty when it can."""

    name: str
    is_enabled: bool
    broken: str = ""
    list_path: Path | None = None
    filters: tuple[tuple[Group, Condition], ...] = ()
    fields: tuple[Field, ...] = ()
    lists: tuple[tuple[Kind, tuple[Value, ...]], ...] = ()
    severities: tuple[tuple[Value, Severity], ...] = ()


@functools.lru_cache(maxsize=1000)
def compile_rule(rule: Rule) -> CompiledRule:
    """Prepare a rule; one that cannot work says so when its turn comes."""
    found = problems(rule)
    if found:
        broken = "; ".join(f"{shorten(problem.field)}: {problem.message}" for problem in found[:3])
        return CompiledRule(rule.name, rule.is_enabled, broken)
    return prepare(rule)


def prepare(rule: Rule) -> CompiledRule:
    """Prepare a rule that has no problems."""
    return CompiledRule(
        name=rule.name,
        is_enabled=rule.is_enabled,
        list_path=conditions.parse_path(rule.iterate_over) if rule.iterate_over else None,
        filters=tuple((row.group, _condition(row)) for row in rule.filters),
        fields=tuple(_FIELDS[spec.kind](name, spec) for name, spec in rule.fields),
        lists=tuple(
            (kind, _values(values))
            for kind, values in zip(
                (Kind.OPEN, Kind.CLOSE, Kind.UPDATE), (rule.opens, rule.closes, rule.updates), strict=True
            )
        ),
        severities=tuple(
            (Value(case.value, _MATCHERS[case.match](case.value)), case.severity)
            for case in rule.severity_cases
        ),
    )


def find_kind(rule: CompiledRule, status: str) -> tuple[Kind, str] | None:
    """Return what a status does and by which listed value, None when it is in no list."""
    for kind, values in rule.lists:
        for value in values:
            if value.is_match(status):
                return kind, value.text
    return None


def find_severity(rule: CompiledRule, text: str) -> tuple[Severity, str]:
    """Return the severity of a value, and why. What is missing or not listed is an error."""
    if not text:
        return Severity.ERROR, words.NO_SEVERITY
    for value, severity in rule.severities:
        if value.is_match(text):
            return severity, words.LISTED % {"value": value.text, "severity": severity.value}
    named = _SEVERITIES.get(text.casefold())
    return (named, words.BY_NAME % {"severity": named.value}) if named else (Severity.ERROR, words.NOT_LISTED)


_SEVERITIES = {severity.value: severity for severity in Severity}


def _condition(row: FilterSpec) -> Condition:
    return conditions.compile_condition(row.path, row.operator, row.value, is_negated=row.is_negated)


def _path_field(name: str, spec: FieldSpec) -> Field:
    path = conditions.parse_path(spec.value)

    def read(scope: Scope) -> Found:
        found = conditions.look_up(path, scope)
        return (None, (found,)) if isinstance(found, Missing) else (found, ())

    return Field(name, spec, read, path.is_shared)


def _constant_field(name: str, spec: FieldSpec) -> Field:
    found: Found = (spec.value, ())
    return Field(name, spec, lambda _scope: found, is_shared=True)


def _template_field(name: str, spec: FieldSpec) -> Field:
    parsed = template.parse(spec.value)
    is_shared = all(isinstance(piece, str) or piece.is_shared for piece in parsed.pieces)
    return Field(name, spec, lambda scope: template.fill(parsed, scope), is_shared)


_FIELDS = {
    FieldKind.PATH: _path_field,
    FieldKind.CONSTANT: _constant_field,
    FieldKind.TEMPLATE: _template_field,
}


def _values(values: ValueList) -> tuple[Value, ...]:
    return tuple(Value(text, _MATCHERS[values.match](text)) for text in values.values)


def _equals(value: str) -> Test:
    folded = value.casefold()
    return lambda text: text.casefold() == folded


def _contains(value: str) -> Test:
    folded = value.casefold()
    return lambda text: folded in text.casefold()


def _regex(value: str) -> Test:
    regex = conditions.compile_regex(value)
    return lambda text: conditions.matches(regex, text)


_MATCHERS: dict[Match, Callable[[str], Test]] = {
    Match.EQUALS: _equals,
    Match.CONTAINS: _contains,
    Match.REGEX: _regex,
}
