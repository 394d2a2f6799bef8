"""The bases that all admin pages share: lists, logs, badges, times and links."""

from collections.abc import Callable, Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import helpers
from django.contrib.admin.options import IncorrectLookupParameters, ShowFacets
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import admin as unfold

from alertops.lib.forms import DurationField
from alertops.lib.lists import NEWER, CappedPaginator, Found, LongList, OurList

__all__ = [
    "CappedPaginator",
    "Found",
    "LogAdmin",
    "ModelAdmin",
    "OwnedInline",
    "ReadOnly",
    "choice_filter",
    "column_filter",
    "may",
    "owner_filter",
]


def may(request: HttpRequest, permission: str, row: Any) -> bool:
    """Tell whether the reader may do something with a row: by a role, or by a team that owns it."""
    has_perm = request.user.has_perm
    return has_perm(permission) or (row is not None and has_perm(permission, row))


class ModelAdmin(unfold.ModelAdmin):
    """What every page has.

    heading: the name in the menu, where the model's own is another.  add_label: the words on the button.
    empty_title, empty_text: what an empty list teaches.
    note: a sentence above the list.
    chips: the filter whose choices stand there, as its query parameter; or several, each with those choices
    that do, in their words (none named: all of them).
    most_searched, time_column: how many rows a search looks through, and when each was written.
    announces: the list says when there is something newer.
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
    chips: str | list[tuple[str, dict[str, Any]]] = ""
    most_searched = 5_000
    time_column = "pk"
    announces = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) or self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) or self._may(request, "delete", obj)

    def _may(self, request: HttpRequest, verb: str, row: Any) -> bool:
        return may(request, f"{self.opts.app_label}.{verb}_{self.opts.model_name}", row)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OurList]:
        is_long = issubclass(self.paginator, CappedPaginator) and list(self.ordering or ()) == ["-id"]
        return LongList if is_long else OurList

    def find(self, term: str) -> Found | None:
        """Return what a search in a long list looks for; None leaves it to Django."""
        return None

    def look_through(self, parameters: dict[str, Any], found: Found | None) -> models.QuerySet | None:
        """Return the rows of which the newest are looked through for what the filters and the search ask.

        None: indexes answer it.  parameters: the list's query parameters, each with its values.
        """
        return None

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        context |= {"show_save_and_add_another": False, "show_save_as_new": False}
        if not self.has_change_permission(request, context.get("original")):
            context["show_save_and_continue"] = False  # "Save and view": there is nothing more to see
        return super().render_change_form(request, context, *args, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """Count what is lost beside the rows themselves, as people know it: who belongs to what is no row."""
        tree, counts, lacking, protected = super().get_deleted_objects(objs, request)
        links = {
            str(model._meta.verbose_name_plural)
            for model in apps.get_models(include_auto_created=True)
            if model._meta.auto_created
        }
        unsaid = links | {str(self.opts.verbose_name_plural)}
        beside = {name: count for name, count in counts.items() if str(name) not in unsaid}
        return tree, beside, lacking, protected

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


class OwnedInline:
    """Rows inside another: who may change that one by a team may add, change and delete them."""

    opts: Any

    def owner_of(self, request: HttpRequest, obj: Any) -> Any:
        """Return the row that a team may own; obj: the one that is edited, None for a new one."""
        return obj

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "add", obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "delete", obj)

    def _may(self, request: HttpRequest, verb: str, obj: Any) -> bool:
        permission = f"{self.opts.app_label}.{verb}_{self.opts.model_name}"
        return may(request, permission, self.owner_of(request, obj))


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

    class Media:
        js = ["alertops/log.js"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list; asked for what is newer, only how much of it there is."""
        if NEWER not in request.GET or not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            raise Http404 from None
        return TemplateResponse(request, "admin/newer.html", {"cl": changelist})


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


owner_filter = choice_filter(
    gettext_lazy("owned by"),
    "owner",
    [
        (
            "mine",
            gettext_lazy("My teams"),
            lambda rows, request: rows.filter(team__memberships__user=request.user.pk),
        ),
        ("nobody", gettext_lazy("No team"), lambda rows, _request: rows.filter(team=None)),
    ],
)
