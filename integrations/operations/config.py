"""How the rules of an integration are read from the database, and written to it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from alertops.lib.compiled import compiled
from integrations.logic import mapping, rule_json
from integrations.logic.pipeline import Config
from integrations.models import Filter, Integration, MappingRule

RULE_COLUMNS = sorted(rule_json.NAMES - {"filters"})
FILTER_COLUMNS = ["group", "path", "operator", "value", "is_negated"]


class InvalidRules(ValueError):
    """Rules that cannot work. problems: by the position of their rule."""

    def __init__(self, problems: dict[int, list[mapping.Problem]]) -> None:
        self.problems = problems
        super().__init__(
            "; ".join(
                f"rule {position + 1}, {problem.field}: {problem.message}"
                for position, found in problems.items()
                for problem in found
            )
        )


def config_of(integration: Integration) -> Config:
    """Return the rules of an integration, in order; two queries. They are read anew if they have changed."""
    stored = stored_rules(integration)
    known, config = _known.get(integration.pk, (None, None))
    if config is None or stored != known:
        config = _config(*stored)
        _known[integration.pk] = (stored, config)
    return config


def stored_rules(integration: Integration) -> tuple[Any, Any]:
    """Return the rules and the filters of an integration as their columns, in order."""
    return _rules(integration.pk), _filters(integration.pk)


# What was read last of each integration, and the rules that were made of it.
_known: dict[int, tuple[Any, Config]] = {}


def _config(rules: Iterable[Sequence[Any]], filters: Iterable[Sequence[Any]]) -> Config:
    conditions: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for rule_id, *values in filters:
        conditions[rule_id].append(dict(zip(FILTER_COLUMNS, values, strict=True)))
    return Config(
        tuple(
            rule_json.read_rule({**dict(zip(RULE_COLUMNS, values, strict=True)), "filters": conditions[pk]})
            for pk, *values in rules
        )
    )


@compiled
def _rules(integration_id: int) -> QuerySet:
    return MappingRule.objects.filter(integration=integration_id).values_list("pk", *RULE_COLUMNS)


@compiled
def _filters(integration_id: int) -> QuerySet:
    return Filter.objects.filter(rule__integration=integration_id).values_list("rule_id", *FILTER_COLUMNS)


def rule_of(row: MappingRule, filters: Iterable[Filter]) -> mapping.Rule:
    """Return the rule of a row and its filters, whether they are saved or not."""
    columns = {name: getattr(row, name) for name in RULE_COLUMNS}
    rows = [{name: getattr(condition, name) for name in FILTER_COLUMNS} for condition in filters]
    return rule_json.read_rule({**columns, "filters": rows})


def apply_rules(integration: Integration, rules: Sequence[dict[str, Any]]) -> None:
    """Replace the rules of an integration by those of a preset or an export.

    Raises InvalidRules, and writes nothing then.
    """
    read = [rule_json.read_rule(rule) for rule in rules]
    found = {position: mapping.problems(rule) for position, rule in enumerate(read)}
    refused = {position: problems for position, problems in found.items() if problems}
    if refused:
        raise InvalidRules(refused)
    with transaction.atomic():
        integration.rules.all().delete()
        for position, rule in enumerate(read, start=1):
            _create(integration, position, rule_json.write_rule(rule))


def _create(integration: Integration, position: int, written: dict[str, Any]) -> None:
    columns = {name: written[name] for name in RULE_COLUMNS}
    row = MappingRule.objects.create(integration=integration, position=position, **columns)
    for place, condition in enumerate(written["filters"], start=1):
        Filter.objects.create(rule=row, position=place, **condition)  # one by one: each begins a history
