"""What a delivery means: one pure function from a payload and the rules to decisions, with the story why.

The log, the workbench, tests of presets and production call this one function. It writes nothing and
reads no clock.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alertops.lib import conditions
from alertops.lib.conditions import Condition, Missing, Scope, shorten
from alerts.logic.event import Event
from integrations.logic import compiled, reading, routing, words
from integrations.logic.compiled import CompiledRule
from integrations.logic.mapping import Group, Rule
from integrations.logic.outcome import Reason
from integrations.logic.payload import Kind as PayloadKind
from integrations.logic.payload import Payload
from integrations.logic.reading import FieldReading, Reading
from integrations.logic.routing import Route
from integrations.logic.trace import Decision, FilterTrace, RuleResult, RuleTrace, Trace

MAX_EVENTS = 1000  # elements of one delivery that are looked at


@dataclass(frozen=True)
class Config:
    """All rules and routes of an integration, in order."""

    rules: tuple[Rule, ...] = ()
    routes: tuple[Route, ...] = ()

    @functools.cached_property
    def ready(self) -> tuple[CompiledRule, ...]:
        """The rules, compiled once for all deliveries that this configuration sees."""
        return tuple(compiled.compile_rule(rule) for rule in self.rules)


def evaluate(payload: Payload, config: Config) -> Trace:
    """Return what a delivery comes to: the first rule with a matching element decides."""
    if payload.kind is PayloadKind.QUERY and not payload.data:
        return _undecided((), Reason.NO_EVENTS, words.EMPTY_DELIVERY)
    tried: list[RuleTrace] = []
    for rule in config.ready:
        trace, decisions = _try(rule, payload, config.routes)
        tried.append(trace)
        if decisions:
            return Trace(tuple(tried), decisions)
    return _undecided(tuple(tried), *_why_undecided(tried))


@dataclass(frozen=True, slots=True)
class Element:
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
        return Reason.NO_RULE, words.NO_RULE
    reasons = "; ".join(words.RULE_SAYS % {"rule": rule.name, "reason": rule.reason} for rule in enabled[:5])
    if any(rule.result is RuleResult.EMPTY for rule in enabled):
        return Reason.NO_EVENTS, words.NO_EVENTS % {"reasons": reasons}
    return Reason.FILTERED, words.NO_MATCH % {"reasons": reasons}


def _try(
    rule: CompiledRule, payload: Payload, routes: Sequence[Route]
) -> tuple[RuleTrace, tuple[Decision, ...]]:
    """Try one rule; it decides when it has decisions."""
    if not rule.is_enabled:
        return RuleTrace(rule.name, RuleResult.OFF), ()
    if rule.broken:
        why = words.BROKEN % {"rule": rule.name, "why": rule.broken}
        decision = Decision(0, why, reason=Reason.ERROR, rule=rule.name)
        return RuleTrace(rule.name, RuleResult.BROKEN, rule.broken), (decision,)
    found = find_elements(rule, payload)
    if isinstance(found, RuleTrace):
        return found, ()
    elements = list(judge_elements(rule, payload, found[:MAX_EVENTS]))
    if not any(element.is_match for element in elements):
        why = _why_refused(elements)
        return RuleTrace(rule.name, RuleResult.REFUSES, why, elements[0].filters), ()
    shared: dict[str, FieldReading] = {}
    decided = (_routed(_decide(rule, element, shared), element, routes) for element in elements)
    decisions = (*decided, *_surplus(rule, found))
    return RuleTrace(rule.name, RuleResult.DECIDES), decisions


def find_elements(rule: CompiledRule, payload: Payload) -> list[Any] | RuleTrace:
    """The elements that a rule looks at, or why there are none."""
    if rule.list_path is None:
        return [payload.data]
    path = rule.list_path.text
    found = conditions.look_up(rule.list_path, Scope(payload.data, payload.headers, payload.data))
    if isinstance(found, Missing):
        return RuleTrace(rule.name, RuleResult.NO_LIST, words.NO_LIST % {"path": path, "why": found.reason})
    if not isinstance(found, list):
        why = words.NOT_A_LIST % {"path": path, "seen": conditions.preview(found)}
        return RuleTrace(rule.name, RuleResult.NO_LIST, why)
    if not found:
        return RuleTrace(rule.name, RuleResult.EMPTY, words.EMPTY_LIST % {"path": path})
    return found


def judge_elements(rule: CompiledRule, payload: Payload, found: Sequence[Any]) -> Iterator[Element]:
    """Judge every element by the filters; those that read the whole delivery are asked once."""
    whole = Scope(payload.data, payload.headers, payload.data)
    shared = [_judged(row, whole) if row[1].path.is_shared else None for row in rule.filters]
    for index, value in enumerate(found):
        scope = Scope(payload.data, payload.headers, value, whole.written)
        rows = zip(shared, rule.filters, strict=True)
        yield Element(index, scope, tuple(known or _judged(row, scope) for known, row in rows))


def _judged(row: tuple[Group, Condition], scope: Scope) -> FilterTrace:
    group, condition = row
    return FilterTrace(group, condition, conditions.judge(condition, scope))


def _why_refused(elements: Sequence[Element]) -> str:
    why = _why_filtered(elements[0])
    return why if len(elements) == 1 else words.NONE_MATCHES % {"count": len(elements), "why": why}


def _why_filtered(element: Element) -> str:
    for row in element.filters:
        if row.group is Group.ALL and not row.verdict.holds:
            why = row.verdict.reason
            if row.verdict.seen is not None:
                why = words.OF_PATH % {"path": row.condition.path.text, "reason": why}
            return words.MUST_NOT % {"why": why} if row.condition.is_negated else why
    return words.NO_ANY


def _surplus(rule: CompiledRule, found: Sequence[Any]) -> Iterator[Decision]:
    """Say it loudly when a list is too long to be read to its end."""
    if len(found) > MAX_EVENTS:
        why = words.NOT_READ % {"count": len(found), "most": MAX_EVENTS}
        yield Decision(MAX_EVENTS, why, reason=Reason.ERROR, rule=rule.name)


def _decide(rule: CompiledRule, element: Element, shared: dict[str, FieldReading]) -> Decision:
    """Read the fields of an element and say what it comes to."""
    if not element.is_match:
        why = words.NOT_TAKEN % {"rule": rule.name, "why": _why_filtered(element)}
        return Decision(element.index, why, None, Reason.FILTERED, rule.name, filters=element.filters)
    read = reading.read(rule, element.scope, shared)
    event, reason, listed, why = _judge(rule, read)
    status = read.text("source_status")
    return Decision(
        element.index, why, event, reason, rule.name, status, listed, read.traces, element.filters
    )


def _routed(decision: Decision, element: Element, routes: Sequence[Route]) -> Decision:
    if not routes or decision.event is None:
        return decision
    return replace(decision, routes=routing.fitting(routes, element.scope))


def _judge(rule: CompiledRule, read: Reading) -> tuple[Event | None, Reason | None, str, str]:
    """Return the event or the reason why there is none, the listed value, and the sentence."""
    if not read.text("source_name"):
        return None, Reason.MISSING_FIELD, "", _no_name(rule, read)
    status = read.text("source_status")
    found = compiled.find_kind(rule, status) if status else None
    if found is None:
        return None, Reason.STATUS_MISMATCH, "", _no_status(rule, read)
    kind, listed = found
    acts = words.ACTS if status.casefold() == listed.casefold() else words.ACTS_LIKE
    why = acts[kind] % {"rule": rule.name, "status": shorten(status), "listed": listed}
    return reading.make_event(read, kind), None, listed, why


def _no_name(rule: CompiledRule, read: Reading) -> str:
    return words.NO_NAME % {"rule": rule.name, "origin": _origin(read, "source_name")}


def _no_status(rule: CompiledRule, read: Reading) -> str:
    status = read.text("source_status")
    if not status:
        return words.NO_STATUS % {"rule": rule.name, "origin": _origin(read, "source_status")}
    lists = "; ".join(
        f"{kind.value}: {', '.join(value.text for value in values[:10])}"
        for kind, values in rule.lists
        if values
    )
    names = {"rule": rule.name, "status": shorten(status), "lists": shorten(lists)}
    return words.UNKNOWN_STATUS % names


def _origin(read: Reading, name: str) -> str:
    """Where a field is read from, and why nothing was there."""
    trace = next((trace for trace in read.traces if trace.name == name), None)
    if trace is None:
        return words.NOT_SET
    why = "; ".join(trace.notes) or words.IS_EMPTY
    return words.ORIGIN % {"path": shorten(trace.origin), "why": why}
