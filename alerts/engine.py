"""What is due: what alerts does by itself, in order.

`tick` looks once a second and has what is due done soon; each `<verb>_due` does one pass of it. A pass is
capped, takes the oldest first, and leaves alone what another process got to before.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import QuerySet

from alertops.lib import jobs
from alertops.lib.compiled import compiled
from alerts.channels import lines
from alerts.logic.lifecycle import SYSTEM, Act, Action, InvalidTransition
from alerts.models import Alert, Escalation, HandOver, Invitation, Notification, Rotation, Schedule
from alerts.models.escalation import EscalationQuerySet
from alerts.models.notification import NotificationQuerySet
from alerts.models.turns import in_turns
from alerts.operations import act, delivery, due_steps, invitations, sla, steps, telling
from alerts.operations.keys import forget_decisions
from alerts.operations.on_call import calendars, handing_over

logger = logging.getLogger(__name__)

BATCH = 100


def _any(due: Callable[[datetime], QuerySet]) -> Callable[[datetime], list[Any]]:
    """Return what tells at an instant whether there is any row that is due.

    Asked in the order of the index of what is due. In no order, PostgreSQL takes any row for as likely to
    be due as not, and reads the table for the first one: all of it, where none is.
    """

    def first(now: datetime) -> QuerySet:
        return due(now).values_list("pk")[:1]

    return compiled(first)


DUE = {
    "alerts.tasks.wake": _any(Alert.objects.due_for_waking),
    "alerts.tasks.remind": _any(Alert.objects.due_for_reminder),
    "alerts.tasks.time_out": _any(Alert.objects.due_for_acknowledgement_timeout),
    steps.ESCALATE: _any(Escalation.objects.due_for_escalation),
    telling.DELIVER: _any(Notification.objects.due_for_delivery),
    "alerts.tasks.auto_close": _any(Alert.objects.due_for_auto_close),
    invitations.MAIL: _any(Invitation.objects.due_for_mail),
    "alerts.tasks.miss_sla": _any(Alert.objects.due_for_sla),
    "alerts.tasks.notice_shifts": _any(Schedule.objects.due_for_hand_over),
    "alerts.tasks.hand_over": _any(HandOver.objects.due_for_hand_over),
    "alerts.tasks.read_calendars": _any(Rotation.objects.due_for_reading),
}


def tick(now: datetime) -> None:
    """Free what dead processes of this node held, and nudge every task that has something to do."""
    _begun_escalations(now).release_dead(now, holders=_escalating(now))
    _begun_notifications(now).release_dead(now, holders=_delivering(now))
    for task, any_due in DUE.items():
        if any_due(now):
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
    oldest = _oldest_escalations(now)
    if not oldest:
        return 0
    ids = in_turns(oldest, BATCH, due=partial(Escalation.objects.due_for_escalation, now))
    return due_steps.run_due(ids, now=now)


def delivers_quickly() -> bool:
    """Tell whether to deliver would not keep this process for long, as far as it has seen."""
    return lines.are_quick()


def deliver_due(now: datetime) -> int:
    """Hand over the notifications that are due."""
    return delivery.deliver_due(now)


def auto_close_due(now: datetime) -> int:
    """Close the alerts of which nothing was heard for long."""
    return _act_on(Alert.objects.due_for_auto_close(now), Action.AUTO_CLOSE, now)


def mail_invitations_due(now: datetime) -> int:
    """Mail the invitations that are due."""
    return invitations.mail_due(now)


def miss_sla_due(now: datetime) -> int:
    """Put on record which alerts should have been closed by now."""
    return _each(Alert.objects.due_for_sla(now), lambda pk: sla.miss(pk, now=now))


def notice_shifts_due(now: datetime) -> int:
    """Look who comes on call and who goes, where that may have changed."""
    return handing_over.notice_due(now)


def hand_over_due(now: datetime) -> int:
    """Tell those who come on call and those who go."""
    return handing_over.tell_due(now)


def read_calendars_due(now: datetime) -> int:
    """Read the imported calendars whose time has come."""
    return calendars.refresh_due(now)


def prune_keys(now: datetime, retention: timedelta) -> int:
    """Forget the keys on which nothing was decided within the retention; return how many."""
    return forget_decisions(now - retention)


def _begun_escalations(now: datetime) -> EscalationQuerySet:
    """Return what may be held: that was due, which is said so that the index of what is due is used."""
    return Escalation.objects.filter(due_at__lte=now)


def _begun_notifications(now: datetime) -> NotificationQuerySet:
    return Notification.objects.pending().filter(due_at__lte=now)


@compiled
def _escalating(now: datetime) -> QuerySet:
    return _begun_escalations(now).holders_here(now)


@compiled
def _delivering(now: datetime) -> QuerySet:
    return _begun_notifications(now).holders_here(now)


@compiled
def _oldest_escalations(now: datetime) -> QuerySet:
    return Escalation.objects.due_for_escalation(now).oldest(BATCH)


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
