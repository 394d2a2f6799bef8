"""The inbound log: every delivery, what became of it and why."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from alertops.lib.admin import Found, LogAdmin, may
from alertops.lib.display import clock, page_of, when
from alerts import rights
from alerts.models import User
from integrations import badges, operations
from integrations.admin import log_search, replay
from integrations.admin.body import body_of
from integrations.admin.story import story
from integrations.logic.outcome import Reason, Status
from integrations.models import InboundMessage, Outcome

MOST_OUTCOMES = 30
PROBLEMS = (Status.MAPPING_FAILED, Status.REFUSED)
MENDABLE = (Reason.NO_RULE, Reason.MISSING_FIELD, Reason.ERROR, Reason.DISABLED)
# What is no part of a row of the list, and long.
LONG_COLUMNS = ("body", "headers", "query_string")


@admin.register(InboundMessage)
class MessageAdmin(LogAdmin):
    list_display = ["what", "state", "about", "act", "received"]
    list_display_links = None
    list_select_related = ["integration"]
    list_filter = log_search.FILTERS
    list_filter_sheet = True
    list_before_template = "admin/integrations/log_before.html"
    chips = [
        ("status", {"problems": _("Problems"), "mapped_ignored": _("Ignored")}),
        ("since", {"hour": _("Last hour")}),
        ("is_test", {"1": _("Tests")}),
        (log_search.INTEGRATION, {}),
    ]
    time_column = "received_at"
    announces = True
    search_fields = ["delivery_id"]
    search_help_text = _("Source, words, #number or the sender’s id")
    actions = ["process_again"]
    empty_title = _("No delivery yet")
    empty_text = _(
        "Whatever is posted to the secret URL of an integration is listed here, refused deliveries too, with"
        " what became of it and why."
    )

    def has_process_permission(self, request: HttpRequest) -> bool:
        """Tell whether the reader may process deliveries again, if only those of a team's integrations."""
        return rights.reaches_any(cast(User, request.user), replay.PROCESS_AGAIN)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        may_all = request.user.has_perm(replay.PROCESS_AGAIN)
        return [("act_or_again" if may_all and name == "act" else name) for name in self.list_display]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"may_process": self.has_process_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundMessage]:
        found = super().get_queryset(request)
        match = request.resolver_match
        if match is None or match.url_name != "integrations_inboundmessage_changelist":
            return found
        first = Outcome.objects.filter(event_index=0).annotate(fields_read=F("trace__fields"))
        of_first = Prefetch("outcomes", first.only("message_id"), to_attr="first_outcomes")
        return found.defer(*LONG_COLUMNS).prefetch_related(of_first)

    # Searching: by the list itself, in what look_through names

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[InboundMessage], search_term: str
    ) -> tuple[QuerySet[InboundMessage], bool]:
        return queryset, False

    def find(self, term: str) -> Found:
        return log_search.find(term)

    def look_through(self, parameters: dict[str, Any], found: Found | None) -> QuerySet | None:
        return log_search.rows_to_look_through(parameters, found)

    # The list

    @admin.display(description=_("delivery"))
    def what(self, row: InboundMessage) -> SafeString:
        test = _(" · a test") if row.is_test else ""
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">#{} · {}{}</span></span>',
            *(page_of(row), operations.sentence(row), row.pk, row.integration.name, test),
        )

    @admin.display(description=_("status"))
    def state(self, row: InboundMessage) -> SafeString:
        return badges.status(row)

    @admin.display(description=_("source"))
    def about(self, row: InboundMessage) -> SafeString | str:
        """Say what its first event is about: Source Name, with Source and Source Id below."""
        outcomes: list[Any] = row.first_outcomes  # type: ignore[attr-defined]
        read = (outcomes[0].fields_read or []) if outcomes else []
        values = {field["name"]: field["value"] for field in read if "name" in field}
        name, source, number = (values.get(key, "") for key in ("source_name", "source", "source_id"))
        if not (name or source or number):
            return ""
        below = " · ".join(filter(None, (source, number)))
        return format_html(
            '<span class="ao-about">{}<span class="ao-quiet">{}</span></span>', name or "–", below
        )

    @admin.display(description=_("alert"))
    def act(self, row: InboundMessage) -> SafeString | str:
        if not row.alert_id:
            return ""
        url = reverse("admin:alerts_alert_change", args=[row.alert_id])
        return format_html('<a class="ao-row-act" href="{}">{}</a>', url, _("Alert #%d") % (row.alert_id,))

    @admin.display(description=_("alert"))
    def act_or_again(self, row: InboundMessage) -> SafeString | str:
        """Lead on to the alert, or to processing again what a mended rule or a switch would help."""
        if row.alert_id or row.reason not in MENDABLE:
            return self.act(row)
        url = reverse("admin:integrations_inboundmessage_again", args=[row.pk])
        return format_html('<a class="ao-row-act" href="{}">{}</a>', url, _("Process again"))

    @admin.display(description=_("received"))
    def received(self, row: InboundMessage) -> str:
        return when(row.received_at, clock())

    @admin.action(description=_("Process again …"), permissions=["process"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[InboundMessage]) -> HttpResponse | None:
        return replay.process_selected(self, request, queryset)

    # Processing again, and the bytes

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = "integrations_inboundmessage_{}".format
        return [
            path("process-again/", view(self.range_view), name=name("range")),
            path("<int:number>/process-again/", view(self.again_view), name=name("again")),
            path("<int:number>/body/", view(self.body_view), name=name("body")),
            *super().get_urls(),
        ]

    def range_view(self, request: HttpRequest) -> HttpResponse:
        return replay.process_range(self, request)

    def again_view(self, request: HttpRequest, number: int) -> HttpResponse:
        return replay.process_one(self, request, self.get_viewable(request, str(number)))

    def body_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Hand out the bytes as a file: no browser is to run what a stranger sent."""
        row = self.get_viewable(request, str(number))
        name = f"delivery-{row.pk}.{'json' if 'json' in row.content_type else 'txt'}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return HttpResponse(bytes(row.body), content_type="application/octet-stream", headers=headers)

    # One delivery

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        outcomes = row.outcomes.select_related("alert").order_by("event_index")
        shown = [story(outcome) for outcome in outcomes[: MOST_OUTCOMES + 1]]
        return self.render(
            request,
            "admin/integrations/message.html",
            title=operations.sentence(row),
            original=row,
            row=row,
            sentence=operations.sentence(row),
            size=_size(row.body_size),
            stories=shown[:MOST_OUTCOMES],
            hidden_count=outcomes.count() - MOST_OUTCOMES if len(shown) > MOST_OUTCOMES else 0,
            sent=body_of(row),
            may_process=may(request, replay.PROCESS_AGAIN, row.integration)
            and (row.body or not row.body_size),
            is_problem=row.status in PROBLEMS,
            workbench_url=_workbench_url(request, row),
            neighbors=_neighbors(row),
        )


def _size(count: int) -> str:
    return f"{count / 1000:.1f} kB" if count >= 1000 else f"{count} B"


def _neighbors(row: InboundMessage) -> dict[str, int | None]:
    """Return the deliveries of the same integration before and after one."""
    numbers = InboundMessage.objects.filter(integration=row.integration_id).values_list("pk", flat=True)
    return {
        "older": numbers.filter(pk__lt=row.pk).order_by("-pk").first(),
        "newer": numbers.filter(pk__gt=row.pk).order_by("pk").first(),
    }


def _workbench_url(request: HttpRequest, row: InboundMessage) -> str:
    """Return where its rules are tried with this delivery, for who may change them."""
    if not may(request, "integrations.change_mappingrule", row.integration):
        return ""
    try:
        page = reverse("admin:integrations_mappingrule_workbench", args=[row.integration_id])
    except NoReverseMatch:
        return ""
    return f"{page}?message={row.pk}"
