"""How an alert is kept quiet, for a while or until it has recovered, and how that ends."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from alerts.logic.lifecycle import SYSTEM, UNTIL_RECOVERED, Act, InvalidTransition, check_snooze
from alerts.models import Alert, AlertEvent
from alerts.operations import escalation
from alerts.operations.acting import Acted, claim, unchanged
from alerts.operations.people import let_go
from alerts.operations.timeline import record


def snooze(alert: Alert, act: Act, now: datetime) -> Acted:
    """Tell nobody until a time; an acknowledgement does not run out meanwhile, for its end opens anyway."""
    until = check_snooze(act.until, now)
    claim(
        alert,
        act.action,
        snoozed_until=until,
        acknowledgement_reminder_at=None,
        acknowledgement_expires_at=None,
    )
    data = {"until": until.isoformat()}
    record(alert, AlertEvent.Kind.SNOOZED, now=now, actor=act.actor, text=act.text, data=data)
    escalation.settle(alert, now=now)
    sentence = _("#%(number)s is quiet until %(time)s.")
    names = {"number": alert.pk, "time": f"{timezone.localtime(until):%H:%M %Z}"}
    return Acted(alert, changed=True, sentence=sentence % names)


def mute(alert: Alert, act: Act, now: datetime) -> Acted:
    """Tell nobody until the source says that it is over, however bad it says it is meanwhile.

    Whoever mutes an alert that nobody has is the one who has it: it is no longer anybody else's to take.
    """
    if alert.key_digest is None:
        raise InvalidTransition(gettext_noop("No source will ever say that this alert is over: close it."))
    if alert.is_muted:
        return unchanged(alert, _("#%(number)s is muted already.") % {"number": alert.pk})
    owner_id = alert.owner_id or act.actor.user_id
    claim(
        alert,
        act.action,
        owner_id=owner_id,
        first_assigned_at=alert.first_assigned_at or (now if owner_id else None),
        acknowledged_at=alert.acknowledged_at or now,
        snoozed_until=UNTIL_RECOVERED,
        acknowledgement_reminder_at=None,
        acknowledgement_expires_at=None,
    )
    if act.actor.user_id is not None:
        alert.acknowledgers.add(act.actor.user_id)
    record(alert, AlertEvent.Kind.MUTED, now=now, actor=act.actor, text=act.text)
    escalation.settle(alert, now=now)
    sentence = _("#%(number)s is quiet until its source says that it is over.") % {"number": alert.pk}
    return Acted(alert, changed=True, sentence=sentence)


def wake(alert: Alert, act: Act, now: datetime) -> Acted:
    """End a snooze or a mute: nobody has the alert, and its policy begins anew. A person may do so early."""
    until, was_muted = alert.snoozed_until, alert.is_muted
    if until is None or (until > now and act.actor.via == SYSTEM.via):
        return unchanged(alert, _("There is no snooze of #%(number)s to end.") % {"number": alert.pk})
    let_go(alert, act)
    record(alert, AlertEvent.Kind.WOKEN, now=now, actor=act.actor, text=act.text)
    escalation.start(alert, now=now)
    sentence = _("The snooze of #%(number)s is over; its policy begins anew.")
    if was_muted:
        sentence = _("#%(number)s is no longer muted; its policy begins anew.")
    return Acted(alert, changed=True, sentence=sentence % {"number": alert.pk})
