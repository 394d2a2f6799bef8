"""The pages of schedules: who is on call now, and each drawn as a time line."""

from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops.lib.admin import OurList, owner_filter
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import clock, page_of
from alerts.admin import overrides, schedule_line
from alerts.admin.own import ZoneField
from alerts.admin.rotations import RotationAdmin
from alerts.badges import cover as told_now
from alerts.models import Override, Rotation, Schedule
from alerts.operations.on_call import calendars, on_call, overriding

__all__ = ["RotationAdmin", "ScheduleAdmin"]


class _Part:
    """A model whose records belong to a schedule's history."""

    def __init__(self, model: Any) -> None:
        self.model = model


class _List(OurList):
    """The list, with who is on call now in each: asked for all rows together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        covers = on_call([row.pk for row in rows], clock())
        for row in rows:
            row.cover = covers[row.pk]
        self.result_list = rows


@admin.register(Schedule)
class ScheduleAdmin(ConfigurationAdmin):
    list_display = ["what", "now_on_call", "team"]
    list_display_links = None
    list_select_related = ["team"]
    list_filter = [owner_filter]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Search by name")
    autocomplete_fields = ["team"]
    history_inlines = (_Part(Rotation), _Part(Override))
    change_form_outer_before_template = "admin/alerts/schedule.html"
    add_label = gettext_lazy("Add schedule")
    empty_title = gettext_lazy("No schedule yet")
    empty_text = gettext_lazy(
        "A schedule says who is on call when: people take turns by rules that you set, and alerts reach"
        " whoever has the turn. Add one, then its first rotation."
    )
    fieldsets = [
        (
            None,
            {
                "description": gettext_lazy(
                    "What the schedule is called, and what holds for all of it. Who is on call when is said"
                    " by its rotations."
                ),
                "fields": ("name", "description", "time_zone", "holiday_region"),
            },
        ),
        (
            gettext_lazy("When nobody is on call"),
            {
                "description": gettext_lazy("Whether a time without anybody is a mistake."),
                "fields": ("is_uncovered_time_intended",),
            },
        ),
        (
            gettext_lazy("Who manages it"),
            {
                "description": gettext_lazy(
                    "Without a role for it, the escalation managers of the owning team may change it. Whoever"
                    " has a turn in it may take a shift upon himself."
                ),
                "classes": ["collapse"],
                "fields": ("team",),
            },
        ),
    ]

    class Media:
        css = {"all": ["alertops/schedule.css"]}

    # Who may what

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave deleting to the page of each."""
        return {}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [] if request.user.has_perm("alerts.change_schedule") else ["team"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "time_zone":
            return ZoneField(help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        return super().get_queryset(request).select_related("team")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[_List]:
        return _List

    @admin.display(description=gettext_lazy("schedule"), ordering="name")
    def what(self, row: Schedule) -> SafeString:
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(row), row.name, row.description or row.time_zone),
        )

    @admin.display(description=gettext_lazy("on call now"))
    def now_on_call(self, row: Any) -> SafeString:
        return told_now(row.cover, clock())

    # One schedule

    def get_urls(self) -> list[URLPattern]:
        def door(view: Any) -> Any:
            return self.admin_site.admin_view(partial(view, self))

        return [
            path("<int:number>/override/", door(overrides.override), name="alerts_schedule_override"),
            path("<int:number>/override/<int:which>/end/", door(overrides.end), name="alerts_override_end"),
            path("<int:number>/calendar/", door(overrides.calendar), name="alerts_schedule_calendar"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        above = {"above": above_of(self, request, row)}
        return super().change_view(request, object_id, form_url, {**above, **(extra_context or {})})

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Go on to the schedule's own page: it needs its first rotation."""
        messages.success(request, _("The schedule %(name)s is added.") % {"name": obj})
        return HttpResponseRedirect(page_of(obj))


def above_of(page: Any, request: HttpRequest, row: Schedule) -> dict[str, Any]:
    """Return what stands above the settings: the drawing and the overrides; a fixed number of queries."""
    now = clock()
    person: Any = request.user
    is_own_zone = request.GET.get("zone") == "mine"
    zone = ZoneInfo(timezone.get_current_timezone_name()) if is_own_zone else row.zone
    window = schedule_line.window_of(request.GET, zone, now)
    takes = overriding.may_take(person, row)
    to_come = row.overrides.filter(end_at__gt=now).select_related("person", "substitute", "created_by")
    return {
        "schedule": row,
        "now": now,
        "drawing": schedule_line.draw(row, window, now, takes=takes),
        "spans": [(name, label, name == window.span) for name, (_days, label) in schedule_line.SPANS.items()],
        "earlier": window.first - schedule_line.SPANS[window.span][0] * schedule_line.DAY,
        "later": window.first + schedule_line.SPANS[window.span][0] * schedule_line.DAY,
        "is_own_zone": is_own_zone,
        "own_zone": timezone.get_current_timezone_name(),
        "may_change": page.has_change_permission(request, row),
        "takes": takes,
        "overrides": list(to_come.order_by("begin_at")[:50]),
        "stale": [one for one in row.rotations.current() if calendars.is_stale(one, now)],
    }
