"""The form by which a person opens an alert."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from alertops.lib.display import clock
from alerts.admin.choosing import several_people
from alerts.logic.event import Severity
from alerts.models import EscalationPolicy
from alerts.models.alert import SEVERITY_CHOICES
from alerts.operations import rehearsal
from alerts.operations.manual import Manual
from alerts.operations.rehearsal import Stage

MOST_STAGES = 24  # more than anybody reads; a policy with many steps and rounds has hundreds


class ManualForm(forms.Form):
    subject = forms.CharField(
        label=_("What is wrong"),
        max_length=300,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )
    severity = forms.TypedChoiceField(
        label=_("Severity"),
        choices=SEVERITY_CHOICES,
        coerce=Severity,
        initial=Severity.ERROR,
        help_text=_("Critical and error are told loudly, warning and info quietly."),
        widget=UnfoldAdminSelectWidget,
    )
    policy = forms.ModelChoiceField(
        label=_("Escalation policy"),
        queryset=EscalationPolicy.objects.filter(is_offered_for_manual_alerts=True),
        required=False,
        empty_label=_("none: only the recipients are told"),
        help_text=_("Who is told, in which order."),
        widget=UnfoldAdminSelectWidget,
    )
    users = several_people(
        _("Recipients"),
        required=False,
        help_text=_("Told at once, or where the policy names the recipients."),
    )
    text = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=20_000,
        help_text=_("What is known, and what to do. It stands in the mail."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("policy") and not data.get("users") and "users" not in self.errors:
            self.add_error("users", _("Choose a policy or at least one recipient: nobody would be told."))
        return data

    def opening(self) -> Manual:
        """Return what is asked for."""
        return Manual(
            subject=self.cleaned_data["subject"],
            severity=self.cleaned_data["severity"],
            text=self.cleaned_data["text"],
            policy=self.cleaned_data["policy"],
            users=tuple(self.cleaned_data["users"]),
        )


def stages_of(form: ManualForm) -> list[Stage]:
    """Return who would be told, step by step, as a form is filled in now; what is wrong in it is left out."""
    form.full_clean()
    filled_in = form.cleaned_data if form.is_bound else {}
    found = rehearsal.of_manual(
        filled_in.get("policy"),
        filled_in.get("users") or (),
        now=clock(),
        severity=filled_in.get("severity") or Severity.ERROR,
    )
    return list(found.stages[:MOST_STAGES])
