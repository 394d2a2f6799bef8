"""Requests that were sent away because the threads could not keep up: told to the log and to `/readyz`."""

import logging
import threading
from datetime import UTC, datetime

from django.core.cache import cache
from django.utils import timezone

from alertops.lib.seldom import Seldom

logger = logging.getLogger(__name__)

REMEMBERED = 60  # seconds that `/readyz` tells of it
_KEY = "alertops:busy"
_seldom = Seldom()


def note(why: str) -> None:
    """Note that a request was sent away. Never waits: the event loop calls it."""
    if counted := _seldom.count():
        logger.error("%s requests were sent away with 503: %s", counted, why)
        threading.Thread(target=_remember, name="busy", daemon=True).start()


def last() -> datetime | None:
    """Return when a request was last sent away, as far as that is remembered."""
    seconds = cache.get(_KEY)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _remember() -> None:
    try:
        cache.set(_KEY, timezone.now().timestamp(), timeout=REMEMBERED)  # noqa: TID251 (it is the clock's own)
    except Exception:
        logger.exception("The cache did not take note of requests that were sent away.")
