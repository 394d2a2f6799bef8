"""How an account begins and ends: invited, invited again, deactivated after a look at what that hits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from alertops.lib.display import Tone, badge, clock, page_of
from alertops.lib.sayings import saying
from alerts import rights
from alerts.admin.choosing import one_person
from alerts.channels import account
from alerts.logic.lifecycle import Actor
from alerts.models import Invitation, Team, User
from alerts.operations import invitations, leaving

_State = Invitation.State
# What is put on record
_INVITED, _TAKEN_BACK = saying("Sent an invitation."), saying("Took the invitation back.")
_HANDED_OVER = saying("Made an invitation to be handed over.")
_DEACTIVATED, _ACTIVATED = saying("Deactivated."), saying("Activated.")


@dataclass(frozen=True)
class Standing:
    """How an account stands: as a badge, and what may be done about it.

    invitation: the one that was not accepted yet, if any.  state: what has become of it.
    is_mailed: an invitation goes by mail; else it is handed over.
    """

    user: User
    badge: SafeString
    invitation: Invitation | None
    state: Invitation.State | None
    is_mailed: bool
    may_invite: bool
    may_change: bool


def standing(user: User, now: datetime, *, may_change: bool = False) -> Standing:
    """Return how a person's account stands."""
    invitation = getattr(user, "invitation", None)
    state = invitation.state(now) if invitation else None
    is_open = user.is_active and state not in (None, _State.ACCEPTED) and not user.has_usable_password()
    return Standing(
        user=user,
        badge=_badge(user, state if is_open else None),
        invitation=invitation if is_open else None,
        state=state if is_open else None,
        is_mailed=bool(settings.EMAIL_URL),
        may_invite=may_change and user.is_active and user.is_staff and not user.has_usable_password(),
        may_change=may_change,
    )


def _badge(user: User, state: Invitation.State | None) -> SafeString:
    if not user.is_active:
        return badge(_("deactivated"), Tone.GREY, "person_off")
    if state in (_State.WAITING, _State.SENDING):
        return badge(_("invited"), Tone.IRIS, "forward_to_inbox")
    if state is _State.NOT_SENT:
        return badge(_("not invited yet"), Tone.RED, "unsubscribe")
    if state is not None:
        return badge(_("invitation ended"), Tone.AMBER, "mail_off")
    if not user.is_staff:
        return badge(_("is told only"), Tone.GREY, "mail", look="plain")
    return badge(_("active"), Tone.GREEN, "check", look="plain")


