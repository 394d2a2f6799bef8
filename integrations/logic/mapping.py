"""How a rule turns a payload into an event: what it consists of, and what is wrong with one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from alertops.lib import conditions
from alertops.lib.conditions import shorten
from alerts.logic.event import Severity
from integrations.logic import template

# The fields of an event that a rule may fill, as people know them.
FIELDS: dict[str, str] = {
    "source": "Source",
    "source_name": "Source Name",
    "source_id": "Source Id",
    "source_status": "Source Status",
    "event_time": "Event time",
    "severity": "Severity",
    "subject": "Subject",
    "short_text": "Short text",
    "long_text": "Long text",
    "source_url": "Source URL",
    "runbook_url": "Runbook URL",
    "assignee": "Assignee",
    "users": "Users",
    "teams": "Teams",
}
TAG = "tag:"  # a field "tag:branch" becomes the tag "branch"
MAX_TEXT = 10_000
MAX_TAGS = 50
MAX_TAG_NAME = 100
MAX_VALUES = 100


class Match(StrEnum):
    """How a status or severity value is compared."""

    EQUALS = "equals"
    CONTAINS = "contains"
    REGEX = "regex"


class FieldKind(StrEnum):
    """Where a field's value comes from."""

    PATH = "path"
    CONSTANT = "constant"
    TEMPLATE = "template"


class Group(StrEnum):
    """The two sets of filters: every one of ALL must hold, and one of ANY where there are some."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a rule cannot work. field: like `fields.source_name`, `close_values` or `filters.0.path`."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class FieldSpec:
    kind: FieldKind
    value: str


@dataclass(frozen=True, slots=True)
class ValueList:
    """The values of the status that open, close or update."""

    match: Match = Match.EQUALS
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeverityCase:
    """One row of the severity table; the first whose value matches decides."""

    match: Match
    value: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class FilterSpec:
    group: Group
    path: str
    operator: conditions.Operator
    value: str = ""
    is_negated: bool = False


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule, as written.

    fields: names (of FIELDS, or `tag:<name>`) with where their values come from.
    misfits: what of its JSON could not be understood; such a rule never runs.
    """

    name: str
    is_enabled: bool = True
    iterate_over: str = ""
    fields: tuple[tuple[str, FieldSpec], ...] = ()
    opens: ValueList = ValueList()
    closes: ValueList = ValueList()
    updates: ValueList = ValueList()
    severity_cases: tuple[SeverityCase, ...] = ()
    filters: tuple[FilterSpec, ...] = ()
    misfits: tuple[Problem, ...] = ()

    def field(self, name: str) -> FieldSpec | None:
        return dict(self.fields).get(name)

    @property
    def lists(self) -> tuple[tuple[str, ValueList], ...]:
        """The three lists of status values in the order they are asked, by the names forms know."""
        return (
            ("open_values", self.opens),
            ("close_values", self.closes),
            ("update_values", self.updates),
        )


def problems(rule: Rule) -> list[Problem]:
    """Return everything for which a rule is to be refused when it is saved; empty when it can work."""
    return [problem for check in _CHECKS for problem in check(rule)]


def _misfits(rule: Rule) -> Iterator[Problem]:
    yield from rule.misfits


def _name(rule: Rule) -> Iterator[Problem]:
    if not rule.name.strip():
        yield Problem("name", "Give the rule a name: the log shows it.")


def _iteration(rule: Rule) -> Iterator[Problem]:
    if rule.iterate_over:
        yield from _refused("iterate_over", conditions.parse_path, rule.iterate_over)
        if rule.iterate_over.lower().startswith(conditions.HEADER):
            yield Problem("iterate_over", "A header is no list: give the path of a list in the data.")


def _required(rule: Rule) -> Iterator[Problem]:
    source = rule.field("source")
    if source is None or source.kind is not FieldKind.CONSTANT:
        yield Problem(
            "fields.source", "Source is needed, as a constant: the system that sends, like Bitbucket."
        )
    if rule.field("source_name") is None:
        yield Problem(
            "fields.source_name", "Source Name is needed: what the problem is about, like a repository."
        )
    if rule.field("source_status") is None and any(values.values for _name, values in rule.lists):
        yield Problem("fields.source_status", "Source Status is needed: its value opens, closes or updates.")


def _fields(rule: Rule) -> Iterator[Problem]:
    tags = [name for name, _spec in rule.fields if name.startswith(TAG)]
    if len(tags) > MAX_TAGS:
        yield Problem("fields", f"There are {len(tags)} tags; {MAX_TAGS} at most can be kept.")
    for name, spec in rule.fields:
        field = f"fields.{name}"
        yield from _field_name(name)
        if len(spec.value) > MAX_TEXT:
            yield Problem(field, f"This is longer than {MAX_TEXT} characters.")
        if spec.kind is FieldKind.PATH:
            yield from _refused(field, conditions.parse_path, spec.value)
        if spec.kind is FieldKind.TEMPLATE:
            yield from _refused(field, template.parse, spec.value)


