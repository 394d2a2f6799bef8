"""How notifications are written, and how they are called off."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from alertops.lib import jobs
from alertops.lib.compiled import compiled
from alertops.lib.rows import insert_missing
from alertops.lib.sayings import saying
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
_NOT_TOLD = saying("Could not be told: %(people)s.", within=["people"])
_NO_ADDRESS = saying("%(person)s (no e-mail address)")
_SWITCHED_OFF = saying("%(person)s (switched off)")
_REPLACED = saying("A later one took its place.")

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


@dataclass(frozen=True)
class Notice:
    """What some people, who can be reached, are to hear of an alert."""

    alert: Alert
    people: Sequence[User]
    wording: Wording


@dataclass(frozen=True)
class Closing:
    """One closing of an alert, and since when it had been open."""

    alert: Alert
    opened_at: datetime


def tell(alert: Alert, users: Iterable[User], kind: str, *, now: datetime, key: str) -> None:
    """Write one notification for each person and way of reaching them, in the caller's transaction.

    key: what tells this occasion from others of its kind and alert. Who cannot be reached is named on
    the timeline.
    """
    people = list(users)
    wording = _wording(alert, Kind(kind), key)
    write([Notice(alert, [user for user in people if is_reachable(user)], wording)], now=now)
    unreachable = [user for user in people if not is_reachable(user)]
    if unreachable:
        text = _NOT_TOLD % {"people": ", ".join(map(why_not, unreachable))}
        timeline.record(alert, AlertEvent.Kind.NOT_TOLD, now=now, text=text)


def write(notices: Iterable[Notice], *, now: datetime) -> None:
    """Write the notifications of some notices at once; what is there already stays as it is."""
    rows = [row for notice in notices for row in _rows(notice, now)]
    if rows:
        _replace_earlier(rows, now)
        insert_missing(rows)
        jobs.nudge(DELIVER)


def ways(user: User) -> list[tuple[str, str]]:
    """Return how a person is reached: channel and address, the loudest first."""
    return [("email", user.email)] if user.email else []


def is_reachable(user: User) -> bool:
    return user.is_active and bool(ways(user))


def why_not(user: User) -> str:
    """Return who cannot be reached, and why, like "Ben (no e-mail address)"."""
    return (_NO_ADDRESS if user.is_active else _SWITCHED_OFF) % {"person": user}


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


def call_off_closed(alerts: Iterable[Alert], *, now: datetime) -> int:
    """Cancel what waits for alerts and is not wanted once they are closed, whatever became of them since."""
    ids = [alert.pk for alert in alerts]
    return _call_off_closed(ids, now) if ids else 0


@compiled
def _call_off_closed(alert_ids: Sequence[int], now: datetime) -> int:
    waiting = Notification.objects.pending().free(now).filter(alert__in=alert_ids)
    untrue = [kind for kind, status in notification.TRUE_ONLY_WHILE.items() if status is not Status.CLOSED]
    unwanted = waiting.filter(~Q(stop="") | Q(kind__in=untrue))
    return unwanted.update(status=Notification.Status.CANCELLED)


def mute(alert: Alert, user_id: int, *, now: datetime) -> None:
    """Cancel what waits for one person, who knows already; news of closing excepted."""
    waiting = Notification.objects.pending().free(now).filter(alert=alert, user_id=user_id)
    waiting.exclude(kind=Kind.CLOSED).update(status=Notification.Status.CANCELLED)


def tell_of_closings(closings: Sequence[Closing], *, now: datetime, by: int | None = None) -> None:
    """Write news of closing to those whom a call for that opening has reached, or is reaching now.

    by: the user who closed them, who is not told.
    """
    calls = _calls(closings, now)
    called = {user_id for of_alert in calls.values() for user_id, _at in of_alert}
    people = [user for user in User.objects.filter(pk__in=called).exclude(pk=by or 0) if is_reachable(user)]
    notices = []
    for closing in closings:
        since = closing.opened_at - SKEW
        reached = {user_id for user_id, at in calls[closing.alert.pk] if at >= since}
        wording = _wording(closing.alert, Kind.CLOSED, closing.opened_at.isoformat())
        notices.append(Notice(closing.alert, [user for user in people if user.pk in reached], wording))
    write(notices, now=now)


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


def _wording(alert: Alert, kind: Kind, key: str) -> Wording:
    return Wording(
        kind=kind,
        key=_short(f"{kind}:{alert.pk}:{key}"),
        stop=_stop_of(kind, alert),
        urgency=urgency_of(alert),
    )


def _calls(closings: Sequence[Closing], now: datetime) -> dict[int, list[tuple[int, datetime]]]:
    """Return by alert whom a call has reached, or is reaching now, and when it was written."""
    found: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    if not closings:
        return found
    since = min(closing.opened_at for closing in closings) - SKEW
    for alert_id, user_id, at in _reached([closing.alert.pk for closing in closings], since, now):
        found[alert_id].append((user_id, at))
    return found


@compiled
def _reached(alert_ids: Sequence[int], since: datetime, now: datetime) -> QuerySet:
    calls = Notification.objects.filter(
        alert__in=alert_ids, kind__in=notification.CALLS, created_at__gte=since, user__is_active=True
    ).order_by()
    reached = calls.filter(
        Q(status=Notification.Status.SENT) | Q(status=Notification.Status.PENDING, lease_until__gt=now)
    )
    return reached.values_list("alert_id", "user_id", "created_at")


def _stop_of(kind: Kind, alert: Alert) -> Stop | None:
    """Return what calls a notification off; if that is met already, it is told in spite of it."""
    stop = notification.STOP[kind]
    has_owner = alert.owner_id is not None
    if stop is None or not stop_met(stop, status=Status(alert.status), has_owner=has_owner):
        return stop
    return Stop.CLOSED


def _rows(notice: Notice, now: datetime) -> Iterator[Notification]:
    alert, wording = notice.alert, notice.wording
    for user in notice.people:
        for channel, address in ways(user):
            yield Notification(
                alert=alert,
                integration_id=alert.integration_id,
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


def _replace_earlier(rows: list[Notification], now: datetime) -> None:
    """Cancel what waits to tell the same person of the same alert, and is needless now."""
    needless = {
        (row.alert_id, row.user_id, kind) for row in rows for kind in _REPLACED_BY.get(Kind(row.kind), ())
    }
    alert_ids, keys = {pk for pk, *_rest in needless}, [row.dedup_key for row in rows]
    earlier = _earlier(list(alert_ids), keys, now) if needless else []
    replaced = [pk for pk, *what in earlier if (*what,) in needless]
    if replaced:
        Notification.objects.pending().free(now).filter(pk__in=replaced).update(
            status=Notification.Status.CANCELLED, error=_REPLACED
        )


@compiled
def _earlier(alert_ids: Sequence[int], except_keys: Sequence[str], now: datetime) -> QuerySet:
    waiting = Notification.objects.pending().free(now).filter(alert__in=alert_ids)
    return waiting.exclude(dedup_key__in=except_keys).values_list("pk", "alert", "user", "kind")


def _short(key: str) -> str:
    """Return a key that leaves room for the person and the channel."""
    return key if len(key) <= 80 else f"{key[:40]}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
