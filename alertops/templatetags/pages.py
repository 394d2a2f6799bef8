"""What templates of pages need beside Django's own tags."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.safestring import SafeString

from alertops.lib import display, durations

register = template.Library()


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """Show a time relative to now, the exact one on hover and focus."""
    return display.when(moment, display.clock())


@register.filter
def exact(moment: datetime | None) -> str:
    return display.exact(moment) if moment else ""


@register.filter
def spell(length: timedelta | None) -> str:
    return durations.spell(length) if length is not None else ""


@register.simple_tag
def chips(changelist: Any) -> list[dict[str, Any]]:
    """Return the choices of the one filter that stands above a list, "all" first."""
    for filter_ in changelist.filter_specs:
        if changelist.model_admin.chips in filter_.expected_parameters():
            return list(_choices(filter_, changelist))
    return []


def _choices(filter_: Any, changelist: Any) -> Iterator[dict[str, Any]]:
    for choice in filter_.choices(changelist):
        yield {"label": choice["display"], "url": choice["query_string"], "is_chosen": choice["selected"]}


@register.simple_tag
def older_url(changelist: Any) -> str:
    """Return the address of the rows below the last one shown, past what a capped list counts."""
    last = changelist.result_list[len(changelist.result_list) - 1]
    return changelist.get_query_string({"id__lt": last.pk, "p": None})
