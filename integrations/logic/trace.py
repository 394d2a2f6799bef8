"""What evaluating a delivery found: every rule tried, every filter, every field, and what it comes to.

All of it can be written as JSON of bounded size: values are shortened, long lists are cut and counted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alertops.lib.conditions import Condition, Verdict, shorten
from alerts.logic.event import Event, Kind
from integrations.logic import words
from integrations.logic.outcome import Reason
from integrations.logic.routing import Route

MAX_SHOWN = 30  # rules, filters or events in one JSON


class RuleResult(StrEnum):
    """What became of one rule."""

    DECIDES = "decides"
    REFUSES = "refuses"  # its filters do not match
    NO_LIST = "no_list"  # what it iterates over is no list
    EMPTY = "empty"  # the list it iterates over has no elements
    OFF = "off"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class FilterTrace:
    """One filter, and its verdict on one element."""

    group: str
    condition: Condition
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "path": self.condition.path.text,
            "not": self.condition.is_negated,
            "operator": self.condition.operator.value,
            "value": shorten(self.condition.value),
            "seen": self.verdict.seen,
            "holds": self.verdict.holds,
            "reason": self.verdict.reason,
        }


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule that was tried. filters: those of the first element, where the rule refuses."""

    name: str
    result: RuleResult
    reason: str = ""
    filters: tuple[FilterTrace, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.name,
            "result": self.result.value,
            "reason": shorten(self.reason, 500),
            "filters": _listed(self.filters),
        }


@dataclass(frozen=True, slots=True)
class FieldTrace:
    """What one field came to.

    origin: the path, constant or template.  notes: what was missing, and how the value was understood.
    gap_count: how many of the notes, the first ones, are about what was missing.
    """

    name: str
    origin: str
    value: str
    notes: tuple[str, ...] = ()
    gap_count: int = 0

    def as_json(self) -> dict[str, Any]:
        json: dict[str, Any] = {
            "name": self.name,
            "from": shorten(self.origin),
            "value": shorten(self.value),
        }
        if self.notes:
            json["notes"] = [shorten(note, 500) for note in self.notes[:MAX_SHOWN]]
        return json


@dataclass(frozen=True, slots=True)
class Decision:
    """What one event of a delivery comes to: an event to be ingested, or the reason why there is none.

    index: of the element in the list that its rule iterates over; 0 where nothing is iterated.
    listed: the value of the list that the status matched.  routes: those that fit, at whatever time.
    """

    index: int
    sentence: str
    event: Event | None = None
    reason: Reason | None = None
    rule: str = ""
    status: str = ""
    listed: str = ""
    fields: tuple[FieldTrace, ...] = ()
    filters: tuple[FilterTrace, ...] = ()
    routes: tuple[Route, ...] = ()

    @property
    def kind(self) -> Kind | None:
        return self.event.kind if self.event else None

    def as_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "index": self.index,
            "sentence": shorten(self.sentence, 1000),
            "action": self.kind.value if self.kind else None,
            "reason": self.reason.value if self.reason else None,
            "rule": self.rule,
            "status": {"value": shorten(self.status), "listed": shorten(self.listed)},
            "severity": self.event.severity.value if self.event else None,
            "fields": [field.as_json() for field in self.fields],
            "filters": _listed(self.filters),
        }
        return {**row, "routes": [route.number for route in self.routes]} if self.routes else row


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole story of a delivery. decisions: one for each event, and at least one."""

    rules: tuple[RuleTrace, ...]
    decisions: tuple[Decision, ...]

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(decision.event for decision in self.decisions if decision.event)

    def as_json(self) -> dict[str, Any]:
        """Return the story for showing it: the rules, and the first decisions."""
        return {
            "sentence": sentence(self),
            "rules": _listed(self.rules),
            "decisions": _listed(self.decisions),
            "event_count": len(self.decisions),
        }

    def outcome_json(self, decision: Decision) -> dict[str, Any]:
        """Return what is kept with one event's outcome: the rules, and its own decision."""
        return {"rules": _listed(self.rules), **decision.as_json()}


def sentence(subject: "Trace | Decision") -> str:
    """Return in plain words what a delivery, or one event of it, comes to before anything is done."""
    if isinstance(subject, Decision):
        return subject.sentence
    if len(subject.decisions) == 1:
        return subject.decisions[0].sentence
    counts = Counter(_word(decision) for decision in subject.decisions)
    parts = ", ".join(word % {"count": count} for word, count in counts.items())
    return words.EVENTS % {"count": len(subject.decisions), "parts": parts}


_ACTION_WORDS = {Kind.OPEN: words.OPENING, Kind.CLOSE: words.CLOSING, Kind.UPDATE: words.UPDATING}
_REASON_WORDS = {
    Reason.FILTERED: words.FILTERED,
    Reason.STATUS_MISMATCH: words.WITHOUT_STATUS,
    Reason.MISSING_FIELD: words.WITHOUT_NAME,
    Reason.ERROR: words.UNREAD,
}


def _word(decision: Decision) -> str:
    if decision.kind:
        return _ACTION_WORDS[decision.kind]
    return _REASON_WORDS.get(decision.reason or Reason.ERROR, words.IGNORED)


def _listed(parts: Sequence["FilterTrace | RuleTrace | Decision"]) -> list[dict[str, Any]]:
    """The first parts as JSON, and how many more there are."""
    shown = [part.as_json() for part in parts[:MAX_SHOWN]]
    return [*shown, {"more": len(parts) - MAX_SHOWN}] if len(parts) > MAX_SHOWN else shown
