"""Processing deliveries again: asked for with a preview, and followed to its end."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSplitDateTimeWidget, UnfoldBooleanSwitchWidget

from alertops.lib.admin import LogAdmin
from alertops.lib.display import Tone, badge, clock, list_of, page_of, when
from alerts.models import EscalationStep, User
from integrations import operations
from integrations.models import InboundMessage, Integration, Replay
from integrations.operations.replay import MOST_MESSAGES

MOST_ROWS = 500
STATUS = {
    Replay.Status.WAITING: (Tone.BLUE, "hourglass_top"),
    Replay.Status.RUNNING: (Tone.BLUE, "sync"),
    Replay.Status.DONE: (Tone.GREEN, "done"),
    Replay.Status.FAILED: (Tone.RED, "error"),
}


class RangeForm(forms.Form):
    """Which deliveries."""

    integration = forms.ModelChoiceField(
        label=gettext_lazy("Integration"),
        queryset=Integration.objects.all(),
        empty_label=gettext_lazy("Choose an integration"),
        widget=UnfoldAdminSelectWidget,
    )
    since = forms.SplitDateTimeField(
        label=gettext_lazy("Received from"), widget=UnfoldAdminSplitDateTimeWidget
    )
    until = forms.SplitDateTimeField(label=gettext_lazy("Until"), widget=UnfoldAdminSplitDateTimeWidget)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("since") and data.get("until") and data["since"] >= data["until"]:
            self.add_error("until", _("This must be later than the beginning."))
        return data


class PreviewForm(forms.Form):
    """How they are processed; nobody is told unless that is asked for."""

    notifies = forms.BooleanField(
        label=gettext_lazy("Tell people about what opens"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    with_unsigned = forms.BooleanField(
        label=gettext_lazy("Also what was refused for its signature"),
        required=False,
        help_text=gettext_lazy("Nobody knows who sent these."),
        widget=UnfoldBooleanSwitchWidget,
    )


@dataclass(frozen=True)
class Chosen:
    """Deliveries of one integration that are to be processed again."""

    integration: Integration
    message_ids: list[int]

    @property
    def sentence(self) -> str:
        count = len(operations.replayable(self.integration, self.message_ids))
        rest = len(self.message_ids) - count
        said = ngettext(
            "%(count)d delivery of %(name)s goes through the rules as they are now.",
            "%(count)d deliveries of %(name)s go through the rules as they are now.",
            count,
        )
        left = ngettext(
            " %(rest)d is left out: it waits anyway, its data was not kept, or its signature was wrong.",
            " %(rest)d are left out: they wait anyway, their data was not kept, or the signature was wrong.",
            rest,
        )
        return (said + (left if rest else "")) % {"count": count, "name": self.integration, "rest": rest}


# Asking


def process_selected(
    page: LogAdmin, request: HttpRequest, queryset: QuerySet[InboundMessage]
) -> HttpResponse | None:
    """Ask how the selected deliveries are to be processed again, then have it done."""
    rows = queryset.order_by("pk").values_list("integration_id", "pk")[: MOST_MESSAGES + 1]
    by_integration: dict[int, list[int]] = {}
    for integration_id, message_id in rows:
        by_integration.setdefault(integration_id, []).append(message_id)
    integrations = Integration.objects.in_bulk(by_integration)
    chosen = [Chosen(integrations[pk], ids) for pk, ids in by_integration.items()]
    hidden = [("action", "process_again"), ("select_across", request.POST.get("select_across", "0"))]
    hidden += [("_selected_action", pk) for pk in request.POST.getlist("_selected_action")]
    return _ask(page, request, chosen, hidden)


def process_range(page: LogAdmin, request: HttpRequest) -> HttpResponse:
    """Ask for an integration and a time, then as for a selection."""
    if not request.user.has_perm("integrations.process_again"):
        raise PermissionDenied
    now = clock()
    initial = {"since": now - timedelta(days=1), "until": now, "integration": request.GET.get("integration")}
    form = RangeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        integration = form.cleaned_data["integration"]
        ids = operations.received_between(integration, form.cleaned_data["since"], form.cleaned_data["until"])
        hidden = [(name, request.POST[name]) for name in _RANGE_INPUTS]
        return _ask(page, request, [Chosen(integration, ids)], hidden)
    frame = {"title": _("Process deliveries again"), "media": page.media + form.media}
    return page.render(request, "admin/integrations/range.html", form=form, **frame)


_RANGE_INPUTS = ("integration", "since_0", "since_1", "until_0", "until_1")


def _ask(
    page: LogAdmin, request: HttpRequest, chosen: list[Chosen], hidden: list[tuple[str, str]]
) -> HttpResponse:
    """Show what would be done and who would be told; do it when that is confirmed."""
    people = _people_of([row.integration for row in chosen])
    form = PreviewForm(request.POST if "confirmed" in request.POST else None)
    form.fields["notifies"].help_text = _told(people)
    if form.is_valid():
        return _begin(request, chosen, form.cleaned_data)
    return page.render(
        request,
        "admin/integrations/preview.html",
        title=_("Process again"),
        chosen=chosen,
        hidden=hidden,
        form=form,
        back=request.get_full_path(),
    )


def _begin(request: HttpRequest, chosen: list[Chosen], how: dict[str, bool]) -> HttpResponse:
    """Write the runs, and go to the first."""
    runs = []
    for row in chosen:
        try:
            run = operations.request_replay(
                row.integration,
                row.message_ids,
                requested_by=cast(User, request.user),
                now=clock(),
                **how,
            )
        except operations.NothingToReplay as refusal:
            messages.warning(request, f"{row.integration}: {refusal}")
        else:
            runs.append(run)
    if not runs:
        return HttpResponseRedirect(request.get_full_path())
    return HttpResponseRedirect(page_of(runs[0]) if len(runs) == 1 else list_of(Replay))


def _people_of(integrations: list[Integration]) -> list[User]:
    """Return whom the policies and recipients of integrations name."""
    policies = [row.escalation_policy_id for row in integrations]
    steps = EscalationStep.objects.filter(policy__in=policies).order_by()
    users, teams = Q(pk__in=steps.values("users")), Q(teams__in=steps.values("teams"))
    for row in integrations:
        users |= Q(pk__in=row.recipient_users.values("pk"))
        teams |= Q(teams__in=row.recipient_teams.values("pk"))
    return list(User.objects.filter(users | teams, is_active=True).distinct())


def _told(people: list[User]) -> str:
    names = ", ".join(map(str, people[:10]))
    said = ngettext(
        "Off: nobody is told. On: %(count)d person may be told: %(names)s.",
        "Off: nobody is told. On: up to %(count)d people may be told: %(names)s.",
        len(people),
    )
    return said % {"count": len(people), "names": names + (" …" if len(people) > 10 else "")}


# Following


@admin.register(Replay)
class ReplayAdmin(LogAdmin):
    """Runs of processing again, with what each changed."""

    list_display = ["what", "state", "requested_by", "asked"]
    list_display_links = None
    list_select_related = ["integration", "requested_by"]
    empty_title = gettext_lazy("Nothing has been processed again yet")
    empty_text = gettext_lazy("Choose deliveries in the inbound log, and “Process again” among the actions.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Replay]:
        return super().get_queryset(request).defer("report")

    @admin.display(description=gettext_lazy("run"))
    def what(self, run: Replay) -> SafeString:
        text = _("%(name)s: %(done)d of %(all)d") % {
            "name": run.integration,
            "done": run.done_count,
            "all": len(run.message_ids),
        }
        return format_html('<span class="ao-what"><a href="{}">{}</a></span>', page_of(run), text)

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
        count = len(run.message_ids)
        return self.render(
            request,
            "admin/integrations/run.html",
            title=_("Process again"),
            original=run,
            run=run,
            state=self.state(run),
            count=count,
            percent=100 * run.done_count // count if count else 100,
            is_going_on=run.status in (Replay.Status.WAITING, Replay.Status.RUNNING),
            report=run.report[:MOST_ROWS],
            changed_count=sum(row["before"] != row["after"] for row in run.report),
        )
