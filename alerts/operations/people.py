"""Who has an alert: taking it, giving it back, giving it to somebody else, calling more people."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.logic import lifecycle
from alerts.logic.event import Severity
from alerts.logic.lifecycle import Act, InvalidTransition, Status
from alerts.models import Alert, AlertEvent, Notification, User
from alerts.operations import escalation
from alerts.operations.acting import NOBODY_HAS_IT, Acted, claim, unchanged
from alerts.operations.closing import closed_already
from alerts.operations.timeline import record

# How long one who was given an alert has before the steps go on, where no policy says otherwise.
ASSIGNEE_HAS = timedelta(minutes=10)


def acknowledge(alert: Alert, act: Act, now: datetime) -> Acted:
    """Take an alert. Whoever acknowledges has it and is called no more; the first also owns it."""
    if alert.status == Status.CLOSED:
        return closed_already(alert)
    return _take(alert, act, now, owner_id=alert.owner_id or act.actor.user_id)


def assign(alert: Alert, act: Act, now: datetime) -> Acted:
    """Give an alert to a person, who is told; to give it to oneself is to acknowledge it."""
    if act.user_id is not None and act.user_id == act.actor.user_id:
        return _take(alert, act, now, owner_id=act.user_id)
    person = _person(act)
    if alert.owner_id == person.pk:
        return unchanged(alert, _("%(who)s has #%(number)s already.") % _names(person, alert))
    claim(alert, act.action, owner_id=person.pk, first_assigned_at=alert.first_assigned_at or now)
    line = _record_about(alert, AlertEvent.Kind.ASSIGNED, person, act, now)
    escalation.settle(alert, now=now)
    escalation.tell(alert, [person], Notification.Kind.ASSIGNED, now=now, key=str(line.pk))
    patience = alert.policy.assignment_timeout if alert.policy else ASSIGNEE_HAS
    if alert.status == Status.OPEN and patience:
        escalation.hold(alert, until=now + patience)
    return Acted(alert, changed=True, sentence=_("#%(number)s was given to %(who)s.") % _names(person, alert))


def add_responder(alert: Alert, act: Act, now: datetime) -> Acted:
    """Ask one more person to respond; nobody else's part changes."""
    person = _person(act)
    claim(alert, act.action)
    line = _record_about(alert, AlertEvent.Kind.RESPONDER_ADDED, person, act, now)
    escalation.tell(alert, [person], Notification.Kind.RESPONDER, now=now, key=str(line.pk))
    sentence = _("%(who)s is asked to respond to #%(number)s.") % _names(person, alert)
    return Acted(alert, changed=True, sentence=sentence)


def unacknowledge(alert: Alert, act: Act, now: datetime) -> Acted:
    """Take an acknowledgement back: nobody has the alert, and the escalation goes on where it was."""
    let_go(alert, act)
    record(alert, AlertEvent.Kind.UNACKNOWLEDGED, now=now, actor=act.actor, text=act.text)
    escalation.resume(alert, now=now)
    sentence = _("#%(number)s is open again, and the escalation goes on.") % {"number": alert.pk}
    return Acted(alert, changed=True, sentence=sentence)


def escalate(alert: Alert, act: Act, now: datetime) -> Acted:
    """Tell the next step at once, whoever has the alert and however quiet it was meant to be.

    Says who is told; nobody may be left to be told, and then that is said.
    """
    if alert.status == Status.ACKNOWLEDGED:
        let_go(alert, act)
    else:
        claim(alert, act.action, snoozed_until=None)
    record(alert, AlertEvent.Kind.ESCALATED, now=now, actor=act.actor, text=act.text)
    told = escalation.advance(alert, now=now)
    names = {"number": alert.pk, "people": ", ".join(map(str, told))}
    said = ngettext(
        "#%(number)s: %(people)s is told now.", "#%(number)s: these are told now: %(people)s.", len(told)
    )
    nobody = _(
        "#%(number)s: nobody can be told, because no further step reaches anybody."
        " Assign it to somebody, or ask somebody for help."
    )
    return Acted(alert, changed=True, sentence=(said if told else nobody) % names)


