"""How all rules of an integration are saved at once, unless somebody else has saved others meanwhile."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from integrations.logic import mapping, rule_json
from integrations.logic.mapping import Problem, Rule
from integrations.models import Filter, Integration, MappingRule
from integrations.operations.config import RULE_COLUMNS, InvalidRules, rule_of, stored_rules

MOST_RULES = 50


class RulesChanged(Exception):
    """The rules are not any more what the person began with."""


@dataclass(frozen=True)
class DraftRule:
    """A rule on its way to the database. pk: of the rule that it replaces; None for a new one."""

    pk: int | None
    rule: Rule


def version_of(integration: Integration) -> str:
    """Return what is another text as soon as anybody changes the rules, their filters or their order."""
    return hashlib.sha256(repr(stored_rules(integration)).encode()).hexdigest()[:20]


def problems_of(rule: Rule) -> list[Problem]:
    """Return why a rule is refused when it is saved: what cannot work, and what is too long."""
    found = mapping.problems(rule)
    known = {problem.field for problem in found}
    return found + [problem for problem in _unfitting(rule) if problem.field not in known]


def save_rules(
    integration: Integration,
    drafts: Sequence[DraftRule],
    *,
    version: str,
    sample: tuple[str, dict[str, str]] | None = None,
) -> list[int]:
    """Replace the rules of an integration, each in its place, or write nothing at all.

    version: what `version_of` said when the person began.  sample: body and headers of a new one; None
    keeps the old one.  Returns the numbers of the rules in order.  Raises InvalidRules and RulesChanged.
    """
    refused = {place: problems for place, draft in enumerate(drafts) if (problems := problems_of(draft.rule))}
    if refused:
        raise InvalidRules(refused)
    with transaction.atomic():
        Integration.objects.select_for_update(no_key=True).get(pk=integration.pk)
        before = {row.pk: row for row in integration.rules.select_for_update().prefetch_related("filters")}
        if version_of(integration) != version:
            raise RulesChanged
        if sample is not None:
            integration.sample_body, integration.sample_headers = sample
            integration.save(update_fields=["sample_body", "sample_headers"])
        return _replace(integration, before, drafts)


def _replace(
    integration: Integration, before: dict[int, MappingRule], drafts: Sequence[DraftRule]
) -> list[int]:
    rows = [before.pop(draft.pk or 0, None) for draft in drafts]
    for row in before.values():
        row.delete()
    return [
        _put(known or MappingRule(integration=integration), place, draft.rule)
        for place, (known, draft) in enumerate(zip(rows, drafts, strict=True), start=1)
    ]


def _put(row: MappingRule, place: int, rule: Rule) -> int:
    """Write a rule into its row, as far as anything of it changes; return its number."""
    if row.pk is None or rule_of(row, row.filters.all()) != rule:
        _write(row, place, rule)
    elif row.position != place:
        row.position = place
        row.save(update_fields=["position"])
    return row.pk


def _write(row: MappingRule, place: int, rule: Rule) -> None:
    for name, value in _columns(rule).items():
        setattr(row, name, value)
    row.position = place
    row.save()
    _write_filters(row, _filters(rule))


def _write_filters(row: MappingRule, conditions: Sequence[dict[str, Any]]) -> None:
    """Write filters in their order, each into the row that it was before: so its history tells what changed.

    What is as it was keeps its row; what else there is takes the rows that are left.
    """
    left = list(row.filters.all())
    rows = [_take(left, condition) for condition in conditions]
    for position, (known, condition) in enumerate(zip(rows, conditions, strict=True), start=1):
        filter_row = known or (left.pop(0) if left else Filter(rule=row))
        for name, value in condition.items():
            setattr(filter_row, name, value)
        filter_row.position = position
        filter_row.save()
    for filter_row in left:
        filter_row.delete()


def _take(rows: list[Filter], condition: dict[str, Any]) -> Filter | None:
    """Take the first of some rows out that is a condition already."""
    for number, row in enumerate(rows):
        if all(getattr(row, name) == value for name, value in condition.items()):
            return rows.pop(number)
    return None


def _columns(rule: Rule) -> dict[str, Any]:
    written = rule_json.write_rule(rule)
    return {name: written[name] for name in RULE_COLUMNS}


def _filters(rule: Rule) -> list[dict[str, Any]]:
    return list(rule_json.write_rule(rule)["filters"])


def _unfitting(rule: Rule) -> Iterator[Problem]:
    """Say what the columns do not take, as the forms of rules do."""
    yield from _refusals(MappingRule(**_columns(rule)), "integration")
    for place, condition in enumerate(_filters(rule)):
        yield from _refusals(Filter(**condition), "rule", f"filters.{place}.")


def _refusals(row: models.Model, parent: str, prefix: str = "") -> Iterator[Problem]:
    try:
        row.clean_fields(exclude=[parent])
    except ValidationError as error:
        for name, texts in error.message_dict.items():
            yield Problem(f"{prefix}{name}", " ".join(texts))
