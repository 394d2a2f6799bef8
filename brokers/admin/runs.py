"""The log of runs, and one run told as a story."""

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from alertops.lib.admin import Found, LogAdmin, choice_filter, column_filter
from alertops.lib.display import clock, link, page_of, when
from brokers import badges, operations
from brokers.admin.reach import OfRepository
from brokers.admin.story import attempts_of
from brokers.models import BrokerRun

RUN_LIST = "brokers_brokerrun_changelist"
GOING_ON = (BrokerRun.Status.PENDING, BrokerRun.Status.RUNNING)
PROBLEMS = (BrokerRun.Status.FAILED, BrokerRun.Status.SET_ASIDE)
MOST_SHOWN = 60_000  # characters of a payload


def _numbered(column: str) -> Any:
    """Return a filter of the address alone, by a number: pages lead to it."""

    class Numbered(admin.SimpleListFilter):
        title = gettext_lazy("one of them")
        parameter_name = column

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            value = request.GET.get(column, "")
            return [(value, f"#{value}")] if value else []

        def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
            value = self.value() or ""
            is_number = value.isascii() and value.isdecimal() and len(value) < 19
            return queryset.filter(**{column: int(value)}) if is_number else queryset

    return Numbered


@admin.register(BrokerRun)
class RunAdmin(OfRepository, LogAdmin):  # type: ignore[misc]
    heading = gettext_lazy("Runs")
    list_display = ["what", "state", "of", "asked"]
    list_display_links = None
    list_select_related = ["service", "repository", "push"]
    list_filter = [
        column_filter(gettext_lazy("status"), "status", BrokerRun.Status.choices),
        choice_filter(
            gettext_lazy("tests"),
            "is_test",
            [
                ("1", gettext_lazy("Tests"), lambda rows, _request: rows.filter(is_test=True)),
                ("0", gettext_lazy("No tests"), lambda rows, _request: rows.filter(is_test=False)),
            ],
        ),
        *map(_numbered, ("repository", "service", "push")),
    ]
    list_filter_sheet = True
    list_before_template = "admin/chips.html"
    chips = [
        (
            "status",
            {
                "failed": gettext_lazy("Failed"),
                "set_aside": gettext_lazy("Set aside"),
                "pending": gettext_lazy("Waiting"),
            },
        ),
        ("is_test", {"1": gettext_lazy("Tests")}),
    ]
    search_fields = ["sentence"]
    search_help_text = gettext_lazy("Words of what came of it, or #number")
    time_column = "created_at"
    announces = True
    empty_title = gettext_lazy("No service has run yet")
    empty_text = gettext_lazy(
        "Each push that a repository service acts on is listed here, with everything the service did: what"
        " it called, what was answered, and what it said."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[BrokerRun]:
        rows: QuerySet[BrokerRun] = super().get_queryset(request)
        is_list = request.resolver_match and request.resolver_match.url_name == RUN_LIST
        return rows.defer("transcript", "sample", "push__facts") if is_list else rows

    # Searching: by the list itself, in what look_through names

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[BrokerRun], search_term: str
    ) -> tuple[QuerySet[BrokerRun], bool]:
        return queryset, False

    def find(self, term: str) -> Found:
        number = term.removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            return Found(Q(pk=int(number)), is_indexed=True)
        return Found(Q(sentence__icontains=term) | Q(service__title__icontains=term))

    def look_through(self, parameters: dict[str, Any], found: Found | None) -> QuerySet | None:
        is_narrow = any(name in parameters for name in ("push", "service"))
        if "is_test" not in parameters and (found is None or found.is_indexed):
            return None
        return None if is_narrow and found is None else BrokerRun.objects.all()

    # The list

    @admin.display(description=gettext_lazy("broker run"))
    def what(self, row: BrokerRun) -> SafeString:
        quiet = str(row.push) if row.push else _("an example")
        if row.is_test:
            quiet = _("%(what)s · a test") % {"what": quiet}
        return format_html(
            '<span class="ao-what"><a href="{}">{}: {}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(row), row.service.title, badges.sentence(row), quiet),
        )

    @admin.display(description=gettext_lazy("status"))
    def state(self, row: BrokerRun) -> SafeString:
        return badges.run(row)

    @admin.display(description=gettext_lazy("repository"))
    def of(self, row: BrokerRun) -> SafeString:
        return link(page_of(row.repository), row.repository.full_name)

    @admin.display(description=gettext_lazy("asked for"))
    def asked(self, row: BrokerRun) -> SafeString | str:
        return when(row.created_at, clock())

    # One run

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.again_view))
        return [path("<int:number>/again/", view, name="brokers_brokerrun_again"), *super().get_urls()]

    def again_view(self, request: HttpRequest, number: int) -> HttpResponse:
        row = self.get_viewable(request, str(number))
        if not self.may_manage(request, row):
            raise PermissionDenied
        anew = operations.run_again(row, requested_by=request.user, now=clock())
        messages.success(request, _("It runs again. This is the new run."))
        return HttpResponseRedirect(page_of(anew))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        requests = row.requests.select_related("alert").order_by("index")
        return self.render(
            request,
            "admin/brokers/run.html",
            title=_("%(title)s for %(repository)s")
            % {"title": row.service.title, "repository": row.repository},
            original=row,
            row=row,
            badge=badges.run(row),
            sentence=badges.sentence(row),
            took=_took(row),
            attempts=attempts_of(row.transcript, list(requests)),
            payload=_payload(row),
            broker=operations.title_of(row.service.broker),
            is_going_on=row.status in GOING_ON,
            is_problem=row.status in PROBLEMS,
            may_manage=self.may_manage(request, row),
            now=clock(),
        )


def _took(row: BrokerRun) -> str:
    """Say how long the last attempt took."""
    if not (row.started_at and row.ended_at):
        return ""
    return badges.spent(max(0.0, (row.ended_at - row.started_at).total_seconds()))


def _payload(row: BrokerRun) -> str:
    """Return what the broker was handed, as text; nothing in it is secret."""
    shown = json.dumps(operations.shown_payload(row), indent=2, ensure_ascii=False)
    return shown if len(shown) <= MOST_SHOWN else shown[:MOST_SHOWN] + "\n…"
