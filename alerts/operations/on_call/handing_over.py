"""How those whose time on call begins or ends are told, with the alerts of that moment."""

import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from alertops.lib.languages import speaking
from alerts.channels import account
from alerts.logic import oncall
from alerts.logic.lifecycle import Status
from alerts.logic.notification import retry_at
from alerts.models import Alert, HandOver, Schedule, User
from alerts.operations import letters, links
from alerts.operations.on_call.reading import schedules_of

logger = logging.getLogger(__name__)

BATCH = 50
# How far the next change is looked for; after that time it is looked again.
AHEAD = timedelta(days=7)
LEASE = timedelta(seconds=60)
MOST_ALERTS = 20


def notice_due(now: datetime) -> int:
    """Look at the schedules whose time has come; write down whom to tell, and when to look again."""
    rows = list(Schedule.objects.due_for_hand_over(now)[:BATCH])
    shapes = schedules_of([row.pk for row in rows], now, now + AHEAD)
    return sum(_notice(row, shapes[row.pk], now) for row in rows)


def tell_due(now: datetime) -> int:
    """Send one of the mails that are due: a server may take long over each. Return whether there was one."""
    pk = HandOver.objects.due_for_hand_over(now).values_list("pk", flat=True).first()
    if pk is None:
        return 0
    if HandOver.objects.filter(pk=pk).claim(now=now, lease=LEASE):
        _tell(HandOver.objects.select_related("schedule", "user").get(pk=pk), now)
    return 1


def _notice(row: Schedule, shape: oncall.Schedule, now: datetime) -> bool:
    """Compare who is on call with who was. False: another process has just done it."""
    found = oncall.shifts(shape, now, now + AHEAD)
    having = sorted({user for shift in found if shift.begin == now for user in shift.users})
    changes = [edge for shift in found for edge in (shift.begin, shift.end) if edge > now]
    following = min(changes, default=now + AHEAD)
    with transaction.atomic():
        mine = Schedule.objects.filter(pk=row.pk, hand_over_at=row.hand_over_at)
        if not mine.update(hand_over_at=following, last_cover=having):
            return False
        if row.last_cover is not None:
            _write(row, having, now)
    return True


def _write(row: Schedule, having: Collection[int], now: datetime) -> None:
    """Write a mail for each person who comes or goes; nothing for who stays, or cannot be told."""
    before, after = set(row.last_cover or ()), set(having)
    asked = User.objects.filter(pk__in=before ^ after, is_active=True).exclude(email="")
    HandOver.objects.bulk_create(
        [
            HandOver(
                schedule=row, user=user, is_incoming=user.pk in after, at=row.hand_over_at or now, due_at=now
            )
            for user in asked
        ],
        ignore_conflicts=True,
    )


def _tell(row: HandOver, now: datetime) -> None:
    mine = HandOver.objects.filter(pk=row.pk).mine()
    free = {"claimed_by": "", "lease_until": None}
    try:
        problem = account.deliver(_letter(row, now))
    except Exception as error:
        logger.exception("Hand-over %s could not be written.", row.pk)
        problem = f"{type(error).__name__}: {error}"
    if not problem:
        mine.update(status=HandOver.Status.SENT, sent_at=now, error="", **free)
    elif again := retry_at(row.start_count, now):
        mine.update(due_at=again, error=problem, **free)
    else:
        mine.update(status=HandOver.Status.FAILED, error=problem, **free)


def _letter(row: HandOver, now: datetime) -> account.AccountLetter:
    user = row.user
    with timezone.override(letters.zone_of(user)), speaking(user.language):
        names = {"schedule": letters.line(row.schedule.name), "time": letters.time(row.at, now)}
        return account.AccountLetter(
            address=user.email,
            person=letters.line(str(user)),
            subject=_(_SUBJECTS[row.is_incoming]) % names,
            sentence=" ".join([_(_SENTENCES[row.is_incoming]) % names, _counted()]),
            button=_("See the schedule"),
            link=links.absolute("admin:alerts_schedule_change", row.schedule_id),
            notes=tuple(_alerts(now)),
            is_secret=False,
            language=user.language,
        )


_SUBJECTS = {
    True: gettext_noop("You are on call: %(schedule)s"),
    False: gettext_noop("You are no longer on call: %(schedule)s"),
}
_SENTENCES = {
    True: gettext_noop("You are on call for %(schedule)s since %(time)s."),
    False: gettext_noop("Your time on call for %(schedule)s ended at %(time)s."),
}


def _counted() -> str:
    """Say how many alerts there are that somebody has to see to."""
    count = Alert.objects.under_way().count()
    if not count:
        return _("There is no alert that is not closed.")
    return ngettext("One alert is not closed.", "%(n)d alerts are not closed.", count) % {"n": count}


def _alerts(now: datetime) -> Iterator[str]:
    """Yield a line for each of the newest alerts that are not closed, and one for the rest."""
    rows = list(Alert.objects.under_way().select_related("owner").order_by("-id")[: MOST_ALERTS + 1])
    for alert in rows[:MOST_ALERTS]:
        names = {
            "number": alert.pk,
            "severity": alert.get_severity_display(),
            "state": _state(alert, now),
            "subject": letters.line(alert.subject),
        }
        yield _("#%(number)d, %(severity)s, %(state)s: %(subject)s") % names
    if len(rows) > MOST_ALERTS:
        yield _("There are more: see the list of alerts.")


def _state(alert: Alert, now: datetime) -> str:
    if alert.is_muted:
        return _("muted until recovered")
    if alert.snoozed_until and alert.snoozed_until > now:
        return _("snoozed until %(time)s") % {"time": letters.time(alert.snoozed_until, now)}
    if alert.status == Status.ACKNOWLEDGED:
        return _("acknowledged by %(who)s") % {"who": alert.owner or _("somebody")}
    return _("open since %(time)s") % {"time": letters.time(alert.opened_at, now)}
