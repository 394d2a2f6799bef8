"""The pages of pushes: the list, and one with its commits and what services made of it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops.lib.admin import LogAdmin
from alertops.lib.display import clock, link, page_of, when
from alertops.lib.wording import worded
from brokers import badges
from brokers.admin.reach import OfRepository
from brokers.models import BrokerRun, Push
from brokers.operations import facts

MOST_COMMITS = 100
MOST_RUNS = 100
PUSH_LIST = "brokers_push_changelist"


@admin.register(Push)
class PushAdmin(OfRepository, LogAdmin):  # type: ignore[misc]
    list_display = ["what", "of", "received"]
    list_display_links = None
    list_select_related = ["repository"]
    time_column = "received_at"
    announces = True
    empty_title = gettext_lazy("No push yet")
    empty_text = gettext_lazy(
        "What is pushed to a repository that is known here is listed, with its commits and what its services"
        " made of it. The sender of an inbound integration has to tell of pushes: its set-up page says how."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Push]:
        rows: QuerySet[Push] = super().get_queryset(request)
        is_list = request.resolver_match and request.resolver_match.url_name == PUSH_LIST
        return rows.defer("facts") if is_list else rows

    @admin.display(description=gettext_lazy("push"))
    def what(self, row: Push) -> SafeString:
        return format_html('<span class="ao-what"><a href="{}">{}</a></span>', page_of(row), str(row))

    @admin.display(description=gettext_lazy("repository"))
    def of(self, row: Push) -> SafeString:
        return link(page_of(row.repository), row.repository.full_name)

    @admin.display(description=gettext_lazy("received"))
    def received(self, row: Push) -> SafeString | str:
        return when(row.received_at, clock())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        push = facts.push_of(row)
        runs = BrokerRun.objects.filter(push=row).select_related("service").defer("transcript", "sample")
        commits = [(change, commit) for change in push.branch_changes for commit in reversed(change.commits)]
        return self.render(
            request,
            "admin/brokers/push.html",
            title=worded(row.summary) or _("Push #%(number)d") % {"number": row.pk},
            original=row,
            row=row,
            push=push,
            seen=set(row.facts["seen"]),
            commits=commits[:MOST_COMMITS],
            hidden_count=max(0, len(commits) - MOST_COMMITS),
            runs=[
                (run, badges.run(run), badges.sentence(run), page_of(run))
                for run in runs.order_by("pk")[:MOST_RUNS]
            ],
            may_see_message=request.user.has_perm("integrations.view_inboundmessage"),
        )
