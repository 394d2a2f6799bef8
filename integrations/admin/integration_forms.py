"""The forms of an integration: four fields for a new one, all settings for one that is there."""

import itertools
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from alertops.lib import conditions
from alertops.lib.wording import worded
from alerts.logic.delay import DelayKind
from alerts.models import EscalationPolicy, EscalationStep, Team, User
from alerts.operations.policies import start_policy
from integrations import operations
from integrations.models import Integration, Route

NOBODY = _("Choose an escalation policy or at least one recipient: nobody would be told.")
STEPLESS = _("This policy has no steps yet, so it tells nobody: choose recipients, or add steps to it.")
NEW_POLICY = "new"


def tells_nobody(policy: EscalationPolicy | None, recipients: Any) -> Any:
    """Return why nobody would be told, or nothing."""
    if recipients:
        return None
    if policy is None:
        return NOBODY
    return None if policy.steps.exists() else STEPLESS


class AddForm(forms.ModelForm):
    """A new integration. Everything else comes from the preset, and can be changed afterwards."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("It stands in the log and on every alert: say what it watches, like “Builds of acme”."),
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )
    policy = forms.ChoiceField(
        label=_("Escalation policy"),
        required=False,
        help_text=_("Who is told, in which order, until somebody takes the alert."),
        widget=UnfoldAdminSelectWidget,
    )
    recipients = forms.ModelMultipleChoiceField(
        label=_("Recipients"),
        queryset=User.objects.filter(is_active=True),
        required=False,
        help_text=_("Told where a step of the policy says “the recipients”, or first if no step does."),
        widget=AutocompleteSelectMultiple(Integration._meta.get_field("recipient_users"), admin.site),
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Recipient teams (groups)"),
        queryset=Team.objects.all(),
        required=False,
        help_text=_("Everybody in them is told together with the recipients."),
        widget=AutocompleteSelectMultiple(Integration._meta.get_field("recipient_teams"), admin.site),
    )

    class Meta:
        model = Integration
        fields = ["name"]

    def __init__(self, *args: Any, preset: operations.Preset, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preset, self.actor = preset, request.user
        self.fields["name"].initial = _free_name(preset.name)
        self.fields["recipients"].initial = [request.user.pk]
        self._offer_policies(may_add=request.user.has_perm("alerts.add_escalationpolicy"))

    def _offer_policies(self, *, may_add: bool) -> None:
        """Offer the policies that there are, the first that tells anybody chosen; else a new one."""
        steps = EscalationStep.objects.filter(policy=OuterRef("pk"))
        rows = EscalationPolicy.objects.annotate(has_steps=Exists(steps)).values_list(
            "pk", "name", "has_steps"
        )
        known = [(str(pk), name if has_steps else _stepless(name)) for pk, name, has_steps in rows]
        new = [(NEW_POLICY, _("a new one: it tells me at once; who is next can be added"))] if may_add else []
        field: Any = self.fields["policy"]
        field.choices = [*known, *new, ("", _("none: only the recipients are told"))]
        telling = [str(pk) for pk, _name, has_steps in rows if has_steps]
        field.initial = next(iter([*telling, *(value for value, _label in new)]), "")

    @property
    def makes_policy(self) -> bool:
        return self.cleaned_data["policy"] == NEW_POLICY

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors.keys() & {"policy", "recipients", "teams"} and data["policy"] != NEW_POLICY:
            policy = EscalationPolicy.objects.filter(pk=data["policy"] or 0).first()
            problem = tells_nobody(policy, [*data["recipients"], *data["teams"]])
            if problem:
                self.add_error("recipients", problem)
        return data

    def create(self) -> Integration:
        """Make the integration, and the policy if a new one is asked for."""
        data = self.cleaned_data
        with transaction.atomic():
            found = EscalationPolicy.objects.filter(pk=0 if self.makes_policy else data["policy"] or 0)
            return operations.create_integration(
                self.preset.slug,
                name=data["name"],
                policy=start_policy(self.actor) if self.makes_policy else found.first(),  # type: ignore[arg-type]
                users=data["recipients"],
                teams=data["teams"],
            )


def _free_name(name: str) -> str:
    taken = set(Integration.objects.filter(name__startswith=name).values_list("name", flat=True))
    numbered = (f"{name} {number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([name], numbered) if free not in taken)


def _stepless(name: str) -> str:
    return _("%(name)s (no steps yet: tells nobody)") % {"name": name}


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
            *("name", "escalation_policy", "recipient_users", "recipient_teams"),
            *("signature_scheme", "signing_secret", "reopen_window", "auto_close_after", "allows_get"),
            *("delay_kind", "delay_wait", "delay_count", "delay_hours"),
            *("team", "sample_body", "sample_headers"),
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

        for name in ("delay_wait", "delay_count"):
            if name in self.fields:  # what is left empty keeps its usual value
                self.fields[name].required = False

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
        for name in ("delay_wait", "delay_count"):
            if data.get(name) is None and name not in self.errors:
                data[name] = getattr(self.instance, name)
        if data.get("delay_kind") == DelayKind.HOURS and not data.get("delay_hours"):
            self.add_error("delay_hours", _("Choose the hours until which nobody is told."))
        problem = tells_nobody(data.get("escalation_policy"), recipients)
        if problem and not self.errors.keys() & {"escalation_policy", "recipient_users", "recipient_teams"}:
            self.add_error("recipient_users", problem)
        return data


class RouteForm(forms.ModelForm):
    """A case that can be, and something that is so in it."""

    class Meta:
        model = Route
        fields = ["path", "is_negated", "operator", "value", "hours", "is_outside_hours", "policy", "teams"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("policy") and not data.get("teams") and not self.errors.keys() & {"policy", "teams"}:
            self.add_error("policy", _("Say what is so in this case: another policy, or further teams."))
        if data.get("is_outside_hours") and not data.get("hours"):
            self.add_error("hours", _("Choose the hours outside of which it is so."))
        if not data.get("path"):
            if data.get("value"):
                self.add_error("path", _("Say in which part of the delivery this is to be found."))
            if not data.get("hours"):
                self.add_error("path", _("Say when it is so: by a path, by hours, or both."))
        elif "operator" in data:
            self._check_condition(data)
        return data

    def _check_condition(self, data: dict[str, Any]) -> None:
        operator = conditions.Operator(data["operator"])
        try:
            conditions.compile_condition(data["path"], operator, data.get("value", ""))
        except conditions.InvalidPath as problem:
            self.add_error("path", worded(str(problem)))
        except conditions.InvalidCondition as problem:
            self.add_error("value", worded(str(problem)))
