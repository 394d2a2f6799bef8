"""What each part of a rule finds in a delivery by itself, even while other parts of it cannot work yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alertops.lib.conditions import Verdict
from alerts.logic.event import Kind
from integrations.logic import compiled, pipeline, reading
from integrations.logic.mapping import Problem, Rule, ValueList
from integrations.logic.payload import Payload
from integrations.logic.trace import FieldTrace, RuleTrace

MOST_ELEMENTS = 100  # among which one is looked for that the filters let through


@dataclass(frozen=True)
class Look:
    """What the parts of one rule find.

    why_no_list: why there is nothing to go through.  element_count: of the list that is gone through, 1
    without one.  index: of the element that all else is about: the first that the filters let through.
    filters: verdicts by the place of their filter.  fields: by name.
    kind, listed: what the status does and by which listed value; None and empty where it does nothing.
    """

    why_no_list: str = ""
    element_count: int = 1
    index: int = 0
    filters: dict[int, Verdict] | None = None
    fields: dict[str, FieldTrace] | None = None
    kind: Kind | None = None
    listed: str = ""


def look(rule: Rule, problems: Sequence[Problem], payload: Payload) -> Look:
    """Return what a rule finds, on or off. problems: of the rule; those parts are left out."""
    places = [index for index, _row in enumerate(rule.filters) if not _is_wrong(f"filters.{index}", problems)]
    ready = compiled.prepare(_without(rule, problems, places))
    found = pipeline.find_elements(ready, payload)
    if isinstance(found, RuleTrace):
        return Look(why_no_list=found.reason, element_count=0)
    elements = list(pipeline.judge_elements(ready, payload, found[:MOST_ELEMENTS]))
    element = next((each for each in elements if each.is_match), elements[0])
    read = reading.read(ready, element.scope, {})
    status = read.text("source_status")
    kind, listed = (status and compiled.find_kind(ready, status)) or (None, "")
    return Look(
        element_count=len(found),
        index=element.index,
        filters=dict(zip(places, (row.verdict for row in element.filters), strict=True)),
        fields={trace.name: trace for trace in read.traces},
        kind=kind,
        listed=listed,
    )


def _without(rule: Rule, problems: Sequence[Problem], places: Sequence[int]) -> Rule:
    """Return the rule with only those of its parts that can be read. places: of the filters that can."""

    def values(name: str, values: ValueList) -> ValueList:
        return ValueList() if name in wrong else values

    wrong = {problem.field for problem in problems}
    return replace(
        rule,
        iterate_over="" if _is_wrong("iterate_over", problems) else rule.iterate_over,
        filters=tuple(rule.filters[index] for index in places),
        fields=tuple(field for field in rule.fields if f"fields.{field[0]}" not in wrong),
        opens=values("open_values", rule.opens),
        closes=values("close_values", rule.closes),
        updates=values("update_values", rule.updates),
        severity_cases=tuple(
            case
            for index, case in enumerate(rule.severity_cases)
            if not _is_wrong(f"severity_cases.{index}", problems)
        ),
        misfits=(),
    )


def _is_wrong(place: str, problems: Sequence[Problem]) -> bool:
    return any(problem.field == place or problem.field.startswith(f"{place}.") for problem in problems)
