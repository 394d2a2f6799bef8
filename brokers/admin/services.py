"""The pages of repository services: the list, one with the form of its broker, and what is done with it."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from alertops.lib.admin import OurList, choice_filter
from alertops.lib.configuration import ConfigurationAdmin
from alertops.lib.display import clock, link, page_of, when
from brokers import badges, operations
from brokers.admin import shelf, trying
from brokers.admin.reach import OfRepository
from brokers.admin.service_page import add, change
from brokers.models import BrokerRun, RepositoryService
from brokers.operations.recent import newest_run
from brokers.operations.removing import remove_service

STATES = [
    ("on", gettext_lazy("On"), lambda rows, _request: rows.filter(is_enabled=True)),
    ("off", gettext_lazy("Off"), lambda rows, _request: rows.filter(is_enabled=False)),
    ("failing", gettext_lazy("Failing"), lambda rows, _request: rows.filter(failure_count__gt=0)),
]


class _List(OurList):
    """The list, with the last run of each row: one query for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        ids = [row.last_run_id for row in rows if row.last_run_id]
        runs = BrokerRun.objects.defer("transcript", "sample").in_bulk(ids)
        for row in rows:
            row.last_run = runs.get(row.last_run_id)
        self.result_list = rows


@admin.register(RepositoryService)
class ServiceAdmin(OfRepository, ConfigurationAdmin):
    list_display = ["what", "of", "state", "last"]
    list_display_links = None
    list_select_related = ["repository"]
    list_filter = [choice_filter(gettext_lazy("state"), "state", STATES)]
    list_before_template = "admin/chips.html"
    chips = "state"
    search_fields = ["title", "broker", "repository__full_name"]
    search_help_text = gettext_lazy("Search by title, broker or repository")
    actions: Any = []
    add_label = gettext_lazy("Add service")
    empty_title = gettext_lazy("No repository service yet")
    empty_text = gettext_lazy(
        "A service is a broker that is enabled on a repository: from then on it acts on every push. Open a"
        " repository, and choose one from the drop-down."
    )

    # Who may what

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_manage(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_manage(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_manage(request, obj)

    def get_managed(self, request: HttpRequest, number: int | str) -> RepositoryService:
        """Return a service for something to be done with it. Raises Http404 and PermissionDenied."""
        row: RepositoryService = self.get_viewable(request, str(number))
        if not self.may_manage(request, row):
            raise PermissionDenied
        return row

    # The list

    def get_queryset(self, request: HttpRequest) -> QuerySet[RepositoryService]:
        rows: QuerySet[RepositoryService] = super().get_queryset(request)
        return rows.annotate(last_run_id=newest_run()).select_related("repository")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[_List]:
        return _List

    @admin.display(description=gettext_lazy("repository service"), ordering="title")
    def what(self, row: RepositoryService) -> SafeString:
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(row), row.title, operations.title_of(row.broker)),
        )

    @admin.display(description=gettext_lazy("repository"), ordering="repository__full_name")
    def of(self, row: RepositoryService) -> SafeString:
        branches = row.branch_filter or _("all branches")
        return format_html(
            '<span class="ao-about">{}<span class="ao-quiet">{}</span></span>',
            *(link(page_of(row.repository), row.repository.full_name), branches),
        )

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: RepositoryService) -> SafeString:
        return badges.service(row)

    @admin.display(description=gettext_lazy("last run"))
    def last(self, row: Any) -> SafeString:
        if row.last_run is None:
            return format_html('<span class="ao-quiet">{}</span>', _("none yet"))
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(row.last_run), badges.sentence(row.last_run), when(row.last_run.created_at, clock())),
        )

    # One service

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return add(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return change(self, request, self.get_viewable(request, object_id))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self.get_managed(request, object_id)
        if request.method == "POST":
            self.log_deletions(request, [row])
            remove_service(row)
            messages.success(request, _("%(title)s is deleted.") % {"title": row.title})
            return HttpResponseRedirect(page_of(row.repository))
        return self.render(
            request,
            "admin/brokers/delete.html",
            title=_("Delete %(title)s of %(repository)s")
            % {"title": row.title, "repository": row.repository},
            original=row,
            lines=[_("Its settings and secrets."), _("Its runs with their transcripts.")],
            back=page_of(row),
        )

    def get_urls(self) -> list[URLPattern]:
        def door(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        name = "brokers_repositoryservice_{}".format
        own = [
            path("brokers/", door(partial(shelf.page, self)), name=name("shelf")),
            path("brokers/api/", door(partial(shelf.api, self)), name=name("shelf_api")),
            path("brokers/<slug:broker>/", door(partial(shelf.one, self)), name=name("shelf_broker")),
            path("<int:number>/test/", door(partial(trying.page, self)), name=name("test")),
            path("<int:number>/on/", door(require_POST(self.on_view)), name=name("on")),
            path("<int:number>/off/", door(require_POST(self.off_view)), name=name("off")),
            path("<int:number>/duplicate/", door(require_POST(self.duplicate_view)), name=name("duplicate")),
        ]
        return [*own, *super().get_urls()]

    def on_view(self, request: HttpRequest, number: int) -> HttpResponse:
        row = self.get_managed(request, number)
        if operations.switch_on(row):
            messages.success(request, _("Switched on: it acts on the next push."))
        return HttpResponseRedirect(page_of(row))

    def off_view(self, request: HttpRequest, number: int) -> HttpResponse:
        row = self.get_managed(request, number)
        if operations.switch_off(row):
            messages.success(request, _("Switched off: it acts on no push."))
        return HttpResponseRedirect(page_of(row))

    def duplicate_view(self, request: HttpRequest, number: int) -> HttpResponse:
        copy = operations.duplicate(self.get_managed(request, number), now=clock())
        self.log_addition(request, copy, [{"added": {}}])
        text = _("This is the copy. It is off until you have looked at it and switch it on.")
        messages.success(request, text)
        return HttpResponseRedirect(page_of(copy))
