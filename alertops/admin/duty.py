"""Who is on call now: a part of the overview."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from alertops.lib.display import list_of
from alerts import badges
from alerts.models import Schedule
from alerts.operations.on_call import on_call

MOST_SCHEDULES = 12


def duty(_request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return who is on call in each schedule; a fixed number of statements."""
    rows = list(Schedule.objects.order_by("name")[: MOST_SCHEDULES + 1])
    covers = on_call([row.pk for row in rows[:MOST_SCHEDULES]], now) if rows else {}
    return {
        "duties": [(row, badges.cover(covers[row.pk], now)) for row in rows[:MOST_SCHEDULES]],
        "has_more_duties": len(rows) > MOST_SCHEDULES,
        "schedules_url": list_of(Schedule),
    }
