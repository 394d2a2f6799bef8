"""How the steps that are due are taken by one process each, and run."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

from alertops.lib import claims
from alertops.lib.compiled import compiled
from alerts.models import Alert, Escalation
from alerts.operations import steps

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=10)
# Not the fault of the escalation that was being worked on.
DATABASE_AWAY = (OperationalError, InterfaceError)


def run_due(ids: Sequence[int], *, now: datetime) -> int:
    """Run what is due of some escalations; return how many this process ran.

    1. Claim them, and count the start: that is committed before anything is tried.
    2. Lock their alerts, so that no action comes between what is read and what is written.
    3. Look again: what has been paused or ended meanwhile is left alone.
    4. Tell the people of the steps and set the times of the next ones, in one transaction.

    What was begun before is run alone, lest it drag others with it; so is what failed together with
    others, and what waits for somebody else's lock: who waits must hold no other.
    """
    fresh, begun = _claim(ids, now)
    done = _run_together(fresh, now)
    alone = [pk for pk in fresh if pk not in done]
    alone += [pk for pk in begun if Escalation.objects.filter(pk=pk).claim(now=now, lease=LEASE)]
    return len(done) + sum(_run_alone(pk, now) for pk in alone)


def _claim(ids: Sequence[int], now: datetime) -> tuple[list[int], list[int]]:
    """Claim what nobody has begun yet; return it, and what somebody has begun and not brought to its end."""
    if not ids:
        return [], []
    with transaction.atomic():
        starts = dict(_free(ids, now))
        fresh = [pk for pk in ids if starts.get(pk) == 0]
        if fresh:
            _take(fresh, now, claims.holder(), now + LEASE)
    return fresh, [pk for pk in ids if starts.get(pk)]


@compiled
def _free(ids: Sequence[int], now: datetime) -> QuerySet:
    """Return number and starts; what is locked is just being claimed by somebody else, or called off."""
    due = Escalation.objects.due_for_escalation(now).filter(pk__in=ids).order_by()
    return due.select_for_update(no_key=True, skip_locked=True).values_list("pk", "start_count")


@compiled
def _take(ids: Sequence[int], now: datetime, by: str, until: datetime) -> int:
    due = Escalation.objects.due_for_escalation(now).filter(pk__in=ids).order_by()
    return due.take(now=now, by=by, until=until)


def _run_together(ids: Sequence[int], now: datetime) -> set[int]:
    """Run what this process has claimed; return what got done, in one transaction or not at all."""
    try:
        return _run_claimed(ids, now, lock=_lock_what_is_free) if ids else set()
    except Exception:
        logger.warning("Steps could not be run together; each is tried alone.", exc_info=True)
        return set()


def _run_alone(escalation_id: int, now: datetime) -> bool:
    """Run one that this process has claimed; what cannot be run is tried again when its lease ends."""
    try:
        return bool(_run_claimed([escalation_id], now, lock=_lock))
    except DATABASE_AWAY:
        raise
    except Exception:
        logger.exception("Escalation %s could not be worked on.", escalation_id)
        return False


@transaction.atomic
def _run_claimed(
    ids: Sequence[int], now: datetime, *, lock: Callable[[Sequence[int]], list[Alert]]
) -> set[int]:
    alerts = {alert.pk: alert for alert in lock(ids)}
    found = {row.pk: row for row in _claimed(ids, list(alerts), claims.holder())}
    due = [found[pk] for pk in ids if pk in found]
    steps.run_all([(escalation, alerts[escalation.alert_id]) for escalation in due], now)
    return set(found)


@compiled
def _lock(escalation_ids: Sequence[int]) -> QuerySet:
    locked = Alert.objects.select_for_update(no_key=True, of=("self",))
    return locked.filter(escalations__in=escalation_ids).order_by("pk")


@compiled
def _lock_what_is_free(escalation_ids: Sequence[int]) -> QuerySet:
    locked = Alert.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
    return locked.filter(escalations__in=escalation_ids).order_by("pk")


@compiled
def _claimed(ids: Sequence[int], alert_ids: Sequence[int], by: str) -> QuerySet:
    claimed = Escalation.objects.filter(pk__in=ids, alert__in=alert_ids, claimed_by=by)
    return claimed.select_related("policy__last_resort").order_by()
