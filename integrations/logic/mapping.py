"""How a rule turns a payload into an event: what it consists of, and what is wrong with one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from alertops.lib import conditions
from alertops.lib.conditions import shorten
from alertops.lib.sayings import gettext_noop
from alerts.logic.event import Severity
from integrations.logic import template, words

# The fields of an event that a rule may fill, as people know them.
FIELDS: dict[str, str] = {
    "source": gettext_noop("Source"),
    "source_name": gettext_noop("Source Name"),
    "source_id": gettext_noop("Source Id"),
    "source_status": gettext_noop("Source Status"),
    "event_time": gettext_noop("Event time"),
    "severity": gettext_noop("Severity"),
    "subject": gettext_noop("Subject"),
    "short_text": gettext_noop("Short text"),
    "long_text": gettext_noop("Long text"),
    "source_url": gettext_noop("Source URL"),
    "runbook_url": gettext_noop("Runbook URL"),
    "assignee": gettext_noop("Assignee"),
    "users": gettext_noop("Users"),
    "teams": gettext_noop("Teams"),
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
        yield Problem("name", words.NAME_IT)


def _iteration(rule: Rule) -> Iterator[Problem]:
    if rule.iterate_over:
        yield from _refused("iterate_over", conditions.parse_path, rule.iterate_over)
        if rule.iterate_over.lower().startswith(conditions.HEADER):
            yield Problem("iterate_over", words.HEADER_NO_LIST)


def _required(rule: Rule) -> Iterator[Problem]:
    source = rule.field("source")
    if source is None or source.kind is not FieldKind.CONSTANT:
        yield Problem("fields.source", words.SOURCE_NEEDED)
    if rule.field("source_name") is None:
        yield Problem("fields.source_name", words.SOURCE_NAME_NEEDED)
    if rule.field("source_status") is None and any(values.values for _name, values in rule.lists):
        yield Problem("fields.source_status", words.SOURCE_STATUS_NEEDED)


def _fields(rule: Rule) -> Iterator[Problem]:
    tags = [name for name, _spec in rule.fields if name.startswith(TAG)]
    if len(tags) > MAX_TAGS:
        yield Problem("fields", words.TOO_MANY_TAGS % {"count": len(tags), "most": MAX_TAGS})
    for name, spec in rule.fields:
        field = f"fields.{name}"
        yield from _field_name(name)
        if len(spec.value) > MAX_TEXT:
            yield Problem(field, words.TOO_LONG % {"most": MAX_TEXT})
        if spec.kind is FieldKind.PATH:
            yield from _refused(field, conditions.parse_path, spec.value)
        if spec.kind is FieldKind.TEMPLATE:
            yield from _refused(field, template.parse, spec.value)


def _field_name(name: str) -> Iterator[Problem]:
    if name.startswith(TAG):
        tag = name.removeprefix(TAG)
        if not tag.strip() or len(tag) > MAX_TAG_NAME:
            yield Problem(f"fields.{name}", words.TAG_NAME % {"most": MAX_TAG_NAME})
    elif name not in FIELDS:
        names = {"name": shorten(name), "known": ", ".join(FIELDS)}
        yield Problem(f"fields.{name}", words.NO_SUCH_FIELD % names)


def _constants(rule: Rule) -> Iterator[Problem]:
    time, severity = rule.field("event_time"), rule.field("severity")
    if time is not None and time.kind is FieldKind.CONSTANT:
        yield Problem("fields.event_time", words.CONSTANT_TIME)
    if severity is None:
        if rule.severity_cases:
            yield Problem("fields.severity", words.SEVERITY_NEEDED)
    elif (
        severity.kind is FieldKind.CONSTANT and not rule.severity_cases and severity.value not in _SEVERITIES
    ):
        names = {"value": shorten(severity.value), "known": ", ".join(_SEVERITIES)}
        yield Problem("fields.severity", words.NO_SUCH_SEVERITY % names)


def _values(rule: Rule) -> Iterator[Problem]:
    if not any(values.values for _field, values in rule.lists):
        yield Problem("open_values", words.DOES_NOTHING)
    for field, values in rule.lists:
        if len(values.values) > MAX_VALUES:
            yield Problem(field, words.TOO_MANY_VALUES % {"most": MAX_VALUES})
        if any(not value.strip() for value in values.values):
            yield Problem(field, words.EMPTY_VALUE)
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
        yield Problem("fields.source_status", words.NEVER_LISTED % {"value": shorten(status.value)})


def _overlaps(rule: Rule) -> Iterator[Problem]:
    """The lists are asked in order, so an equal value in a later one would never be reached."""
    earlier: dict[str, str] = {}
    for field, values in rule.lists:
        own = {_comparable(values.match, value): value for value in values.values}
        for key, value in own.items():
            if key in earlier:
                yield Problem(field, words.IN_TWO_LISTS % {"value": shorten(value), "first": earlier[key]})
        earlier |= {key: words.LISTS[field] for key in own if key not in earlier}


def _severities(rule: Rule) -> Iterator[Problem]:
    for index, case in enumerate(rule.severity_cases):
        field = f"severity_cases.{index}.value"
        if not case.value:
            yield Problem(field, words.EMPTY_SEVERITY)
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


def _comparable(match: Match, value: str) -> str:
    """What is equal for a list: case counts in regular expressions only, where \\S is not \\s."""
    return value if match is Match.REGEX else value.casefold()


def _refused(field: str, read: Callable[..., object], *arguments: object) -> Iterator[Problem]:
    """Yield what a reader of paths, conditions or templates has to say against its arguments."""
    try:
        read(*arguments)
    except (conditions.InvalidPath, conditions.InvalidCondition, template.InvalidTemplate) as error:
        yield Problem(field, str(error))
