"""The pages of integrations: the list, a new one in four fields, and all settings of one."""

from collections import Counter
from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from alertops.lib.admin import ModelAdmin, OurList
from alertops.lib.display import Tone, badge, clock, link, list_of, page_of, when
from alertops.lib.forms import OrderedFormSet
from alerts.logic.lifecycle import Status as AlertStatus
from alerts.models import Alert
from integrations import operations
from integrations.admin import address
from integrations.admin.integration_forms import AddForm, ChangeForm
from integrations.admin.setup import preset_name, setup
from integrations.models import InboundMessage, Integration, MappingRule

LIST = "integrations_integration_changelist"
PEOPLE_HELP = _(
    "The policy says who is told, in which order. Recipients are told where a step of it says so, or"
    " first if no step does. One of the two is needed."
)


class RuleInline(TabularInline):
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


class _List(OurList):
    """The list, with the living alerts of each row."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        living = Alert.objects.filter(status__in=(AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED)).order_by()
        # Counted here: to group them, the database would read all alerts there ever were.
        counts = Counter(living.values_list("integration_id", flat=True))
        rows: list[Any] = list(self.result_list)
        for row in rows:
            row.open_count = counts[row.pk]
        self.result_list = rows


@admin.register(Integration)
class IntegrationAdmin(ModelAdmin):
    list_display = ["what", "enabled", "last_delivery", "open_alerts"]
    list_display_links = None
    list_filter = ["is_enabled"]
    search_fields = ["name"]
    search_help_text = _("Search by name")
    add_label = _("Add API integration")
    empty_title = _("No integration yet")
    empty_text = _(
        "An integration is a secret URL with rules. Give the URL to Bitbucket, Grafana or any tool that posts"
        " JSON: what it sends is recorded, and the rules decide whether it opens or closes an alert."
    )
    autocomplete_fields = ["escalation_policy", "recipient_users", "recipient_teams"]
    change_form_outer_before_template = "admin/integrations/setup.html"
    fieldsets = [
        (
            None,
            {
                "description": PEOPLE_HELP,
                "fields": ("name", "is_enabled", "escalation_policy", "recipient_users", "recipient_teams"),
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
    add_fieldsets = [
        (None, {"description": PEOPLE_HELP, "fields": ("name", "sender", "policy", "recipients")})
    ]

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Integration]:
        found = super().get_queryset(request)
        is_list = request.resolver_match and request.resolver_match.url_name == LIST
        return _with_last_delivery(found) if is_list else found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[_List]:
        return _List

    @admin.display(description=_("integration"), ordering="name")
    def what(self, row: Integration) -> SafeString:
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(row), row.name, preset_name(row)),
        )

    @admin.display(description=_("enabled"), ordering="is_enabled")
    def enabled(self, row: Integration) -> SafeString:
        if row.is_enabled:
            return badge(str(_("enabled")), Tone.GREEN, "check", look="plain")
        return badge(str(_("off: deliveries are refused")), Tone.GREY, "block")

    @admin.display(description=_("last delivery"))
    def last_delivery(self, row: Any) -> SafeString:
        if row.last_at is None:
            return format_html('<span class="ao-quiet">{}</span>', _("waiting for the first"))
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            list_of(InboundMessage, integration__id__exact=row.pk),
            row.last_detail or _("waiting to be processed"),
            when(row.last_at, clock()),
        )

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
        return ["has_secret"]

    @admin.display(description=_("signing secret"), boolean=True)
    def has_secret(self, row: Integration) -> bool:
        return bool(row.signing_secret)

    def get_form(self, request: HttpRequest, obj: Integration | None = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **{**kwargs, "form": ChangeForm if obj else AddForm})
        form.actor = request.user
        return form

    def get_inlines(self, request: HttpRequest, obj: Integration | None) -> list[Any]:
        return [RuleInline] if obj else []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        context = {"setup": setup(row, request, clock()), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Integration, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            super().save_model(request, obj, form, change)
            return
        created = operations.create_integration(
            form.cleaned_data["sender"],
            name=form.cleaned_data["name"],
            policy=form.cleaned_data["policy"],
            users=form.cleaned_data["recipients"],
        )
        obj.pk = created.pk
        obj.refresh_from_db()

    def response_add(
        self, request: HttpRequest, obj: Integration, post_url_continue: Any = None
    ) -> HttpResponse:
        """Go on with what comes next: the URL, and where it is entered."""
        if address.may_show(request):
            return address.show(self, request, obj.pk)
        return HttpResponseRedirect(page_of(obj))

    def get_urls(self) -> list[URLPattern]:
        def door(view: Any) -> Any:
            return self.admin_site.admin_view(partial(view, self))

        return [
            path("<int:number>/url/", door(address.show), name="integrations_integration_url"),
            path("<int:number>/rotate/", door(address.rotate), name="integrations_integration_rotate"),
            path("<int:number>/test/", door(address.test), name="integrations_integration_test"),
            *super().get_urls(),
        ]


def _with_last_delivery(rows: QuerySet[Integration]) -> QuerySet[Any]:
    last = InboundMessage.objects.filter(integration=OuterRef("pk")).order_by("-id")
    return rows.defer("token", "signing_secret", "sample_body", "sample_headers").annotate(
        last_at=Subquery(last.values("received_at")[:1]), last_detail=Subquery(last.values("detail")[:1])
    )
