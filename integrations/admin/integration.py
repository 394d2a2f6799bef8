"""The pages of integrations: the list, a new one, and all settings of one."""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline, TabularInline

from alertops.lib.admin import OurList, OwnedInline, owner_filter
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import clock, link, list_of, page_of, when
from alertops.lib.forms import OrderedFormSet
from alerts.logic.lifecycle import Status as AlertStatus
from alerts.models import Alert
from integrations import operations
from integrations.admin import adding, address, arrival, leaving, setup
from integrations.admin.above import above
from integrations.admin.doing import IN_A_ROW, doing_of_all, draw_strip
from integrations.admin.integration_forms import ChangeForm, RouteForm
from integrations.models import InboundMessage, Integration, MappingRule, Route

LIST = "integrations_integration_changelist"
PEOPLE_HELP = _(
    "The policy says who is told, in which order. Recipients are told where a step of it says so, or"
    " first if no step does. One of the two is needed."
)

OWNER_HELP = _(
    "Without a role for it, the escalation managers of the owning team may change it and its rules, see and"
    " replace its URL, test it and process its deliveries again."
)


class RuleInline(OwnedInline, TabularInline):
    """The rules in order; each is edited on a page of its own."""

    model = MappingRule
    formset = OrderedFormSet
    extra = 0
    fields = ["summary", "is_enabled", "position"]
    readonly_fields = ["summary"]
    ordering_field = "position"
    hide_ordering_field = True
    hide_title = True
    verbose_name_plural = _("advanced settings: mapping rules, the first that fits decides")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("rule"))
    def summary(self, rule: MappingRule) -> SafeString:
        opens, closes = (
            ", ".join(map(str, values)) or "–" for values in (rule.open_values, rule.close_values)
        )
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(
                page_of(rule),
                rule.name,
                _("opens: %(opens)s; closes: %(closes)s") % {"opens": opens, "closes": closes},
            ),
        )


class RouteInline(OwnedInline, StackedInline):
    """Where its alerts go in some cases."""

    model = Route
    form = RouteForm
    formset = OrderedFormSet
    extra = 0
    autocomplete_fields = ["policy", "teams"]
    fields = [
        ("path", "is_negated", "operator", "value"),
        ("hours", "is_outside_hours"),
        "policy",
        "teams",
        "position",
    ]
    ordering_field = "position"
    hide_ordering_field = True
    verbose_name_plural = _(
        "routes: other policy or further teams by data or time; the first that fits says the policy"
    )


