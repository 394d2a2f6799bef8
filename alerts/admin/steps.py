"""The steps of a policy, as they are edited on its page."""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import StackedInline
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from alertops.lib.admin import OwnedInline
from alertops.lib.forms import DurationField, OrderedFormSet
from alerts.models import EscalationStep
from alerts.models.alert import SEVERITY_CHOICES

MOST_STEPS = 50
LEFT_EMPTY = {
    "stop": gettext_lazy("as the policy says"),
    "urgency": gettext_lazy("as the severity says: critical and error high, warning and info low"),
}
TARGETS = ("users", "teams", "schedules", "tells_recipients", "tells_owner")


class StepForm(forms.ModelForm):
    """A step that tells nobody would only delay the next one."""

    wait = DurationField(
        label=gettext_lazy("Wait"),
        help_text=gettext_lazy(
            "After the step before it; the first step: after the alert. Like 5 minutes; 0 is at once."
        ),
    )
    severities = forms.MultipleChoiceField(
        label=gettext_lazy("Only when it is"),
        choices=SEVERITY_CHOICES,
        required=False,
        help_text=gettext_lazy("None: whatever it is."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("team_role", "schedule_role"):
            if name in self.fields:
                self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not any(data.get(name) for name in TARGETS) and not any(name in self.errors for name in TARGETS):
            self.add_error(
                "users",
                _("This step tells nobody: choose users, teams, schedules, the recipients or the owner."),
            )
        if data.get("tag_values") and not data.get("tag"):
            self.add_error("tag", _("Say of which tag this is the value."))
        if data.get("is_outside_hours") and not data.get("hours"):
            self.add_error("hours", _("Choose the hours outside of which it runs."))
        return data


class StepInline(OwnedInline, StackedInline):
    model = EscalationStep
    form = StepForm
    formset = OrderedFormSet
    max_num = MOST_STEPS
    autocomplete_fields = ["users", "teams", "schedules"]
    verbose_name_plural = gettext_lazy("steps, in the order in which people are told")
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "wait",
                    "tells_recipients",
                    "users",
                    ("schedules", "schedule_role"),
                    ("teams", "team_role"),
                    ("team_order", "member_wait"),
                    "tells_owner",
                    ("stop", "urgency"),
                    "position",
                ]
            },
        ),
        (
            gettext_lazy("Only under conditions"),
            {
                "description": gettext_lazy(
                    "All of them must be met when the step's time has come; else it is passed over, and the"
                    " next one keeps its wait."
                ),
                "classes": ["collapse"],
                "fields": ["severities", ("tag", "tag_values"), ("hours", "is_outside_hours")],
            },
        ),
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
