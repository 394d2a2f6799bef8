"""What one element of a payload says, field by field, once a rule has taken it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alertops.lib import conditions
from alertops.lib.conditions import Missing, Scope
from alerts.logic.event import Event, Kind, Severity
from integrations.logic import words
from integrations.logic.compiled import CompiledRule, Field, find_severity
from integrations.logic.mapping import TAG
from integrations.logic.template import MAX_LENGTH
from integrations.logic.times import parse_time
from integrations.logic.trace import FieldTrace

MAX_NAMES = 100


@dataclass(frozen=True, slots=True)
class FieldReading:
    """What one field came to. understood: the severity, instant or names that it stands for."""

    text: str
    understood: Any
    trace: FieldTrace


@dataclass(frozen=True, slots=True)
class Reading:
    """What all fields came to, by name."""

    fields: dict[str, FieldReading]

    def text(self, name: str) -> str:
        """Return the text of a field, empty when nothing was found or no path was given."""
        return self.fields[name].text if name in self.fields else ""

    def understood(self, name: str, default: Any) -> Any:
        return self.fields[name].understood if name in self.fields else default

    @property
    def traces(self) -> tuple[FieldTrace, ...]:
        return tuple(field.trace for field in self.fields.values())


def read(rule: CompiledRule, scope: Scope, shared: dict[str, FieldReading]) -> Reading:
    """Read every field of a rule.

    shared: what was read for the elements before and is the same for all; it is added to.
    """
    found: dict[str, FieldReading] = {}
    for field in rule.fields:
        found[field.name] = shared.get(field.name) or _read(rule, field, scope)
        if field.is_shared:
            shared[field.name] = found[field.name]
    return Reading(found)


def make_event(reading: Reading, kind: Kind) -> Event:
    """Return the event that a reading stands for; fields that were not found are empty."""
    texts: dict[str, Any] = {field: reading.text(field) for field in _TEXTS}
    tags = {field.removeprefix(TAG): reading.text(field) for field in reading.fields if field.startswith(TAG)}
    return Event(
        kind=kind,
        severity=reading.understood("severity", Severity.ERROR),
        occurred_at=reading.understood("event_time", None),
        users=reading.understood("users", ()),
        teams=reading.understood("teams", ()),
        tags={tag: text for tag, text in tags.items() if text},
        **texts,
    )


_TEXTS = (
    "source",
    "source_name",
    "source_id",
    "source_status",
    "subject",
    "short_text",
    "long_text",
    "source_url",
    "runbook_url",
    "assignee",
)
Understood = tuple[Any, str]


def _read(rule: CompiledRule, field: Field, scope: Scope) -> FieldReading:
    value, missing = field.read(scope)
    text = _text(value)
    understood, note = _UNDERSTAND[field.name](rule, value) if field.name in _UNDERSTAND else (text, "")
    notes = [_gap(field, gap) for gap in missing] + ([note] if note else [])
    return FieldReading(
        text, understood, FieldTrace(field.name, field.spec.value, text, tuple(notes), len(missing))
    )


def _gap(field: Field, gap: Missing) -> str:
    if gap.path == field.spec.value:
        return gap.reason
    return words.OF_PATH % {"path": gap.path, "reason": gap.reason}


def _text(value: Any) -> str:
    return "" if value is None else conditions.as_text(value)[:MAX_LENGTH].strip()


def _as_severity(rule: CompiledRule, value: Any) -> Understood:
    return find_severity(rule, _text(value))


def _as_time(_rule: CompiledRule, value: Any) -> Understood:
    moment = parse_time(value)
    if moment is None:
        return None, "" if value is None else words.NO_TIME
    return moment, words.AS_TIME % {"time": moment.isoformat()}


def _as_names(_rule: CompiledRule, value: Any) -> Understood:
    """The names in a list, or in a text that separates them by commas, each once."""
    parts = value[:MAX_NAMES] if isinstance(value, list) else _text(value).split(",")[:MAX_NAMES]
    names = (_text(part) for part in parts)
    return tuple(dict.fromkeys(name for name in names if name)), ""


_UNDERSTAND: dict[str, Callable[[CompiledRule, Any], Understood]] = {
    "severity": _as_severity,
    "event_time": _as_time,
    "users": _as_names,
    "teams": _as_names,
}
