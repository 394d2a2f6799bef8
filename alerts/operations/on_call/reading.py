"""Schedules as the logic knows them: read in a fixed number of statements, however many they are."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from alerts.logic import oncall
from alerts.models import CalendarShift, OutOfOffice, Override, Rotation, RotationHours, RotationTurn

# What belongs to each of some rows, by their number.
_Of = Mapping[int, list[Any]]


@dataclass(frozen=True)
class Parts:
    """What rotations are made of, by the number of each."""

    turns: _Of
    hours: _Of
    events: _Of


def schedules_of(ids: Collection[int], start: datetime, end: datetime | None) -> dict[int, oncall.Schedule]:
    """Return schedules by their numbers, with all that counts from an instant until before another.

    end: None is for ever.
    """
    rotations = list(Rotation.objects.filter(schedule__in=ids).counting_after(start).order_by("pk"))
    parts = _parts(rotations, start, end)
    by_schedule: dict[int, list[oncall.Rotation]] = defaultdict(list)
    for row in rotations:
        by_schedule[row.schedule_id].append(shape_of(row, parts))
    overrides = _overrides(ids, start, end)
    absences = _absences(ids, start, end)
    return {
        pk: oncall.Schedule(tuple(by_schedule[pk]), tuple(overrides[pk]), _counting(absences, pk))
        for pk in ids
    }


def shape_of(row: Rotation, parts: Parts | None = None) -> oncall.Rotation:
    """Return a rotation as the logic knows it.  parts: of it and others, if they are known."""
    parts = parts or _parts([row], None, None)
    return oncall.Rotation(
        line=row.line,
        role=oncall.Role(row.role),
        position=row.position,
        is_beside=row.is_beside,
        kind=oncall.Kind(row.kind),
        every=row.every,
        hand_off=row.hand_off,
        weekday=row.weekday,
        day=row.day,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        zone=ZoneInfo(row.time_zone),
        turns=tuple(parts.turns[row.pk]),
        first_turn=row.first_turn,
        hours=tuple(parts.hours[row.pk]),
        holiday_region=row.holiday_region,
        since=row.since,
        until=row.until,
        events=tuple(parts.events[row.pk]),
    )


def _parts(rotations: Iterable[Rotation], start: datetime | None, end: datetime | None) -> Parts:
    ids = [row.pk for row in rotations]
    hours: dict[int, list[oncall.Hours]] = defaultdict(list)
    for row in RotationHours.objects.filter(rotation__in=ids):
        hours[row.rotation_id].append(oncall.Hours(frozenset(row.weekdays), row.begins, row.ends))
    return Parts(_turns(ids), hours, _events(ids, start, end))


def _turns(ids: Collection[int]) -> _Of:
    people: dict[tuple[int, int], list[int]] = defaultdict(list)
    rows = (
        RotationTurn.objects.filter(rotation__in=ids)
        .order_by("rotation", "position", "pk", "users__username")
        .values_list("rotation_id", "pk", "users")
    )
    for rotation_id, pk, user_id in rows:
        people[rotation_id, pk] += [user_id] if user_id else []
    turns: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for (rotation_id, _pk), users in people.items():
        turns[rotation_id].append(tuple(users))
    return turns


def _events(ids: Collection[int], start: datetime | None, end: datetime | None) -> _Of:
    rows = CalendarShift.objects.filter(_within(start, end), rotation__in=ids).order_by("begin_at", "pk")
    events: dict[int, list[oncall.Event]] = defaultdict(list)
    for row in rows:
        events[row.rotation_id].append(oncall.Event(row.begin_at, row.end_at, (row.user_id,)))
    return events


def _overrides(ids: Collection[int], start: datetime, end: datetime | None) -> _Of:
    found: dict[int, list[oncall.Override]] = defaultdict(list)
    for row in Override.objects.filter(_within(start, end), schedule__in=ids).order_by("pk"):
        found[row.schedule_id].append(
            oncall.Override(
                row.pk,
                oncall.Change(row.change),
                row.begin_at,
                row.end_at,
                oncall.Role(row.role),
                row.person_id,
                row.substitute_id,
            )
        )
    return found


def _absences(ids: Collection[int], start: datetime, end: datetime | None) -> list[OutOfOffice]:
    of_these = Q(schedule=None) | Q(schedule__in=ids)
    return list(OutOfOffice.objects.filter(_within(start, end), of_these).order_by("begin_at", "pk"))


def _counting(absences: Iterable[OutOfOffice], schedule_id: int) -> tuple[oncall.Absence, ...]:
    """Return what counts in a schedule: what is said for it before what is said for all."""
    rows = [row for row in absences if row.schedule_id in (None, schedule_id)]
    rows.sort(key=lambda row: row.schedule_id is None)
    return tuple(oncall.Absence(row.user_id, row.begin_at, row.end_at, row.cover_id) for row in rows)


def _within(start: datetime | None, end: datetime | None) -> Q:
    after = Q() if start is None else Q(end_at__gt=start)
    return after if end is None else after & Q(begin_at__lt=end)
