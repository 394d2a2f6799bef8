"""What a person can do to an alert from its page: each action with its words and its form."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from alertops.lib import durations
from alertops.lib.display import page_of
from alerts.admin.choosing import one_person
from alerts.logic.event import Severity
from alerts.logic.lifecycle import (
    TRANSITIONS,
    Act,
    Action,
    Actor,
    InvalidTransition,
    Status,
    is_running_out,
    next_status,
)
from alerts.models import Alert
from alerts.models.alert import SEVERITY_CHOICES

SNOOZES = [
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=24),
]
MOST_CANDIDATES = 20


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


class MuteForm(ActForm):
    text = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=5000,
        help_text=_("May stay empty. It stands on the timeline for whoever wonders."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
    )


class PersonForm(ActForm):
    user_id = one_person(_("Person"))

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
        widget=UnfoldAdminIntegerFieldWidget(attrs={"list": "ao-candidates", "autofocus": True}),
    )

    def candidates(self) -> QuerySet[Alert]:
        """Return the newest alerts that it may be merged into, to choose from."""
        return Alert.objects.under_way().exclude(pk=self.alert.pk).order_by("-pk")[:MOST_CANDIDATES]


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

    form: NothingForm acts at once; every other asks on a page of its own.  key: what does it from a keyboard.
    """

    action: Action
    label: Any
    icon: str
    key: str
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
        Offer(Action.ACKNOWLEDGE, _("Acknowledge (I’ve got it)"), "person_check", "a"),
        Offer(
            Action.CLOSE, _("Close"), "task_alt", "c", CloseForm, _("It is over: nobody is told any more.")
        ),
        Offer(
            Action.SNOOZE, _("Snooze"), "snooze", "z", SnoozeForm, _("Quiet for a while, then open again.")
        ),
        Offer(
            Action.MUTE,
            _("Mute until recovered"),
            "notifications_off",
            "q",
            MuteForm,
            _("Nobody is told, whatever its source reports, until that says that it is over."),
        ),
        Offer(Action.WAKE, _("End the snooze"), "alarm_on", "w"),
        Offer(Action.ESCALATE, _("Escalate now"), "stairs", "e", hint=_("The next step is told at once.")),
        Offer(
            Action.ASSIGN,
            _("Assign"),
            "assignment_ind",
            "g",
            PersonForm,
            _("Give it to somebody, who is told."),
        ),
        Offer(
            Action.ADD_RESPONDER,
            _("Ask for help"),
            "group_add",
            "h",
            PersonForm,
            _("Somebody more is told; whoever has the alert keeps it."),
        ),
        Offer(Action.NOTE, _("Write a note"), "edit_note", "n", TextForm, _("A line on the timeline.")),
        Offer(Action.CHANGE_SEVERITY, _("Change severity"), "swap_vert", "v", SeverityForm),
        Offer(
            Action.UNACKNOWLEDGE,
            _("Give it back"),
            "undo",
            "u",
            hint=_("The alert is open again, and its policy goes on."),
        ),
        Offer(Action.MERGE, _("Merge into another"), "merge", "m", MergeForm),
        Offer(Action.REOPEN, _("Reopen"), "restart_alt", "o", ReopenForm),
    )
}
MAIN = {Status.OPEN: Action.ACKNOWLEDGE, Status.ACKNOWLEDGED: Action.CLOSE}
# Answered without harm, and of no use to offer.
_IDLE = {(Status.CLOSED, Action.ACKNOWLEDGE), (Status.CLOSED, Action.CLOSE), (Status.CLOSED, Action.WAKE)}


def main_offer(alert: Alert, now: datetime) -> Offer | None:
    """Return the one action that is wanted now: to take it, to say that one still has it, to close it."""
    if alert.status == Status.ACKNOWLEDGED and is_running_out(alert.acknowledgement_expires_at, now):
        return OFFERS[Action.ACKNOWLEDGE]
    action = MAIN.get(Status(alert.status))
    return OFFERS[action] if action else None


@dataclass(frozen=True)
class Refusal:
    """Why an action cannot be done now, and where to go instead."""

    reason: str
    url: str
    words: Any


def refusal(alert: Alert, action: Action) -> Refusal | None:
    """Return why an action is refused in the state the alert is in; None if it may be tried."""
    try:
        next_status(Status(alert.status), action)
    except InvalidTransition as why:
        url, words = page_of(alert), gettext("Back to the alert")
        if alert.status == Status.CLOSED:
            url = reverse("admin:alerts_alert_act", args=[alert.pk, Action.REOPEN.value])
            words = gettext("Reopen it")
        return Refusal(gettext(str(why)), url, words)
    if action is not Action.REOPEN or alert.key_digest is None:
        return None
    newer = Alert.objects.not_closed().filter(key_digest=alert.key_digest).first()
    if newer is None:
        return None
    reason = gettext("The same problem has a newer alert, which is not closed; go on there.")
    return Refusal(reason, page_of(newer), str(newer))


def note(alert: Alert, action: Action) -> str:
    """Return what is worth knowing before an action is done to an alert."""
    if action is not Action.CLOSE or alert.key_digest is None or alert.status == Status.CLOSED:
        return ""
    words = gettext(
        "%(source)s has not said that it is solved. If it reports the problem again, people are told again;"
        " to have quiet while it lasts, snooze the alert instead, or mute it until it has recovered."
    )
    return words % {"source": alert.source or gettext("The source")}


def other_offers(alert: Alert, *, has_acknowledged: bool, now: datetime) -> Iterator[Offer]:
    """Return what else may be done to an alert as it is now."""
    main = main_offer(alert, now)
    can_renew = is_running_out(alert.acknowledgement_expires_at, now)
    for offer in OFFERS.values():
        pair = (Status(alert.status), offer.action)
        is_pointless = (
            (offer.action is Action.WAKE and alert.snoozed_until is None)
            or (offer.action is Action.MUTE and (alert.is_muted or alert.key_digest is None))
            or (offer.action is Action.ACKNOWLEDGE and has_acknowledged and not can_renew)
            or pair in _IDLE
        )
        if offer is not main and pair in TRANSITIONS and not is_pointless:
            is_ending = offer.action is Action.WAKE and alert.is_muted
            yield replace(offer, label=_("End the mute")) if is_ending else offer
