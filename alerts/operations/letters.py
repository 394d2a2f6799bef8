"""What a notification says, in words, to the person it is for."""

import re
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext, pgettext

from alertops.lib import durations
from alertops.lib.compiled import compiled
from alertops.lib.languages import speaking
from alertops.lib.wording import worded
from alerts.logic.event import Severity, Urgency, shortened
from alerts.logic.lifecycle import Action, Status
from alerts.logic.notification import Fact, Kind, Letter
from alerts.models import Alert, Notification, User
from alerts.operations import links
from alerts.operations.company import Company, company_of

MOST_TEXT = 4000
MOST_NAMES = 8
MOST_TAGS = 12


@dataclass(frozen=True)
class _Writing:
    """What a letter is written from."""

    notification: Notification
    user: User
    company: Company
    now: datetime

    @property
    def alert(self) -> Alert:
        return self.notification.alert

    @property
    def kind(self) -> Kind:
        return Kind(self.notification.kind)

    def time(self, moment: datetime | None) -> str:
        return time(moment, self.now)


def read(notification_ids: Sequence[int]) -> dict[int, Notification]:
    """Return notifications by their ids, with what letters tell of their alerts."""
    return {row.pk: row for row in _notifications(notification_ids)}


@compiled
def _notifications(ids: Sequence[int]) -> QuerySet:
    return Notification.objects.select_related("user", "alert__owner").filter(pk__in=ids).order_by()


def compose(
    notification: Notification,
    user: User,
    *,
    now: datetime,
    company: Company | None = None,
    language: str = "",
) -> Letter:
    """Write the letter as things are now: at each attempt anew, under the same message id.

    company: what `alerts.operations.company` has read for many letters; None: it is read for this one.
    language: where the person has chosen none; empty: the installation's.
    """
    if company is None:
        company = company_of([notification], now=now)[notification.pk]
    writing = _Writing(notification, user, company, now)
    alert = notification.alert
    is_shared = company.is_shared
    can_act = writing.kind is not Kind.CLOSED and not is_shared
    language = user.language or language
    with timezone.override(zone_of(user)), speaking(language):
        return Letter(
            address=notification.address,
            person=line(str(user)),
            alert_id=alert.pk,
            severity=Severity(alert.severity),
            urgency=Urgency(notification.urgency),
            tag=_tag(writing),
            subject=line(alert.subject) or _("Alert"),
            sentence=line(_SENTENCES[writing.kind](writing)),
            happened=_happened(alert),
            facts=tuple(_facts(writing)),
            told=tuple(_told(writing)),
            note=str(_LOG_IN) if is_shared and writing.kind is not Kind.CLOSED else "",
            acknowledge_label=str(_ACKNOWLEDGE.get(writing.kind, _("Acknowledge (I’ve got it)"))),
            acknowledge_url=links.link(notification, Action.ACKNOWLEDGE) if can_act else "",
            close_url=links.link(notification, Action.CLOSE) if can_act else "",
            alert_url=links.alert_url(alert),
            runbook_url=alert.runbook_url if links.is_web(alert.runbook_url) else "",
            source_url=alert.source_url if links.is_web(alert.source_url) else "",
            message_id=_id(f"alert-{alert.pk}.{notification.pk}", notification.created_at),
            thread_id=_id(f"alert-{alert.pk}", alert.created_at),
            is_over=writing.kind is Kind.CLOSED,
            language=language,
        )


