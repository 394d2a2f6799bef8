"""Who is on call when: the one answer for paging, calendar, API, feeds and reports.

1. Each rotation says whose turn it is (`oncall_rotation`), by the clock on its own wall.
2. Of the rotations of a role the uppermost that has somebody counts, and those that stand beside it.
3. Overrides change that, the later one last.
4. Who is out of office is replaced by who stands in; without anybody the others go on alone, and who
   would leave nobody behind stays.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from alerts.logic.oncall_rotation import is_holiday, shifts_of, turn_at
from alerts.logic.oncall_shapes import (
    Absence,
    Change,
    Event,
    Gap,
    Hours,
    Kind,
    Override,
    Role,
    Rotation,
    Schedule,
    Shift,
)

__all__ = [
    "Absence",
    "Change",
    "Event",
    "Gap",
    "Hours",
    "Kind",
    "Override",
    "Role",
    "Rotation",
    "Schedule",
    "Shift",
    "covered_again_at",
    "gaps",
    "is_holiday",
    "keep_turn",
    "lines",
    "on_call_at",
    "roles_of",
    "shifts",
    "turn_at",
]

INSTANT = timedelta(microseconds=1)
# How far somebody is looked for who ends a gap.
HORIZONS = (timedelta(days=8), timedelta(days=92), timedelta(days=400))


@dataclass(frozen=True)
class _Said:
    """What is said of a role for a time.  at: when the layers' shifts began: a new turn is a new shift."""

    users: tuple[int, ...] = ()
    line: int | None = None
    at: tuple[datetime, ...] = ()
    override: int | None = None
    absent: tuple[int, ...] = ()


