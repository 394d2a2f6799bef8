"""How notifications are handed to their provider: at least once, and never what nobody wants any more."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from alertops.lib import claims, jobs, processes
from alertops.lib.compiled import compiled
from alertops.lib.sayings import saying
from alertops.lib.stopwatch import Stopwatch
from alerts import channels
from alerts.channels import DeliveryError
from alerts.channels.lines import Line, line_to
from alerts.logic import notification as rules
from alerts.logic.notification import Letter
from alerts.models import Attempt, Notification
from alerts.models.turns import in_turns
from alerts.operations import attempts, letters, telling
from alerts.operations.attempts import Result
from alerts.operations.company import Company, company_of
from alerts.operations.telling import DELIVER

logger = logging.getLogger(__name__)

BATCH = 100
# No stride is begun after this time: then it is looked again whose turn it is. A call may last as long
# as its provider's time-out, and the task queue ends a task after settings.TASK_TIMEOUT (alerts.checks
# adds it up).
BUDGET = timedelta(seconds=0.5)
# How many are claimed together: as many as the provider takes in this time, judged by its last calls.
# A worker that dies may send so many twice.
STRIDE = timedelta(seconds=0.5)
MOST_AT_ONCE = 16
# What is not sent so long after it was claimed is given back: it may not be wanted any more.
MOMENT = timedelta(seconds=1)
_GONE = saying("This person does not work here any more.")
_NO_RESULT = saying("Each attempt ended without a result.")


def deliver_due(now: datetime) -> int:
    """Deliver what is due in strides until nothing is left or the time is up; return how many.

    A stride is claimed, sent and written together. It is one notification until the provider has
    proved to be fast.
    """
    watch = Stopwatch(now)
    turns = {name: _turns(name, now) for name in channels.CHANNELS}
    if not any(turns.values()):
        return 0
    count = sum(_deliver_by(name, turns[name], watch) for name in channels.CHANNELS)
    if not count:
        _tidy(watch.now)
    return count


def retry(notification: Notification, *, now: datetime) -> bool:
    """Have a notification that was given up tried again from the start; tell whether it was given up."""
    failed = Notification.objects.filter(pk=notification.pk, status=Notification.Status.FAILED)
    is_retried = bool(failed.update(status=Notification.Status.PENDING, due_at=now, start_count=0, error=""))
    if is_retried:
        jobs.nudge(DELIVER)
    return is_retried


def is_busy(now: datetime) -> bool:
    """Tell whether all other workers of this node but one call providers: that one is for escalations."""
    return len(_other_callers(now, claims.holder())) >= max(1, settings.Q_CLUSTER["workers"] - 1)


def _deliver_by(name: str, turns: list[int], watch: Stopwatch) -> int:
    """Deliver what one channel has, as long as its part of the time lasts; return how many.

    Who has claimed looks once more who else has: of two that came in the same moment one is kept free.
    """
    if not turns or is_busy(watch.now):
        return 0
    until = watch.elapsed + BUDGET / len(channels.CHANNELS)
    count = 0
    with line_to(channels.CHANNELS[name]) as line:
        while turns and watch.elapsed < until:
            began, size = watch.elapsed, _size(line.pace)
            stride, turns = turns[:size], turns[size:]
            claimed = attempts.begin(stride, line.channel, now=watch.now)
            if claimed and not line.is_quick and is_busy(watch.now):
                attempts.give_back(claimed)
                break
            count += _deliver(claimed, line, watch, began)
    return count


def _turns(channel: str, now: datetime) -> list[int]:
    """Return what is due for a channel, in the order in which it is to be done."""
    oldest = _oldest(channel, now)
    if not oldest:
        return []
    return in_turns(
        oldest, BATCH, due=lambda: Notification.objects.due_for_delivery(now).filter(channel=channel)
    )


@compiled
def _oldest(channel: str, now: datetime) -> QuerySet:
    return Notification.objects.due_for_delivery(now).filter(channel=channel).oldest(BATCH)


@compiled
def _oldest_of_all(now: datetime) -> QuerySet:
    return Notification.objects.due_for_delivery(now).values_list("pk", flat=True)[:BATCH]


@compiled
def _other_callers(now: datetime, holder: str) -> QuerySet:
    """Return which other workers of this node call providers.

    What is claimed was due: said, so that the index of what is due is used.
    """
    calls = Notification.objects.pending().filter(
        due_at__lte=now, lease_until__gt=now, claimed_by__startswith=f"{processes.node()}/"
    )
    return calls.exclude(claimed_by=holder).order_by().values_list("claimed_by", flat=True).distinct()


def _size(pace: timedelta | None) -> int:
    """Return how many are claimed at once at a pace; one as long as it is not known."""
    return min(max(STRIDE // pace, 1), MOST_AT_ONCE) if pace else 1


def _deliver(claimed: Sequence[Attempt], line: Line, watch: Stopwatch, began: timedelta) -> int:
    """Send, write what became of it, and give back what was not sent; return how many attempts were made."""
    results = list(_send(claimed, line, watch, began)) if claimed else []
    attempts.end(results)
    attempts.give_back(claimed[len(results) :])
    return len(results)


def _send(claimed: Sequence[Attempt], line: Line, watch: Stopwatch, began: timedelta) -> Iterator[Result]:
    """Make one attempt after the other, outside any transaction, until the moment is over.

    A claim covers a call that begins in time; the first may begin later than the others.
    """
    rows = letters.read([attempt.notification_id for attempt in claimed])
    known = _company(list(rows.values()), watch.now)
    until = began + attempts.GRACE
    for attempt in claimed:
        if watch.elapsed > until:
            return
        attempt.notification = rows[attempt.notification_id]
        yield _attempt(attempt, known.get(attempt.notification_id), line, watch)
        until = began + MOMENT


def _attempt(attempt: Attempt, known: Company | None, line: Line, watch: Stopwatch) -> Result:
    """Write the letter and hand it over."""
    notification = attempt.notification
    try:
        letter = _letter(notification, known, watch.now)
        return Result(attempt, line.send(letter), watch.now)
    except DeliveryError as error:
        return Result(attempt, error, watch.now)
    except Exception as error:
        # Whatever is wrong with one letter must not keep the others.
        logger.exception("Notification %s could not be sent.", notification.pk)
        return Result(attempt, DeliveryError(f"{type(error).__name__}: {error}", permanent=False), watch.now)


def _letter(notification: Notification, known: Company | None, now: datetime) -> Letter:
    user = notification.user
    if user is None or not user.is_active:
        raise DeliveryError(_GONE, permanent=True)
    return letters.compose(notification, user, now=now, company=known)


def _company(rows: Sequence[Notification], now: datetime) -> dict[int, Company]:
    """Read for all letters at once; if one of them cannot be read, each letter reads for itself."""
    try:
        return company_of(rows, now=now)
    except Exception:
        logger.exception("What letters tell could not be read for all at once.")
        return {}


def _tidy(now: datetime) -> None:
    """Cancel what is due and not wanted any more, and give up what has broken its worker each time.

    Nobody takes these, so they come to be the oldest: only those are looked at.
    """
    oldest = _oldest_of_all(now)
    if not oldest:
        return
    due = Notification.objects.due_for_delivery(now).order_by().filter(pk__in=oldest)
    due.filter(~telling.wanted(now)).update(status=Notification.Status.CANCELLED)
    worn_out = due.filter(start_count__gte=rules.MOST_STARTS)
    for notification in worn_out.select_related("alert", "escalation"):
        with transaction.atomic():
            if due.filter(pk=notification.pk).update(status=Notification.Status.FAILED, error=_NO_RESULT):
                attempts.not_told(notification, _NO_RESULT, now)
