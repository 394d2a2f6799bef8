"""What was delivered lately: the newest of each integration, by one query for all of them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from integrations.logic.outcome import Status
from integrations.logic.standing import Recent
from integrations.models import InboundMessage


def recent(integration_ids: Iterable[int], *, most: int) -> dict[int, list[Recent]]:
    """Return the newest deliveries of each integration, newest first, at most `most` of each.

    It looks into an index once for each integration, however many deliveries there are.
    """
    parts = [_newest(number, most) for number in integration_ids]
    found: dict[int, list[Recent]] = defaultdict(list)
    if not parts:
        return found
    for integration_id, number, status, at in sorted(parts[0].union(*parts[1:], all=True), reverse=True):
        found[integration_id].append(Recent(number, Status(status), at))
    return found


def _newest(integration_id: int, most: int) -> QuerySet[InboundMessage, Any]:
    """Return a part of the query; limited inside, because SQLite takes no limit on a part of a union."""
    newest = InboundMessage.objects.filter(integration=integration_id).order_by("-id").values("pk")[:most]
    rows = InboundMessage.objects.filter(pk__in=newest).order_by()
    return rows.values_list("integration_id", "pk", "status", "received_at")
