"""How the list of alerts is narrowed, searched and filled: views, filters, what comes next of each row."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops.lib.admin import OurList, choice_filter
from alertops.lib.display import clock, when
from alerts import badges
from alerts.badges import countdown
from alerts.logic.lifecycle import Action, Status
from alerts.models import Alert
from alerts.operations import forecast

# So far back, in the order of the list, a search for words looks: it can use no index.
SEARCHED = 20_000
MOST_NEW = 100
MOST_ROWS = 100  # of a list that are looked at again
AFTER, ROWS = "after", "rows"


def _of_my_teams(rows: Any, request: HttpRequest) -> Any:
    teams = request.user.teams.values_list("pk", flat=True)  # type: ignore[union-attr]
    return rows.under_way().of_teams(list(teams))


def _midnight() -> datetime:
    """Return when the reader's day began."""
    return timezone.localtime(clock()).replace(hour=0, minute=0, second=0, microsecond=0)


STATUS_FILTER = choice_filter(
    gettext_lazy("status"),
    "status",
    [
        ("not_closed", gettext_lazy("Not closed"), lambda rows, _request: rows.under_way()),
        (
            "open",
            gettext_lazy("Unacknowledged"),
            lambda rows, _request: rows.open().filter(snoozed_until=None),
        ),
        ("acknowledged", gettext_lazy("Acknowledged"), lambda rows, _request: rows.acknowledged()),
        (
            "snoozed",
            gettext_lazy("Snoozed"),
            lambda rows, _request: rows.under_way().exclude(snoozed_until=None),
        ),
        ("late", gettext_lazy("SLA missed"), lambda rows, _request: rows.beyond_sla()),
        (
            "closed_today",
            gettext_lazy("Closed today"),
            lambda rows, _request: rows.closed().filter(closed_at__gte=_midnight()),
        ),
        ("closed", gettext_lazy("Closed"), lambda rows, _request: rows.closed()),
    ],
)
WHOSE_FILTER = choice_filter(
    gettext_lazy("owner"),
    "whose",
    [
        ("mine", gettext_lazy("Mine"), lambda rows, request: rows.under_way().of_person(request.user.pk)),
        (
            "teams",
            gettext_lazy("My teams’"),
            _of_my_teams,
        ),
        ("nobodys", gettext_lazy("Nobody's"), lambda rows, _request: rows.under_way().filter(owner=None)),
    ],
)
# The views above the list: the words, and what narrows the list to it.
VIEWS = [
    (gettext_lazy("Not closed"), "status=not_closed"),
    (gettext_lazy("Unacknowledged"), "status=open"),
    (gettext_lazy("Mine"), "whose=mine"),
    (gettext_lazy("My teams’"), "whose=teams"),
    (gettext_lazy("Acknowledged"), "status=acknowledged"),
    (gettext_lazy("Snoozed"), "status=snoozed"),
    (gettext_lazy("Closed today"), "status=closed_today"),
    (gettext_lazy("All"), ""),
]


@dataclass(frozen=True)
class View:
    """One saved view as it stands above the list."""

    label: Any
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class Window:
    """How far back a search for words looked.

    oldest: the number of the oldest alert it looked at; the older ones are a click away.
    """

    size: int
    oldest: int


class AlertList(OurList):
    """A page of alerts, each with what comes next; and the views that people go through them by."""

    window: Window | None = None

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.window = getattr(request, "_searched", None)
        rows = list(self.result_list)
        look_ahead(rows, clock(), may_act=self.model_admin.has_respond_permission(request))
        self.result_list = rows

    def news_query(self) -> str:
        """Return how to ask for what has changed since in this view of the list."""
        newest = self.root_queryset.order_by("-pk").values_list("pk", flat=True).first() or 0
        rows = ",".join(str(alert.pk) for alert in self.result_list)
        return self.get_query_string({AFTER: newest, ROWS: rows, "p": None})

    def views(self) -> list[View]:
        """Return the views; one is chosen when the list is narrowed to just that."""
        here = {name: self.params[name] for name in ("status", "whose") if name in self.params}
        return [
            View(label, f"?{query}", is_chosen=dict(QueryDict(query).items()) == here)
            for label, query in VIEWS
        ]

    def older_search_url(self) -> str:
        """Return the address of the same search among the alerts that it did not look at."""
        if self.window is None:
            return ""
        return self.get_query_string({"id__lt": str(self.window.oldest), "p": None}, remove=["p"])