def time_out(alert: Alert, act: Act, now: datetime) -> Acted:
    """Open an alert whose acknowledgement has run out; its policy begins anew."""
    expires_at = alert.acknowledgement_expires_at
    if expires_at is None or expires_at > now:
        return unchanged(
            alert, _("The acknowledgement of #%(number)s has not run out.") % {"number": alert.pk}
        )
    let_go(alert, act, guard=Q(acknowledgement_expires_at=expires_at))
    record(alert, AlertEvent.Kind.ACKNOWLEDGEMENT_TIMED_OUT, now=now, actor=act.actor, text=act.text)
    escalation.start(alert, now=now)
    sentence = _("The acknowledgement of #%(number)s ran out; it is open again.") % {"number": alert.pk}
    return Acted(alert, changed=True, sentence=sentence)


def let_go(alert: Alert, act: Act, *, guard: Q | None = None) -> None:
    """Move an alert to where nobody has it and nothing keeps it quiet."""
    claim(alert, act.action, guard=guard, **NOBODY_HAS_IT)
    alert.acknowledgers.clear()


def acknowledgement_times(alert: Alert, severity: Severity, now: datetime) -> dict[str, Any]:
    """Return the columns of when an acknowledgement that begins now is about to run out, and runs out."""
    lasts = lifecycle.ACKNOWLEDGEMENT_LASTS
    if alert.policy:
        lasts = {
            Severity.CRITICAL: alert.policy.acknowledgement_timeout_critical,
            Severity.ERROR: alert.policy.acknowledgement_timeout_error,
        }
    times = lifecycle.acknowledgement(severity, now, lasts)
    return {
        "acknowledgement_reminder_at": times.reminder_at,
        "acknowledgement_expires_at": times.expires_at,
    }


def _take(alert: Alert, act: Act, now: datetime, *, owner_id: int | None) -> Acted:
    """Acknowledge with an owner, if that adds anything to what is so."""
    adds = _what_it_adds(alert, act, now, owner_id)
    if adds is None:
        return unchanged(alert, _("#%(number)s is acknowledged already.") % {"number": alert.pk})
    claim(alert, lifecycle.Action.ACKNOWLEDGE, **_taken(alert, now, owner_id))
    record(alert, AlertEvent.Kind.ACKNOWLEDGED, now=now, actor=act.actor, text=act.text)
    escalation.settle(alert, now=now)
    if act.actor.user_id is not None:
        alert.acknowledgers.add(act.actor.user_id)
        escalation.mute(alert, act.actor.user_id, now=now)
    return Acted(alert, changed=True, sentence=adds % {"number": alert.pk})


def _what_it_adds(alert: Alert, act: Act, now: datetime, owner_id: int | None) -> str | None:
    """Return what an acknowledgement adds, as a sentence: itself, a person, an owner, or time.

    Time only when it is running out: a second tap on the same button is not a second decision.
    """
    user_id = act.actor.user_id
    if alert.status == Status.OPEN:
        return _("#%(number)s is acknowledged.")
    if user_id is None:
        return None
    if owner_id != alert.owner_id or not alert.acknowledgers.filter(pk=user_id).exists():
        return _("#%(number)s was acknowledged before; you are added.")
    if lifecycle.is_running_out(alert.acknowledgement_expires_at, now):
        return _("#%(number)s is acknowledged anew.")
    return None


def _taken(alert: Alert, now: datetime, owner_id: int | None) -> dict[str, Any]:
    """Return the columns of an alert that is acknowledged.

    Who takes an alert that was only kept quiet ends that; who joins somebody that chose it does not.
    """
    quiet_until = alert.snoozed_until if alert.status == Status.ACKNOWLEDGED else None
    return {
        "owner_id": owner_id,
        "first_assigned_at": alert.first_assigned_at or (now if owner_id else None),
        "acknowledged_at": alert.acknowledged_at or now,
        "snoozed_until": quiet_until,
        **({} if quiet_until else acknowledgement_times(alert, Severity(alert.severity), now)),
    }


def _person(act: Act) -> User:
    person = User.objects.filter(pk=act.user_id or 0, is_active=True).first()
    if person is None:
        raise InvalidTransition(_("Choose a person who is here and active."))
    return person


def _names(person: User, alert: Alert) -> dict[str, Any]:
    return {"who": person, "number": alert.pk}


def _record_about(alert: Alert, kind: AlertEvent.Kind, person: User, act: Act, now: datetime) -> AlertEvent:
    text = f"{person}: {act.text}" if act.text else str(person)
    return record(alert, kind, now=now, actor=act.actor, text=text, data={"user": person.pk})
