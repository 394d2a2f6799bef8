"""The bases that all admin pages share: lists, logs, badges, times and links."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin import helpers
from django.contrib.admin.options import ShowFacets
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold import admin as unfold
from unfold.views import ChangeList

from alertops.lib.forms import DurationField

MOST_COUNTED = 10_000


class CappedPaginator(Paginator):
    """Pages of a long list: counts no further than people page, so that a million rows cost nothing."""

    template_name = "admin/pagination_capped.html"
    object_list: models.QuerySet
    most = MOST_COUNTED
    is_capped = False

    @cached_property
    def count(self) -> int:
        counted = self.object_list.order_by().values("pk")[: self.most + 1].count()
        self.is_capped = counted > self.most
        return min(counted, self.most)


class OurList(ChangeList):
    """A list that never counts its whole table beside what it shows."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not (self.query or self.has_active_filters):
            self.full_result_count = self.result_count


class ModelAdmin(unfold.ModelAdmin):
    """What every page has.

    heading: the name in the menu, where the model's own is another.  add_label: the words on the button.
    empty_title, empty_text: what an empty list teaches.
    note: a sentence above the list.  chips: the filter whose choices stand there, as its query parameter.
    """

    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    warn_unsaved_form = True
    formfield_overrides = {models.DurationField: {"form_class": DurationField}}
    heading: Any = ""
    add_label: Any = ""
    empty_title: Any = ""
    empty_text: Any = ""
    note: Any = ""
    chips = ""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OurList

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        context |= {"show_save_and_add_another": False, "show_save_as_new": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_viewable(self, request: HttpRequest, object_id: str) -> Any:
        """Return a row for a page of its own. Raises Http404 and PermissionDenied."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404(_("There is no such page; it may have been deleted."))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def render(self, request: HttpRequest, template: str, *, title: Any, **context: Any) -> TemplateResponse:
        """Show a page that is no form of the admin's own, in the admin's frame."""
        frame = {
            "heading": self.heading,
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, {**frame, **context})

    def confirm(
        self, request: HttpRequest, *, title: Any, text: Any, action: str, **context: Any
    ) -> TemplateResponse:
        """Ask before an action on selected rows is done; the form posts the same selection again."""
        return self.render(
            request,
            "admin/confirm.html",
            title=title,
            text=text,
            action=action,
            selected=request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
            select_across=request.POST.get("select_across", "0"),
            back=request.get_full_path(),
            **context,
        )


class ReadOnly:
    """Rows that nobody adds, changes or deletes by hand; not even a superuser."""

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False


class LogAdmin(ReadOnly, ModelAdmin):
    """A log: read-only, newest first, and as quick with a million rows as with ten."""

    paginator = CappedPaginator
    sortable_by = ()
    ordering = ["-id"]
    list_max_show_all = 0
    actions: Any = []


def choice_filter(
    title: Any, parameter: str, choices: Iterable[tuple[str, Any, Callable[[Any, HttpRequest], Any]]]
) -> type[admin.SimpleListFilter]:
    """Make a list filter of a table: (value, label, how the rows are narrowed)."""
    table = {value: (label, narrow) for value, label, narrow in choices}

    class ChoiceFilter(admin.SimpleListFilter):
        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return [(value, label) for value, (label, _narrow) in table.items()]

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:
            chosen = table.get(self.value() or "")
            return chosen[1](queryset, request) if chosen else queryset

    ChoiceFilter.title = title
    ChoiceFilter.parameter_name = parameter
    return ChoiceFilter


def column_filter(
    title: Any, column: str, choices: Iterable[tuple[str, Any]]
) -> type[admin.SimpleListFilter]:
    """Make a list filter of the values of a column, with the column's name as its query parameter."""

    def having(value: str) -> Callable[[Any, HttpRequest], Any]:
        return lambda rows, _request: rows.filter(**{column: value})

    return choice_filter(title, column, [(value, label, having(value)) for value, label in choices])