def zone_of(user: User) -> zoneinfo.ZoneInfo:
    """Return the zone in which a person reads times; the server's if the one on record is none."""
    try:
        return zoneinfo.ZoneInfo(user.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def time(moment: datetime | None, now: datetime) -> str:
    """Write an instant in the current zone, with the day unless it is today; nothing for none."""
    if moment is None:
        return ""
    local, today = timezone.localtime(moment), timezone.localtime(now)
    is_today = local.date() == today.date()
    return date_format(local, "H:i T" if is_today else pgettext("format of a time", "j F, H:i T"))


def line(text: str) -> str:
    """Return a stranger's text as one line: nothing in it can begin a new header."""
    return " ".join(_text(text).split())


def _page(writing: _Writing) -> str:
    alert = writing.alert
    if alert.status == Status.ACKNOWLEDGED:
        return _("Acknowledged by %(who)s at %(time)s, but not closed yet.") % {
            "who": alert.owner or _("somebody"),
            "time": writing.time(alert.acknowledged_at),
        }
    return _("Open since %(time)s, and nobody has taken it yet.") % {"time": writing.time(alert.opened_at)}


def _raised(writing: _Writing) -> str:
    severity = writing.alert.get_severity_display()
    return _("It has become worse: it is %(severity)s now.") % {"severity": severity}


def _assigned(writing: _Writing) -> str:
    by = writing.company.actor
    return _("%(who)s gave you this alert.") % {"who": by} if by else _("This alert is yours now.")


def _responder(writing: _Writing) -> str:
    by = writing.company.actor
    if by:
        return _("%(who)s asks you to help with this alert.") % {"who": by}
    return _("You are asked to help with this alert.")


def _reminder(writing: _Writing) -> str:
    return _(
        "Your acknowledgement ends at %(time)s. Acknowledge again to keep it;"
        " otherwise the alert is open again and its policy begins anew."
    ) % {"time": writing.time(writing.alert.acknowledgement_expires_at)}


def _last_resort(writing: _Writing) -> str:
    return _("Nobody has taken this alert since %(time)s, and all steps are used up: it is with you now.") % {
        "time": writing.time(writing.alert.opened_at)
    }


def _closed(writing: _Writing) -> str:
    alert = writing.alert
    names = {"who": alert.closed_by or _("alertops"), "time": writing.time(alert.closed_at)}
    return _("Closed by %(who)s at %(time)s. There is nothing left to do.") % names


_SENTENCES: dict[Kind, Callable[[_Writing], str]] = {
    Kind.PAGE: _page,
    Kind.RAISED: _raised,
    Kind.ASSIGNED: _assigned,
    Kind.RESPONDER: _responder,
    Kind.REMINDER: _reminder,
    Kind.LAST_RESORT: _last_resort,
    Kind.CLOSED: _closed,
}
# Control characters but tab and line feed, and halves of characters.
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LOG_IN = _lazy("Several people read this address, so log in to answer: then it is known who has it.")
_ACKNOWLEDGE = {
    Kind.REMINDER: _lazy("Acknowledge again (I’ve still got it)"),
    Kind.RESPONDER: _lazy("Acknowledge (I’m helping)"),
}


def _tag(writing: _Writing) -> str:
    if writing.kind is Kind.CLOSED:
        return _("CLOSED")
    severity = writing.alert.get_severity_display().upper()
    return _("TEST, %(severity)s") % {"severity": severity} if writing.alert.is_test else severity


def _happened(alert: Alert) -> str:
    """Return the source's own text: the short one, then the long one if it says more."""
    short, long = _text(alert.short_text), _text(alert.long_text)
    both = long if long.startswith(short) else f"{short}\n\n{long}"
    return shortened(both.strip(), MOST_TEXT)


def _facts(writing: _Writing) -> Iterator[Fact]:
    """Yield what is known, the most wanted first; what is empty is left out."""
    alert = writing.alert
    lines = [
        (_("Resolution"), worded(alert.resolution) if alert.status == Status.CLOSED else ""),
        (_("Source"), " · ".join(filter(None, (alert.source, alert.source_name, alert.source_id)))),
        (_("Status there"), alert.source_status),
        (_("Opened") if alert.status == Status.CLOSED else _("Open since"), _since(writing)),
        (_("Reported"), _reported(writing)),
        (_("Owner"), str(alert.owner or "")),
        (_("Service"), alert.service_name),
        (_("Assignee there"), alert.assignee),
        *sorted(alert.tags.items())[:MOST_TAGS],
    ]
    for label, value in lines:
        if value:
            yield Fact(line(str(label)), shortened(line(str(value)), 300))


def _since(writing: _Writing) -> str:
    opened_at, until = writing.alert.opened_at, writing.alert.closed_at or writing.now
    minutes = timedelta(minutes=(until - opened_at) // timedelta(minutes=1))
    time = writing.time(opened_at)
    return f"{time} ({durations.spell(minutes)})" if minutes else time


def _reported(writing: _Writing) -> str:
    count = writing.alert.event_count
    if count <= 1:
        return ""
    text = ngettext("%(count)d time, last at %(time)s", "%(count)d times, last at %(time)s", count)
    return text % {"count": count, "time": writing.time(writing.alert.last_event_at)}


def _told(writing: _Writing) -> Iterator[str]:
    """Yield who else was told since the alert opened, and who is next if nobody takes it."""
    others = [
        _("%(who)s (%(time)s)") % {"who": who, "time": writing.time(at)} for who, at in writing.company.others
    ]
    if others:
        more = len(others) - MOST_NAMES
        names = ", ".join(others[:MOST_NAMES])
        yield _("Also told: %(names)s") % {"names": names} + (
            _(" and %(count)d more.") % {"count": more} if more > 0 else "."
        )
    if writing.alert.status == Status.OPEN and (following := _following(writing)):
        yield following


def _following(writing: _Writing) -> str:
    coming = writing.company.coming
    if coming is None or coming.due_at is None:
        return ""
    people = [_("you again") if user == writing.user else str(user) for user in coming.people]
    names = {"names": ", ".join(people[:MOST_NAMES]), "time": writing.time(coming.due_at)}
    if not people:
        return _("If nobody takes it, the next step follows at %(time)s.") % names
    return _("If nobody takes it, next at %(time)s: %(names)s.") % names


def _id(name: str, at: datetime) -> str:
    """Return a message id that is unique even when a database begins anew under the same address."""
    domain = (
        parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2] or urlsplit(settings.BASE_URL).hostname
    )
    return f"<{name}.{int(at.timestamp() * 1000):x}@{domain}>"


def _text(text: str) -> str:
    """Return a stranger's text without what no mail can carry: control characters and half characters."""
    return _UNSENDABLE.sub("", text).strip()
