"""What people decide against the rotations, for a time: it begins now at the earliest, and can be ended."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from alerts.logic.oncall import Change
from alerts.models import Override, Rotation, Schedule, User
from alerts.operations.on_call.editing import InThePast, look_again

CHANGE = "alerts.change_schedule"


class Unclear(Exception):
    """It is not said who comes or who goes; `field` names where."""

    def __init__(self, reason: str, *, field: str) -> None:
        super().__init__(reason)
        self.field = field


def override(row: Override, *, by: User, now: datetime) -> Override:
    """Write down an override, from now on at the earliest.

    row: not saved yet.  Raises InThePast and Unclear.
    """
    _check(row)
    if row.end_at <= now:
        raise InThePast(_("This time is over: who was on call then is not changed any more."))
    row.begin_at = max(row.begin_at, now)
    row.created_by, row.created_at = by, now
    with transaction.atomic():
        row.save()
        look_again(row.schedule_id, now=now)
    return row


def end_override(row: Override, *, now: datetime) -> bool:
    """Have an override count no longer; tell whether it still did. What it did before stays."""
    with transaction.atomic():
        if row.end_at <= now:
            return False
        if row.begin_at >= now:
            row.delete()
        else:
            row.end_at = now
            row.save(update_fields=["end_at"])
        look_again(row.schedule_id, now=now)
    return True


def may_override(person: User, schedule: Schedule) -> bool:
    """Tell whether a person may decide anything about a schedule."""
    return person.has_perm(CHANGE) or person.has_perm(CHANGE, schedule)


def may_take(person: User, schedule: Schedule) -> bool:
    """Tell whether a person may at least take a shift: whoever has turns in the schedule."""
    return may_override(person, schedule) or is_member(person, schedule)


def is_member(person: User, schedule: Schedule) -> bool:
    return Rotation.objects.current().filter(schedule=schedule, turns__users=person.pk).exists()


def is_own_taking(row: Override, person: User) -> bool:
    """Tell whether by an override a person only takes something upon himself."""
    return row.change != Change.REMOVE and row.substitute_id == person.pk


def _check(row: Override) -> None:
    if row.end_at <= row.begin_at:
        raise Unclear(_("It ends before it begins."), field="end_at")
    if row.change == Change.REMOVE:
        row.substitute = None
        if row.person_id is None:
            raise Unclear(_("Choose who is taken out."), field="person")
    elif row.substitute_id is None:
        raise Unclear(_("Choose who is on call then."), field="substitute")
    if row.change == Change.ADD:
        row.person = None
    if row.person_id is not None and row.person_id == row.substitute_id:
        raise Unclear(_("This is the same person."), field="substitute")
