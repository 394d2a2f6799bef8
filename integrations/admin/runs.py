"""What was processed again: each run with its progress, and what it changed."""

from collections import Counter
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Func, IntegerField, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from alertops.lib.admin import LogAdmin, may
from alertops.lib.display import Tone, badge, clock, page_of, when
from alerts.models import User
from integrations import badges, operations
from integrations.admin.replay import PROCESS_AGAIN, effects_first
from integrations.models import Replay

MOST_ROWS = 300
STATUS = {
    Replay.Status.WAITING: (Tone.BLUE, "hourglass_top"),
    Replay.Status.RUNNING: (Tone.BLUE, "sync"),
    Replay.Status.DONE: (Tone.GREEN, "done"),
    Replay.Status.FAILED: (Tone.RED, "error"),
}
GOING_ON = (Replay.Status.WAITING, Replay.Status.RUNNING)


class Length(Func):
    """How long a JSON list is, without reading it."""

    function = "JSON_ARRAY_LENGTH"
    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSONB_ARRAY_LENGTH", **context)


@admin.register(Replay)
class ReplayAdmin(LogAdmin):
    """Runs of processing again, with what each changed."""

    list_display = ["what", "state", "requested_by", "asked"]
    list_display_links = None
    list_select_related = ["integration", "requested_by"]
    empty_title = gettext_lazy("Nothing has been processed again yet")
    empty_text = gettext_lazy("Choose deliveries in the inbound log, and “Process again” among the actions.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Replay]:
        rows = super().get_queryset(request).annotate(message_count=Length("message_ids"))
        return rows.defer("report", "message_ids")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.again_view))
        return [path("<int:number>/again/", view, name="integrations_replay_again"), *super().get_urls()]

    @admin.display(description=gettext_lazy("run"))
    def what(self, run: Any) -> SafeString:
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(run), sentence(run), run.integration),
        )

    @admin.display(description=gettext_lazy("status"))
    def state(self, run: Replay) -> SafeString:
        return badge(run.get_status_display(), *STATUS[Replay.Status(run.status)])

    @admin.display(description=gettext_lazy("asked"))
    def asked(self, run: Replay) -> str:
        return when(run.requested_at, clock())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run = self.get_viewable(request, object_id)
        changed = effects_first(run.report)
        counts = Counter(row["after"] for row in changed)
        return self.render(
            request,
            "admin/integrations/run.html",
            title=_("Process again"),
            original=run,
            run=run,
            state=self.state(run),
            sentence=sentence(run),
            percent=100 * run.done_count // run.message_count if run.message_count else 100,
            is_going_on=run.status in GOING_ON,
            now=clock(),
            counts=[(count, badges.reason(reason)) for reason, count in counts.most_common()],
            changed=changed[:MOST_ROWS],
            hidden_count=max(0, len(changed) - MOST_ROWS),
            same_count=len(run.report) - len(changed),
            may_again=run.status == Replay.Status.FAILED and may(request, PROCESS_AGAIN, run.integration),
        )

    def again_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Begin a run that failed anew: what it has done has had its effect, and is left alone."""
        run = self.get_viewable(request, str(number))
        if not may(request, PROCESS_AGAIN, run.integration):
            raise PermissionDenied
        try:
            anew = operations.request_replay(
                run.integration,
                run.message_ids,
                requested_by=cast(User, request.user),
                now=clock(),
                notifies=run.notifies,
            )
        except operations.NothingToReplay as refusal:
            messages.warning(request, str(refusal))
            return HttpResponseRedirect(page_of(run))
        return HttpResponseRedirect(page_of(anew))


def sentence(run: Any) -> str:
    """Say how far a run is."""
    count, done = run.message_count, run.done_count
    words = {
        Replay.Status.WAITING: ngettext(
            "%(all)d delivery waits to be processed again.",
            "%(all)d deliveries wait to be processed again.",
            count,
        ),
        Replay.Status.RUNNING: ngettext(
            "%(done)d of %(all)d delivery is processed again.",
            "%(done)d of %(all)d deliveries are processed again.",
            count,
        ),
        Replay.Status.DONE: ngettext(
            "%(all)d delivery was processed again.", "%(all)d deliveries were processed again.", count
        ),
        Replay.Status.FAILED: ngettext(
            "It stopped after %(done)d of %(all)d delivery.",
            "It stopped after %(done)d of %(all)d deliveries.",
            count,
        ),
    }
    return words[Replay.Status(run.status)] % {"done": done, "all": count}
