"""The pages of alerts: the list, one alert with all that can be done to it, and a new one by hand."""

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from alertops.lib.admin import CappedPaginator, ModelAdmin, choice_filter
from alertops.lib.display import clock, page_of, when
from alerts import badges, operations
from alerts.admin import acts, page
from alerts.admin.manual import ManualForm
from alerts.logic.lifecycle import Act, Action, Actor, InvalidTransition, Status
from alerts.models import Alert
from alerts.operations import escalation
from alerts.operations.manual import open_manually

RESPOND = "alerts.respond_alert"
# One action on a selection is one transaction per alert: more than this would outlast a request.
MOST_AT_ONCE = 500

STATUS_FILTER = choice_filter(
    gettext_lazy("status"),
    "status",
    [
        ("not_closed", gettext_lazy("Not closed"), lambda rows, _request: rows.not_closed()),
        ("open", gettext_lazy("Open"), lambda rows, _request: rows.open().filter(snoozed_until=None)),
        (
            "acknowledged",
            gettext_lazy("Acknowledged"),
            lambda rows, _request: rows.filter(status=Status.ACKNOWLEDGED),
        ),
        (
            "snoozed",
            gettext_lazy("Snoozed"),
            lambda rows, _request: rows.not_closed().exclude(snoozed_until=None),
        ),
        ("closed", gettext_lazy("Closed"), lambda rows, _request: rows.filter(status=Status.CLOSED)),
    ],
)
WHOSE_FILTER = choice_filter(
    gettext_lazy("owner"),
    "whose",
    [
        ("mine", gettext_lazy("Mine"), lambda rows, request: rows.not_closed().filter(owner=request.user)),
        ("nobodys", gettext_lazy("Nobody's"), lambda rows, _request: rows.not_closed().filter(owner=None)),
    ],
)


def actor_of(request: HttpRequest) -> Actor:
    return Actor(label=str(request.user), via="admin", user_id=request.user.pk)