def _field_name(name: str) -> Iterator[Problem]:
    if name.startswith(TAG):
        tag = name.removeprefix(TAG)
        if not tag.strip() or len(tag) > MAX_TAG_NAME:
            yield Problem(f"fields.{name}", f"A tag needs a name of 1 to {MAX_TAG_NAME} characters.")
    elif name not in FIELDS:
        known = ", ".join(FIELDS)
        yield Problem(f"fields.{name}", f"There is no field “{shorten(name)}”: use {known}, or tag:<name>.")


def _constants(rule: Rule) -> Iterator[Problem]:
    time, severity = rule.field("event_time"), rule.field("severity")
    if time is not None and time.kind is FieldKind.CONSTANT:
        yield Problem(
            "fields.event_time", "The event time must be read from the data: a constant is no time."
        )
    if severity is None:
        if rule.severity_cases:
            yield Problem("fields.severity", "Severity is needed: the severity table looks at its value.")
    elif (
        severity.kind is FieldKind.CONSTANT and not rule.severity_cases and severity.value not in _SEVERITIES
    ):
        yield Problem(
            "fields.severity", f"“{shorten(severity.value)}” is no severity: use {', '.join(_SEVERITIES)}."
        )


def _values(rule: Rule) -> Iterator[Problem]:
    if not any(values.values for _field, values in rule.lists):
        yield Problem(
            "open_values", "No value of the status opens, closes or updates: the rule can do nothing."
        )
    for field, values in rule.lists:
        if len(values.values) > MAX_VALUES:
            yield Problem(field, f"There are more than {MAX_VALUES} values: use a regular expression.")
        if any(not value.strip() for value in values.values):
            yield Problem(field, "One of the values is empty.")
        if values.match is Match.REGEX:
            for value in filter(None, values.values):
                yield from _refused(field, conditions.compile_regex, value)


def _constant_status(rule: Rule) -> Iterator[Problem]:
    status = rule.field("source_status")
    if status is None or status.kind is not FieldKind.CONSTANT:
        return
    listed = {_comparable(values.match, value) for _field, values in rule.lists for value in values.values}
    are_plain = all(values.match is Match.EQUALS for _field, values in rule.lists if values.values)
    if are_plain and status.value.strip().casefold() not in listed:
        yield Problem(
            "fields.source_status",
            f"“{shorten(status.value)}” is in none of the lists, so the rule never does anything.",
        )


def _overlaps(rule: Rule) -> Iterator[Problem]:
    """The lists are asked in order, so an equal value in a later one would never be reached."""
    earlier: dict[str, str] = {}
    for field, values in rule.lists:
        own = {_comparable(values.match, value): value for value in values.values}
        for key, value in own.items():
            if key in earlier:
                yield Problem(
                    field,
                    f"“{shorten(value)}” is in two lists: {earlier[key]} comes first, so this never counts.",
                )
        earlier |= {key: _LIST_WORDS[field] for key in own if key not in earlier}


def _severities(rule: Rule) -> Iterator[Problem]:
    for index, case in enumerate(rule.severity_cases):
        field = f"severity_cases.{index}.value"
        if not case.value:
            yield Problem(field, "The value is empty; what is not listed, or missing, is an error anyway.")
        elif case.match is Match.REGEX:
            yield from _refused(field, conditions.compile_regex, case.value)


def _filters(rule: Rule) -> Iterator[Problem]:
    for index, row in enumerate(rule.filters):
        field = f"filters.{index}"
        yield from _refused(f"{field}.path", conditions.parse_path, row.path)
        yield from _refused(f"{field}.value", conditions.compile_condition, "x", row.operator, row.value)


_CHECKS: tuple[Callable[[Rule], Iterator[Problem]], ...] = (
    _misfits,
    _name,
    _iteration,
    _filters,
    _required,
    _fields,
    _constants,
    _values,
    _constant_status,
    _overlaps,
    _severities,
)
_SEVERITIES = [severity.value for severity in Severity]
_LIST_WORDS = {"open_values": "opening", "close_values": "closing", "update_values": "updating"}


def _comparable(match: Match, value: str) -> str:
    """What is equal for a list: case counts in regular expressions only, where \\S is not \\s."""
    return value if match is Match.REGEX else value.casefold()


def _refused(field: str, read: Callable[..., object], *arguments: object) -> Iterator[Problem]:
    """Yield what a reader of paths, conditions or templates has to say against its arguments."""
    try:
        read(*arguments)
    except (conditions.InvalidPath, conditions.InvalidCondition, template.InvalidTemplate) as error:
        yield Problem(field, str(error))
