"""Processing deliveries again: asked for, with what it would do and whom it would tell."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSplitDateTimeWidget, UnfoldBooleanSwitchWidget

from alertops.lib.admin import LogAdmin, may
from alertops.lib.display import clock, list_of, page_of
from alerts.models import EscalationStep, User
from alerts.rights import reaches_any, within_reach
from integrations import badges, operations
from integrations.logic.outcome import WITH_EFFECT, Reason, Status
from integrations.models import InboundMessage, Integration, Replay
from integrations.operations.replay import MOST_MESSAGES

PROCESS_AGAIN = "integrations.process_again"
# So many are foretold while the page is made; of more, the page asks once it is there.
MOST_AT_ONCE = 100
MOST_ROWS = 30
TOO_MANY = gettext_lazy("These are more than %(most)d deliveries, too many at once: choose a shorter time.")
NOT_THEIRS = gettext_lazy("What belongs to integrations that you do not manage is left out.")
WOULD = {
    Reason.OPENED: gettext_lazy("would open an alert"),
    Reason.REOPENED: gettext_lazy("would reopen an alert"),
    Reason.CLOSED: gettext_lazy("would close an alert"),
    Reason.DUPLICATE: gettext_lazy("would join an alert"),
    Reason.UPDATED: gettext_lazy("would update an alert"),
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
    def has_unsigned(self) -> bool:
        rows = InboundMessage.objects.filter(pk__in=self.message_ids, status=Status.REFUSED)
        return rows.filter(reason=Reason.BAD_SIGNATURE).exists()

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


@dataclass(frozen=True)
class Forecast:
    """What would become of the deliveries of one integration.

    lines: how many would do what.  rows: the first of those that would come to something else, those that
    would change an alert before the others.
    """

    integration: Integration
    count: int
    changed_count: int
    lines: list[str]
    rows: list[dict[str, Any]]

    @property
    def hidden_count(self) -> int:
        return self.changed_count - len(self.rows)

    @property
    def changes_alerts(self) -> bool:
        return any(row["after"] in WITH_EFFECT for row in self.rows[:1])


# Asking


def process_one(page: LogAdmin, request: HttpRequest, message: InboundMessage) -> HttpResponse:
    """Ask how one delivery is to be processed again, then have it done."""
    if not may(request, PROCESS_AGAIN, message.integration):
        raise PermissionDenied
    return _ask(page, request, [Chosen(message.integration, [message.pk])], [])


def process_selected(
    page: LogAdmin, request: HttpRequest, queryset: QuerySet[InboundMessage]
) -> HttpResponse | None:
    """Ask how the selected deliveries are to be processed again, then have it done."""
    rows = queryset.order_by("pk").values_list("integration_id", "pk")[: MOST_MESSAGES + 1]
    if len(rows) > MOST_MESSAGES:
        messages.warning(request, TOO_MANY % {"most": MOST_MESSAGES})
        return None
    by_integration: dict[int, list[int]] = {}
    for integration_id, message_id in rows:
        by_integration.setdefault(integration_id, []).append(message_id)
    theirs = _reached(request).in_bulk(by_integration)
    chosen = [Chosen(theirs[pk], ids) for pk, ids in by_integration.items() if pk in theirs]
    if len(theirs) < len(by_integration):
        messages.warning(request, NOT_THEIRS)
    if not chosen:
        return None
    hidden = [("action", "process_again"), ("select_across", request.POST.get("select_across", "0"))]
    hidden += [("_selected_action", pk) for pk in request.POST.getlist("_selected_action")]
    return _ask(page, request, chosen, hidden)


def process_range(page: LogAdmin, request: HttpRequest) -> HttpResponse:
    """Ask for an integration and a time, then as for a selection."""
    if not reaches_any(cast(User, request.user), PROCESS_AGAIN):
        raise PermissionDenied
    now = clock()
    initial = {"since": now - timedelta(days=1), "until": now, "integration": request.GET.get("integration")}
    form = RangeForm(request.POST if request.method == "POST" else None, initial=initial)
    form.fields["integration"].queryset = _reached(request)  # type: ignore[attr-defined]
    if form.is_valid():
        integration = form.cleaned_data["integration"]
        ids = operations.received_between(integration, form.cleaned_data["since"], form.cleaned_data["until"])
        if len(ids) <= MOST_MESSAGES:
            hidden = [(name, request.POST[name]) for name in _RANGE_INPUTS]
            return _ask(page, request, [Chosen(integration, ids)], hidden)
        form.add_error("until", TOO_MANY % {"most": MOST_MESSAGES})
    frame = {"title": _("Process deliveries again"), "media": page.media + form.media}
    return page.render(request, "admin/integrations/range.html", form=form, **frame)


def _reached(request: HttpRequest) -> QuerySet[Integration]:
    """Return the integrations whose deliveries the reader may process again."""
    return within_reach(cast(User, request.user), PROCESS_AGAIN, Integration.objects.all())


_RANGE_INPUTS = ("integration", "since_0", "since_1", "until_0", "until_1")


def _ask(
    page: LogAdmin, request: HttpRequest, chosen: list[Chosen], hidden: list[tuple[str, str]]
) -> HttpResponse:
    """Show what would be done and who would be told; do it when that is confirmed."""
    form = PreviewForm(request.POST if {"confirmed", "foretell"} & request.POST.keys() else None)
    if not any(row.has_unsigned for row in chosen):
        del form.fields["with_unsigned"]
    form.fields["notifies"].help_text = _told(_people_of([row.integration for row in chosen]))
    is_asked = "foretell" in request.POST
    if form.is_valid() and not is_asked:
        return _begin(request, chosen, form.cleaned_data)
    is_short = sum(len(row.message_ids) for row in chosen) <= MOST_AT_ONCE
    with_unsigned = is_asked and form.is_valid() and form.cleaned_data.get("with_unsigned", False)
    forecasts = (
        [_foretell(row, with_unsigned=with_unsigned) for row in chosen] if is_asked or is_short else []
    )
    if is_asked:
        return TemplateResponse(request, "admin/integrations/forecast.html", {"forecasts": forecasts})
    return page.render(
        request,
        "admin/integrations/preview.html",
        title=_("Process again"),
        chosen=chosen,
        hidden=hidden,
        form=form,
        forecasts=forecasts,
        action=request.get_full_path(),
    )


def _foretell(chosen: Chosen, *, with_unsigned: bool) -> Forecast:
    preview = operations.preview(
        chosen.integration, chosen.message_ids, now=clock(), with_unsigned=with_unsigned
    )
    changed = effects_first(preview.rows)
    counts = Counter(row["after"] for row in changed)
    lines = [f"{count} {_would(reason)}" for reason, count in counts.most_common()]
    return Forecast(chosen.integration, len(preview.rows), len(changed), lines, changed[:MOST_ROWS])


def effects_first(report: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what came to something else than before; first what changed an alert."""
    changed = [row for row in report if row["before"] != row["after"]]
    return sorted(changed, key=lambda row: row["after"] not in WITH_EFFECT)


def _would(reason: str) -> str:
    return str(
        WOULD.get(Reason(reason)) or _("would come to: %(reason)s") % {"reason": badges.reason(reason)}
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
