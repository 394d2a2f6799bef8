"""The page of one rotation: its rules, turns and hours, and what they come to, drawn while one writes."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import StackedInline, TabularInline
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

from alertops.lib.admin import OwnedInline
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import clock, page_of
from alertops.lib.forms import OrderedFormSet
from alerts.admin import rotation_preview
from alerts.admin.own import ZoneField
from alerts.models import Rotation, RotationHours, RotationTurn, Schedule
from alerts.models.schedule import WEEKDAY_CHOICES
from alerts.operations.on_call import editing

MOST_TURNS = 100
CALENDAR = Rotation.Kind.CALENDAR


class RotationForm(forms.ModelForm):
    """A rotation. What is changed counts from a time on: what was stays."""

    counts_from = forms.SplitDateTimeField(
        label=gettext_lazy("The change counts from"),
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=gettext_lazy(
            "Empty: from now on. What was on call before stays as it was, in either case."
        ),
    )
    calendar_url = forms.CharField(
        label=gettext_lazy("Address of the calendar"),
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy(
            "An iCal address (https or webcal). Who is invited, or else named in the title, is on call."
        ),
    )

    class Meta:
        model = Rotation
        fields = [
            *("schedule", "name", "role", "every", "kind", "weekday", "day", "hand_off", "starts_on"),
            *("ends_on", "time_zone", "holiday_region", "calendar_url", "position", "is_beside"),
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts_on, ends_on = data.get("starts_on"), data.get("ends_on")
        if starts_on and ends_on and ends_on <= starts_on:
            self.add_error("ends_on", _("It ends before it begins."))
        if data.get("kind") == CALENDAR and not data.get("calendar_url"):
            self.add_error("calendar_url", _("Write the address of the calendar."))
        if (data.get("counts_from") or clock()) < clock().replace(second=0, microsecond=0):
            self.add_error(
                "counts_from", _("Choose a time that is not over: what was is not changed any more.")
            )
        return data


class HoursForm(forms.ModelForm):
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On"),
        choices=WEEKDAY_CHOICES,
        coerce=int,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "ao-weekdays"}),
        help_text=gettext_lazy("The days on which the hours begin."),
    )

    class Meta:
        model = RotationHours
        fields = ["weekdays", "begins", "ends"]


class TurnInline(OwnedInline, StackedInline):
    model = RotationTurn
    formset = OrderedFormSet
    max_num = MOST_TURNS
    extra = 0
    autocomplete_fields = ["users"]
    fields = ["users", "position"]
    ordering_field = "position"
    hide_ordering_field = True
    verbose_name_plural = gettext_lazy(
        "turns, one after another; several people of one turn are on call together"
    )

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 2

    def owner_of(self, request: HttpRequest, obj: Any) -> Any:
        return obj or schedule_asked_for(request)


class HoursInline(OwnedInline, TabularInline):
    model = RotationHours
    form = HoursForm
    extra = 0
    max_num = 20
    verbose_name = gettext_lazy("hours")
    verbose_name_plural = gettext_lazy("only in these hours; without any it always counts")

    def owner_of(self, request: HttpRequest, obj: Any) -> Any:
        return obj or schedule_asked_for(request)


@admin.register(Rotation)
class RotationAdmin(ConfigurationAdmin):
    form = RotationForm
    inlines = [TurnInline, HoursInline]
    change_form_before_template = "admin/alerts/rotation_before.html"
    change_form_after_template = "admin/alerts/rotation_after.html"
    conditional_fields = {
        "every": "kind != 'calendar'",
        "hand_off": "kind != 'calendar'",
        "weekday": "kind == 'weekly'",
        "day": "kind == 'monthly'",
        "starts_on": "kind != 'calendar'",
        "ends_on": "kind != 'calendar'",
        "holiday_region": "kind != 'calendar'",
        "calendar_url": "kind == 'calendar'",
    }
    fieldsets = [
        (
            None,
            {
                "description": gettext_lazy(
                    "People take turns: each has the role until the hand-off, then the next one has it."
                ),
                "fields": ("schedule", "name", "role"),
            },
        ),
        (
            gettext_lazy("When the turn passes on"),
            {
                "description": gettext_lazy(
                    "All times are on the clock of its own time zone, summer and winter."
                ),
                "fields": (
                    ("every", "kind"),
                    ("weekday", "day", "hand_off"),
                    ("starts_on", "ends_on"),
                    "time_zone",
                    "holiday_region",
                    "calendar_url",
                ),
            },
        ),
        (
            gettext_lazy("Beside other rotations"),
            {
                "description": gettext_lazy(
                    "Where several rotations of a role have somebody, the uppermost alone counts, as a rule."
                ),
                "classes": ["collapse"],
                "fields": ("position", "is_beside"),
            },
        ),
    ]
    CHANGE: Any = (
        gettext_lazy("From when on"),
        {
            "description": gettext_lazy("A change never alters what is over."),
            "fields": ("counts_from",),
        },
    )

    class Media:
        css = {"all": ["alertops/schedule.css"]}
        js = ["alertops/rotation.js"]

    # Who may what

    def has_add_permission(self, request: HttpRequest) -> bool:
        schedule = schedule_asked_for(request)
        return super().has_add_permission(request) or bool(schedule and self._may(request, "add", schedule))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave deleting to the page of each."""
        return {}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look is not shown the address of the calendar."""
        if obj is None:
            return self.fieldsets
        if self.has_change_permission(request, obj):
            return [*self.fieldsets, self.CHANGE]
        return [
            (title, {**options, "fields": _but_secret(options["fields"])})
            for title, options in self.fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["schedule"] if obj else []

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(past_of=None, until=None).select_related("schedule")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what the schedule says, today, below its other rotations."""
        schedule, data = schedule_asked_for(request), super().get_changeform_initial_data(request)
        if schedule is None:
            return data
        count = schedule.rotations.current().count()
        return {
            "schedule": schedule.pk,
            "name": _("Rotation %(number)d") % {"number": count + 1},
            "time_zone": schedule.time_zone,
            "holiday_region": "",
            "starts_on": clock().astimezone(schedule.zone).date(),
            "position": count + 1,
            **data,
        }

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "time_zone":
            return ZoneField(help_text=_("Its hand-offs and hours are on the clock of this zone."))
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "schedule":
            field.widget = forms.HiddenInput()
        return field

    # Pages

    def get_urls(self) -> list[URLPattern]:
        def door(view: Any) -> Any:
            return self.admin_site.admin_view(partial(view, self))

        return [
            path("preview/", door(rotation_preview.preview), name="alerts_rotation_preview"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Rotations are listed by the pages of their schedules."""
        return HttpResponseRedirect(reverse("admin:alerts_schedule_changelist"))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        schedule = schedule_asked_for(request)
        if schedule is None:
            raise Http404(_("A rotation is added on the page of its schedule."))
        return super().add_view(request, form_url, {"schedule": schedule, **(extra_context or {})})

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: FBT001
        row = super().save_form(request, form, change)
        if row.kind == CALENDAR:
            row.calendar_due_at = clock()
        return row

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        now = clock()
        kept = None
        if change:
            asked = form.cleaned_data.get("counts_from")
            kept = editing.keep_past(obj, at=asked and max(asked, now), now=now)
        request._kept = kept, now  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        kept, now = request._kept  # type: ignore[attr-defined]
        editing.settle(form.instance, kept, now=now)

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        messages.success(request, _("The rotation %(name)s is added.") % {"name": obj})
        return HttpResponseRedirect(page_of(obj.schedule))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(page_of(obj.schedule))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """End a rotation: it says nothing from now on, and what it said before stays."""
        row = self.get_viewable(request, object_id)
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        if request.method == "POST":
            self.log_deletions(request, [row])
            editing.end(row, now=clock())
            messages.success(request, _("%(name)s has ended.") % {"name": row})
            return HttpResponseRedirect(page_of(row.schedule))
        return self.render(
            request,
            "admin/alerts/end.html",
            title=_("End %(name)s") % {"name": row},
            original=row,
            sentence=_("From now on it puts nobody on call. What it said before stays."),
            back=page_of(row),
        )


def _but_secret(fields: Any) -> tuple[Any, ...]:
    return tuple(name for name in fields if name != "calendar_url")


def schedule_asked_for(request: HttpRequest) -> Schedule | None:
    """Return the schedule to which a rotation is to be added; asked for once for each page."""
    number = request.POST.get("schedule") or request.GET.get("schedule", "")
    if not hasattr(request, "_schedule"):
        found = Schedule.objects.filter(pk=number).first() if str(number).isdecimal() else None
        request._schedule = found  # type: ignore[attr-defined]
    return request._schedule  # type: ignore[attr-defined]