def shifts(schedule: Schedule, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """Return who is on call from an instant until before another: the final line, in order of time and role.

    Half-open, in UTC, cut at the edges of the time that is asked for. Within a role none overlaps another;
    where there is none, nobody is on call.
    """
    roles = list(Role)
    found = [shift for role in roles for shift in _of_role(schedule, role, start, end)]
    return tuple(sorted(found, key=lambda shift: (shift.begin, roles.index(shift.role))))


def lines(schedule: Schedule, start: datetime, end: datetime) -> dict[int, tuple[Shift, ...]]:
    """Return each layer's own shifts by its number, before overrides and absences, as they are drawn."""
    found: dict[int, list[Shift]] = {}
    for rotation in sorted(schedule.rotations, key=_rank):
        found.setdefault(rotation.line, []).extend(shifts_of(rotation, start, end))
    return {line: tuple(sorted(own, key=lambda shift: shift.begin)) for line, own in found.items()}


def gaps(schedule: Schedule, start: datetime, end: datetime) -> tuple[Gap, ...]:
    """Return when nobody is on call in a role that the schedule fills, in order of time."""
    found = []
    for role in roles_of(schedule):
        edge = start
        for shift in _of_role(schedule, role, start, end):
            if shift.begin > edge:
                found.append(Gap(edge, shift.begin, role))
            edge = shift.end
        if edge < end:
            found.append(Gap(edge, end, role))
    return tuple(sorted(found, key=lambda gap: (gap.begin, gap.end)))


def roles_of(schedule: Schedule) -> tuple[Role, ...]:
    """Return the roles that a schedule fills by its rotations as they are; primary where it has none."""
    filled = {rotation.role for rotation in schedule.rotations if rotation.until is None}
    return tuple(role for role in Role if role in filled) or (Role.PRIMARY,)


def on_call_at(schedule: Schedule, at: datetime) -> dict[Role, tuple[int, ...]]:
    """Return who is on call at an instant, in order; a role that nobody has is left out."""
    return {shift.role: shift.users for shift in shifts(schedule, at, at + INSTANT)}


def covered_again_at(schedule: Schedule, at: datetime) -> datetime | None:
    """Return the next instant at which anybody is on call; None where none is found within 400 days."""
    for horizon in HORIZONS:
        found = shifts(schedule, at, at + horizon)
        if found:
            return found[0].begin
    return None


def keep_turn(old: Rotation, new: Rotation, at: datetime) -> Rotation:
    """Return changed rules by which the turn stays, where it can, with those who have it at an instant."""
    place, other = turn_at(old, at), turn_at(new, at)
    if place is None or other is None or old.turns[place] not in new.turns:
        return new
    wanted = new.turns.index(old.turns[place])
    return replace(new, first_turn=(new.first_turn + wanted - other) % len(new.turns))


def _of_role(schedule: Schedule, role: Role, start: datetime, end: datetime) -> list[Shift]:
    """Return the final shifts of one role."""
    ranked = sorted((one for one in schedule.rotations if one.role is role), key=_rank)
    own = [(rotation, shifts_of(rotation, start, end)) for rotation in ranked]
    overrides = sorted(
        (one for one in schedule.overrides if one.role is role and _meets(one, start, end)),
        key=lambda one: one.id,
    )
    absences = [one for one in schedule.absences if _meets(one, start, end)]
    turns = [shift for _rotation, found in own for shift in found]
    edges = _edges([*turns, *overrides, *absences], start, end)
    cursors = [_Cursor(rotation, found) for rotation, found in own if found]
    said = [
        (begin, until, _away(_changed(_by_turns(cursors, begin), overrides, begin), absences, begin))
        for begin, until in pairwise(edges)
    ]
    return list(_joined(said, role))


class _Cursor:
    """A rotation's shifts, asked for one instant after another."""

    def __init__(self, rotation: Rotation, found: Sequence[Shift]) -> None:
        self.is_beside, self.line = rotation.is_beside, rotation.line
        self._found = found
        self._place = 0

    def at(self, instant: datetime) -> Shift | None:
        found = self._found
        while self._place < len(found) and found[self._place].end <= instant:
            self._place += 1
        if self._place == len(found) or found[self._place].begin > instant:
            return None
        return found[self._place]


def _by_turns(cursors: Iterable[_Cursor], instant: datetime) -> _Said:
    """Return what the rotations say, the upper ones first."""
    having = [(cursor, shift) for cursor in cursors if (shift := cursor.at(instant))]
    counting = [shift for place, (cursor, shift) in enumerate(having) if place == 0 or cursor.is_beside]
    if not counting:
        return _Said()
    if len(counting) == 1:
        return _Said(counting[0].users, counting[0].line, (counting[0].begin,))
    users = tuple(dict.fromkeys(user for shift in counting for user in shift.users))
    return _Said(users, counting[0].line, tuple(shift.begin for shift in counting))


def _changed(said: _Said, overrides: Iterable[Override], instant: datetime) -> _Said:
    """Return what is left of it after the overrides that hold."""
    for override in overrides:
        if override.begin <= instant < override.end:
            users = _CHANGES[override.change](said.users, override)
            if override.change is Change.REPLACE and override.person is None:
                said = _Said(users, override=override.id)  # whatever the layers say
            elif users != said.users:
                said = replace(said, users=users, override=override.id)
    return said


def _replaced(users: tuple[int, ...], override: Override) -> tuple[int, ...]:
    coming = (override.substitute,) if override.substitute is not None else ()
    if override.person is None:
        return coming
    changed = (one for user in users for one in (coming if user == override.person else (user,)))
    return tuple(dict.fromkeys(changed))


def _added(users: tuple[int, ...], override: Override) -> tuple[int, ...]:
    coming = (override.substitute,) if override.substitute is not None else ()
    return tuple(dict.fromkeys((*users, *coming)))


def _removed(users: tuple[int, ...], override: Override) -> tuple[int, ...]:
    return tuple(user for user in users if override.person not in (None, user))


_CHANGES = {Change.REPLACE: _replaced, Change.ADD: _added, Change.REMOVE: _removed}


def _away(said: _Said, absences: Sequence[Absence], instant: datetime) -> _Said:
    """Return what is left of it when nobody is told who is out of office and has somebody else."""
    covers: dict[int, int | None] = {}
    for absence in absences:
        if absence.begin <= instant < absence.end:
            covers.setdefault(absence.person, absence.cover)
    away = [user for user in said.users if user in covers]
    if not away:
        return said
    standing = {user: _stand_in(user, covers) for user in said.users}
    users = tuple(dict.fromkeys(user for user in standing.values() if user is not None))
    if not users:
        return said
    return replace(said, users=users, absent=tuple(away))


def _stand_in(user: int | None, covers: dict[int, int | None]) -> int | None:
    """Return who is there for a person: perhaps the cover of a cover; None when nobody is."""
    asked = set()
    while user in covers:
        if user in asked:
            return None
        asked.add(user)
        user = covers[user]
    return user


def _joined(said: Iterable[tuple[datetime, datetime, _Said]], role: Role) -> Iterator[Shift]:
    """Make one shift of neighbours of whom the same is said, and none where nobody is."""
    current: tuple[datetime, datetime, _Said] | None = None
    for begin, end, now in said:
        if current and current[2] == now:
            current = current[0], end, now
        else:
            if current:
                yield from _shift(*current, role)
            current = begin, end, now
    if current:
        yield from _shift(*current, role)


def _shift(begin: datetime, end: datetime, said: _Said, role: Role) -> Iterator[Shift]:
    if said.users:
        yield Shift(begin, end, said.users, role, said.line, said.override, said.absent)


def _edges(spans: Iterable[Shift | Override | Absence], start: datetime, end: datetime) -> list[datetime]:
    inside = {edge for span in spans for edge in (span.begin, span.end) if start < edge < end}
    return sorted({start, end} | inside)


def _meets(span: Override | Absence, start: datetime, end: datetime) -> bool:
    return span.begin < end and span.end > start


def _rank(rotation: Rotation) -> tuple[int, int]:
    return rotation.position, rotation.line
