"""What pages of configuration have beside others: who changed what, and word of who edits the same."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from alertops.lib import history
from alertops.lib.admin import ModelAdmin
from alertops.lib.wording import worded

SEEN, OVERWRITE = "_seen", "_overwrite"
MOST_NOTES = 100


class EditedMeanwhile(Exception):
    """Somebody has saved the row since the page that is being saved was opened."""

    def __init__(self, row: Any, version: str, labels: list[str]) -> None:
        self.row, self.version, self.labels = row, version, labels


class ConfigurationAdmin(ModelAdmin):
    """A page whose rows have a history, as their models say."""

    change_form_before_template = "admin/seen.html"

    def _kept(self) -> list[history.Kept]:
        return history.kept_with(self.model, self.inlines or self.history_inlines)

    # Inlines whose records belong to the history, where `inlines` depends on the request.
    history_inlines: Any = ()

    # Two people at once

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        seen = request.POST.get(SEEN, "")
        if not seen and object_id and object_id.isdecimal():
            seen = history.version_of(int(object_id), self._kept())
        context = {"seen": seen, **(extra_context or {})}
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except EditedMeanwhile as found:
            return self._ask(request, found)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save, unless somebody else was quicker; who saves at the same moment waits here."""
        if change and (seen := request.POST.get(SEEN)):
            list(self.model._default_manager.select_for_update().filter(pk=obj.pk).values_list("pk"))
            version = history.version_of(obj.pk, self._kept())
            if version not in (seen, request.POST.get(OVERWRITE)):
                raise EditedMeanwhile(obj, version, _labels(form))
        super().save_model(request, obj, form, change)

    def _ask(self, request: HttpRequest, found: EditedMeanwhile) -> HttpResponse:
        """Show what the other has saved, and let the second choose."""
        inputs = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in ("csrfmiddlewaretoken", OVERWRITE)
        ]
        row = self.model._default_manager.get(pk=found.row.pk)
        answer = self.render(
            request,
            "admin/edited_meanwhile.html",
            title=_("This was saved meanwhile"),
            original=row,
            saves=history.saves_of(row.pk, self._kept(), since=request.POST[SEEN]),
            version=found.version,
            labels=found.labels,
            inputs=inputs,
            address=request.get_full_path(),
        )
        answer.status_code = 409
        return answer

    # Who changed what

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404(_("There is no such page; it may have been deleted."))
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        saves = [*history.saves_of(row.pk, self._kept()), *self._notes(row)]
        saves.sort(key=lambda save: save.at, reverse=True)
        return self.render(
            request, "admin/history.html", title=_("Who changed what"), original=row, saves=saves
        )

    def _notes(self, row: Any) -> list[history.Save]:
        """Return what is on record without a changed value: who saw a secret, say."""
        entries = LogEntry.objects.filter(
            object_id=str(row.pk), content_type=get_content_type_for_model(self.model)
        ).exclude(change_message__startswith="[")
        return [
            history.Save(entry.action_time, entry.user_id, str(entry.user), note=worded(entry.change_message))
            for entry in entries.exclude(change_message="").select_related("user")[:MOST_NOTES]
        ]


def _labels(form: Any) -> list[str]:
    """Return the names of the fields that would be changed by saving."""
    return [str(form.fields[name].label or name) for name in form.changed_data if name in form.fields]