class AlertNews(OurList):
    """What has changed in a list since somebody began to look at it: nothing of the list itself is read.

    new_count: of alerts that opened since, belong to the view and are not closed; no more than a glance can
    take in.  rows: the alerts that the list shows, as they are now, whether they belong to the view or not.
    """

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.after = _numbers(request, AFTER)
        self.numbers = _numbers(request, ROWS)
        super().__init__(request, *args, **kwargs)

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Alert]:
        for name in (AFTER, ROWS):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        new: Any = self.queryset.filter(pk__gt=self.after[0]) if self.after else self.queryset.none()
        self.new_count = new.under_way().order_by()[:MOST_NEW].count()
        rows = list(Alert.objects.for_list().filter(pk__in=self.numbers))
        look_ahead(rows, clock(), may_act=self.model_admin.has_respond_permission(request))
        self.rows = rows

    @property
    def is_more(self) -> bool:
        return self.new_count >= MOST_NEW

    def cells(self) -> Iterator[tuple[str, Any]]:
        """Yield the names and contents of the cells that may have changed."""
        for alert in self.rows:
            for name, draw in CELLS.items():
                yield _name_of(name, alert), draw(alert)


def look_ahead(rows: Iterable[Any], now: datetime, *, may_act: bool) -> None:
    """Note on alerts what comes next of each, and whether the reader may take it; a few queries in all."""
    going_on = [alert for alert in rows if alert.status != Status.CLOSED]
    coming = forecast.upcoming_of(going_on, now=now)
    for alert in rows:
        alert.coming = next_step(alert, coming.get(alert.pk), now)
        alert.can_be_taken = may_act and alert.status == Status.OPEN


def _coming(alert: Any) -> SafeString:
    """Say what comes next, and let whoever may take an open alert take it here."""
    if not alert.can_be_taken:
        return format_html('<span class="ao-coming">{}</span>', alert.coming)
    url = reverse("admin:alerts_alert_act", args=[alert.pk, Action.ACKNOWLEDGE.value])
    return format_html(
        '<span class="ao-comes"><span class="ao-coming">{}</span>'
        '<button type="submit" id="ao-take-{}" class="ao-button ao-second ao-take" formaction="{}"'
        ' formnovalidate name="back" value="list">{}</button></span>',
        *(alert.coming, alert.pk, url, _("Acknowledge")),
    )


# The cells that change while somebody looks at them.
CELLS: dict[str, Callable[[Any], Any]] = {
    "how_bad": badges.severity,
    "state": badges.status,
    "has_it": lambda alert: alert.owner or "–",
    "age": lambda alert: when(alert.opened_at, clock()),
    "events": lambda alert: alert.event_count,
    "next_step": _coming,
}


def cell(name: str, alert: Alert) -> SafeString:
    """Return what stands in a cell, in an element of its own that can be replaced."""
    return format_html('<span id="{}" class="ao-cell">{}</span>', _name_of(name, alert), CELLS[name](alert))


def _name_of(name: str, alert: Alert) -> str:
    return f"ao-{name}-{alert.pk}"


def _numbers(request: HttpRequest, name: str) -> list[int]:
    texts = request.GET.get(name, "").split(",")[:MOST_ROWS]
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]


def search_window(rows: QuerySet[Alert], request: HttpRequest) -> QuerySet[Alert]:
    """Narrow rows to the newest of them, and note on the request how far that goes; all, if they are few."""
    oldest = list(rows.order_by("-pk").values_list("pk", flat=True)[SEARCHED - 1 : SEARCHED + 1])
    if len(oldest) < 2:
        return rows
    request._searched = Window(SEARCHED, oldest[0])  # type: ignore[attr-defined]
    return rows.filter(pk__gte=oldest[0])


def next_step(alert: Alert, coming: forecast.Next | None, now: datetime) -> SafeString | str:
    """Say what comes next for an alert: who is told when, or why nobody is."""
    if alert.status == Status.CLOSED:
        return format_html(_("closed {time}"), time=when(alert.closed_at, now))
    if coming is not None:
        return _telling(coming, now)
    if alert.is_muted:
        return _("muted until it has recovered")
    if alert.snoozed_until and alert.snoozed_until > now:
        return format_html(_("quiet, ends {time}"), time=countdown(alert.snoozed_until, now))
    if alert.status == Status.OPEN:
        return format_html('<span class="ao-error">{}</span>', _("nobody is told"))
    if alert.acknowledgement_expires_at:
        return format_html(_("open again {time}"), time=countdown(alert.acknowledgement_expires_at, now))
    return _("taken")


def _telling(coming: forecast.Next, now: datetime) -> SafeString | str:
    if coming.due_at is None:
        return _("waits for more reports")
    words = "{who} {time}" if coming.people else _("nobody can be told {time}")
    if coming.is_last_resort and coming.people:
        words = _("last resort, {who}, {time}")
    return format_html(words, who=", ".join(map(str, coming.people)), time=countdown(coming.due_at, now))
