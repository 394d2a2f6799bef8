"""Which rows of a log are from a time: found by their numbers, for their times have no index."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

# Rows get their numbers about in the order of their times: what waits for the database comes later.
SLACK = timedelta(minutes=2)


def within(
    rows: QuerySet, column: str, *, since: datetime | None = None, until: datetime | None = None
) -> QuerySet:
    """Return the rows from a time on, and before another; twenty looks at a primary key find a million's."""
    numbers = rows.model._default_manager.all()
    if since is not None:
        rows = rows.filter(pk__gte=_first(numbers, column, since - SLACK), **{f"{column}__gte": since})
    if until is not None:
        rows = rows.filter(pk__lt=_first(numbers, column, until + SLACK), **{f"{column}__lt": until})
    return rows


def _first(rows: QuerySet, column: str, moment: datetime) -> int:
    """Return the number of the first row from a moment on; the next number when there is none."""
    numbers = rows.values_list("pk", flat=True)
    first, last = numbers.order_by("pk").first(), numbers.order_by("-pk").first()
    if first is None or last is None:
        return 0
    low, high = first, last + 1
    in_order = rows.order_by("pk").values_list("pk", column)
    while low < high:
        middle = (low + high) // 2
        number, time = in_order.filter(pk__gte=middle)[0]
        if time < moment:
            low = number + 1
        else:
            high = middle
    return low
