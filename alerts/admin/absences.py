"""When people are out of office, and who stands in for them: everybody sees to his own."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops.lib.admin import choice_filter
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import clock, exact
from alerts.models import OutOfOffice
from alerts.operations.on_call.editing import look_again_everywhere

SEE = "alerts.view_schedule"


class AbsenceForm(forms.ModelForm):
    """A time away; what of it is over stays as it was."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        begin, end = data.get("begin_at"), data.get("end_at")
        if begin and end and end <= begin:
            self.add_error("end_at", _("It ends before it begins."))
        elif end and end <= clock():
            self.add_error("end_at", _("This time is over: who was on call then is not changed any more."))
        elif begin and begin < clock() and begin != self.initial.get("begin_at"):
            data["begin_at"] = self.initial.get("begin_at") or clock()
        user = data.get("user") or self.instance.user_id
        if data.get("cover") and data["cover"] in (user, getattr(self.instance, "user", None)):
            self.add_error("cover", _("Nobody covers for himself."))
        return data


@admin.register(OutOfOffice)
class AbsenceAdmin(ConfigurationAdmin):
    form = AbsenceForm
    list_display = ["user", "cover", "schedule", "begins", "ends"]
    list_select_related = ["user", "cover", "schedule"]
    list_filter = [
        choice_filter(
            gettext_lazy("time"),
            "when",
            [
                ("coming", gettext_lazy("Now and later"), lambda rows, _r: rows.filter(end_at__gt=clock())),
                ("mine", gettext_lazy("Mine"), lambda rows, request: rows.filter(user=request.user.pk)),
            ],
        )
    ]
    list_before_template = "admin/chips.html"
    chips = "when"
    ordering = ["-begin_at"]
    search_fields = ["user__username", "user__first_name", "user__last_name"]
    search_help_text = gettext_lazy("Search by name")
    autocomplete_fields = ["user", "cover", "schedule"]
    add_label = gettext_lazy("Add time away")
    empty_title = gettext_lazy("Nobody is away")
    empty_text = gettext_lazy(
        "Who is on holiday or ill says so here, with who stands in: in all schedules, or in each another one."
    )
    fields = ["user", "begin_at", "end_at", "cover", "schedule"]

    # Who may what

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SEE)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(SEE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(SEE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(obj) and (super().has_change_permission(request, obj) or _is_own(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What has begun is ended by its end, not deleted: what was stays."""
        is_ahead = obj is None or obj.begin_at > clock()
        return is_ahead and (super().has_delete_permission(request, obj) or _is_own(request, obj))

    @staticmethod
    def _is_open(row: OutOfOffice | None) -> bool:
        return row is None or row.end_at > clock()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave deleting to the page of each."""
        return {}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        beyond = [] if request.user.has_perm("alerts.change_outofoffice") else ["user"]
        begun = ["begin_at"] if obj is not None and obj.begin_at <= clock() else []
        return [*beyond, *begun]

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutOfOffice]:
        return super().get_queryset(request).select_related("user", "cover", "schedule")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        if obj.user_id is None:
            obj.user = request.user
        super().save_model(request, obj, form, change)
        look_again_everywhere(now=clock())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        look_again_everywhere(now=clock())

    @admin.display(description=gettext_lazy("from"), ordering="begin_at")
    def begins(self, row: OutOfOffice) -> str:
        return exact(row.begin_at)

    @admin.display(description=gettext_lazy("until"), ordering="end_at")
    def ends(self, row: OutOfOffice) -> str:
        return exact(row.end_at)


def _is_own(request: HttpRequest, row: OutOfOffice | None) -> bool:
    return row is not None and row.user_id == request.user.pk
