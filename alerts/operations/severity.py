"""What a change of severity does: worse is told at once, milder to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from alerts.logic.event import Severity
from alerts.logic.lifecycle import Act, Action, InvalidTransition, Status, is_worse, next_status
from alerts.models import Alert, AlertEvent, Notification, User
from alerts.operations import escalation
from alerts.operations.acting import Acted, claim, unchanged
from alerts.operations.people import acknowledgement_times
from alerts.operations.timeline import record


def change_severity(alert: Alert, act: Act, now: datetime) -> Acted:
    """Change how bad an alert is. Whoever has it keeps it, for as long as the new severity allows."""
    before, after = Severity(alert.severity), act.severity
    if after is None:
        raise InvalidTransition(_("Choose a severity."))
    if after is before:
        return unchanged(alert, _("#%(number)s is %(severity)s already.") % _names(alert))
    reached = reach(alert, act.action)
    rises = is_worse(after, before)
    columns: dict[str, Any] = {
        "severity": after.value,
        "snoozed_until": None if rises else alert.snoozed_until,
    }
    if alert.status == Status.ACKNOWLEDGED and columns["snoozed_until"] is None:
        columns |= acknowledgement_times(alert, after, now)
    claim(alert, act.action, guard=Q(severity=before.value), **columns)
    kind = AlertEvent.Kind.RAISED if rises else AlertEvent.Kind.SEVERITY_CHANGED
    data = {"from": before.value, "to": after.value}
    line = record(alert, kind, now=now, actor=act.actor, text=act.text, data=data)
    if rises:
        tell_of_raise(alert, line, reached, now=now)
    return Acted(alert, changed=True, sentence=_("#%(number)s is %(severity)s now.") % _names(alert))


@dataclass(frozen=True)
class Reach:
    """Whom a raise reaches at once, and whether the policy begins anew with it."""

    people: Sequence[User]
    begins_anew: bool


def reach(alert: Alert, action: Action) -> Reach:
    """Return whom a raise reaches; to be read before it changes anything.

    Those who have the alert, or else all who were called for it. The policy begins anew where the raise
    opens what somebody has, or breaks the snooze of what is open.
    """
    was_open = alert.status == Status.OPEN
    opens = next_status(Status(alert.status), action) is Status.OPEN
    people = _called(alert) if was_open else _holders(alert)
    return Reach(list(people), begins_anew=opens and not (was_open and alert.snoozed_until is None))


def tell_of_raise(
    alert: Alert, line: AlertEvent, reached: Reach, *, now: datetime, notifies: bool = True
) -> None:
    """Tell people at once that an alert is worse; where nobody was called for it yet, the next step.

    Who raised it by hand knows.
    """
    others = [user for user in reached.people if user.pk != line.actor_id]
    if notifies and others:
        escalation.tell(alert, others, Notification.Kind.RAISED, now=now, key=str(line.pk))
    if reached.begins_anew:
        escalation.start(alert, now=now, notifies=notifies)
        return
    escalation.settle(alert, now=now)
    if alert.severity == Severity.CRITICAL:
        escalation.hold_no_more(alert, now=now)
    if notifies and not reached.people and alert.status == Status.OPEN:
        escalation.advance(alert, now=now)


def _holders(alert: Alert) -> QuerySet[User]:
    holders = Q(pk=alert.owner_id) | Q(pk__in=alert.acknowledgers.values("pk"))
    return User.objects.filter(holders, is_active=True)


def _called(alert: Alert) -> QuerySet[User]:
    """Return who was called since the alert opened, or has been given it."""
    calls = Notification.objects.filter(alert=alert, created_at__gte=alert.opened_at)
    called = calls.exclude(status=Notification.Status.CANCELLED).values("user")
    return User.objects.filter(Q(pk=alert.owner_id) | Q(pk__in=called), is_active=True)


def _names(alert: Alert) -> dict[str, Any]:
    return {"number": alert.pk, "severity": alert.get_severity_display()}
