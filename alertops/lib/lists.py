"""Lists as long as a log: pages by the numbers of their rows, counts and searches that end in time."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

MOST_COUNTED = 10_000
MOST_NEWER = 100
# Where a page begins or ends, and the row above which rows are new to the reader.
BEFORE, AFTER, NEWER = "before", "after", "newer"


class CappedPaginator(Paginator):
    """Pages of a long list: counts no further than people page, so that a million rows cost nothing."""

    template_name = "admin/pagination_capped.html"
    object_list: QuerySet
    most = MOST_COUNTED
    is_capped = False
    # An order that an index has tells the database to count by that index.
    keeps_order = False

    @cached_property
    def count(self) -> int:
        rows = self.object_list if self.keeps_order else self.object_list.order_by()
        counted = rows.values("pk")[: self.most + 1].count()
        self.is_capped = counted > self.most
        return min(counted, self.most)


@dataclass(frozen=True)
class Found:
    """What a search looks for. is_indexed: an index answers it, so that it need not be bounded."""

    condition: Q
    is_indexed: bool = False


@dataclass(frozen=True)
class Window:
    """The rows among which a page has looked.

    first: the number of the oldest.  oldest_at: its time.  is_last: there are none below it.
    """

    first: int
    count: int
    oldest_at: datetime | None = None
    is_last: bool = False


class OurList(ChangeList):
    """A list that never counts its whole table beside what it shows."""

    result_list: Any
    is_by_number = False

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not (self.query or self.has_active_filters):
            self.full_result_count = self.result_count


class LongList(OurList):
    """A list with its newest row first, whose pages begin where the one before ended: no OFFSET.

    Whatever its filters, a page reads a bounded number of rows: what no index answers is looked for among
    the newest rows of what one does, and the page says how far back it has looked.
    """

    is_by_number = True
    window: Window | None = None
    has_newer = has_older = False
    newer_count = 0

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.before, self.after, self.newer = (_number(request, name) for name in (BEFORE, AFTER, NEWER))
        super().__init__(request, *args, **kwargs)

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet:
        for name in (BEFORE, AFTER, NEWER):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        rows = super().get_queryset(request, exclude_parameters)
        found = self.model_admin.find(self.query.strip()) if self.query.strip() else None
        if found:
            rows = rows.filter(found.condition)
        return rows if _is_selection(request) else self._bounded(rows, found)

    def get_results(self, request: HttpRequest) -> None:
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        self.paginator.keeps_order = True
        self.page_num, self.can_show_all, self.multi_page = 1, False, False
        self.show_full_result_count, self.show_admin_actions = False, True
        if self.newer is not None:
            self.newer_count = self.queryset.filter(pk__gt=self.newer)[: MOST_NEWER + 1].count()
        self.result_list = [] if self.newer is not None else self._page()
        self.result_count = self.full_result_count = self._count()

    # For the template

    @property
    def older_url(self) -> str:
        """The page below; where this one found little, it goes on below what was looked through."""
        is_full = len(self.result_list) == self.list_per_page
        below = self.result_list[-1].pk if is_full or not self.window else self.window.first
        return self.get_query_string({BEFORE: below})

    @property
    def newer_url(self) -> str:
        return self.get_query_string({AFTER: self.result_list[0].pk} if self.result_list else {})

    @property
    def newest_url(self) -> str:
        return self.get_query_string()

    @property
    def poll_url(self) -> str:
        newest = self.result_list[0].pk if self.result_list else 0
        return self.get_query_string({NEWER: newest})

    @property
    def is_newest(self) -> bool:
        """Whether what comes in would stand above the first row."""
        return not self.has_newer and self.before is None

    # How a page is read

    def _bounded(self, rows: QuerySet, found: Found | None) -> QuerySet:
        """Bound what no index answers, and note the window."""
        searched = self.model_admin.look_through(self.get_filters_params(), found)
        if searched is None:
            return rows
        if self.before is not None:
            searched = searched.filter(pk__lt=self.before)
        columns = ("pk", self.model_admin.time_column)
        newest_first = searched.order_by("-pk").values_list(*columns)
        most = self.model_admin.most_searched
        edge = list(newest_first[most - 1 : most])
        pk, moment = edge[0] if edge else (0, None)
        self.window = Window(pk, most, moment, is_last=not edge)
        # Said as these rows and no others: told only the lowest number, a database may read all of them.
        return rows.filter(pk__in=searched.order_by("-pk").values("pk")[:most])

    def _page(self) -> list[Any]:
        found = self._page_above(self.after) if self.after is not None and not self.window else None
        return self._page_below(self.before) if found is None else found

    def _page_below(self, number: int | None) -> list[Any]:
        rows = self.queryset if number is None else self.queryset.filter(pk__lt=number)
        found = list(rows[: self.list_per_page + 1])
        self.has_older = len(found) > self.list_per_page or bool(self.window and not self.window.is_last)
        self.has_newer = number is not None
        return found[: self.list_per_page]

    def _page_above(self, number: int) -> list[Any] | None:
        """Return the page that ends above a row; None when that is the first page."""
        found = list(self.queryset.filter(pk__gt=number).order_by("pk")[: self.list_per_page + 1])
        self.has_newer, self.has_older = len(found) > self.list_per_page, True
        return found[: self.list_per_page][::-1] if self.has_newer else None

    def _count(self) -> int:
        is_whole = not (self.has_newer or self.has_older)
        if is_whole or self.window:
            self.paginator.count = len(self.result_list)
        return self.paginator.count


def _is_selection(request: HttpRequest) -> bool:
    """Tell whether certain rows are asked for: those are found by their numbers, however old they are."""
    return request.method == "POST" and request.POST.get("select_across", "0") != "1"


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
