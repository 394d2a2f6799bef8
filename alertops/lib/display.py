"""How statuses, times and links are shown on a page.

No part of Unfold is imported here: it loads all template libraries, and those load this.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.humanize.templatetags.humanize import NaturalTimeFormatter
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import pgettext


class Tone(StrEnum):
    """A colour of app.css; never alone, always with a word and a shape."""

    RED = "red"
    ORANGE = "orange"
    AMBER = "amber"
    BLUE = "blue"
    GREEN = "green"
    GREY = "grey"
    IRIS = "iris"


def clock() -> datetime:
    """Return the time: an admin page is a door, and a door reads the clock."""
    return timezone.now()  # noqa: TID251


def badge(word: str, tone: Tone, icon: str, *, look: str = "soft") -> SafeString:
    """Show a status as colour, word and shape.

    icon: a name of Material Symbols.  look: "soft", "solid" or "outlined".
    """
    return format_html(
        '<span class="ao-badge ao-{} ao-{}"><span class="material-symbols-outlined" aria-hidden="true">{}'
        "</span>{}</span>",
        *(tone, look, icon, word),
    )


def when(moment: datetime | None, now: datetime) -> SafeString | str:
    """Show a time as people say it, with the exact time and zone on hover and focus."""
    if moment is None:
        return ""
    return format_html(
        '<time class="ao-time" datetime="{}" data-exact="{}" tabindex="0">{}</time>',
        *(moment.isoformat(), exact(moment), ago(moment, now)),
    )


def ago(moment: datetime, now: datetime) -> str:
    """Say how far a time is from now: "4 minutes ago", "in 2 hours", "just now"."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 60:
        return _("just now") if seconds >= 0 else _("in less than a minute")
    if seconds > 0:
        return _("%(time)s ago") % {"time": timesince(moment, now, depth=1, time_strings=_PAST)}
    return _("in %(time)s") % {"time": timesince(now, moment, depth=1, time_strings=_FUTURE)}


# Many languages say "2 days" otherwise after "ago" than by itself; Django knows how.
_PAST, _FUTURE = NaturalTimeFormatter.past_substrings, NaturalTimeFormatter.future_substrings


def exact(moment: datetime) -> str:
    """Write a time in the reader's zone, with the zone."""
    return date_format(timezone.localtime(moment), pgettext("format of a time", "j M Y, H:i:s T"))


def page_of(row: models.Model) -> str:
    """Return the address of a row's page."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_of(model: type[models.Model], **parameters: Any) -> str:
    """Return the address of a model's list, narrowed by query parameters."""
    return reverse(
        f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist", query=parameters or None
    )


def what(url: str, name: Any, more: Any = "") -> SafeString:
    """Show what a row of a list is about: its name, which leads to its page, and a line below."""
    words = '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>'
    return format_html(words, url, name, more)


def link(url: str, text: Any) -> SafeString:
    return format_html('<a class="ao-link" href="{}">{}</a>', url, text)