class _List(OurList):
    """The list, with how each row is doing, its last delivery and its living alerts: three queries in all."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        doing = doing_of_all(rows, clock(), most=IN_A_ROW)
        last = _by_number(row.rows[0].number for row in doing.values() if row.rows)
        living = Alert.objects.filter(status__in=(AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED)).order_by()
        # Counted here: to group them, the database would read all alerts there ever were.
        counts = Counter(living.values_list("integration_id", flat=True))
        for row in rows:
            row.doing, row.last, row.open_count = doing[row.pk], last.get(row.pk), counts[row.pk]
        self.result_list = rows


def _by_number(numbers: Iterable[int]) -> dict[int, InboundMessage]:
    """Return deliveries by their integration."""
    found = InboundMessage.objects.filter(pk__in=list(numbers)).defer("body", "headers")
    return {message.integration_id: message for message in found}


@admin.register(Integration)
class IntegrationAdmin(ConfigurationAdmin):
    history_inlines = [RuleInline, RouteInline]
    list_display = ["what", "state", "last_delivery", "deliveries", "open_alerts"]
    list_display_links = None
    list_filter = ["is_enabled", owner_filter]
    search_fields = ["name"]
    search_help_text = _("Search by name")
    actions: Any = []
    add_label = _("Add API integration")
    empty_title = _("No integration yet")
    empty_text = _(
        "An integration is a secret URL with rules. Give the URL to Bitbucket, Grafana or any tool that posts"
        " JSON: what it sends is recorded, and the rules decide whether it opens or closes an alert."
    )
    autocomplete_fields = ["escalation_policy", "recipient_users", "recipient_teams", "team"]
    change_form_outer_before_template = "admin/integrations/setup.html"
    form = ChangeForm
    inlines = [RuleInline, RouteInline]
    fieldsets = [
        (
            _("Who is told"),
            {
                "description": PEOPLE_HELP,
                "fields": ("name", "escalation_policy", "recipient_users", "recipient_teams"),
            },
        ),
        (
            _("Signature"),
            {
                "description": _(
                    "With a secret that only the sender and this page know, nobody else can post here, even"
                    " if the URL leaks. It is never shown again."
                ),
                "classes": ["collapse"],
                "fields": ("signature_scheme", "signing_secret", "removes_secret"),
            },
        ),
        (
            _("Opening and closing"),
            {
                "description": _(
                    "How long a closed alert may be opened again, and when an alert closes by itself."
                ),
                "classes": ["collapse"],
                "fields": ("reopen_window", "auto_close_after", "allows_get"),
            },
        ),
        (
            _("Delay"),
            {
                "description": _(
                    "Waits out the noise before anybody is told. The alert is there at once and every report"
                    " is counted; if it is closed meanwhile, nobody is told. Whatever raises its severity is"
                    " told at once."
                ),
                "classes": ["collapse"],
                "fields": ("delay_kind", "delay_wait", "delay_count", "delay_hours"),
            },
        ),
        (
            _("Who manages it"),
            {
                "description": OWNER_HELP,
                "classes": ["collapse"],
                "fields": ("team",),
            },
        ),
        (
            _("Sample data"),
            {
                "description": _(
                    "A delivery to try the rules with. “Send the sample” posts it through the secret URL."
                ),
                "classes": ["collapse"],
                "fields": ("sample_body", "sample_headers"),
            },
        ),
    ]

    class Media:
        js = ["alertops/setup.js"]

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Integration]:
        found = super().get_queryset(request)
        is_list = request.resolver_match and request.resolver_match.url_name == LIST
        return found.defer("token", "signing_secret", "sample_body", "sample_headers") if is_list else found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[_List]:
        return _List

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave deleting to the page of each: it says what would be lost, and what keeps it."""
        return {
            name: action for name, action in super().get_actions(request).items() if name != "delete_selected"
        }

    @admin.display(description=_("integration"), ordering="name")
    def what(self, row: Integration) -> SafeString:
        return format_html(
            '<span class="ao-marked">{}<span class="ao-what"><a href="{}">{}</a>'
            '<span class="ao-quiet">{}</span></span></span>',
            *(setup.mark_of(row), page_of(row), row.name, setup.preset_name(row)),
        )

    @admin.display(description=_("state"))
    def state(self, row: Any) -> SafeString:
        return format_html(
            '<span class="ao-stated">{}<span class="ao-quiet">{}</span></span>',
            *(row.doing.badge, row.doing.sentence),
        )

    @admin.display(description=_("last delivery"))
    def last_delivery(self, row: Any) -> SafeString:
        if row.last is None:
            return format_html('<span class="ao-quiet">{}</span>', _("none yet"))
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(row.last), operations.sentence(row.last), when(row.last.received_at, clock())),
        )

    @admin.display(description=_("the last 20"))
    def deliveries(self, row: Any) -> SafeString:
        return draw_strip(row.doing.rows)

    @admin.display(description=_("alerts not closed"))
    def open_alerts(self, row: Any) -> SafeString | int:
        if not row.open_count:
            return 0
        return link(list_of(Alert, integration__id__exact=row.pk, status="not_closed"), row.open_count)

    # One integration

    def get_fieldsets(self, request: HttpRequest, obj: Integration | None = None) -> Any:
        """Who may only look gets read-only fields, and those would show the secret."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        state = ("signature_scheme", "has_secret")
        return [
            (title, {**options, "fields": state} if "signing_secret" in options["fields"] else options)
            for title, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Integration | None = None) -> Any:
        gives_away = request.user.has_perm("integrations.change_integration")
        return ["has_secret"] if gives_away else ["has_secret", "team"]

    @admin.display(description=_("signing secret"), boolean=True)
    def has_secret(self, row: Integration) -> bool:
        return bool(row.signing_secret)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return adding.add(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        context = {"above": above(row, request, clock()), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return leaving.delete(self, request, object_id)

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "setup": setup.page,
            "arrival": arrival.answer,
            "url": address.show,
            "rotate": address.rotate,
            "test": address.test,
            "off": leaving.switch_off,
            "on": leaving.switch_on,
        }
        own = [
            path(
                f"<int:number>/{name}/",
                self.admin_site.admin_view(partial(view, self)),
                name=f"integrations_integration_{name}",
            )
            for name, view in pages.items()
        ]
        return [*own, *super().get_urls()]
