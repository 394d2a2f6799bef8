"""Who has to wait before the next password: who guesses at one name, and who tries many."""

from datetime import datetime
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest

from alertops.lib.addresses import throttled_address
from alertops.lib.display import clock

# So many names may fail from one address within the time of a wait: an office behind one address mistypes,
# and does not come to that.
MOST_NAMES = 20


class Handler(AxesDatabaseHandler):
    """Counts wrong passwords as axes does, and beside that the names that were tried from one address."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        if super().is_locked(request, credentials):
            return True
        return many_names_until(throttled_address(request), clock()) is not None


def many_names_until(address: str | None, now: datetime) -> datetime | None:
    """Return until when an address has tried too many names; None where it has not."""
    tried = AccessAttempt.objects.filter(
        ip_address=address, attempt_time__gt=now - settings.AXES_COOLOFF_TIME
    ).values_list("username", "attempt_time")
    latest = dict(tried.order_by("attempt_time"))
    newest_first = sorted(latest.values(), reverse=True)
    return newest_first[MOST_NAMES - 1] + settings.AXES_COOLOFF_TIME if len(latest) >= MOST_NAMES else None
