"""How the rules of an integration are read from the database, and written to it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from alertops.lib import conditions
from alertops.lib.compiled import compiled
from alerts.logic.hours import hours_of
from alerts.models.hours import DAYS
from integrations.logic import mapping, routing, rule_json
from integrations.logic.pipeline import Config
from integrations.models import Filter, Integration, MappingRule, Route

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


def config_of(integration: Integration, *, is_routed: bool = True) -> Config:
    """Return the rules and routes of an integration, in order. They are read anew if they have changed.

    Two queries; two more for routes, which are asked for only where there may be any.
    """
    stored = (*stored_rules(integration), *(_stored_routes(integration) if is_routed else ((), ())))
    known, config = _known.get(integration.pk, (None, None))
    if config is None or stored != known:
        config = _config(*stored)
        _known[integration.pk] = (stored, config)
    return config


def routes_of(integration: Integration) -> tuple[routing.Route, ...]:
    """Return the routes of an integration, in order."""
    return tuple(_read_routes(*_stored_routes(integration)))


def stored_rules(integration: Integration) -> tuple[Any, Any]:
    """Return the rules and the filters of an integration as their columns, in order."""
    return _rules(integration.pk), _filters(integration.pk)


def _stored_routes(integration: Integration) -> tuple[Any, Any]:
    return _routes(integration.pk), _route_teams(integration.pk)


# What was read last of each integration, and the rules and routes that were made of it.
_known: dict[int, tuple[Any, Config]] = {}


def _config(
    rules: Iterable[Sequence[Any]],
    filters: Iterable[Sequence[Any]],
    routes: Iterable[Sequence[Any]],
    teams: Iterable[Sequence[Any]],
) -> Config:
    of_rules: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for rule_id, *values in filters:
        of_rules[rule_id].append(dict(zip(FILTER_COLUMNS, values, strict=True)))
    return Config(
        tuple(
            rule_json.read_rule({**dict(zip(RULE_COLUMNS, values, strict=True)), "filters": of_rules[pk]})
            for pk, *values in rules
        ),
        tuple(_read_routes(routes, teams)),
    )


def _read_routes(routes: Iterable[Sequence[Any]], teams: Iterable[Sequence[Any]]) -> Iterator[routing.Route]:
    of_routes: dict[int, list[str]] = defaultdict(list)
    for route_id, name in teams:
        of_routes[route_id].append(name)
    for number, (pk, path, operator, value, is_negated, *rest) in enumerate(routes, start=1):
        policy_id, is_outside, zone, *days = rest
        condition = None
        if path:
            asked = conditions.Operator(operator)
            condition = conditions.compile_condition(path, asked, value, is_negated=is_negated)
        yield routing.Route(
            number,
            condition,
            hours=hours_of(zone, days) if zone else None,
            is_outside=is_outside,
            policy_id=policy_id,
            teams=tuple(of_routes[pk]),
        )


@compiled
def _routes(integration_id: int) -> QuerySet:
    condition = ("path", "operator", "value", "is_negated")
    times = ("is_outside_hours", "hours__time_zone", *(f"hours__{day}" for day in DAYS))
    return Route.objects.filter(integration=integration_id).values_list("pk", *condition, "policy_id", *times)


@compiled
def _route_teams(integration_id: int) -> QuerySet:
    named = Route.teams.through.objects.filter(route__integration=integration_id)
    return named.order_by("team__name").values_list("route_id", "team__name")


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