@admin.register(Alert)
class AlertAdmin(ModelAdmin):
    list_display = ["how_bad", "state", "what", "owner", "age", "events"]
    list_display_links = None
    list_select_related = ["integration", "owner"]
    list_filter = [STATUS_FILTER, WHOSE_FILTER, "severity", "integration", "is_test"]
    list_before_template = "admin/chips.html"
    list_max_show_all = 0
    paginator = CappedPaginator
    sortable_by = ()
    ordering = ["-id"]
    search_fields = ["subject", "source_name", "source_id"]
    search_help_text = gettext_lazy("Search by subject or source, or by number like #12")
    actions = ["acknowledge", "close"]
    add_label = gettext_lazy("Open an alert by hand")
    chips = "status"
    empty_title = gettext_lazy("No alert")
    empty_text = gettext_lazy("An alert opens when a delivery says that something is wrong, or by hand.")

    # Who may what: an alert is never edited as a form, only acted upon.

    def has_change_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    def has_respond_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RESPOND)

    # The list

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Alert], search_term: str
    ) -> tuple[QuerySet[Alert], bool]:
        number = search_term.strip().removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            return queryset.filter(pk=int(number)), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=gettext_lazy("severity"))
    def how_bad(self, alert: Alert) -> SafeString:
        return badges.severity(alert)

    @admin.display(description=gettext_lazy("status"))
    def state(self, alert: Alert) -> SafeString:
        return badges.status(alert)

    @admin.display(description=gettext_lazy("alert"))
    def what(self, alert: Alert) -> SafeString:
        integration = alert.integration.name if alert.integration else ""
        origin = " · ".join(filter(None, (f"#{alert.pk}", integration, alert.source_name)))
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(alert), alert.subject, origin),
        )

    @admin.display(description=gettext_lazy("opened"))
    def age(self, alert: Alert) -> SafeString | str:
        return when(alert.opened_at, clock())

    @admin.display(description=gettext_lazy("events"))
    def events(self, alert: Alert) -> int:
        return alert.event_count

    # Actions on a selection

    @admin.action(description=gettext_lazy("Acknowledge (I’ve got them)"), permissions=["respond"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._act_on_all(request, queryset, Act(action=Action.ACKNOWLEDGE, actor=actor_of(request)))

    @admin.action(description=gettext_lazy("Close"), permissions=["respond"])
    def close(self, request: HttpRequest, queryset: QuerySet[Alert]) -> TemplateResponse | None:
        form = acts.CloseForm(Alert(), clock(), request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            act = Act(action=Action.CLOSE, actor=actor_of(request), **form.cleaned_data)
            self._act_on_all(request, queryset, act)
            return None
        count = queryset.count()
        text = ngettext("Close %d alert?", "Close %d alerts?", count) % (count,)
        return self.confirm(
            request, title=_("Close alerts"), text=text, action="close", form=form, button=_("Close")
        )

    def _act_on_all(self, request: HttpRequest, queryset: QuerySet[Alert], act: Act) -> None:
        """Act on each alert by itself, and say how many moved, how many did not, and why."""
        moved, still = 0, Counter[str]()
        numbers = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        for number in numbers[:MOST_AT_ONCE]:
            try:
                acted = operations.act(number, act, now=clock())
            except InvalidTransition as refusal:
                still[str(refusal)] += 1
            else:
                moved += acted.changed
                still.update([] if acted.changed else [acted.sentence])
        self._report(request, act, moved, still)
        if len(numbers) > MOST_AT_ONCE:
            messages.warning(
                request, _("Only the first %d were looked at: select the rest again.") % MOST_AT_ONCE
            )

    @staticmethod
    def _report(request: HttpRequest, act: Act, moved: int, still: Counter[str]) -> None:
        if moved:
            said = {
                Action.ACKNOWLEDGE: ngettext(
                    "%d alert is acknowledged.", "%d alerts are acknowledged.", moved
                ),
                Action.CLOSE: ngettext("%d alert is closed.", "%d alerts are closed.", moved),
            }
            messages.success(request, said[act.action] % (moved,))
        if still:
            count = still.total()
            said_still = ngettext("%d was left as it is: ", "%d were left as they are: ", count) % (count,)
            messages.warning(request, said_still + " ".join(reason for reason, _n in still.most_common(5)))

    # One alert

    def get_urls(self) -> list[URLPattern]:
        act, policy = map(self.admin_site.admin_view, (self.act_view, self.policy_view))
        return [
            path("<int:number>/do/<slug:action>/", act, name="alerts_alert_act"),
            path("<int:number>/policy/", policy, name="alerts_alert_policy"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        alert = self.get_viewable(request, object_id)
        now = clock()
        told = page.contents(alert, request, now)
        may_act = self.has_respond_permission(request)
        offers = acts.other_offers(alert, has_acknowledged=told["has_acknowledged"], now=now)
        return self.render(
            request,
            "admin/alerts/page.html",
            title=str(alert),
            original=alert,
            alert=alert,
            main=acts.main_offer(alert) if may_act else None,
            offers=list(offers) if may_act else [],
            can_renew_policy=may_act and alert.policy_id is not None and alert.status != Status.CLOSED,
            **told,
        )

    def act_view(self, request: HttpRequest, number: int, action: str) -> HttpResponse:
        """Do one action, or ask for its details first."""
        alert = self.get_viewable(request, str(number))
        if not self.has_respond_permission(request):
            raise PermissionDenied
        offer = next((offer for offer in acts.OFFERS.values() if offer.action == action), None)
        if offer is None:
            raise Http404
        form = offer.form(alert, clock(), request.POST if request.method == "POST" else None)
        if form.is_valid():
            has_acted = self._do(request, alert, offer.act(form, actor_of(request)))
            if has_acted or offer.acts_at_once:
                return HttpResponseRedirect(page_of(alert))
        frame = {"title": offer.label, "media": self.media + form.media}
        return self.render(request, "admin/alerts/act.html", alert=alert, offer=offer, form=form, **frame)

    def policy_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Begin the escalation anew with the steps that the policy has now; frozen ones stay otherwise."""
        alert = self.get_viewable(request, str(number))
        if not self.has_respond_permission(request) or request.method != "POST":
            raise PermissionDenied
        try:
            escalation.use_current_policy(alert, now=clock(), actor=actor_of(request))
        except InvalidTransition as refusal:
            messages.error(request, str(refusal))
        else:
            said = _("#%(number)d begins anew with its policy as it is now.")
            messages.success(request, said % {"number": alert.pk})
        return HttpResponseRedirect(page_of(alert))

    @staticmethod
    def _do(request: HttpRequest, alert: Alert, act: Act) -> bool:
        """Act, and say what came of it."""
        try:
            acted = operations.act(alert.pk, act, now=clock())
        except InvalidTransition as refusal:
            messages.error(request, str(refusal))
            return False
        (messages.success if acted.changed else messages.info)(request, acted.sentence)
        return True

    # A new alert by hand

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ManualForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            alert = open_manually(form.opening(), actor=actor_of(request), now=clock())
            messages.success(request, _("#%(number)d is open.") % {"number": alert.pk})
            return HttpResponseRedirect(page_of(alert))
        frame = {"title": _("Open an alert by hand"), "media": self.media + form.media}
        return self.render(request, "admin/alerts/manual.html", form=form, **frame)
