"""The notification log: what was said to whom, how it went, and once more."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from alertops.lib.admin import LogAdmin, column_filter
from alertops.lib.display import clock, page_of, when
from alerts import badges
from alerts.admin.alerts import MOST_AT_ONCE, RESPOND
from alerts.channels import email
from alerts.models import Notification
from alerts.operations import delivery, letters

SENTENCES = {
    Notification.Status.PENDING: gettext_lazy("{who} is to be told by {channel}, {time}."),
    Notification.Status.SENT: gettext_lazy("{who} was told by {channel}, {time}."),
    Notification.Status.FAILED: gettext_lazy("{who} could not be told by {channel}. It was due {time}."),
    Notification.Status.CANCELLED: gettext_lazy(
        "{who} was not told by {channel}: it was called off. It was due {time}."
    ),
}


def sentence(row: Notification, now: datetime) -> SafeString:
    """Say in one sentence how a notification stands."""
    said = str(SENTENCES[Notification.Status(row.status)])
    time = when(row.sent_at or row.due_at, now)
    return format_html(said, who=row.user_label, channel=badges.channel_name(row.channel), time=time)


@admin.register(Notification)
class NotificationAdmin(LogAdmin):
    list_display = ["what", "state", "kind", "urgency", "time"]
    list_display_links = None
    list_select_related = ["alert"]
    list_filter = [
        column_filter(gettext_lazy("status"), "status", Notification.Status.choices),
        "kind",
        "urgency",
    ]
    list_before_template = "admin/chips.html"
    chips = "status"
    search_fields = ["user_label", "address"]
    search_help_text = gettext_lazy("Search by person or address, or by the number of an alert like #12")
    actions = ["retry"]
    empty_title = gettext_lazy("Nobody has been told anything yet")
    empty_text = gettext_lazy(
        "Each message to a person is listed here, with every attempt to send it and what the mail server"
        " answered."
    )

    def has_respond_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RESPOND)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Notification], search_term: str
    ) -> tuple[QuerySet[Notification], bool]:
        number = search_term.strip().removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            return queryset.filter(alert_id=int(number)), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=gettext_lazy("notification"))
    def what(self, row: Notification) -> SafeString:
        return format_html(
            '<span class="ao-what"><a href="{}">{}</a><span class="ao-quiet">{} · {}{}</span></span>',
            *(page_of(row), row.user_label, row.address, row.alert, f" · {row.error}" if row.error else ""),
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
        count = sum(delivery.retry(row, now=clock()) for row in rows)
        if count:
            said = ngettext("%d notification is sent again.", "%d notifications are sent again.", count)
            messages.success(request, said % (count,))
        if count < len(rows):
            rest = len(rows) - count
            said = ngettext(
                "%d was left as it is: it has not failed.",
                "%d were left as they are: they have not failed.",
                rest,
            )
            messages.warning(request, said % (rest,))

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
        if delivery.retry(row, now=clock()):
            messages.success(request, _("It is sent again."))
        else:
            messages.info(request, _("It was left as it is: it has not failed."))
        return HttpResponseRedirect(page_of(row))


def _mail(row: Notification, now: datetime) -> dict[str, str] | None:
    """Return the mail as it would be written now, without the links: who has them acts as that person."""
    if row.user is None or row.channel != "email":
        return None
    letter = replace(letters.compose(row, row.user, now=now), acknowledge_url="", close_url="")
    message = email.message_of(letter)
    return {"subject": str(message.subject), "body": str(message.body)}
