"""The secret addresses of calendars: who has one reads the shifts of a schedule or a person with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from alertops.lib import secrets
from alerts.logic import oncall
from alerts.logic.oncall_calendar import Calendar, Entry
from alerts.models import Feed, Rotation, Schedule, User
from alerts.operations.on_call.reading import schedules_of

BACK, AHEAD = timedelta(days=31), timedelta(days=400)


def feed_of(row: Schedule | User, *, now: datetime) -> Feed:
    """Return the feed of a schedule or a person, which is made if there is none."""
    owner = _owner(row)
    return Feed.objects.filter(**owner).first() or _make(owner, now)


def rotate(row: Schedule | User, *, now: datetime) -> Feed:
    """Make a new address; the old one finds nothing from then on."""
    owner = _owner(row)
    with transaction.atomic():
        Feed.objects.filter(**owner).delete()
        return _make(owner, now)


def address_of(feed: Feed) -> str:
    return settings.BASE_URL + reverse("alerts:calendar", args=[feed.token])


def read(token: str, *, now: datetime) -> Calendar | None:
    """Return the calendar behind an address; None where there is none, or its person is gone."""
    feed = Feed.objects.select_related("schedule", "user").filter(token_digest=secrets.digest(token)).first()
    if feed is None or (feed.user and not feed.user.is_active):
        return None
    # A whole day, so that what began before it has the same edge, and number, all day long.
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - BACK
    end = start + AHEAD
    rows = [feed.schedule] if feed.schedule else list(Schedule.objects.order_by("name"))
    shapes = schedules_of([row.pk for row in rows], start, end)
    found = [(row, shift) for row in rows for shift in oncall.shifts(shapes[row.pk], start, end)]
    if feed.user:
        found = [(row, shift) for row, shift in found if feed.user_id in shift.users]
    name = feed.schedule.name if feed.schedule else _("On call: %(person)s") % {"person": feed.user}
    return Calendar(name, tuple(_entries(found, own=feed.user_id)), now)


def _owner(row: Schedule | User) -> dict[str, Any]:
    return {"schedule": row} if isinstance(row, Schedule) else {"user": row}


def _make(owner: dict[str, Any], now: datetime) -> Feed:
    token = secrets.new_token()
    return Feed.objects.create(**owner, token=token, token_digest=secrets.digest(token), created_at=now)


def _entries(found: list[tuple[Schedule, oncall.Shift]], *, own: int | None) -> Iterable[Entry]:
    ids = set(chain.from_iterable(shift.users for _row, shift in found))
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=ids)}
    layers = dict(
        Rotation.objects.filter(pk__in={shift.line for _row, shift in found}).values_list("pk", "name")
    )
    roles = dict(_roles())
    for row, shift in found:
        people = ", ".join(names[pk] for pk in shift.users if pk in names)
        title = f"{row.name} ({roles[shift.role]})" if own else f"{people} ({roles[shift.role]})"
        yield Entry(
            f"{row.pk}-{shift.role}-{int(shift.begin.timestamp())}@alertops",
            title,
            people if own else layers.get(shift.line or 0, ""),
            shift.begin,
            shift.end,
        )


def _roles() -> list[tuple[oncall.Role, str]]:
    return [
        (oncall.Role.PRIMARY, pgettext("on call as", "primary")),
        (oncall.Role.SECONDARY, pgettext("on call as", "secondary")),
        (oncall.Role.ESCALATION_MANAGER, pgettext("on call as", "escalation manager")),
    ]
