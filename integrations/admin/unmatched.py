"""Deliveries to URLs that no integration has."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from alertops.lib.admin import LogAdmin
from alertops.lib.display import clock, when
from integrations.models import UnmatchedDelivery


@admin.register(UnmatchedDelivery)
class UnmatchedAdmin(LogAdmin):
    list_display = ["beginning", "remote_address", "user_agent", "received"]
    list_display_links = None
    empty_title = _("Every delivery found its integration")
    empty_text = note = _(
        "The last hundred deliveries to a URL that no integration has are listed here: a mistyped or replaced"
        " URL, or somebody who guesses. Only the beginning of the URL is kept, and nothing of what was sent."
    )
    list_before_template = "admin/chips.html"

    @admin.display(description=_("posted to"))
    def beginning(self, row: UnmatchedDelivery) -> SafeString:
        return format_html(
            "<code>/in/{}…</code> <span class='ao-quiet'>{}</span>", row.token_hint, row.method
        )

    @admin.display(description=_("received"))
    def received(self, row: Any) -> str:
        return when(row.received_at, clock())
