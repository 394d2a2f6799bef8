"""What a delivery means: one pure function from a payload and the rules to decisions, with the story why.

The log, the workbench, tests of presets and production call this one function. It writes nothing and
reads no clock.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from alertops.lib import conditions
from alertops.lib.conditions import Condition, Missing, Scope, shorten
from alerts.logic.event import Event, Kind
from integrations.logic import compiled, reading
from integrations.logic.compiled import CompiledRule
from integrations.logic.mapping import Group, Rule
from integrations.logic.outcome import Reason
from integrations.logic.payload import Kind as PayloadKind
from integrations.logic.payload import Payload
from integrations.logic.reading import FieldReading, Reading
from integrations.logic.trace import Decision, FilterTrace, RuleResult, RuleTrace, Trace

MAX_EVENTS = 1000  # elements of one delivery that are looked at


@dataclass(frozen=True)
class Config:
    """All rules of an integration, in order."""

    rules: tuple[Rule, ...] = ()

    @functools.cached_property
    def ready(self) -> tuple[CompiledRule, ...]:
        """The rules, compiled once for all deliveries that this configuration sees."""
        return tuple(compiled.compile_rule(rule) for rule in self.rules)


def evaluate(payload: Payload, config: Config) -> Trace:
    """Return what a delivery comes to: the first rule with a matching element decides."""
    if payload.kind is PayloadKind.QUERY and not payload.data:
        return _undecided((), Reason.NO_EVENTS, "The delivery is empty: it has neither a body nor a query.")
    tried: list[RuleTrace] = []
    for rule in config.ready:
        trace, decisions = _try(rule, payload)
        tried.append(trace)
        if decisions:
            return Trace(tuple(tried), decisions)
    return _undecided(tuple(tried), *_why_undecided(tried))


@dataclass(frozen=True, slots=True)
class _Element:
    """One element of a delivery, and what the filters of a rule say to it."""

    index: int
    scope: Scope
    filters: tuple[FilterTrace, ...]

    @property
    def is_match(self) -> bool:
        """Every filter of *all* holds, and one of *any* where there are some."""
        any_of = [row.verdict.holds for row in self.filters if row.group is Group.ANY]
        all_of = (row.verdict.holds for row in self.filters if row.group is Group.ALL)
        return all(all_of) and (not any_of or any(any_of))


def _undecided(tried: tuple[RuleTrace, ...], reason: Reason, why: str) -> Trace:
    return Trace(tried, (Decision(0, why, reason=reason),))


def _why_undecided(tried: Sequence[RuleTrace]) -> tuple[Reason, str]:
    enabled = [rule for rule in tried if rule.result is not RuleResult.OFF]
    if not enabled:
        return Reason.NO_RULE, "No rule is enabled that says what a delivery means: add one, or enable one."
    reasons = "; ".join(f"“{rule.name}”: {rule.reason}" for rule in enabled[:5])
    if any(rule.result is RuleResult.EMPTY for rule in enabled):
        return Reason.NO_EVENTS, f"The delivery holds no events. {reasons}."
    return Reason.FILTERED, f"No rule matched. {reasons}."


def _try(rule: CompiledRule, payload: Payload) -> tuple[RuleTrace, tuple[Decision, ...]]:
    """Try one rule; it decides when it has decisions."""
    if not rule.is_enabled:
        return RuleTrace(rule.name, RuleResult.OFF), ()
    if rule.broken:
        why = f"The rule “{rule.name}” cannot work: {rule.broken}"
        decision = Decision(0, why, reason=Reason.ERROR, rule=rule.name)
        return RuleTrace(rule.name, RuleResult.BROKEN, rule.broken), (decision,)
    found = _find_elements(rule, payload)
    if isinstance(found, RuleTrace):
        return found, ()
    elements = list(_elements(rule, payload, found[:MAX_EVENTS]))
    if not any(element.is_match for element in elements):
        why = _why_refused(elements)
        return RuleTrace(rule.name, RuleResult.REFUSES, why, elements[0].filters), ()
    shared: dict[str, FieldReading] = {}
    decisions = (*(_decide(rule, element, shared) for element in elements), *_surplus(rule, found))
    return RuleTrace(rule.name, RuleResult.DECIDES), decisions


def _find_elements(rule: CompiledRule, payload: Payload) -> list[Any] | RuleTrace:
    """The elements that a rule looks at, or why there are none."""
    if rule.list_path is None:
        return [payload.data]
    path = rule.list_path.text
    found = conditions.look_up(rule.list_path, Scope(payload.data, payload.headers, payload.data))
    if isinstance(found, Missing):
        return RuleTrace(rule.name, RuleResult.NO_LIST, f"no list at {path}: {found.reason}")
    if not isinstance(found, list):
        why = f"{path} is {conditions.preview(found)}, not a list"
        return RuleTrace(rule.name, RuleResult.NO_LIST, why)
    if not found:
        return RuleTrace(rule.name, RuleResult.EMPTY, f"the list {path} is empty")
    return found


def _elements(rule: CompiledRule, payload: Payload, found: Sequence[Any]) -> Iterator[_Element]:
    """Judge every element by the filters; those that read the whole delivery are asked once."""
    whole = Scope(payload.data, payload.headers, payload.data)
    shared = [_judged(row, whole) if row[1].path.is_shared else None for row in rule.filters]
    for index, value in enumerate(found):
        scope = Scope(payload.data, payload.headers, value, whole.written)
        rows = zip(shared, rule.filters, strict=True)
        yield _Element(index, scope, tuple(known or _judged(row, scope) for known, row in rows))


def _judged(row: tuple[Group, Condition], scope: Scope) -> FilterTrace:
    group, condition = row
    return FilterTrace(group, condition, conditions.judge(condition, scope))


def _why_refused(elements: Sequence[_Element]) -> str:
    why = _why_filtered(elements[0])
    return why if len(elements) == 1 else f"none of {len(elements)} elements matches; the first: {why}"


def _why_filtered(element: _Element) -> str:
    for row in element.filters:
        if row.group is Group.ALL and not row.verdict.holds:
            seen = f"{row.condition.path.text} " if row.verdict.seen is not None else ""
            unwanted = " and must not" if row.condition.is_negated else ""
            return f"{seen}{row.verdict.reason}{unwanted}"
    return "none of its “any” filters holds"


def _surplus(rule: CompiledRule, found: Sequence[Any]) -> Iterator[Decision]:
    """Say it loudly when a list is too long to be read to its end."""
    if len(found) > MAX_EVENTS:
        why = f"The list has {len(found)} elements: those after the first {MAX_EVENTS} were not read."
        yield Decision(MAX_EVENTS, why, reason=Reason.ERROR, rule=rule.name)


def _decide(rule: CompiledRule, element: _Element, shared: dict[str, FieldReading]) -> Decision:
    """Read the fields of an element and say what it comes to."""
    if not element.is_match:
        why = f"The rule “{rule.name}” does not take this element: {_why_filtered(element)}."
        return Decision(element.index, why, None, Reason.FILTERED, rule.name, filters=element.filters)
    read = reading.read(rule, element.scope, shared)
    event, reason, listed, why = _judge(rule, read)
    status = read.text("source_status")
    return Decision(
        element.index, why, event, reason, rule.name, status, listed, read.traces, element.filters
    )


def _judge(rule: CompiledRule, read: Reading) -> tuple[Event | None, Reason | None, str, str]:
    """Return the event or the reason why there is none, the listed value, and the sentence."""
    if not read.text("source_name"):
        return None, Reason.MISSING_FIELD, "", _no_name(rule, read)
    status = read.text("source_status")
    found = compiled.find_kind(rule, status) if status else None
    if found is None:
        return None, Reason.STATUS_MISMATCH, "", _no_status(rule, read)
    kind, listed = found
    how = "" if status.casefold() == listed.casefold() else f" (it matches “{listed}”)"
    why = f"“{rule.name}”: the status “{shorten(status)}” {_ACTS[kind]}{how}."
    return reading.make_event(read, kind), None, listed, why


_ACTS = {Kind.OPEN: "opens an alert", Kind.CLOSE: "closes the alert", Kind.UPDATE: "updates the alert"}


def _no_name(rule: CompiledRule, read: Reading) -> str:
    origin = _origin(read, "source_name")
    return f"Source Name is missing: “{rule.name}” reads {origin}. Give the rule the right path."


def _no_status(rule: CompiledRule, read: Reading) -> str:
    status = read.text("source_status")
    if not status:
        return f"“{rule.name}” found no status: it reads {_origin(read, 'source_status')}."
    lists = "; ".join(
        f"{kind.value}: {', '.join(value.text for value in values[:10])}"
        for kind, values in rule.lists
        if values
    )
    return f"“{rule.name}” knows no status “{shorten(status)}” ({shorten(lists)})."


def _origin(read: Reading, name: str) -> str:
    """Where a field is read from, and why nothing was there."""
    trace = next((trace for trace in read.traces if trace.name == name), None)
    if trace is None:
        return "nothing, for the field is not set"
    return f"{shorten(trace.origin)}, and {'; '.join(trace.notes) or 'that is empty'}"