class InviteForm(forms.ModelForm):
    """A new person: who it is, and what they may do."""

    actor: User
    groups = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Roles"),
        queryset=Group.objects.none(),
        required=False,
        help_text=gettext_lazy("What the person may see and do. Only roles that give no more than you have."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    teams = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Teams (groups)"),
        queryset=Team.objects.all(),
        required=False,
        help_text=gettext_lazy("The person is told with them, as the last in their order."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "is_staff"]
        labels = {
            "email": gettext_lazy("E-mail address"),
            "is_staff": gettext_lazy("May log in, and gets an invitation by mail"),
        }
        help_texts = {
            "email": gettext_lazy("The invitation goes there, and alerts too."),
            "is_staff": gettext_lazy(
                "Off: for who is only told of alerts and answers by the links in mails, and for programs."
            ),
        }
        widgets = {
            "first_name": UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
            "last_name": UnfoldAdminTextInputWidget,
            "email": UnfoldAdminEmailInputWidget,
            "is_staff": UnfoldBooleanSwitchWidget,
        }

    def __init__(self, actor: User, *args: Any, **kwargs: Any) -> None:
        self.actor = actor
        super().__init__(*args, **kwargs)
        groups: Any = self.fields["groups"]
        groups.queryset = rights.grantable_groups(actor, Group.objects.order_by("name"))
        self.fields["first_name"].required = True
        self.initial["is_staff"] = True
        if not Team.objects.exists():
            del self.fields["teams"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        other = User.objects.filter(email__iexact=email).first() if email else None
        if other:
            said = _("%(who)s has this address already.")
            if not other.is_active:
                said = _("%(who)s, who is deactivated, has this address: activate that account instead.")
            raise forms.ValidationError(said % {"who": other})
        return email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("is_staff") and not data.get("email") and "email" not in self.errors:
            self.add_error("email", _("Write the address to which the invitation goes."))
        return data


def invite(page: Any, request: HttpRequest) -> HttpResponse:
    """Make an account, and have its person mailed the link to choose a password by."""
    if not page.has_add_permission(request):
        raise PermissionDenied
    actor = cast(User, request.user)
    form = InviteForm(actor, request.POST if request.method == "POST" else None)
    if form.is_valid():
        with transaction.atomic():
            user = _create(form)
            page.log_addition(request, user, [{"added": {}}])
        if user.is_staff:
            return _invited(page, request, user)
        messages.success(request, _("%(who)s is here, and cannot log in.") % {"who": user})
        return HttpResponseRedirect(page_of(user))
    return page.render(request, "admin/alerts/invite.html", title=_("Invite a person"), form=form)


def _create(form: InviteForm) -> User:
    user: User = form.save(commit=False)
    user.username = _free_name(form.cleaned_data)
    user.set_unusable_password()
    user.save()
    user.groups.set(form.cleaned_data["groups"])
    for team in form.cleaned_data.get("teams", ()):
        team.memberships.create(user=user, position=team.memberships.count() + 1)
    return user


def _free_name(data: dict[str, Any]) -> str:
    """Return a log-in name that nobody has: what stands before the @, or the first name."""
    wish = (data["email"].partition("@")[0] or data["first_name"]).lower().replace(" ", ".")[:140]
    taken = set(User.objects.filter(username__istartswith=wish).values_list("username", flat=True))
    names = (wish, *(f"{wish}{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in {other.lower() for other in taken})


def invite_again(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Send a new link, or show it to be handed over; the old one stops working."""
    user = _changeable(page, request, number)
    if not standing(user, clock(), may_change=True).may_invite:
        messages.error(request, _("%(who)s needs no invitation.") % {"who": user})
        return HttpResponseRedirect(page_of(user))
    return _invited(page, request, user)


def revoke(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Take the link back that was not used yet."""
    user = _changeable(page, request, number)
    if invitations.revoke(user):
        page.log_change(request, user, _TAKEN_BACK)
        messages.success(request, _("The link that %(who)s got does not work any more.") % {"who": user})
    return HttpResponseRedirect(page_of(user))


def _invited(page: Any, request: HttpRequest, user: User) -> HttpResponse:
    """Have the link mailed; where no mail server is set, or if asked to, show it instead, this once."""
    by = cast(User, request.user)
    if settings.EMAIL_URL and "by_hand" not in request.POST:
        invitations.invite(user, by=by, now=clock())
        page.log_change(request, user, _INVITED)
        messages.success(request, _("An invitation goes to %(address)s.") % {"address": user.email})
        return HttpResponseRedirect(page_of(user))
    page.log_change(request, user, _HANDED_OVER)
    return page.render(
        request,
        "admin/alerts/invited.html",
        title=_("Hand over the link"),
        invited=user,
        link=invitations.hand_over(user, by=by, now=clock()),
        no_server="" if settings.EMAIL_URL else account.no_server(),
    )


# Deactivating


class LeaveForm(forms.Form):
    """Who gets what a person leaves behind."""

    alerts_to = one_person(
        gettext_lazy("Who gets the alerts?"),
        required=False,
        help_text=gettext_lazy("They are told of each. If it is you, you have acknowledged them."),
    )
    place_to = one_person(
        gettext_lazy("Who takes the place in teams, policies and integrations?"), required=False
    )

    def __init__(self, holding: leaving.Holding, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not holding.alerts:
            del self.fields["alerts_to"]
        if not holding.has_places and not holding.silent:
            del self.fields["place_to"]
        elif holding.silent:
            self.fields["place_to"].help_text = _("Needed: somebody has to be told.")
        else:
            self.fields["place_to"].help_text = _("May stay empty: the others there are enough.")


def deactivate(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Show what would be hit, ask who takes over, and switch the account off."""
    user = page.get_viewable(request, str(number))
    if not page.has_change_permission(request, user):
        raise PermissionDenied
    holding = leaving.holding_of(user)
    data = request.POST if request.method == "POST" else None
    form = LeaveForm(holding, data, initial={"alerts_to": request.user.pk})
    if request.method == "POST" and form.is_valid() and _leave(page, request, user, form):
        return HttpResponseRedirect(page_of(user))
    return page.render(
        request,
        "admin/alerts/deactivate.html",
        title=_("Deactivate %(who)s?") % {"who": user},
        original=user,
        form=form,
        media=page.media + form.media,
        holding=holding,
        lines=_lines(holding),
        silent=list(dict.fromkeys(map(leaving.name_of, holding.silent))),
    )


def _leave(page: Any, request: HttpRequest, user: User, form: LeaveForm) -> bool:
    """Deactivate, or put into the form what keeps the person here."""
    given = {"alerts_to": None, "place_to": None, **form.cleaned_data}
    actor = Actor(label=str(request.user), via="admin", user_id=request.user.pk)
    try:
        with transaction.atomic():
            leaving.deactivate(user, actor=actor, now=clock(), **given)
            page.log_change(request, user, _DEACTIVATED)
    except leaving.StillNeeded as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return False
    said = _("%(who)s is deactivated: cannot log in, and is not told of anything.") % {"who": user}
    messages.success(request, said)
    return True


def _lines(holding: leaving.Holding) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what the person has, in words, with the address and name of each."""
    count = len(holding.alerts)
    alerts = ngettext("%d alert that is not closed", "%d alerts that are not closed", count) % (count,)
    parts: list[tuple[str, list[Any]]] = [
        (alerts, holding.alerts),
        (_("Member of"), holding.teams),
        (_("Told by the policies"), holding.policies),
        (_("Recipient of the integrations"), holding.integrations),
        (_("Has turns in"), holding.rotations),
    ]
    return [(title, [(page_of(row), str(row)) for row in rows[:20]]) for title, rows in parts if rows]


def activate(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Switch an account on again."""
    user = _changeable(page, request, number)
    leaving.activate(user)
    page.log_change(request, user, _ACTIVATED)
    messages.success(request, _("%(who)s is active again. Look through teams and roles.") % {"who": user})
    return HttpResponseRedirect(page_of(user))


def _changeable(page: Any, request: HttpRequest, number: int) -> Any:
    """Return a person whom the reader may change, on a POST. Raises PermissionDenied and Http404."""
    user = page.get_viewable(request, str(number))
    if request.method != "POST" or not page.has_change_permission(request, user):
        raise PermissionDenied
    return user
