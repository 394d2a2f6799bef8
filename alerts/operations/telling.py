"""How notifications are written, and how they are called off."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from alertops.lib import jobs
from alerts.logic import notification
from alerts.logic.escalation import Stop, stop_met
from alerts.logic.event import URGENCY, Severity, Urgency
from alerts.logic.lifecycle import Status
from alerts.logic.notification import Kind
from alerts.models import Alert, AlertEvent, Notification, User
from alerts.operations import timeline

DELIVER = "alerts.tasks.deliver"
# By how much the clocks of two machines may differ.
SKEW = timedelta(minutes=1)

# What a later page makes needless: nobody wants three of them when the mail server is back.
_REPLACED_BY = {
    Kind.PAGE: (Kind.PAGE,),
    Kind.LAST_RESORT: (Kind.PAGE, Kind.LAST_RESORT),
}


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What the notifications that are written together have in common.

    key: tells this occasion from every other; who is told twice on one occasion is told once.
    """

    kind: Kind
    key: str
    stop: Stop | None
    urgency: Urgency
    escalation_id: int | None = None


def tell(alert: Alert, users: Iterable[User], kind: str, *, now: datetime, key: str) -> None:
    """Write one notification for each person and way of reaching them, in the caller's transaction.

    key: what tells this occasion from others of its kind and alert. Who cannot be reached is named on
    the timeline.
    """
    people = list(users)
    wording = Wording(
        kind=Kind(kind),
        key=_short(f"{kind}:{alert.pk}:{key}"),
        stop=_stop_of(Kind(kind), alert),
        urgency=urgency_of(alert),
    )
    write(alert, [user for user in people if is_reachable(user)], wording, now=now)
    unreachable = [user for user in people if not is_reachable(user)]
    if unreachable:
        text = _("Could not be told: %(people)s.") % {"people": ", ".join(map(why_not, unreachable))}
        timeline.record(alert, AlertEvent.Kind.NOT_TOLD, now=now, text=text)


def write(alert: Alert, users: Sequence[User], wording: Wording, *, now: datetime) -> None:
    """Write the notifications of people who can be reached; what is there already stays as it is."""
    rows = [
        Notification(
            alert=alert,
            escalation_id=wording.escalation_id,
            user=user,
            user_label=str(user)[:200],
            kind=wording.kind,
            channel=channel,
            address=address,
            urgency=wording.urgency,
            stop=wording.stop or "",
            dedup_key=f"{wording.key}:{user.pk}:{channel}",
            created_at=now,
            due_at=now,
        )
        for user in users
        for channel, address in ways(user)
    ]
    if rows:
        _replace_earlier(alert, rows, wording.kind, now)
        Notification.objects.bulk_create(rows, ignore_conflicts=True)
        jobs.nudge(DELIVER)


def ways(user: User) -> list[tuple[str, str]]:
    """Return how a person is reached: channel and address, the loudest first."""
    return [("email", user.email)] if user.email else []


def is_reachable(user: User) -> bool:
    return user.is_active and bool(ways(user))


def why_not(user: User) -> str:
    """Return who cannot be reached, and why, like "Ben (no e-mail address)"."""
    reason = _("no e-mail address") if user.is_active else _("switched off")
    return f"{user} ({reason})"


def urgency_of(alert: Alert) -> Urgency:
    return URGENCY[Severity(alert.severity)]


def wanted(now: datetime) -> Q:
    """Return `notification.is_wanted` as a condition on notifications, for use inside one statement.

    The alert is asked in sub-queries, never joined: with a join an UPDATE would look at its own rows as
    they were when it began, and take one that was called off meanwhile.
    """
    alert = Alert.objects.filter(pk=OuterRef("alert_id"))
    is_open = Exists(alert.filter(status=Status.OPEN))
    in_time = (
        Q(stop="")
        | Q(Exists(alert.not_closed()), stop=Stop.CLOSED)
        | Q(is_open, stop=Stop.ACKNOWLEDGED)
        | Q(Exists(alert.filter(status=Status.OPEN, owner=None)), stop=Stop.ASSIGNED)
    )
    is_quiet = Q(Exists(alert.filter(snoozed_until__gt=now)), kind__in=notification.MUTED_BY_SNOOZE)
    for kind, status in notification.TRUE_ONLY_WHILE.items():
        in_time &= ~Q(kind=kind) | Q(Exists(alert.filter(status=status)))
    return in_time & ~is_quiet


def call_off(alert: Alert, *, now: datetime) -> int:
    """Cancel what waits for an alert and is not wanted any more; the alert's row is asked.

    What a worker holds is being sent this moment: its result is written, and no second attempt is made.
    """
    waiting = Notification.objects.pending().free(now).filter(alert=alert)
    return waiting.filter(~wanted(now)).update(status=Notification.Status.CANCELLED)


def mute(alert: Alert, user_id: int, *, now: datetime) -> None:
    """Cancel what waits for one person, who knows already; news of closing excepted."""
    waiting = Notification.objects.pending().free(now).filter(alert=alert, user_id=user_id)
    waiting.exclude(kind=Kind.CLOSED).update(status=Notification.Status.CANCELLED)


def tell_of_closing(alert: Alert, *, now: datetime, by: int | None = None) -> None:
    """Write news of closing to those whom a call for this opening has reached, or is reaching now.

    by: the user who closed it, who is not told.
    """
    calls = Notification.objects.filter(
        alert=alert, kind__in=notification.CALLS, created_at__gte=alert.opened_at - SKEW, user__is_active=True
    )
    reached = calls.filter(
        Q(status=Notification.Status.SENT) | Q(status=Notification.Status.PENDING, lease_until__gt=now)
    )
    people = User.objects.filter(pk__in=reached.values("user")).exclude(pk=by or 0)
    tell(alert, filter(is_reachable, people), Kind.CLOSED, now=now, key=alert.opened_at.isoformat())


def remind(alert_id: int, *, now: datetime) -> bool:
    """Remind who has an alert that the acknowledgement is about to run out; tell whether it was our turn.

    Once: the time of the reminder is taken off the alert by the statement that asks for it.
    """
    due = Alert.objects.due_for_reminder(now).order_by().filter(pk=alert_id)
    with transaction.atomic():
        if not due.update(acknowledgement_reminder_at=None):
            return False
        alert = Alert.objects.select_related("owner").get(pk=alert_id)
        expires_at = alert.acknowledgement_expires_at
        if expires_at is not None and expires_at > now:
            people = [alert.owner] if alert.owner else alert.acknowledgers.all()
            tell(alert, people, Kind.REMINDER, now=now, key=expires_at.isoformat())
    return True


def _stop_of(kind: Kind, alert: Alert) -> Stop | None:
    """Return what calls a notification off; if that is met already, it is told in spite of it."""
    stop = notification.STOP[kind]
    has_owner = alert.owner_id is not None
    if stop is None or not stop_met(stop, status=Status(alert.status), has_owner=has_owner):
        return stop
    return Stop.CLOSED


def _replace_earlier(alert: Alert, rows: list[Notification], kind: Kind, now: datetime) -> None:
    earlier = (
        Notification.objects.pending()
        .free(now)
        .filter(alert=alert, user__in={row.user_id for row in rows}, kind__in=_REPLACED_BY.get(kind, ()))
        .exclude(dedup_key__in=[row.dedup_key for row in rows])
    )
    earlier.update(status=Notification.Status.CANCELLED, error=_("A later one took its place."))


def _short(key: str) -> str:
    """Return a key that leaves room for the person and the channel."""
    return key if len(key) <= 80 else f"{key[:40]}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
