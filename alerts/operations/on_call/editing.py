"""How rotations are changed: what is over stays as it was, and whoever has the turn keeps it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from alerts.logic import oncall
from alerts.models import CalendarShift, Rotation, RotationHours, RotationTurn, Schedule, User
from alerts.operations.on_call.reading import shape_of

# What no version has in common with another.
_OF_VERSION = frozenset({"id", "past_of", "since", "until"})


class InThePast(Exception):
    """A change of what is over was asked for; the text says so."""


def keep_past(rotation: Rotation, *, at: datetime | None, now: datetime) -> Rotation | None:
    """Keep a rotation's rules as they are stored, until a change counts; to be called before it is saved.

    rotation: gets the time from which its new rules count.
    at: None is now, or when a change that was planned before counts.
    Returns the kept rules, which `settle` looks at once all is saved; None where there is nothing to keep.
    Raises InThePast.
    """
    if at is not None and at < now:
        raise InThePast(_("Choose a time that is not over: what was is not changed any more."))
    stored = Rotation.objects.get(pk=rotation.pk)
    if stored.since and stored.since > now:
        rotation.since = at or stored.since
        Rotation.objects.filter(past_of=rotation, until=stored.since).update(until=rotation.since)
        return None
    rotation.since = at or now
    return _copy(stored, until=rotation.since)


def write(
    rotation: Rotation,
    turns: Sequence[Sequence[User]] | None,
    hours: Sequence[oncall.Hours] | None,
    *,
    at: datetime | None,
    now: datetime,
) -> Rotation:
    """Save a rotation whose columns were set, with its turns and hours; None leaves those as they are.

    at: from when on a change counts; None is now.  Raises InThePast.
    """
    with transaction.atomic():
        kept = keep_past(rotation, at=at, now=now) if rotation.pk else None
        rotation.save()
        if turns is not None:
            rotation.turns.all().delete()
            for number, users in enumerate(turns, start=1):
                RotationTurn.objects.create(rotation=rotation, position=number).users.set(users)
        if hours is not None:
            rotation.hours.all().delete()
            for one in hours:
                RotationHours.objects.create(
                    rotation=rotation, weekdays=sorted(one.weekdays), begins=one.begin, ends=one.end
                )
        settle(rotation, kept, now=now)
    return rotation


def put_in_place(rotation: Rotation, person: User, successor: User | None, *, now: datetime) -> None:
    """Give a person's turns to another from now on; without one, turns that nobody has are left out."""
    turns = [list(turn.users.all()) for turn in rotation.turns.prefetch_related("users")]
    changed = [
        list(dict.fromkeys(successor if user == person else user for user in users)) for users in turns
    ]
    having = [[user for user in users if user is not None] for users in changed]
    write(rotation, [users for users in having if users], None, at=None, now=now)


def settle(rotation: Rotation, kept: Rotation | None, *, now: datetime) -> None:
    """See to what was changed once a rotation is saved with its turns and hours.

    Rules that are as they were leave nothing behind; a turn stays with those who have it, where it can.
    """
    if kept is not None:
        old, new = shape_of(kept), shape_of(rotation)
        if _rules(old) == _rules(new):
            rotation.since = kept.since
            kept.delete()
        else:
            rotation.first_turn = as_saved(old, new, now=rotation.since or now).first_turn
        Rotation.objects.filter(pk=rotation.pk).update(since=rotation.since, first_turn=rotation.first_turn)
    look_again(rotation.schedule_id, now=now)


def as_saved(old: oncall.Rotation, new: oncall.Rotation, *, now: datetime) -> oncall.Rotation:
    """Return changed rules as they count: the turn stays with those who have it, unless they start anew."""
    if old.starts_on != new.starts_on:
        return new
    return oncall.keep_turn(old, new, now)


def end(rotation: Rotation, *, now: datetime) -> None:
    """Have a rotation say nothing from now on; what it said before stays."""
    with transaction.atomic():
        of_line = Rotation.objects.filter(Q(pk=rotation.pk) | Q(past_of=rotation))
        of_line.filter(Q(until=None) | Q(until__gt=now)).update(until=now)
        look_again(rotation.schedule_id, now=now)


def look_again(schedule_id: int, *, now: datetime) -> None:
    """Have it looked at once whether somebody else is on call."""
    Schedule.objects.filter(pk=schedule_id).update(hand_over_at=now)


def look_again_everywhere(*, now: datetime) -> None:
    """Have it looked at once in every schedule: what was changed may concern any."""
    Schedule.objects.update(hand_over_at=now)


def _rules(rotation: oncall.Rotation) -> dict[str, Any]:
    return {name: value for name, value in vars(rotation).items() if name not in ("line", "since", "until")}


@transaction.atomic
def _copy(stored: Rotation, *, until: datetime) -> Rotation:
    """Write a rotation's rules once more, as those that count until a time. Not a change: without history."""
    columns = [field for field in Rotation._meta.concrete_fields if field.name not in _OF_VERSION]
    values = {field.attname: getattr(stored, field.attname) for field in columns}
    values |= {"calendar_url": "", "calendar_due_at": None}
    copy = Rotation(**values, past_of=stored, since=stored.since, until=until)
    _write_silently(copy)
    for turn in stored.turns.prefetch_related("users"):
        again = RotationTurn(rotation=copy, position=turn.position)
        _write_silently(again)
        RotationTurn.users.through.objects.bulk_create(
            RotationTurn.users.through(rotationturn=again, user=user) for user in turn.users.all()
        )
    RotationHours.objects.bulk_create(
        RotationHours(rotation=copy, weekdays=row.weekdays, begins=row.begins, ends=row.ends)
        for row in stored.hours.all()
    )
    of_past = stored.calendar_shifts.filter(begin_at__lt=until)
    CalendarShift.objects.bulk_create(
        CalendarShift(rotation=copy, user_id=row.user_id, begin_at=row.begin_at, end_at=row.end_at)
        for row in of_past
    )
    return copy


def _write_silently(row: Any) -> None:
    """Save a row without a record in the history."""
    row.save_without_historical_record()
