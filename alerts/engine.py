"""What is due: what alerts does by itself, in order.

`tick` looks once a second and has what is due done soon; each `<verb>_due` does one pass of it. A pass is
capped, takes the oldest first, and leaves alone what another process got to before.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from alertops.lib import jobs
from alerts.logic.lifecycle import SYSTEM, Act, Action, InvalidTransition
from alerts.models import Alert, Escalation, Notification
from alerts.operations import act, delivery, steps, telling
from alerts.operations.keys import forget_decisions

logger = logging.getLogger(__name__)

BATCH = 100

DUE: dict[str, Callable[[datetime], QuerySet]] = {
    "alerts.tasks.wake": Alert.objects.due_for_waking,
    "alerts.tasks.remind": Alert.objects.due_for_reminder,
    "alerts.tasks.time_out": Alert.objects.due_for_acknowledgement_timeout,
    steps.ESCALATE: Escalation.objects.due_for_escalation,
    telling.DELIVER: Notification.objects.due_for_delivery,
    "alerts.tasks.auto_close": Alert.objects.due_for_auto_close,
}


def tick(now: datetime) -> None:
    """Free what dead processes of this node held, and nudge every task that has something to do."""
    # What is held was due: said, so that the indexes of what is due are used.
    Escalation.objects.filter(due_at__lte=now).release_dead(now)
    Notification.objects.pending().filter(due_at__lte=now).release_dead(now)
    for task, due in DUE.items():
        if due(now).order_by().exists():
            jobs.nudge(task)


def wake_due(now: datetime) -> int:
    """End the snoozes that are over."""
    return _act_on(Alert.objects.due_for_waking(now), Action.WAKE, now)


def remind_due(now: datetime) -> int:
    """Remind those whose acknowledgement is about to run out."""
    return _each(Alert.objects.due_for_reminder(now), lambda pk: telling.remind(pk, now=now))


def time_out_due(now: datetime) -> int:
    """Open the alerts whose acknowledgement has run out."""
    return _act_on(Alert.objects.due_for_acknowledgement_timeout(now), Action.TIME_OUT, now)


def escalate_due(now: datetime) -> int:
    """Run the steps that are due."""
    return steps.run_due(Escalation.objects.due_for_escalation(now).in_turns(BATCH), now=now)


def deliver_due(now: datetime) -> int:
    """Hand over the notifications that are due."""
    return delivery.deliver_due(now)


def auto_close_due(now: datetime) -> int:
    """Close the alerts of which nothing was heard for long."""
    return _act_on(Alert.objects.due_for_auto_close(now), Action.AUTO_CLOSE, now)


def prune_keys(now: datetime, retention: timedelta) -> int:
    """Forget the keys on which nothing was decided within the retention; return how many."""
    return forget_decisions(now - retention)


def _act_on(alerts: QuerySet, action: Action, now: datetime) -> int:
    return _each(alerts, lambda pk: act(pk, Act(action=action, actor=SYSTEM), now=now).changed)


def _each(rows: QuerySet, do: Callable[[int], bool]) -> int:
    """Do one thing to each row; return how many it was done to, so that 0 ends a drain."""
    count = 0
    for pk in list(rows.values_list("pk", flat=True)[:BATCH]):
        try:
            count += do(pk)
        except (InvalidTransition, Alert.DoesNotExist):
            continue  # somebody else was first
        except Exception:
            # One row that cannot be worked on must not keep the others waiting.
            logger.exception("%s %s could not be worked on.", rows.model._meta.verbose_name, pk)
    return count
