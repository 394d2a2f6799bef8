"""What people, sources and the clock do to an alert: every action through one function, with its actor."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from alerts.logic import lifecycle
from alerts.logic.lifecycle import Act, Action, InvalidTransition, Status
from alerts.models import Alert, AlertEvent
from alerts.operations import closing, people, quiet, severity
from alerts.operations.acting import Acted, Overtaken, claim
from alerts.operations.timeline import record

__all__ = ["Acted", "act"]

# Twice is enough unless an alert changes its state twice in the very same moment.
ATTEMPTS = 3


def act(alert_id: int, act: Act, *, now: datetime) -> Acted:
    """Do one action to an alert, with its line on the timeline and all that follows, or nothing at all.

    Raises InvalidTransition with a sentence for whoever acted, and Alert.DoesNotExist.
    Events of a source come through `ingest`.
    """
    for _attempt in range(ATTEMPTS):
        with suppress(Overtaken):
            return _once(alert_id, act, now)
    raise InvalidTransition(_("This alert was just changed by somebody else; look again."))


def _once(alert_id: int, act: Act, now: datetime) -> Acted:
    effect = EFFECTS[act.action]
    with transaction.atomic():
        alert = Alert.objects.select_related("policy", "owner").get(pk=alert_id)
        try:
            lifecycle.next_status(Status(alert.status), act.action)
            return effect(alert, act, now)
        except InvalidTransition as refusal:
            raise InvalidTransition(_(str(refusal))) from None


def _note(alert: Alert, act: Act, now: datetime) -> Acted:
    """Write a line of one's own on the timeline."""
    if not act.text.strip():
        raise InvalidTransition(_("Write something first."))
    claim(alert, act.action)
    record(alert, AlertEvent.Kind.NOTE, now=now, actor=act.actor, text=act.text)
    return Acted(
        alert, changed=True, sentence=_("Your note is on the timeline of #%(number)s.") % {"number": alert.pk}
    )


EFFECTS: dict[Action, Callable[[Alert, Act, datetime], Acted]] = {
    Action.ACKNOWLEDGE: people.acknowledge,
    Action.UNACKNOWLEDGE: people.unacknowledge,
    Action.ASSIGN: people.assign,
    Action.ADD_RESPONDER: people.add_responder,
    Action.ESCALATE: people.escalate,
    Action.TIME_OUT: people.time_out,
    Action.SNOOZE: quiet.snooze,
    Action.MUTE: quiet.mute,
    Action.WAKE: quiet.wake,
    Action.CLOSE: closing.close,
    Action.AUTO_CLOSE: closing.close_by_itself,
    Action.REOPEN: closing.reopen,
    Action.MERGE: closing.merge,
    Action.CHANGE_SEVERITY: severity.change_severity,
    Action.NOTE: _note,
}
