"""What a person can do to an alert from its page: each action with its words and its form."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from alertops.lib import durations
from alerts.logic.event import Severity
from alerts.logic.lifecycle import TRANSITIONS, Act, Action, Actor, Status, is_running_out
from alerts.models import Alert, User
from alerts.models.alert import SEVERITY_CHOICES

SNOOZES = [
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=24),
]


class ActForm(forms.Form):
    """The details of one action; its fields are those of `Act`."""

    def __init__(self, alert: Alert, now: datetime, *args: Any, **kwargs: Any) -> None:
        self.alert, self.now = alert, now
        super().__init__(*args, **kwargs)


class NothingForm(ActForm):
    """An action without details."""


class TextForm(ActForm):
    text = forms.CharField(
        label=_("Text"),
        max_length=5000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
    )


class CloseForm(ActForm):
    text = forms.CharField(
        label=_("What solved it"),
        required=False,
        max_length=5000,
        help_text=_("May stay empty. It helps whoever meets the same problem next."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
    )


class PersonForm(ActForm):
    user_id = forms.ModelChoiceField(
        label=_("Person"),
        queryset=User.objects.filter(is_active=True),
        widget=AutocompleteSelect(Alert._meta.get_field("owner"), admin.site),
    )

    def clean_user_id(self) -> int:
        return self.cleaned_data["user_id"].pk


class SnoozeForm(ActForm):
    until = forms.TypedChoiceField(
        label=_("Quiet for"),
        choices=[(int(length.total_seconds()), length) for length in SNOOZES],
        coerce=int,
        initial=3600,
        help_text=_("Nobody is told meanwhile. Then the alert is open, and its policy starts anew."),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].choices = [  # type: ignore[attr-defined]
            (int(length.total_seconds()), durations.spell(length)) for length in SNOOZES
        ]

    def clean_until(self) -> datetime:
        return self.now + timedelta(seconds=self.cleaned_data["until"])


class SeverityForm(ActForm):
    severity = forms.TypedChoiceField(
        label=_("Severity"),
        choices=SEVERITY_CHOICES,
        coerce=Severity,
        help_text=_("Raising it tells people at once."),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["severity"].choices = [  # type: ignore[attr-defined]
            choice for choice in SEVERITY_CHOICES if choice[0] != self.alert.severity
        ]


class MergeForm(ActForm):
    other_id = forms.IntegerField(
        label=_("Number of the other alert"),
        min_value=1,
        help_text=_("This alert is closed, and the other one keeps its events. It cannot be undone."),
        widget=UnfoldAdminIntegerFieldWidget,
    )


class ReopenForm(ActForm):
    notifies = forms.BooleanField(
        label=_("Tell people"),
        required=False,
        help_text=_("The policy starts anew. Off: the alert is open, and nobody is told."),
        widget=UnfoldBooleanSwitchWidget,
    )


@dataclass(frozen=True)
class Offer:
    """One action as it is offered.

    form: NothingForm acts at once; every other asks on a page of its own.
    """

    action: Action
    label: Any
    icon: str
    form: type[ActForm] = NothingForm
    hint: Any = ""

    @property
    def acts_at_once(self) -> bool:
        return self.form is NothingForm

    def act(self, form: ActForm, actor: Actor) -> Act:
        return Act(action=self.action, actor=actor, **form.cleaned_data)


OFFERS: dict[Action, Offer] = {
    offer.action: offer
    for offer in (
        Offer(Action.ACKNOWLEDGE, _("Acknowledge (I’ve got it)"), "person_check"),
        Offer(Action.CLOSE, _("Close"), "task_alt", CloseForm),
        Offer(Action.SNOOZE, _("Snooze"), "snooze", SnoozeForm),
        Offer(Action.WAKE, _("End the snooze"), "alarm_on"),
        Offer(Action.ESCALATE, _("Escalate now"), "stairs", hint=_("The next step is told at once.")),
        Offer(
            Action.ASSIGN, _("Assign"), "assignment_ind", PersonForm, _("Give it to somebody, who is told.")
        ),
        Offer(
            Action.ADD_RESPONDER,
            _("Ask for help"),
            "group_add",
            PersonForm,
            _("Somebody more is told; you keep the alert."),
        ),
        Offer(Action.NOTE, _("Write a note"), "edit_note", TextForm),
        Offer(Action.CHANGE_SEVERITY, _("Change severity"), "swap_vert", SeverityForm),
        Offer(
            Action.UNACKNOWLEDGE,
            _("Give it back"),
            "undo",
            hint=_("The alert is open again, and its policy goes on."),
        ),
        Offer(Action.MERGE, _("Merge into another"), "merge", MergeForm),
        Offer(Action.REOPEN, _("Reopen"), "restart_alt", ReopenForm),
    )
}
MAIN = {Status.OPEN: Action.ACKNOWLEDGE, Status.ACKNOWLEDGED: Action.CLOSE}
# Answered without harm, and of no use to offer.
_IDLE = {(Status.CLOSED, Action.ACKNOWLEDGE), (Status.CLOSED, Action.CLOSE), (Status.CLOSED, Action.WAKE)}


def main_offer(alert: Alert) -> Offer | None:
    """Return the one action that is wanted now."""
    action = MAIN.get(Status(alert.status))
    return OFFERS[action] if action else None


def other_offers(alert: Alert, *, has_acknowledged: bool, now: datetime) -> Iterator[Offer]:
    """Return what else may be done to an alert as it is now."""
    main = main_offer(alert)
    can_renew = is_running_out(alert.acknowledgement_expires_at, now)
    for offer in OFFERS.values():
        pair = (Status(alert.status), offer.action)
        is_pointless = (
            (offer.action is Action.WAKE and alert.snoozed_until is None)
            or (offer.action is Action.ACKNOWLEDGE and has_acknowledged and not can_renew)
            or pair in _IDLE
        )
        if offer is not main and pair in TRANSITIONS and not is_pointless:
            yield offer
