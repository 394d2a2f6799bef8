"""How a notification is handed to its provider: at least once, and never what nobody wants any more."""

import logging
import time
from contextlib import ExitStack
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from alertops.lib import jobs, processes
from alerts import channels
from alerts.channels import Channel, DeliveryError, Receipt, Send
from alerts.logic import notification as rules
from alerts.models import AlertEvent, Attempt, Notification
from alerts.operations import escalation, letters, telling, timeline
from alerts.operations.telling import DELIVER

logger = logging.getLogger(__name__)

BATCH = 100
# No call is begun after this time: a call may last as long as its provider's time-out, and the task
# queue ends a task after settings.TASK_TIMEOUT (alerts.checks adds it up).
BUDGET = timedelta(seconds=4)
# What a claim lasts longer than the call it is for.
GRACE = timedelta(seconds=5)


class Stopwatch:
    """What time it is while many rows are worked on: the time it was, and what has passed since."""

    def __init__(self, now: datetime) -> None:
        self._now, self._began = now, time.monotonic()

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._began)

    @property
    def now(self) -> datetime:
        return self._now + self.elapsed


class Lines(ExitStack):
    """The open connections of one pass, one for each channel."""

    def __init__(self) -> None:
        super().__init__()
        self._sends: dict[str, Send] = {}

    def to(self, channel: str) -> Send:
        if channel not in self._sends:
            self._sends[channel] = self.enter_context(channels.CHANNELS[channel].connect())
        return self._sends[channel]


def deliver_due(now: datetime) -> int:
    """Deliver what is due, the oldest first, until nothing is left or the time is up; return how many.

    Each row is claimed by itself, right before its call: a lease covers one call and no queue of them.
    """
    watch = Stopwatch(now)
    _tidy(now)
    due = Notification.objects.due_for_delivery(now).filter(channel__in=channels.CHANNELS)
    count = 0
    with Lines() as lines:
        for pk, channel in list(due.values_list("pk", "channel")[:BATCH]):
            if watch.elapsed > BUDGET or is_busy(watch.now):
                break
            count += _deliver(pk, channels.CHANNELS[channel], lines, watch)
    return count


def begin(notification_id: int, channel: Channel, *, now: datetime) -> Attempt | None:
    """Claim a notification if its alert still wants it, and put the attempt on record; None if not ours.

    Whether it is wanted is asked by the very statement that claims it: what an action called off before
    this moment is not sent, and what it calls off later is being sent already.
    """
    with transaction.atomic():
        due = Notification.objects.due_for_delivery(now).filter(pk=notification_id)
        wanted = due.order_by().filter(telling.wanted(now), start_count__lt=rules.MOST_STARTS)
        if not wanted.claim(now=now, lease=channel.timeout + GRACE):
            return None
        earlier = Attempt.objects.filter(notification=notification_id).aggregate(Max("number"))
        return Attempt.objects.create(
            notification_id=notification_id,
            number=(earlier["number__max"] or 0) + 1,
            started_at=now,
            provider=channel.provider,
        )


def end(attempt: Attempt, outcome: Receipt | DeliveryError, now: datetime) -> None:
    """Write what became of an attempt; the row only if it is still ours."""
    with transaction.atomic():
        notification = Notification.objects.select_related("alert").get(pk=attempt.notification_id)
        if isinstance(outcome, Receipt):
            result = _sent(notification, attempt, now)
        else:
            result = _failed(notification, outcome, now)
        Attempt.objects.filter(pk=attempt.pk).update(
            result=result,
            ended_at=now,
            answer=str(outcome.answer if isinstance(outcome, Receipt) else outcome),
            provider_id=outcome.provider_id[:200] if isinstance(outcome, Receipt) else "",
        )


def retry(notification: Notification, *, now: datetime) -> bool:
    """Have a notification that was given up tried again from the start; tell whether it was given up."""
    failed = Notification.objects.filter(pk=notification.pk, status=Notification.Status.FAILED)
    is_retried = bool(failed.update(status=Notification.Status.PENDING, due_at=now, start_count=0, error=""))
    if is_retried:
        jobs.nudge(DELIVER)
    return is_retried


