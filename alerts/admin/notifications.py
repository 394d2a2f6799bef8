"""The notification log: what was said to whom, how it went, and once more."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy
from django.views.decorators.http import require_POST

from alertops.lib import moments
from alertops.lib.admin import Found, LogAdmin, choice_filter, column_filter
from alertops.lib.display import ago, clock, link, list_of, page_of, when
from alertops.lib.wording import worded
from alerts import badges
from alerts.admin.alerts import MOST_AT_ONCE, RESPOND
from alerts.channels import email
from alerts.models import Notification
from alerts.models.escalation import URGENCY_CHOICES
from alerts.operations import delivery, letters, telling

SENTENCES = {
    Notification.Status.PENDING: gettext_lazy("{who} is to be told by {channel}, due {time}."),
    Notification.Status.SENT: gettext_lazy("{who} was told by {channel}, {time}."),
    Notification.Status.FAILED: gettext_lazy("{who} could not be told by {channel}. It was due {time}."),
    Notification.Status.CANCELLED: gettext_lazy(
        "{who} was not told by {channel}: it was called off. It was due {time}."
    ),
}


# Why one that was asked for again is left as it is.
LEFT = {
    Notification.Status.PENDING: ngettext_lazy("%d waits to be sent anyway", "%d wait to be sent anyway"),
    Notification.Status.SENT: ngettext_lazy("%d has been sent", "%d have been sent"),
    Notification.Status.CANCELLED: ngettext_lazy("%d was called off", "%d were called off"),
    Notification.Status.FAILED: ngettext_lazy(
        "%d is not wanted any more: its alert was taken, snoozed or closed",
        "%d are not wanted any more: their alerts were taken, snoozed or closed",
    ),
}
TIMES = {
    "hour": (gettext_lazy("Last hour"), timedelta(hours=1)),
    "day": (gettext_lazy("Last 24 hours"), timedelta(days=1)),
}


def sentence(row: Notification, now: datetime) -> SafeString:
    """Say in one sentence how a notification stands."""
    return _sentence(row, when(row.sent_at or row.due_at, now))


def _sentence(row: Notification, time: SafeString | str) -> SafeString:
    said = str(SENTENCES[Notification.Status(row.status)])
    return format_html(said, who=row.user_label, channel=badges.channel_name(row.channel), time=time)


def _since(length: timedelta) -> Any:
    return lambda rows, _request: moments.within(rows, "created_at", since=clock() - length)


TIME_FILTER = choice_filter(
    gettext_lazy("written"),
    "since",
    [(name, label, _since(length)) for name, (label, length) in TIMES.items()],
)


@admin.register(Notification)
class NotificationAdmin(LogAdmin):
    list_display = ["what", "state", "kind", "urgency", "again", "time"]
    list_display_links = None
    list_select_related = ["alert"]
    list_filter = [
        column_filter(gettext_lazy("status"), "status", Notification.Status.choices),
        TIME_FILTER,
        column_filter(gettext_lazy("kind"), "kind", Notification.Kind.choices),
        column_filter(gettext_lazy("urgency"), "urgency", URGENCY_CHOICES),
    ]
    list_filter_sheet = True
    list_before_template = "admin/chips.html"
    chips = [("status", dict(Notification.Status.choices)), ("since", {"hour": gettext_lazy("Last hour")})]
    most_searched = 20_000
    time_column = "created_at"
    announces = True
    search_fields = ["user_label", "address"]
    search_help_text = gettext_lazy("Person, address or #alert")
    actions = ["retry"]
    empty_title = gettext_lazy("Nobody has been told anything yet")
    empty_text = gettext_lazy(
        "Each message to a person is listed here, with every attempt to send it and what the mail server"
        " answered."
    )

    def has_respond_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RESPOND)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        may = self.has_respond_permission(request)
        return [name for name in self.list_display if may or name != "again"]

    # Searching: by the list itself, in what look_through names

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Notification], search_term: str
    ) -> tuple[QuerySet[Notification], bool]:
        return queryset, False

    def find(self, term: str) -> Found:
        number = term.removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            return Found(Q(alert_id=int(number)), is_indexed=True)
        return Found(Q(user_label__icontains=term) | Q(address__icontains=term))

    def look_through(self, parameters: dict[str, Any], found: Found | None) -> QuerySet | None:
        """Say which rows are looked through: status and alert have an index, kind and urgency have none."""
        asked = {name for name, values in parameters.items() if values[-1]}
        if not (asked & {"kind", "urgency"} or (found and not found.is_indexed)):
            return None
        rows = Notification.objects.all()
        return rows.filter(status=parameters["status"][-1]) if "status" in asked else rows

    # The list

    @admin.display(description=gettext_lazy("notification"))
    def what(self, row: Notification) -> SafeString:
        said = _sentence(row, ago(row.sent_at or row.due_at, clock()))
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{} · {}{}</span></span>',
            *(page_of(row), said, row.address, row.alert, f" · {worded(row.error)}" if row.error else ""),
        )

    @admin.display(description=gettext_lazy("what to do"))
    def again(self, row: Notification) -> SafeString | str:
        if row.status != Notification.Status.FAILED:
            return ""
        return format_html(
            '<button class="ao-row-act" type="submit" name="back" value="list" formaction="{}">{}</button>',
            *(reverse("admin:alerts_notification_retry", args=[row.pk]), _("Try again")),
        )

    @admin.display(description=gettext_lazy("status"))
    def state(self, row: Notification) -> SafeString:
        return badges.notification(row)

    @admin.display(description=gettext_lazy("sent or due"))
    def time(self, row: Notification) -> str:
        return when(row.sent_at or row.due_at, clock())

    @admin.action(description=gettext_lazy("Try again what failed"), permissions=["respond"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        rows = list(queryset.order_by("pk")[:MOST_AT_ONCE])
        _report(request, rows, _retry(rows, now=clock()))

    # One notification

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.retry_view))
        return [path("<int:number>/retry/", view, name="alerts_notification_retry"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_viewable(request, object_id)
        now = clock()
        return self.render(
            request,
            "admin/alerts/notification.html",
            title=row.user_label,
            original=row,
            row=row,
            sentence=sentence(row, now),
            attempts=row.attempts.order_by("number"),
            mail=_mail(row, now),
            may_retry=row.status == Notification.Status.FAILED and self.has_respond_permission(request),
        )

    def retry_view(self, request: HttpRequest, number: int) -> HttpResponse:
        row = self.get_viewable(request, str(number))
        if not self.has_respond_permission(request):
            raise PermissionDenied
        _report(request, [row], _retry([row], now=clock()))
        return HttpResponseRedirect(list_of(Notification) if "back" in request.POST else page_of(row))


def _retry(rows: list[Notification], *, now: datetime) -> list[int]:
    """Have what failed tried again, unless nobody wants it any more; return which are."""
    numbers = [row.pk for row in rows if row.status == Notification.Status.FAILED]
    wanted = set(
        Notification.objects.filter(telling.wanted(now), pk__in=numbers).values_list("pk", flat=True)
    )
    return [row.pk for row in rows if row.pk in wanted and delivery.retry(row, now=now)]


def _report(request: HttpRequest, rows: list[Notification], retried: list[int]) -> None:
    """Say how many are tried again, and why the others are not."""
    if retried:
        said = ngettext("%d notification is sent again.", "%d notifications are sent again.", len(retried))
        url = list_of(Notification, id__in=",".join(map(str, retried)))
        messages.success(request, format_html("{} {}", said % len(retried), link(url, _("See how it goes"))))
    left = Counter(row.status for row in rows if row.pk not in retried)
    if left:
        reasons = "; ".join(LEFT[Notification.Status(name)] % count for name, count in left.items())
        messages.warning(request, _("Left as it is: %(reasons)s.") % {"reasons": reasons})


def _mail(row: Notification, now: datetime) -> dict[str, str] | None:
    """Return the mail as it would be written now, without the links: who has them acts as that person."""
    if row.user is None or row.channel != "email":
        return None
    letter = replace(letters.compose(row, row.user, now=now), acknowledge_url="", close_url="")
    message = email.message_of(letter)
    return {"subject": str(message.subject), "body": str(message.body)}
