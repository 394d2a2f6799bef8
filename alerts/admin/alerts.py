"""The pages of alerts: the list, one alert with all that can be done to it, and a new one by hand."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from alertops.lib.admin import CappedPaginator, ModelAdmin, OurList
from alertops.lib.display import clock, page_of
from alerts import operations
from alerts.admin import acts, alert_list, export, page
from alerts.admin.changes import changes
from alerts.admin.manual import ManualForm, stages_of
from alerts.logic.lifecycle import Act, Action, Actor, InvalidTransition, Status
from alerts.models import Alert
from alerts.operations import escalation
from alerts.operations.manual import open_manually

RESPOND = "alerts.respond_alert"
# One action on a selection is one transaction per alert: more than this would outlast a request.
MOST_AT_ONCE = 500
MOST_REASONS = 5


def actor_of(request: HttpRequest) -> Actor:
    return Actor(label=str(request.user), via="admin", user_id=request.user.pk)


@admin.register(Alert)
class AlertAdmin(ModelAdmin):
    list_display = ["how_bad", "state", "what", "has_it", "age", "events", "next_step"]
    list_display_links = None
    list_select_related = ["integration", "owner"]
    list_filter = [alert_list.STATUS_FILTER, alert_list.WHOSE_FILTER, "severity", "integration"]
    list_filter_sheet = True
    list_before_template = "admin/alerts/list_before.html"
    list_max_show_all = 0
    paginator = CappedPaginator
    sortable_by = ()
    ordering = ["-id"]
    search_fields = ["subject", "source_name", "source_id"]
    search_help_text = gettext_lazy("Search by subject or source, or by number like #12")
    actions = ["acknowledge", "snooze", "assign", "close"]
    add_label = gettext_lazy("Open an alert by hand")
    empty_title = gettext_lazy("No alert yet")
    empty_text = gettext_lazy("An alert opens when a delivery says that something is wrong, or by hand.")

    class Media:
        js = ["alertops/alerts.js"]

    # Who may what: an alert is never edited as a form, only acted upon.

    def has_change_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        return False

    def has_respond_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RESPOND)

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OurList]:
        match = getattr(request, "resolver_match", None)
        is_news = match is not None and match.url_name == "alerts_alert_news"
        return alert_list.AlertNews if is_news else alert_list.AlertList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Alert], search_term: str
    ) -> tuple[QuerySet[Alert], bool]:
        number = search_term.strip().removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            return queryset.filter(pk=int(number)), False
        if search_term:
            queryset = alert_list.search_window(queryset, request)
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=gettext_lazy("severity"))
    def how_bad(self, alert: Alert) -> SafeString:
        return alert_list.cell("how_bad", alert)

    @admin.display(description=gettext_lazy("status"))
    def state(self, alert: Alert) -> SafeString:
        return alert_list.cell("state", alert)

    @admin.display(description=gettext_lazy("alert"))
    def what(self, alert: Alert) -> SafeString:
        integration = alert.integration.name if alert.integration else ""
        test = _("a test") if alert.is_test else ""
        origin = " · ".join(filter(None, (f"#{alert.pk}", integration, alert.source_name, test)))
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{}</span></span>',
            *(page_of(alert), alert.subject, origin),
        )

    @admin.display(description=gettext_lazy("owner"))
    def has_it(self, alert: Alert) -> SafeString:
        return alert_list.cell("has_it", alert)

    @admin.display(description=gettext_lazy("opened"))
    def age(self, alert: Alert) -> SafeString:
        return alert_list.cell("age", alert)

    @admin.display(description=gettext_lazy("events"))
    def events(self, alert: Alert) -> SafeString:
        return alert_list.cell("events", alert)

    @admin.display(description=gettext_lazy("next step"))
    def next_step(self, alert: Alert) -> SafeString:
        return alert_list.cell("next_step", alert)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the list, as it is narrowed and searched, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:alerts_alert_changelist"))
        return export.as_csv(rows, file_name=f"alerts-{clock():%Y-%m-%d}.csv")

    def news_view(self, request: HttpRequest) -> HttpResponse:
        """Answer a list that somebody looks at with what has changed since: of its rows, and above them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            news = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            raise Http404 from None
        return TemplateResponse(request, "admin/alerts/news.html", {"news": news})

    # Actions on a selection

    @admin.action(description=gettext_lazy("Acknowledge (I’ve got them)"), permissions=["respond"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._act_on_all(request, queryset, Act(action=Action.ACKNOWLEDGE, actor=actor_of(request)))

    @admin.action(description=gettext_lazy("Snooze"), permissions=["respond"])
    def snooze(self, request: HttpRequest, queryset: QuerySet[Alert]) -> TemplateResponse | None:
        return self._ask_and_act(request, queryset, Action.SNOOZE)

    @admin.action(description=gettext_lazy("Assign"), permissions=["respond"])
    def assign(self, request: HttpRequest, queryset: QuerySet[Alert]) -> TemplateResponse | None:
        return self._ask_and_act(request, queryset, Action.ASSIGN)

    @admin.action(description=gettext_lazy("Close"), permissions=["respond"])
    def close(self, request: HttpRequest, queryset: QuerySet[Alert]) -> TemplateResponse | None:
        return self._ask_and_act(request, queryset, Action.CLOSE)

    def _ask_and_act(
        self, request: HttpRequest, queryset: QuerySet[Alert], action: Action
    ) -> TemplateResponse | None:
        """Ask for the details of an action, then do it to each."""
        offer = acts.OFFERS[action]
        form = offer.form(Alert(), clock(), request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            self._act_on_all(request, queryset, offer.act(form, actor_of(request)))
            return None
        count = queryset[: MOST_AT_ONCE + 1].count()
        questions = {
            Action.SNOOZE: ngettext("Snooze %d alert?", "Snooze %d alerts?", count),
            Action.ASSIGN: ngettext("Assign %d alert?", "Assign %d alerts?", count),
            Action.CLOSE: ngettext("Close %d alert?", "Close %d alerts?", count),
        }
        text = questions[action] % (min(count, MOST_AT_ONCE),)
        frame = {"title": offer.label, "button": offer.label, "media": self.media + form.media}
        return self.confirm(request, text=text, action=action.value, form=form, **frame)

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
                Action.SNOOZE: ngettext("%d alert is snoozed.", "%d alerts are snoozed.", moved),
                Action.ASSIGN: ngettext("%d alert was assigned.", "%d alerts were assigned.", moved),
                Action.CLOSE: ngettext("%d alert is closed.", "%d alerts are closed.", moved),
            }
            messages.success(request, said[act.action] % (moved,))
        if still:
            count = still.total()
            said_still = ngettext("%d was left as it is: ", "%d were left as they are: ", count) % (count,)
            reasons = [
                f"{reason} (×{times})" if times > 1 else reason
                for reason, times in still.most_common(MOST_REASONS)
            ]
            if len(still) > MOST_REASONS:
                reasons.append(_("And so on."))
            messages.warning(request, said_still + " ".join(reasons))

    # One alert

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("export/", self.export_view, "export"),
            ("news/", self.news_view, "news"),
            ("preview/", self.preview_view, "preview"),
            ("<int:number>/live/", self.live_view, "live"),
            ("<int:number>/do/<slug:action>/", self.act_view, "act"),
            ("<int:number>/policy/", self.policy_view, "policy"),
        ]
        ours = [
            path(route, self.admin_site.admin_view(view), name=f"alerts_alert_{name}")
            for route, view, name in pages
        ]
        return [*ours, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        alert = self.get_viewable(request, object_id)
        now = clock()
        context = self._live(request, alert, now) | page.deliveries(alert, request)
        context |= {"facts": page.facts(alert, request, now), **changes(alert, request)}
        return self.render(request, "admin/alerts/page.html", title=str(alert), original=alert, **context)

    def live_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Answer with the parts of an alert's page that change, for the page to put in their places."""
        alert = self.get_viewable(request, str(number))
        context = self._live(request, alert, clock()) | {"is_refresh": True}
        return TemplateResponse(request, "admin/alerts/live.html", context)

    def _live(self, request: HttpRequest, alert: Alert, now: datetime) -> dict[str, Any]:
        told = page.contents(alert, request, now)
        may_act = self.has_respond_permission(request)
        offers = acts.other_offers(alert, has_acknowledged=told["has_acknowledged"], now=now)
        return {
            "alert": alert,
            "main": acts.main_offer(alert, now) if may_act else None,
            "offers": list(offers) if may_act else [],
            "can_renew_policy": may_act and alert.policy_id is not None and alert.status != Status.CLOSED,
            **told,
        }

    def act_view(self, request: HttpRequest, number: int, action: str) -> HttpResponse:
        """Do one action, or ask for its details first; what cannot be done now is explained."""
        alert = self.get_viewable(request, str(number))
        if not self.has_respond_permission(request):
            raise PermissionDenied
        offer = next((offer for offer in acts.OFFERS.values() if offer.action == action), None)
        if offer is None:
            raise Http404
        form = offer.form(alert, clock(), request.POST if request.method == "POST" else None)
        if form.is_valid():
            refused = self._do(request, alert, offer.act(form, actor_of(request)))
            if not refused or offer.acts_at_once:
                if refused:
                    messages.error(request, refused)
                return HttpResponseRedirect(_after(request, alert))
            form.add_error(None, refused)
        context = {
            "alert": alert,
            "offer": offer,
            "form": form,
            "refusal": acts.refusal(alert, offer.action),
            "note": acts.note(alert, offer.action),
        }
        frame = {"title": offer.label, "media": self.media + form.media}
        return self.render(request, "admin/alerts/act.html", **context, **frame)

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
    def _do(request: HttpRequest, alert: Alert, act: Act) -> str:
        """Act, and say what came of it; return why it is refused, if it is."""
        try:
            acted = operations.act(alert.pk, act, now=clock())
        except InvalidTransition as refusal:
            return str(refusal)
        (messages.success if acted.changed else messages.info)(request, acted.sentence)
        return ""

    # A new alert by hand

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ManualForm(request.POST if request.method == "POST" else None)
        if form.is_valid() and "preview" not in request.POST:
            alert = open_manually(form.opening(), actor=actor_of(request), now=clock())
            messages.success(request, _("#%(number)d is open.") % {"number": alert.pk})
            return HttpResponseRedirect(page_of(alert))
        frame = {"title": _("Open an alert by hand"), "media": self.media + form.media}
        return self.render(request, "admin/alerts/manual.html", form=form, stages=stages_of(form), **frame)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with who would be told if the alert were opened as the form is filled in now."""
        if not self.has_add_permission(request) or request.method != "POST":
            raise PermissionDenied
        return TemplateResponse(
            request, "admin/alerts/preview.html", {"stages": stages_of(ManualForm(request.POST))}
        )


def _after(request: HttpRequest, alert: Alert) -> str:
    """Return where to go after an action: back to the list if it was done there, with its view."""
    if request.POST.get("back") != "list":
        return page_of(alert)
    referrer = request.headers.get("Referer", "")
    url = reverse("admin:alerts_alert_changelist")
    _address, _mark, query = referrer.partition(f"{url}?")
    return f"{url}?{query}" if query else url