def is_busy(now: datetime) -> bool:
    """Tell whether all workers of this node but one are calling providers: that one is for escalations."""
    # What is claimed was due: said, so that the index of what is due is used.
    calls = Notification.objects.pending().filter(
        due_at__lte=now, lease_until__gt=now, claimed_by__startswith=f"{processes.node()}/"
    )
    return calls.count() >= max(1, settings.Q_CLUSTER["workers"] - 1)


def _tidy(now: datetime) -> None:
    """Cancel what is due and not wanted any more, and give up what has broken its worker each time."""
    due = Notification.objects.due_for_delivery(now).order_by()
    due.filter(~telling.wanted(now)).update(status=Notification.Status.CANCELLED)
    worn_out = due.filter(start_count__gte=rules.MOST_STARTS).select_related("alert")
    for notification in worn_out[:BATCH]:
        with transaction.atomic():
            answer = _("Each attempt ended without a result.")
            if due.filter(pk=notification.pk).update(status=Notification.Status.FAILED, error=answer):
                _not_told(notification, answer, now)


def _deliver(notification_id: int, channel: Channel, lines: Lines, watch: Stopwatch) -> bool:
    """Make one attempt; tell whether it was ours to make."""
    attempt = begin(notification_id, channel, now=watch.now)
    if attempt is None:
        return False
    try:
        outcome: Receipt | DeliveryError = _call(notification_id, lines, watch.now)
    except DeliveryError as error:
        outcome = error
    except Exception as error:
        # Whatever is wrong with one letter must not keep the others.
        logger.exception("Notification %s could not be sent.", notification_id)
        outcome = DeliveryError(f"{type(error).__name__}: {error}", permanent=False)
    end(attempt, outcome, watch.now)
    return True


def _call(notification_id: int, lines: Lines, now: datetime) -> Receipt:
    """Write the letter and hand it over, outside any transaction."""
    notification = Notification.objects.select_related(
        "user", "alert__owner", "alert__integration", "alert__policy"
    ).get(pk=notification_id)
    user = notification.user
    if user is None or not user.is_active:
        raise DeliveryError(_("This person does not work here any more."), permanent=True)
    letter = letters.compose(notification, user, now=now)
    return lines.to(notification.channel)(letter)


def _sent(notification: Notification, attempt: Attempt, now: datetime) -> Attempt.Result:
    """Note that it was taken; on the timeline only when it was not taken at once."""
    _give_back(notification, status=Notification.Status.SENT, sent_at=now, error="")
    if attempt.number > 1:
        text = _("%(person)s was told by %(channel)s at attempt %(number)d.") % {
            "person": notification.user_label,
            "channel": channels.CHANNELS[notification.channel].label,
            "number": attempt.number,
        }
        timeline.record(notification.alert, AlertEvent.Kind.TOLD, now=now, text=text)
    return Attempt.Result.SENT


def _failed(notification: Notification, error: DeliveryError, now: datetime) -> Attempt.Result:
    """Note a failure: tried again after a while, or given up."""
    again_at = None if error.permanent else rules.retry_at(notification.start_count, now)
    if again_at is not None:
        _give_back(notification, due_at=again_at, error=str(error))
        return Attempt.Result.RETRY
    if _give_back(notification, status=Notification.Status.FAILED, error=str(error)):
        _not_told(notification, str(error), now)
    return Attempt.Result.FAILED


def _give_back(notification: Notification, **columns: object) -> bool:
    held = Notification.objects.pending().filter(pk=notification.pk).mine()
    return bool(held.update(claimed_by="", lease_until=None, **columns))


def _not_told(notification: Notification, answer: str, now: datetime) -> None:
    """Say on the timeline that somebody could not be told, and have the next step run if nobody was."""
    text = _("%(person)s could not be told by %(channel)s: %(answer)s") % {
        "person": notification.user_label,
        "channel": channels.CHANNELS[notification.channel].label,
        "answer": answer,
    }
    data = {"notification": notification.pk}
    timeline.record(notification.alert, AlertEvent.Kind.NOT_TOLD, now=now, text=text, data=data)
    escalation.hasten(notification, now=now)
