"""The pages of escalation policies, and of what runs of them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import StackedInline

from alertops.lib.admin import LogAdmin, OwnedInline, owner_filter
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import clock, link, page_of, what, when
from alertops.lib.forms import DurationField, OrderedFormSet
from alerts import badges
from alerts.models import Escalation, EscalationPolicy, EscalationStep

MOST_STEPS = 50
LEFT_EMPTY = {
    "stop": gettext_lazy("as the policy says"),
    "urgency": gettext_lazy("as the severity says: critical and error high, warning and info low"),
}


class StepForm(forms.ModelForm):
    """A step that tells nobody would only delay the next one."""

    wait = DurationField(
        label=gettext_lazy("Wait"),
        help_text=gettext_lazy(
            "After the step before it; the first step: after the alert. Like 5 minutes; 0 is at once."
        ),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        targets = ("users", "teams", "tells_recipients", "tells_owner")
        if not any(data.get(name) for name in targets) and not any(name in self.errors for name in targets):
            self.add_error(
                "users", _("This step tells nobody: choose users, teams, the recipients or the owner.")
            )
        return data


class StepInline(OwnedInline, StackedInline):
    model = EscalationStep
    form = StepForm
    formset = OrderedFormSet
    max_num = MOST_STEPS
    autocomplete_fields = ["users", "teams"]
    verbose_name_plural = gettext_lazy("steps, in the order in which people are told")
    fields = [
        "wait",
        "tells_recipients",
        "users",
        "teams",
        ("team_order", "member_wait"),
        "tells_owner",
        ("stop", "urgency"),
        "position",
    ]
    ordering_field = "position"
    hide_ordering_field = True
    formfield_overrides = {models.DurationField: {"form_class": DurationField}}

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 1

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in LEFT_EMPTY:
            kwargs["choices"] = db_field.get_choices(blank_choice=[("", LEFT_EMPTY[db_field.name])])
            kwargs["help_text"] = ""
        return super().formfield_for_choice_field(db_field, request, **kwargs)


@admin.register(EscalationPolicy)
class PolicyAdmin(ConfigurationAdmin):
    list_display = ["policy", "step_count", "integration_count", "stop", "runs"]
    list_display_links = None
    list_filter = [owner_filter]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Search by name")
    inlines = [StepInline]
    autocomplete_fields = ["last_resort", "team"]
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
                    " The owner is reminded five minutes before."
                ),
                "classes": ["collapse"],
                "fields": ("acknowledgement_timeout_critical", "acknowledgement_timeout_error"),
            },
        ),
        (
            gettext_lazy("For reports and manual alerts"),
            {
                "description": gettext_lazy("None of this changes who is told."),
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

    @admin.display(description=gettext_lazy("policy"), ordering="name")
    def policy(self, policy: EscalationPolicy) -> SafeString:
        return what(page_of(policy), policy.name, policy.description)

    @admin.display(description=gettext_lazy("steps"), ordering="steps_found")
    def step_count(self, policy: EscalationPolicy) -> int:
        return policy.steps_found  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("used by integrations"), ordering="integrations_found")
    def integration_count(self, policy: EscalationPolicy) -> int:
        return policy.integrations_found  # type: ignore[attr-defined]


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
