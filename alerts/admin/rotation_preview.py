"""What a rotation comes to as its form is filled in now; nothing is saved."""

from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from alertops.lib.display import clock
from alerts.admin import schedule_line
from alerts.logic import oncall
from alerts.models import Rotation
from alerts.operations.on_call import editing
from alerts.operations.on_call.reading import Parts, shape_of


def preview(page: Any, request: HttpRequest) -> HttpResponse:
    """Draw the next five weeks of a rotation by what its form says."""
    if request.method != "POST" or not (
        page.has_add_permission(request) or page.has_view_permission(request)
    ):
        raise PermissionDenied
    form = page.get_form(request)(request.POST)
    form.is_valid()
    row: Rotation = form.instance
    drawing = None
    if not set(form.errors) - {"name", "schedule", "counts_from", "calendar_url"}:
        number = request.GET.get("rotation", "")
        stored = Rotation.objects.filter(pk=number).first() if number.isdecimal() else None
        drawing = _drawing(row, stored, *_of_formsets(page, request, row))
    return TemplateResponse(request, "admin/alerts/rotation_preview.html", {"drawing": drawing, "form": form})


def _of_formsets(page: Any, request: HttpRequest, row: Rotation) -> tuple[list[Any], list[Any]]:
    """Return the turns and the hours that are filled in, in order; what is not filled in is left out."""
    formsets, _inlines = page._create_formsets(request, row, change=False)
    found: list[list[Any]] = []
    for formset in formsets:
        formset.is_valid()
        rows = [one.cleaned_data for one in formset.forms if getattr(one, "cleaned_data", None)]
        found.append([data for data in rows if not data.get("DELETE")])
    turns, hours = found
    turns.sort(key=lambda data: data.get("position") or len(turns) + 1)
    return turns, hours


def _drawing(row: Rotation, stored: Rotation | None, turns: list[Any], hours: list[Any]) -> Any:
    people = {user.pk: str(user) for data in turns for user in data.get("users") or ()}
    parts = Parts(
        {0: [tuple(user.pk for user in data.get("users") or ()) for data in turns]},
        {
            0: [
                oncall.Hours(frozenset(data["weekdays"]), data["begins"], data["ends"])
                for data in hours
                if data.keys() >= {"weekdays", "begins", "ends"}
            ]
        },
        {0: []},
    )
    row.pk, now = 0, clock()
    shape = shape_of(row, parts)
    if stored is not None:
        shape = editing.as_saved(shape_of(stored), shape, now=now)
    return schedule_line.draw_rotation(shape, people, ZoneInfo(row.time_zone), now)
