"""What people decide against a schedule: the form of an override, its end; and its calendar's address."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from alertops.lib.display import clock, page_of
from alerts.admin.choosing import one_person
from alerts.logic.oncall import Change, Role
from alerts.models import Override, User
from alerts.models.schedule import ROLE_CHOICES
from alerts.operations.on_call import feeds, overriding
from alerts.operations.on_call.editing import InThePast
from alerts.operations.on_call.overriding import Unclear

CHANGES = [
    (Change.REPLACE.value, gettext_lazy("Replace: this person instead")),
    (Change.ADD.value, gettext_lazy("Add: this person as well")),
    (Change.REMOVE.value, gettext_lazy("Remove: without anybody instead")),
]


class OverrideForm(forms.Form):
    change = forms.ChoiceField(
        label=gettext_lazy("What"),
        choices=CHANGES,
        initial=Change.REPLACE.value,
        widget=UnfoldAdminRadioSelectWidget,
    )
    substitute = one_person(gettext_lazy("Who is on call"), required=False)
    person = one_person(
        gettext_lazy("Instead of"),
        required=False,
        help_text=gettext_lazy("Empty: whoever has the shift, and also where nobody has."),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLE_CHOICES, widget=UnfoldAdminSelectWidget)
    begin_at = forms.SplitDateTimeField(label=gettext_lazy("From"), widget=UnfoldAdminSplitDateTimeWidget)
    end_at = forms.SplitDateTimeField(label=gettext_lazy("Until"), widget=UnfoldAdminSplitDateTimeWidget)
    note = forms.CharField(
        label=gettext_lazy("Why"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *args: Any, only: User | None = None, **kwargs: Any) -> None:
        """Make the form.  only: who may put nobody but himself on call."""
        super().__init__(*args, **kwargs)
        if only is not None:
            self.fields["change"].choices = CHANGES[:2]  # type: ignore[attr-defined]
            self.fields["substitute"].queryset = User.objects.filter(pk=only.pk)  # type: ignore[attr-defined]
            self.fields["substitute"].disabled = True
            self.initial["substitute"] = only.pk


def override(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Show the form, filled in by the shift that was clicked; on POST, have it so."""
    schedule, person = page.get_viewable(request, str(number)), _person(request)
    if not overriding.may_take(person, schedule):
        raise PermissionDenied
    only = None if overriding.may_override(person, schedule) else person
    now = clock()
    form = OverrideForm(request.POST or None, initial=_clicked(request, person, now), only=only)
    if form.is_valid():
        row = Override(schedule=schedule, **form.cleaned_data)
        try:
            overriding.override(row, by=person, now=now)
        except Unclear as problem:
            form.add_error(problem.field, str(problem))
        except InThePast as problem:
            form.add_error("end_at", str(problem))
        else:
            messages.success(request, _("It is decided. The time line shows it."))
            return HttpResponseRedirect(page_of(schedule))
    return page.render(
        request,
        "admin/alerts/override.html",
        title=_("Override"),
        original=schedule,
        form=form,
        media=page.media + form.media,
        zone=timezone.get_current_timezone_name(),
        schedule=schedule,
        only=only,
        back=page_of(schedule),
    )


def end(page: Any, request: HttpRequest, number: int, which: int) -> HttpResponse:
    """Ask, then have an override count no longer."""
    schedule, person = page.get_viewable(request, str(number)), _person(request)
    row = Override.objects.filter(schedule=schedule, pk=which).first()
    is_own = row is not None and overriding.is_own_taking(row, person) and row.created_by_id == person.pk
    if not (overriding.may_override(person, schedule) or is_own):
        raise PermissionDenied
    if row is None:
        raise Http404(_("There is no such override; it may have been ended."))
    if request.method == "POST":
        if overriding.end_override(row, now=clock()):
            messages.success(request, _("The override has ended: the rotations count again."))
        else:
            messages.info(request, _("It was over already."))
        return HttpResponseRedirect(page_of(schedule))
    return page.render(
        request,
        "admin/alerts/end.html",
        title=_("End the override"),
        original=schedule,
        sentence=_("From now on the rotations count again. Who was on call until now stays on record."),
        back=page_of(schedule),
    )


def calendar(page: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Show the secret address by which programs read a schedule; on POST, make a new one."""
    schedule, person = page.get_viewable(request, str(number)), _person(request)
    may_rotate = overriding.may_override(person, schedule)
    if request.method == "POST":
        if not may_rotate:
            raise PermissionDenied
        feeds.rotate(schedule, now=clock())
        page.log_change(request, schedule, _("Made a new calendar address."))
        messages.success(request, _("The address is new. The old one finds nothing any more."))
        return HttpResponseRedirect(request.path)
    feed = feeds.feed_of(schedule, now=clock())
    return page.render(
        request,
        "admin/alerts/calendar.html",
        title=_("Calendar of %(name)s") % {"name": schedule},
        original=schedule,
        address=feeds.address_of(feed),
        may_rotate=may_rotate,
        back=page_of(schedule),
    )


def _person(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]


def _clicked(request: HttpRequest, person: User, now: datetime) -> dict[str, Any]:
    """Return what the click on a shift says: when, in which role, and for whom; the reader takes it."""
    asked = request.GET
    role = asked.get("role", "")
    return {
        "change": Change.REPLACE.value,
        "role": role if role in set(Role) else Role.PRIMARY.value,
        "begin_at": _instant(asked.get("begin", "")) or now.replace(second=0, microsecond=0),
        "end_at": _instant(asked.get("end", "")),
        "person": asked["person"] if asked.get("person", "").isdecimal() else None,
        "substitute": person.pk,
    }


def _instant(text: str) -> datetime | None:
    """Read a time of a link; None for what is none, or names no zone."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.tzinfo else None
