"""How an alert is kept quiet for a while, and how that ends."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from alerts.logic.lifecycle import SYSTEM, Act, check_snooze
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


def wake(alert: Alert, act: Act, now: datetime) -> Acted:
    """End a snooze: nobody has the alert, and its policy begins anew. A person may do so early."""
    until = alert.snoozed_until
    if until is None or (until > now and act.actor.via == SYSTEM.via):
        return unchanged(alert, _("There is no snooze of #%(number)s to end.") % {"number": alert.pk})
    let_go(alert, act)
    record(alert, AlertEvent.Kind.WOKEN, now=now, actor=act.actor, text=act.text)
    escalation.start(alert, now=now)
    sentence = _("The snooze of #%(number)s is over; its policy begins anew.") % {"number": alert.pk}
    return Acted(alert, changed=True, sentence=sentence)
