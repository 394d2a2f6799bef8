"""The smallest deliveries that open and close an alert of an integration, for a line to try it by."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from alertops.lib import conditions
from alerts.logic.event import Kind
from integrations.logic import mapping, payload, pipeline, template
from integrations.logic.trace import Decision
from integrations.models import Integration
from integrations.operations.config import config_of

# What decides, and what a person reads; the time is left out, so that what is sent happens now.
FIELDS = ("source_name", "source_id", "source_status", "severity", "subject")
Keys = tuple[conditions.Part, ...]
_FIRST = conditions.Part("0", 0)


@dataclass(frozen=True)
class MinimalBodies:
    """opening: a body that opens an alert.  closing: the same with a status that closes it; may be empty."""

    opening: str
    closing: str


def minimal_bodies(integration: Integration) -> MinimalBodies | None:
    """Cut the sample down to what the rules read. None: by the rules as they are it would open nothing."""
    config = config_of(integration)
    try:
        whole = json.loads(integration.sample_body)
        for rules in _choices(whole, config):
            opening = _written(_cut(whole, _longest(set(_paths(rules)))))
            decision = _decision(opening, config)
            if decision and decision.kind is Kind.OPEN:
                return MinimalBodies(opening, _closing(opening, decision, config))
    except _UNREADABLE:
        pass
    return None


_UNREADABLE = (
    *(json.JSONDecodeError, RecursionError, payload.UnreadableBody),
    *(conditions.InvalidPath, template.InvalidTemplate),
)


def _choices(whole: Any, config: pipeline.Config) -> list[list[mapping.Rule]]:
    """Return first the rule that decides about the whole sample, then all of them."""
    enabled = [rule for rule in config.rules if rule.is_enabled]
    found = pipeline.evaluate(payload.decode(_written(whole).encode()), config)
    return [[rule for rule in enabled if rule.name == found.decisions[0].rule], enabled]


def _longest(paths: set[Keys]) -> list[Keys]:
    """Leave out what is only asked to be there: a longer path leads through it."""
    through = {path[:length] for path in paths for length in range(len(path))}
    return list(paths - through)


def _paths(rules: Iterable[mapping.Rule]) -> Iterator[Keys]:
    """Yield what the rules read, from the root; of a list that a rule goes through, its first element."""
    for rule in rules:
        holder = (*conditions.parse_path(rule.iterate_over).parts, _FIRST) if rule.iterate_over else ()
        for path in _read_by(rule):
            if path.header is None:
                yield path.parts if path.is_rooted else (*holder, *path.parts)


def _read_by(rule: mapping.Rule) -> Iterator[conditions.Path]:
    for condition in rule.filters:
        yield conditions.parse_path(condition.path)
    for name, spec in rule.fields:
        if name not in FIELDS:
            continue
        if spec.kind is mapping.FieldKind.PATH:
            yield conditions.parse_path(spec.value)
        elif spec.kind is mapping.FieldKind.TEMPLATE:
            pieces = template.parse(spec.value).pieces
            yield from (piece for piece in pieces if isinstance(piece, conditions.Path))


def _cut(value: Any, paths: list[Keys]) -> Any:
    """Return what the paths lead to, in the shape that it has; of a list only its first elements."""
    if () in paths:
        return value
    if isinstance(value, dict):
        there = {key: held for key, held in value.items() if held is not None}
        rest = {key: [path[1:] for path in paths if path[0].key == key] for key in there}
        return {key: _cut(there[key], found) for key, found in rest.items() if found}
    if isinstance(value, list):
        wanted = [[path[1:] for path in paths if path[0].index == place] for place in range(len(value))]
        count = max((place + 1 for place, found in enumerate(wanted) if found), default=0)
        return [_cut(value[place], wanted[place]) for place in range(count)]
    return value


def _written(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def _decision(body: str, config: pipeline.Config) -> Decision | None:
    """Return what one event comes to; None where it is not exactly one."""
    decisions = pipeline.evaluate(payload.decode(body.encode()), config).decisions
    return decisions[0] if len(decisions) == 1 else None


def _closing(opening: str, opened: Decision, config: pipeline.Config) -> str:
    """Put each closing value in the place of the status, and return the first body that closes the same."""
    rule = next(rule for rule in config.rules if rule.name == opened.rule)
    for value in rule.closes.values:
        body = opening.replace(_written(opened.status), _written(value))
        closed = _decision(body, config)
        if closed and closed.kind is Kind.CLOSE and _key(closed) == _key(opened):
            return body
    return ""


def _key(decision: Decision) -> tuple[str, str] | None:
    return (decision.event.source_name, decision.event.source_id) if decision.event else None
