"""What stands above and below a list."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from alertops.lib.display import clock

register = template.Library()

MOST_CHIPS = 8  # of one filter; the others are in the list of filters


@dataclass(frozen=True)
class Chip:
    """One choice of a filter, as a link."""

    label: str
    url: str
    is_chosen: bool


@register.simple_tag
def chip_groups(changelist: Any) -> list[list[Chip]]:
    """Return the choices that stand above a list, those of each filter together."""
    asked = changelist.model_admin.chips
    if isinstance(asked, str):
        asked = [(asked, {})] if asked else []
    filters = {name: spec for spec in changelist.filter_specs for name in spec.expected_parameters()}
    groups = [list(_group(filters[name], words, changelist)) for name, words in asked if name in filters]
    return [group for group in groups if group]


def _group(spec: Any, words: dict[str, Any], changelist: Any) -> Iterator[Chip]:
    if isinstance(changelist.model_admin.chips, str):
        yield from _all_choices(spec, changelist)
        return
    if spec.parameter_name == changelist.model_admin.chips[0][0]:
        yield Chip(_("All"), changelist.get_query_string(remove=[spec.parameter_name]), spec.value() is None)
    yield from _toggles(spec, words, changelist)


def _all_choices(spec: Any, changelist: Any) -> Iterator[Chip]:
    for choice in spec.choices(changelist):
        yield Chip(choice["display"], choice["query_string"], choice["selected"])


def _toggles(spec: Any, words: dict[str, Any], changelist: Any) -> Iterator[Chip]:
    """Yield some choices of a filter of ours, the chosen one in any case; following that takes it back."""
    name, chosen = spec.parameter_name, spec.value()
    choices = {str(value): label for value, label in spec.lookup_choices}
    shown = words or (choices if len(choices) <= MOST_CHIPS else {})
    if chosen in choices and chosen not in shown:
        shown = {**shown, chosen: choices[chosen]}
    for value, label in shown.items():
        is_chosen = value == chosen
        yield Chip(label, changelist.get_query_string({name: None if is_chosen else value}), is_chosen)


@register.simple_tag
def time_of_day() -> str:
    """Return the time in the reader's zone, with the zone."""
    return date_format(timezone.localtime(clock()), "H:i:s T")
