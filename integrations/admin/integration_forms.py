"""The forms of an integration: four fields for a new one, all settings for one that is there."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from alerts.models import EscalationPolicy, User
from integrations import operations
from integrations.models import Integration
from integrations.operations.presets import presets

NOBODY = _("Choose an escalation policy or at least one recipient: nobody would be told.")
STEPLESS = _("This policy has no steps yet, so it tells nobody: choose recipients, or add steps to it.")


def tells_nobody(policy: EscalationPolicy | None, recipients: Any) -> Any:
    """Return why nobody would be told, or nothing."""
    if recipients:
        return None
    if policy is None:
        return NOBODY
    return None if policy.steps.exists() else STEPLESS


class AddForm(forms.ModelForm):
    """A new integration. Everything else comes from the preset, and can be changed afterwards."""

    actor: User
    sender = forms.ChoiceField(label=_("What sends?"), widget=UnfoldAdminRadioSelectWidget)
    policy = forms.ModelChoiceField(
        label=_("Escalation policy"),
        queryset=EscalationPolicy.objects.all(),
        required=False,
        empty_label=_("none: only the recipients are told"),
        widget=UnfoldAdminSelectWidget,
    )
    recipients = forms.ModelMultipleChoiceField(
        label=_("Recipients"),
        queryset=User.objects.filter(is_active=True),
        required=False,
        help_text=_("Teams can be chosen afterwards."),
        widget=AutocompleteSelectMultiple(Integration._meta.get_field("recipient_users"), admin.site),
    )

    class Meta:
        model = Integration
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sender"].choices = [(row.slug, _card(row)) for row in presets()]  # type: ignore[attr-defined]
        self.fields["policy"].initial = EscalationPolicy.objects.filter(steps__isnull=False).first()
        self.fields["recipients"].initial = [self.actor.pk]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "policy" not in self.errors and "recipients" not in self.errors:
            problem = tells_nobody(data.get("policy"), data.get("recipients"))
            if problem:
                self.add_error("recipients", problem)
        return data


def _card(preset: operations.Preset) -> SafeString:
    return format_html(
        '<span class="ao-preset"><strong>{}</strong> {}</span>', preset.name, preset.description
    )


class ChangeForm(forms.ModelForm):
    """All settings. The signing secret goes in and never comes out."""

    actor: User
    signing_secret = forms.CharField(
        label=_("Signing secret"),
        required=False,
        max_length=500,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )
    removes_secret = forms.BooleanField(
        label=_("Remove the secret"),
        required=False,
        help_text=_("Then deliveries are taken without a signature."),
        widget=UnfoldBooleanSwitchWidget,
    )

    class Meta:
        model = Integration
        fields = [
            *("name", "is_enabled", "escalation_policy", "recipient_users", "recipient_teams"),
            *("signature_scheme", "signing_secret", "reopen_window", "auto_close_after", "allows_get"),
            *("sample_body", "sample_headers"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "signing_secret" in self.fields:
            self.initial.pop("signing_secret", None)
            self.fields["signing_secret"].help_text = (
                _("A secret is set. Leave this empty to keep it.")
                if self.instance.signing_secret
                else _("When set, deliveries without a valid signature are refused.")
            )

    def clean_sample_headers(self) -> dict[str, str]:
        headers = self.cleaned_data["sample_headers"] or {}
        if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
            raise forms.ValidationError(_('Write names and texts, like {"X-Event-Key": "repo:push"}.'))
        return headers

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("removes_secret"):
            data["signing_secret"] = self.instance.signing_secret = ""
        elif not data.get("signing_secret"):
            data["signing_secret"] = self.instance.signing_secret
        recipients = [*(data.get("recipient_users") or ()), *(data.get("recipient_teams") or ())]
        problem = tells_nobody(data.get("escalation_policy"), recipients)
        if problem and not self.errors.keys() & {"escalation_policy", "recipient_users", "recipient_teams"}:
            self.add_error("recipient_users", problem)
        return data
