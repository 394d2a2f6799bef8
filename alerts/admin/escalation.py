"""The pages of escalation policies, and of what runs of them."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops.lib.admin import LogAdmin, owner_filter
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import clock, link, page_of, what, when
from alerts import badges
from alerts.admin import policies
from alerts.admin.steps import StepInline
from alerts.models import Escalation, EscalationPolicy, SupportHours
from alerts.models.hours import DAYS


@admin.register(EscalationPolicy)
class PolicyAdmin(ConfigurationAdmin):
    list_display = ["policy", "step_count", "integration_count", "stop", "runs"]
    list_display_links = None
    list_filter = [owner_filter]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Search by name")
    inlines = [StepInline]
    autocomplete_fields = ["last_resort", "team"]
    change_form_outer_before_template = "admin/alerts/policy_above.html"
    add_label = gettext_lazy("Add policy")
    empty_title = gettext_lazy("No escalation policy yet")
    empty_text = gettext_lazy(
        "A policy says who is told about an alert, in which order, and how long each step waits, until"
        " somebody takes the alert."
    )
    fieldsets = [
        (
            None,
            {
                "description": gettext_lazy(
                    "Who is told about an alert, step by step, until somebody takes it. What has begun goes"
                    " on with the steps it began with; a change counts for the alerts that open after it."
                ),
                "fields": ("name", "description", "stop", "runs", "last_resort"),
            },
        ),
        (
            gettext_lazy("Acknowledgement"),
            {
                "description": gettext_lazy(
                    "Somebody may take an alert and fall asleep over it: after this time it is open again."
                    " The owner is reminded five minutes before. Who is given an alert has some minutes"
                    " before the next step."
                ),
                "classes": ["collapse"],
                "fields": (
                    "acknowledgement_timeout_critical",
                    "acknowledgement_timeout_error",
                    "assignment_timeout",
                ),
            },
        ),
        (
            gettext_lazy("For reports and manual alerts"),
            {
                "description": gettext_lazy(
                    "None of this changes who is told. What is not closed within its SLA is marked, on its"
                    " timeline, in the lists and on the overview."
                ),
                "classes": ["collapse"],
                "fields": ("priority", "sla_hours", "is_offered_for_manual_alerts"),
            },
        ),
        (
            gettext_lazy("Who manages it"),
            {
                "description": gettext_lazy(
                    "Without a role for it, the escalation managers of the owning team may change it and its"
                    " steps."
                ),
                "classes": ["collapse"],
                "fields": ("team",),
            },
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [] if request.user.has_perm("alerts.change_escalationpolicy") else ["team"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EscalationPolicy]:
        found = super().get_queryset(request)
        return found.annotate(
            steps_found=Count("steps", distinct=True), integrations_found=Count("integrations", distinct=True)
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id) if object_id else None
        above = policies.above(row, request, clock()) if row or not object_id else None
        return super().changeform_view(
            request, object_id, form_url, {"above": above, **(extra_context or {})}
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        if warning := policies.warning_of(form.instance):
            messages.warning(request, warning)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                "starters/<slug:slug>/",
                self.admin_site.admin_view(partial(policies.adopt, self)),
                name="alerts_escalationpolicy_adopt",
            ),
            path(
                "<int:number>/clone/",
                self.admin_site.admin_view(partial(policies.clone, self)),
                name="alerts_escalationpolicy_clone",
            ),
        ]
        return [*own, *super().get_urls()]

    @admin.display(description=gettext_lazy("policy"), ordering="name")
    def policy(self, policy: EscalationPolicy) -> SafeString:
        return what(page_of(policy), policy.name, policy.description)

    @admin.display(description=gettext_lazy("steps"), ordering="steps_found")
    def step_count(self, policy: EscalationPolicy) -> int:
        return policy.steps_found  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("used by integrations"), ordering="integrations_found")
    def integration_count(self, policy: EscalationPolicy) -> int:
        return policy.integrations_found  # type: ignore[attr-defined]


@admin.register(SupportHours)
class SupportHoursAdmin(ConfigurationAdmin):
    list_display = ["name", "time_zone", "week"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Search by name")
    add_label = gettext_lazy("Add support hours")
    empty_title = gettext_lazy("No support hours yet")
    empty_text = gettext_lazy(
        "Support hours say when somebody is at work: steps of policies, routes of integrations and delays"
        " may depend on them."
    )
    fieldsets = [
        (
            None,
            {
                "description": gettext_lazy(
                    "Hours of each day, like 09:00-17:00 or 08:00-12:00, 13:00-17:00; 22:00-06:00 ends on the"
                    " next day; 00:00-24:00 is the whole day. A day left empty is closed."
                ),
                "fields": ("name", "time_zone", *DAYS),
            },
        )
    ]

    @admin.display(description=gettext_lazy("week"))
    def week(self, row: SupportHours) -> str:
        named = ((row._meta.get_field(day), getattr(row, day)) for day in DAYS)
        return "; ".join(f"{column.verbose_name} {text}" for column, text in named if text)  # type: ignore[union-attr]


@admin.register(Escalation)
class EscalationAdmin(LogAdmin):
    """What runs of a policy for one alert: looked at when something seems stuck."""

    heading = gettext_lazy("Running escalations")
    list_display = ["about", "state", "place", "next_at"]
    list_select_related = ["alert", "policy"]
    list_filter = ["status"]
    list_before_template = "admin/chips.html"
    chips = "status__exact"
    fields = [
        "alert_page",
        "policy",
        "state",
        "place",
        "began",
        "next_at",
        "end",
    ]
    readonly_fields = ["alert_page", "state", "place", "began", "next_at", "end"]
    empty_title = gettext_lazy("No escalation has run yet")
    empty_text = gettext_lazy(
        "With each alert that opens, its policy begins to run; here one sees how far it is."
    )

    @admin.display(description=gettext_lazy("alert"))
    def about(self, row: Escalation) -> SafeString:
        words = '<span class="ao-what"><strong>{}</strong><span class="ao-quiet">{}</span></span>'
        return format_html(words, row.alert, row.policy or "")

    @admin.display(description=gettext_lazy("alert"))
    def alert_page(self, row: Escalation) -> SafeString:
        return link(page_of(row.alert), row.alert)

    @admin.display(description=gettext_lazy("status"))
    def state(self, row: Escalation) -> SafeString:
        return badges.escalation(row)

    @admin.display(description=gettext_lazy("place"))
    def place(self, row: Escalation) -> str:
        if row.run >= row.runs:
            return _("past the last step")
        numbers = {"run": row.run + 1, "runs": row.runs, "step": row.step + 1, "steps": len(row.steps)}
        return _("round %(run)d of %(runs)d, step %(step)d of %(steps)d") % numbers

    @admin.display(description=gettext_lazy("started"))
    def began(self, row: Escalation) -> str:
        return when(row.started_at, clock())

    @admin.display(description=gettext_lazy("ended"))
    def end(self, row: Escalation) -> str:
        return when(row.ended_at, clock())

    @admin.display(description=gettext_lazy("next"))
    def next_at(self, row: Escalation) -> str:
        return when(row.due_at, clock())
