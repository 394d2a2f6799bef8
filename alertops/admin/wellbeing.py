"""The page System > Health: whether people are told, who works for it, and what to do if not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core import checks
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alertops import busy, health, nodes
from alertops.lib import durations, jobs
from alertops.lib.display import Tone, clock, list_of, when
from alertops.lib.wording import worded
from alerts.models import Escalation, Notification
from integrations.logic import outcome
from integrations.models import InboundMessage

CONFIGURE = "integrations.change_integration"


@dataclass(frozen=True)
class Duty:
    """What alertops has to do all the time: in words, and what to do when it is not done.

    busy, idle: said when something waits, and when nothing does.  permission, rows: the list behind it.
    """

    name: Any
    busy: Any
    idle: Any
    advice: Any
    permission: str = ""
    rows: Any = None


@dataclass(frozen=True)
class Item:
    """One line of the page."""

    name: Any
    is_well: bool
    sentence: SafeString | str
    advice: Any = ""
    url: str = ""


DUTIES = {
    "oldest_waiting_message": Duty(
        gettext_lazy("Deliveries are processed"),
        gettext_lazy("The oldest that waits came in {time} ago. Up to {limit} is normal."),
        gettext_lazy("None waits."),
        gettext_lazy(
            "If a storm of deliveries has just come in, this mends itself: the rest is taken in order. If it"
            " grows, look at the worker's log, and give it more workers with ALERTOPS_WORKERS."
        ),
        "integrations.view_inboundmessage",
        lambda: list_of(InboundMessage, status=outcome.Status.PENDING.value),
    ),
    "oldest_due_escalation": Duty(
        gettext_lazy("Escalations go on in time"),
        gettext_lazy("The step that is late most should have run {time} ago. Up to {limit} is normal."),
        gettext_lazy("No step is late."),
        gettext_lazy("Look at the worker's log: it names the escalation that cannot be run, and why."),
        "superuser",
        lambda: list_of(Escalation),
    ),
    "oldest_due_notification": Duty(
        gettext_lazy("People are told in time"),
        gettext_lazy(
            "The notification that is late most should have left {time} ago. Up to {limit} is normal."
        ),
        gettext_lazy("No notification waits."),
        gettext_lazy(
            "Mostly the mail server is slow or away: open a notification that waits, its attempts say what"
            " the server answered."
        ),
        "alerts.view_notification",
        lambda: list_of(Notification, status=Notification.Status.PENDING),
    ),
}


def health_view(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the page; for who may change how alertops is set up."""
    if not request.user.has_perm(CONFIGURE):
        raise PermissionDenied
    context = {**site.each_context(request), "title": _("Health"), **wellbeing(request, clock())}
    request.current_app = site.name
    return TemplateResponse(request, "admin/health.html", context)


def wellbeing(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return what the page tells; a few short look-ups."""
    readings = {reading.name: reading for reading in health.readings(now)}
    complaints = [reading.reason for reading in readings.values() if reading.reason]
    return {
        "now": now,
        "is_well": not complaints,
        "answer": _answer(complaints),
        "tone": Tone.RED if complaints else Tone.GREEN,
        "items": [_ticking(readings["ticker"], now), *_duties(request, readings), _door(now)],
        "nodes": nodes.known(now),
        "queues": list(_queues()),
        "setup": list(_setup()),
        "findings": list(_findings()),
    }


def _answer(complaints: list[str]) -> str:
    if complaints:
        return complaints[0]
    return _("All is well: deliveries are processed, and people are told.")


def _ticking(reading: health.Reading, now: datetime) -> Item:
    if reading.age is None:
        sentence: SafeString | str = _("No worker has been heard of.")
    else:
        sentence = format_html(_("It was last heard of {time}."), time=_precisely(reading.age, now))
    return Item(
        _("The worker runs"),
        not reading.reason,
        sentence,
        _(
            "Start it with “manage.py runworker”, or your init system's unit. Until then deliveries are"
            " stored, and nobody is told; afterwards it goes on with what is due."
        ),
    )


def _precisely(age: timedelta, now: datetime) -> SafeString | str:
    """Say seconds where a minute is long: the worker is heard of once a second."""
    seconds = round(age.total_seconds())
    if seconds < 2:
        return _("just now")
    return _("%d seconds ago") % seconds if seconds < 60 else when(now - age, now)


def _duties(request: HttpRequest, readings: dict[str, health.Reading]) -> Iterator[Item]:
    for name, duty in DUTIES.items():
        reading = readings[name]
        said = duty.idle
        if reading.age is not None:
            limit = durations.spell(reading.limit)
            said = duty.busy.format(time=_length(reading.age), limit=limit)
        sees = request.user.is_superuser or request.user.has_perm(duty.permission)
        yield Item(duty.name, not reading.reason, said, duty.advice, duty.rows() if sees else "")


def _length(age: timedelta) -> str:
    return durations.spell(age) if age >= timedelta(seconds=1) else _("less than a second")


def _door(now: datetime) -> Item:
    last = busy.last()
    return Item(
        _("Deliveries are taken in"),
        last is None,
        _("Nobody was sent away in the last minute.")
        if last is None
        else format_html(_("Senders were asked to try again later, last {time}."), time=when(last, now)),
        _("The web server has too few processes for what comes in: add some, or a second machine."),
    )


def _queues() -> Iterator[tuple[Any, str]]:
    """How many tasks wait; a queue that is away says so."""
    for cluster, name in ((jobs.ALERTS, _("Tasks in the queue")), (jobs.SLOW, _("Long tasks in the queue"))):
        try:
            yield name, str(jobs.depth(cluster))
        except jobs.FAILURES:
            yield name, _("does not answer")


def _setup() -> Iterator[tuple[Any, str]]:
    kind = "SQLite" if settings.IS_SQLITE else "PostgreSQL"
    yield _("Address"), settings.BASE_URL
    yield _("Database"), kind + (" " + _version() if _version() else "")
    yield _("Task queue and cache"), "Redis" if settings.REDIS_URL else _("the database, and files")
    yield (
        _("Mails"),
        _("sent by a mail server") if settings.EMAIL_URL else _("written to %s") % settings.MAIL_FOLDER,
    )
    yield _("Deliveries are kept"), durations.spell(settings.MESSAGE_RETENTION)


def _version() -> str:
    return ".".join(str(part) for part in connection.get_database_version()[:2])


def _findings() -> Iterator[tuple[str, str]]:
    """What is misconfigured, with the mend."""
    if missing := health.missing_migrations():
        text = _("The database is older than the program: %s") % ", ".join(missing)
        yield text, _("Run “manage.py migrate”.")
    found = checks.run_checks(tags=[checks.Tags.security, checks.Tags.database], databases=["default"])
    for message in found:
        if (message.id or "").startswith(("alertops.", "brokers.")):
            yield worded(message.msg), worded(message.hint or "")
