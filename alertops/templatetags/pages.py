"""What templates of pages need beside Django's own tags."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django import template
from django.utils.safestring import SafeString

from alertops.lib import display, durations
from alertops.lib.wording import worded

register = template.Library()
register.filter("worded", worded)


@register.filter
def each_worded(texts: Iterable[str]) -> list[str]:
    """Return stored sentences in the reader's language."""
    return [worded(text) for text in texts]


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
