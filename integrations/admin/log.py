"""The inbound log: every delivery, what became of it and why."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from alertops.lib.admin import LogAdmin, column_filter
from alertops.lib.display import clock, page_of, when
from integrations import badges, operations
from integrations.admin import replay
from integrations.admin.story import pretty, story
from integrations.models import STATUS_CHOICES, InboundMessage

MOST_OUTCOMES = 30


@admin.register(InboundMessage)
class MessageAdmin(LogAdmin):
    list_display = ["what", "state", "received", "size"]
    list_display_links = None
    list_select_related = ["integration"]
    list_filter = [
        column_filter(_("status"), "status", STATUS_CHOICES),
        "integration",
        "is_test",
    ]
    list_before_template = "admin/integrations/log_before.html"
    chips = "status"
    search_fields = ["delivery_id"]
    search_help_text = _("Search by number, or by the sender's id of the delivery")
    actions = ["process_again"]
    empty_title = _("No delivery yet")
    empty_text = _(
        "Whatever is posted to the secret URL of an integration is listed here, refused deliveries too, with"
        " what became of it and why."
    )

    def has_process_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.process_again")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundMessage]:
        found = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and match.url_name == "integrations_inboundmessage_changelist"
        return found.defer("body", "headers", "query_string") if is_list else found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[InboundMessage], search_term: str
    ) -> tuple[QuerySet[InboundMessage], bool]:
        number = search_term.strip().removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            return queryset.filter(pk=int(number)), False
        return queryset.filter(delivery_id=search_term.strip()) if search_term.strip() else queryset, False

    # The list

    @admin.display(description=_("delivery"))
    def what(self, row: InboundMessage) -> SafeString:
        test = _(" · a test") if row.is_test else ""
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{} · {}{}</span></span>',
            *(page_of(row), operations.sentence(row), row.integration.name, row.pk, test),
        )

    @admin.display(description=_("status"))
    def state(self, row: InboundMessage) -> SafeString:
        return badges.status(row)

    @admin.display(description=_("received"))
    def received(self, row: InboundMessage) -> str:
        return when(row.received_at, clock())

    @admin.display(description=_("size"))
    def size(self, row: InboundMessage) -> str:
        return f"{row.body_size / 1000:.1f} kB" if row.body_size >= 1000 else f"{row.body_size} B"

    @admin.action(description=_("Process again …"), permissions=["process"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[InboundMessage]) -> HttpResponse | None:
        return replay.process_selected(self, request, queryset)

    # One delivery

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.range_view)
        return [path("process-again/", view, name="integrations_inboundmessage_range"), *super().get_urls()]

    def range_view(self, request: HttpRequest) -> HttpResponse:
        return replay.process_range(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        outcomes = row.outcomes.select_related("alert").order_by("event_index")
        return self.render(
            request,
            "admin/integrations/message.html",
            title=operations.sentence(row),
            original=row,
            row=row,
            sentence=operations.sentence(row),
            size=self.size(row),
            stories=[story(outcome) for outcome in outcomes[:MOST_OUTCOMES]],
            hidden_count=max(0, outcomes.count() - MOST_OUTCOMES),
            body=pretty(bytes(row.body).decode("utf-8", "replace")),
            may_process=self.has_process_permission(request),
        )
