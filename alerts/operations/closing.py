"""How an alert is closed, and how a person opens it again."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from alertops.lib.sayings import saying
from alertops.lib.wording import worded
from alerts.logic.lifecycle import Act, Action, InvalidTransition, Status
from alerts.models import Alert, AlertEvent
from alerts.operations import escalation
from alerts.operations.acting import Acted, claim, unchanged
from alerts.operations.opening import auto_close, reopening
from alerts.operations.timeline import record

_SILENT = saying("Nothing more was heard since %(time)s.")
_MERGED = saying("Merged into #%(other)d.")
_MERGED_AND = saying("Merged into #%(other)d. %(text)s")
_ABSORBED = saying("#%(number)d was merged into this one: %(subject)s")


def closing(by: str, at: datetime, resolution: str) -> dict[str, Any]:
    """Return the columns of an alert that closes at an instant. Who had it stays on record."""
    return {
        "closed_at": at,
        "closed_by": by[:200],
        "resolution": resolution,
        "snoozed_until": None,
        "acknowledgement_reminder_at": None,
        "acknowledgement_expires_at": None,
        "auto_close_at": None,
    }


def closed_already(alert: Alert) -> Acted:
    """Answer that there is nothing left to do, and who did it."""
    return unchanged(
        alert, _("#%(number)s is closed already, by %(who)s.") % {"number": alert.pk, "who": alert.closed_by}
    )


def close(alert: Alert, act: Act, now: datetime) -> Acted:
    """Close an alert for good, with a word on how it was solved."""
    if alert.status == Status.CLOSED:
        return closed_already(alert)
    return _close(alert, act, now, act.text)


def close_by_itself(alert: Alert, act: Act, now: datetime) -> Acted:
    """Close an alert of which nothing was heard for long; an event in the last moment keeps it open."""
    if alert.auto_close_at is None or alert.auto_close_at > now:
        return unchanged(alert, _("#%(number)s does not close by itself now.") % {"number": alert.pk})
    last = f"{alert.last_event_at:%Y-%m-%d %H:%M} UTC"
    return _close(alert, act, now, act.text or _SILENT % {"time": last})


def _close(alert: Alert, act: Act, now: datetime, resolution: str) -> Acted:
    guard = Q(auto_close_at=alert.auto_close_at) if act.action is Action.AUTO_CLOSE else None
    claim(alert, act.action, guard=guard, **closing(act.actor.label, now, resolution))
    record(alert, AlertEvent.Kind.CLOSED, now=now, actor=act.actor, text=resolution)
    escalation.end(alert, now=now, by=act.actor.user_id)
    return Acted(alert, changed=True, sentence=_("#%(number)s is closed.") % {"number": alert.pk})


def reopen(alert: Alert, act: Act, now: datetime) -> Acted:
    """Open a closed alert again; nobody is told unless that was asked for.

    Refused while the same problem has an alert that is not closed, by the database if need be.
    """
    integration = alert.integration
    policy = integration.escalation_policy if integration else alert.policy
    try:
        with transaction.atomic():
            claim(alert, act.action, **reopening(policy, now), **auto_close(integration, now))
    except IntegrityError:
        raise InvalidTransition(_newer(alert)) from None
    alert.acknowledgers.clear()
    record(alert, AlertEvent.Kind.REOPENED, now=now, actor=act.actor, text=act.text)
    escalation.start(alert, now=now, notifies=act.notifies)
    return Acted(alert, changed=True, sentence=_("#%(number)s is open again.") % {"number": alert.pk})


def _newer(alert: Alert) -> str:
    newer = Alert.objects.not_closed().filter(key_digest=alert.key_digest).exclude(pk=alert.pk).first()
    return _("#%(newer)s is about the same problem and is not closed; go on there.") % {
        "newer": newer.pk if newer else "?"
    }


def merge(alert: Alert, act: Act, now: datetime) -> Acted:
    """Close an alert as a part of another, which counts its events and hears what its source says."""
    if act.other_id is None or act.other_id == alert.pk:
        raise InvalidTransition(_("Choose another alert to merge into."))
    # All rows that change are held, the lower numbers first, as whoever takes in events holds them: who
    # holds one that the other needs next would wait for ever otherwise.
    concerned = Q(pk__in=[alert.pk, act.other_id]) | Q(merged_into=alert.pk)
    held = Alert.objects.select_for_update(no_key=True).filter(concerned).order_by("pk")
    rows = {row.pk: row for row in held}
    other = _mergeable(rows.get(act.other_id))
    names = {"other": other.pk, "text": act.text}
    resolution = (_MERGED_AND if act.text else _MERGED) % names
    claim(alert, act.action, merged_into=other, **closing(act.actor.label, now, resolution))
    _absorb(other, rows[alert.pk])
    kind = AlertEvent.Kind.MERGED
    record(alert, kind, now=now, actor=act.actor, text=resolution, data={"into": other.pk})
    text = _ABSORBED % {"number": alert.pk, "subject": alert.subject}
    record(other, kind, now=now, actor=act.actor, text=text, data={"from": alert.pk})
    escalation.end(alert, now=now, by=act.actor.user_id)
    return Acted(alert, changed=True, sentence=f"#{alert.pk}: {worded(resolution)}")


def _mergeable(other: Alert | None) -> Alert:
    if other is None:
        raise InvalidTransition(_("There is no alert with this number to merge into."))
    if other.status == Status.CLOSED:
        closed = _("#%(other)s is closed; reopen it first, or choose another.")
        raise InvalidTransition(closed % {"other": other.pk})
    return other


def _absorb(other: Alert, merged: Alert) -> None:
    """Count the events of a merged alert, and of what was merged into it before: no chain to follow."""
    Alert.objects.filter(merged_into=merged).update(merged_into=other)
    Alert.objects.filter(pk=other.pk).update(
        event_count=F("event_count") + merged.event_count,
        last_event_at=Greatest("last_event_at", merged.last_event_at),
    )
