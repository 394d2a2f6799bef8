"""Why deliveries are not taken, and what is kept of them: not of all, because anybody may send them."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.core.cache import cache

from integrations.logic.outcome import Reason, Status
from integrations.models import InboundMessage, UnmatchedDelivery
from integrations.operations.intake import Arrival

logger = logging.getLogger(__name__)

BAD_SIGNATURES_KEPT_A_MINUTE = 10  # of one integration
UNMATCHED_KEPT_A_MINUTE = 30
UNMATCHED_KEPT = 100


class MethodRefused(Exception):
    """The URL is not opened by this method."""


class TurnedAway(Exception):
    """The delivery was not taken, and that is to be seen."""


class UnknownToken(TurnedAway):
    """No integration has this URL. hint: how its token begins."""

    def __init__(self, hint: str) -> None:
        super().__init__()
        self.hint = hint


class Refused(TurnedAway):
    """The integration did not take it; the detail names the mend.

    size: bytes that were announced or read, when the body itself is not kept.
    """

    def __init__(self, reason: Reason, detail: str, *, size: int = 0) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.size = reason, detail, size


def keep(turned: Sequence[tuple[Arrival, TurnedAway]]) -> list[TurnedAway]:
    """Put on record what was turned away, all of it or nothing; return why each was."""
    refused = [(arrival, why) for arrival, why in turned if isinstance(why, Refused)]
    InboundMessage.objects.bulk_create(
        _refused(arrival, why) for arrival, why in refused if _is_worth_a_row(arrival, why)
    )
    for arrival, why in turned:
        if isinstance(why, UnknownToken):
            _list_unmatched(arrival, why.hint)
    return [why for _arrival, why in turned]


def _is_worth_a_row(arrival: Arrival, why: Refused) -> bool:
    """Forged signatures could fill the disk, so of these only some are kept."""
    if why.reason is not Reason.BAD_SIGNATURE:
        return True
    of = f"bad_signature:{arrival.integration_id}"
    return not _is_full(of, BAD_SIGNATURES_KEPT_A_MINUTE, arrival.received_at)


def _refused(arrival: Arrival, why: Refused) -> InboundMessage:
    return InboundMessage(
        **asdict(arrival),
        status=Status.REFUSED,
        reason=why.reason,
        detail=why.detail,
        processed_at=arrival.received_at,
    )


def _list_unmatched(arrival: Arrival, token_hint: str) -> None:
    """List a delivery to a URL that nobody has; the last ones, and not more than some a minute."""
    if _is_full("unmatched", UNMATCHED_KEPT_A_MINUTE, arrival.received_at):
        return
    UnmatchedDelivery.objects.create(
        received_at=arrival.received_at,
        token_hint=token_hint,
        method=arrival.method,
        remote_address=arrival.remote_address,
        user_agent=arrival.headers.get("User-Agent", "")[:200],
    )
    newest = UnmatchedDelivery.objects.order_by("-id").values("id")
    oldest_kept = newest[UNMATCHED_KEPT - 1 : UNMATCHED_KEPT]
    UnmatchedDelivery.objects.filter(id__lt=oldest_kept).delete()


def _is_full(what: str, most: int, now: datetime) -> bool:
    """Count one more within this minute; tell whether there were as many before.

    A process that has found a minute full asks the cache no more: that is the storm.
    """
    key = f"{what}:{int(now.timestamp() // 60)}"
    if _full.get(what) == key:
        return True
    if _count(key) <= most:
        return False
    _full[what] = key
    return True


_full: dict[str, str] = {}


def _count(key: str) -> int:
    """Count one more and return how many within about a minute; a dead cache counts nothing."""
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key)
    except Exception:
        logger.exception("The cache does not count %s.", key)
        return 0
