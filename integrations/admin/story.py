"""What became of a delivery, told step by step: every rule tried, each filter's verdict, each field."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops.lib.conditions import Operator
from alertops.lib.wording import worded
from integrations.logic.mapping import FIELDS, TAG
from integrations.logic.trace import RuleResult
from integrations.models import OPERATOR_CHOICES, Outcome

MOST_SHOWN = 100_000  # characters of a body

RESULTS = {
    RuleResult.DECIDES: gettext_lazy("decided"),
    RuleResult.REFUSES: gettext_lazy("did not fit: its filters did not hold"),
    RuleResult.NO_LIST: gettext_lazy("did not fit: what it goes through is no list"),
    RuleResult.EMPTY: gettext_lazy("found an empty list"),
    RuleResult.OFF: gettext_lazy("is off"),
    RuleResult.BROKEN: gettext_lazy("cannot work"),
}
ACTIONS = {
    "open": gettext_lazy("which opens"),
    "close": gettext_lazy("which closes"),
    "update": gettext_lazy("which updates"),
}
_OPERATORS = dict(OPERATOR_CHOICES)


@dataclass(frozen=True)
class Check:
    """One filter and its verdict."""

    sentence: str
    holds: bool


@dataclass(frozen=True)
class Tried:
    """One rule that was tried."""

    name: str
    result: str
    decides: bool
    checks: list[Check]


@dataclass(frozen=True)
class Read:
    """One field that was read."""

    name: str
    origin: str
    value: str
    notes: list[str]


@dataclass(frozen=True)
class Story:
    """One event of a delivery, told. push: the number of the push that it was."""

    outcome: Outcome
    rules: list[Tried]
    status: str
    checks: list[Check]
    fields: list[Read]
    push: int | None = None

    @property
    def found(self) -> list[Read]:
        """The fields that have a value."""
        return [field for field in self.fields if field.value]

    @property
    def empty(self) -> list[Read]:
        """The fields that found nothing, with what they missed."""
        return [field for field in self.fields if not field.value]


def story(outcome: Outcome) -> Story:
    """Tell the trace of an outcome."""
    trace = outcome.trace or {}
    return Story(
        outcome=outcome,
        rules=list(_rules(trace.get("rules", []))),
        status=_status(trace),
        checks=list(_checks(trace.get("filters", []))),
        fields=[
            Read(_name(row["name"]), row["from"], row["value"], list(map(worded, row.get("notes", []))))
            for row in trace.get("fields", [])
        ],
        push=(trace.get("push") or {}).get("push"),
    )


def _rules(rows: list[dict[str, Any]]) -> Iterator[Tried]:
    for row in rows:
        if "more" in row:
            yield Tried(_("%(n)d more") % {"n": row["more"]}, "", decides=False, checks=[])
            continue
        if "result" not in row:  # written by another version
            continue
        result = RuleResult(row["result"])
        said = (
            f"{RESULTS[result]}: {worded(row['reason'])}"
            if row["reason"] and result is RuleResult.BROKEN
            else str(RESULTS[result])
        )
        yield Tried(
            row["rule"], said, decides=result is RuleResult.DECIDES, checks=list(_checks(row["filters"]))
        )


def _checks(rows: list[dict[str, Any]]) -> Iterator[Check]:
    for row in rows:
        if "more" in row:
            yield Check(_("%(n)d more") % {"n": row["more"]}, holds=True)
            continue
        yield Check(_check(row), holds=row["holds"])


def _check(row: dict[str, Any]) -> str:
    """Say what a filter saw; where nothing was there to be seen, also what it asked for."""
    reason = worded(row["reason"])
    if row.get("seen") is not None:
        return f"{row['path']}: {reason}"
    negation = _("not") + " " if row["not"] else ""
    value = "" if row["operator"] == Operator.EXISTS else f" “{row['value']}”"
    asked = f"{negation}{_OPERATORS.get(row['operator'], row['operator'])}{value}"
    names = {"path": row["path"], "reason": reason, "asked": asked}
    return _("%(path)s: %(reason)s It asks: %(asked)s") % names


def _status(trace: dict[str, Any]) -> str:
    status = trace.get("status") or {}
    if not status.get("value"):
        return ""
    if not status.get("listed"):
        return _("The status is “%(value)s”, which is in none of the lists.") % status
    action = ACTIONS.get(trace.get("action") or "", "")
    return _("The status is “%(value)s”: it fits “%(listed)s”, %(action)s.") % {**status, "action": action}


def _name(field: str) -> str:
    return (
        _("Tag %(name)s") % {"name": field.removeprefix(TAG)}
        if field.startswith(TAG)
        else _(FIELDS.get(field, field))
    )


def pretty(body: str) -> str:
    """Return a body as people read it: JSON is indented, a very long one is cut."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body
    if len(text) <= MOST_SHOWN:
        return text
    return text[:MOST_SHOWN] + "\n" + _("… cut here: %(n)d characters more.") % {"n": len(text) - MOST_SHOWN}
