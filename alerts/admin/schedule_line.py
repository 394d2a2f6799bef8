"""A schedule drawn as a time line: the final line of each role, what was decided, the layers below."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from alerts.logic import oncall
from alerts.logic.oncall import Gap, Role, Shift
from alerts.logic.oncall_clock import at, wall_of
from alerts.models import Override, Rotation, Schedule, User
from alerts.models.schedule import ROLE_CHOICES
from alerts.operations.on_call.reading import schedules_of

DAY = timedelta(days=1)
SPANS = {
    "week": (7, gettext_lazy("Week")),
    "fortnight": (14, gettext_lazy("Fortnight")),
    "month": (35, gettext_lazy("Month")),
}
HUES = 8
MOST_LISTED = 60
# How far a bar is looked for beyond the edges, so that its words tell when it really begins and ends.
BEYOND = timedelta(days=35)


@dataclass(frozen=True)
class Window:
    """The time that is drawn, in a zone.  first: its first day."""

    first: date
    span: str
    zone: ZoneInfo

    @property
    def begin(self) -> datetime:
        return at(self.first, time(), self.zone)

    @property
    def end(self) -> datetime:
        return at(self.first + SPANS[self.span][0] * DAY, time(), self.zone)

    def place(self, instant: datetime) -> float:
        """Return where an instant is, in percent of the width."""
        return 100 * ((instant - self.begin) / (self.end - self.begin))


@dataclass(frozen=True)
class Bar:
    """One piece of a row.  left, width: percent, as CSS reads them.  look: classes.  url: of a click."""

    left: str
    width: str
    label: str
    title: str
    look: str
    url: str = ""


@dataclass(frozen=True)
class Day:
    """One day of the scale.  weekday: short."""

    left: str
    width: str
    weekday: str
    number: str
    title: str
    look: str


@dataclass(frozen=True)
class Row:
    """One row: its name, what is said below it, and where it is changed."""

    label: str
    bars: tuple[Bar, ...]
    note: str = ""
    url: str = ""
    is_final: bool = False


@dataclass(frozen=True)
class Listed:
    """A piece of the final line in words.  people: empty is a gap."""

    when: str
    people: str
    role: str
    note: str
    url: str
    is_now: bool


@dataclass(frozen=True)
class Drawing:
    """All of it.  now: where the mark stands, or nowhere.  sentence: who is on call now."""

    window: Window
    days: tuple[Day, ...]
    now: str
    rows: tuple[Row, ...]
    listed: tuple[Listed, ...]
    is_cut: bool
    sentence: str
    tone: str


def window_of(parameters: Any, zone: ZoneInfo, now: datetime) -> Window:
    """Return the time that is asked for by the page's parameters; this week where they say nothing."""
    span = parameters.get("span", "")
    span = span if span in SPANS else "fortnight"
    today = wall_of(now, zone).date()
    try:
        first = date.fromisoformat(parameters.get("from", ""))
    except ValueError:
        first = today - today.weekday() * DAY
    return Window(min(max(first, date(2000, 1, 1)), date(2100, 1, 1)), span, zone)


def draw(schedule: Schedule, window: Window, now: datetime, *, takes: bool) -> Drawing:
    """Draw a schedule; a fixed number of statements.  takes: whether the reader may override anything."""
    begin, end = min(window.begin, now) - BEYOND, max(window.end, now + DAY) + BEYOND
    shape = schedules_of([schedule.pk], begin, end)[schedule.pk]
    final = oncall.shifts(shape, begin, end)
    overrides = list(_overrides(schedule, window))
    pen = _Pen(schedule, window, now, _names(shape, overrides), takes)
    bare = oncall.gaps(shape, begin, end)
    rows = [
        *(pen.final(role, final, bare) for role in oncall.roles_of(shape)),
        *pen.overrides(overrides),
        *pen.layers(oncall.lines(shape, begin, end)),
    ]
    pieces: list[Shift | Gap] = sorted([*final, *bare], key=_begin)
    shown = [piece for piece in pieces if piece.begin < window.end and piece.end > max(window.begin, now)]
    sentence, tone = pen.sentence(final)
    return Drawing(
        window,
        tuple(_days(window, schedule.holiday_region)),
        _percent(window.place(now)) if window.begin <= now < window.end else "",
        tuple(rows),
        tuple(pen.listed(piece) for piece in shown[:MOST_LISTED]),
        len(shown) > MOST_LISTED,
        sentence,
        tone,
    )


@dataclass
class _Pen:
    """What all bars are drawn with.  names: of people by number.  takes: bars lead to an override."""

    schedule: Schedule
    window: Window
    now: datetime
    names: dict[int, str]
    takes: bool

    def final(self, role: Role, final: Iterable[Shift], bare: Iterable[Gap]) -> Row:
        both: Iterable[Shift | Gap] = [*final, *bare]
        bars = (self._bar(piece) for piece in both if piece.role is role)
        label = _("Final line: %(role)s") % {"role": _ROLES[role]}
        return Row(label, tuple(filter(None, bars)), is_final=True)

    def overrides(self, rows: Sequence[Override]) -> Iterator[Row]:
        bars = []
        for row in rows:
            who = row.substitute or row.person
            hue = self._hue(who.pk) if who else ""
            bars.append(self._placed(row.begin_at, row.end_at, self._decided(row), f"ao-shift {hue}", ""))
        if found := tuple(filter(None, bars)):
            yield Row(_("Overrides"), found)

    def layers(self, lines: dict[int, tuple[Shift, ...]]) -> Iterator[Row]:
        rotations = Rotation.objects.filter(schedule=self.schedule, past_of=None).in_bulk()
        known = [(rotations[line], shifts) for line, shifts in lines.items() if line in rotations]
        for rotation, shifts in sorted(known, key=lambda one: (one[0].position, one[0].pk)):
            bars = tuple(filter(None, (self._bar(shift, is_layer=True) for shift in shifts)))
            if rotation.until and not bars:
                continue
            note = str(rotation.get_role_display())
            if rotation.until:
                note = _("%(role)s, ended") % {"role": note}
            url = "" if rotation.until else reverse("admin:alerts_rotation_change", args=[rotation.pk])
            yield Row(rotation.name, bars, note, url)

    def listed(self, piece: Shift | Gap) -> Listed:
        people = self._people(piece.users) if isinstance(piece, Shift) else ""
        is_now = piece.begin <= self.now < piece.end
        url = self._override_url(piece)
        return Listed(self._time(piece), people, _ROLES[piece.role], self._note(piece), url, is_now)

    def sentence(self, final: Sequence[Shift]) -> tuple[str, str]:
        """Say who is on call now, and until when; or that nobody is."""
        here = [shift for shift in final if shift.begin <= self.now < shift.end]
        here.sort(key=lambda shift: list(Role).index(shift.role))
        if not here:
            following = min((shift.begin for shift in final if shift.begin > self.now), default=None)
            said = _("Nobody is on call now.")
            if following:
                said += " " + _("The next shift begins on %(time)s.") % {"time": self._moment(following)}
            return said, "grey" if self.schedule.is_uncovered_time_intended else "red"
        parts = [
            _("%(people)s (%(role)s) until %(time)s")
            % {
                "people": self._people(shift.users),
                "role": _ROLES[shift.role],
                "time": self._moment(shift.end),
            }
            for shift in here
        ]
        return _("On call now: %(people)s.") % {"people": "; ".join(parts)}, "green"

    def _bar(self, piece: Shift | Gap, *, is_layer: bool = False) -> Bar | None:
        if isinstance(piece, Gap):
            is_meant = self.schedule.is_uncovered_time_intended
            look, words = ("ao-free", _("nobody, as intended")) if is_meant else ("ao-gap", _("nobody"))
        else:
            words, look = self._people(piece.users), f"ao-shift {self._hue(piece.users[0])}"
            look += " ao-changed" if piece.override or piece.absent else ""
        url = "" if is_layer else self._override_url(piece)
        note = self._note(piece)
        said = f"{words}, {note}" if note else words
        return self._placed(piece.begin, piece.end, said, look, url, words)

    def _placed(
        self, begin: datetime, end: datetime, said: str, look: str, url: str, label: str = ""
    ) -> Bar | None:
        left, right = max(begin, self.window.begin), min(end, self.window.end)
        if left >= right:
            return None
        width = self.window.place(right) - self.window.place(left)
        title = f"{said}: {self._moment(begin)} – {self._moment(end)}"
        return Bar(_percent(self.window.place(left)), _percent(width), label or said, title, look, url)

    def _override_url(self, piece: Shift | Gap) -> str:
        if not self.takes or piece.end <= self.now:
            return ""
        asked = {
            "role": piece.role.value,
            "begin": max(piece.begin, self.now.replace(second=0, microsecond=0)).isoformat(),
            "end": piece.end.isoformat(),
        }
        if isinstance(piece, Shift) and len(piece.users) > 1:
            asked["person"] = str(piece.users[0])
        return f"{reverse('admin:alerts_schedule_override', args=[self.schedule.pk])}?{urlencode(asked)}"

    def _note(self, piece: Shift | Gap) -> str:
        if isinstance(piece, Gap):
            return ""
        away = [_("for %(person)s, who is away") % {"person": self._people([pk])} for pk in piece.absent]
        return ", ".join([*([_("by an override")] if piece.override else []), *away])

    def _decided(self, row: Override) -> str:
        names = {"person": row.person or _("whoever it is"), "substitute": row.substitute}
        match row.change:
            case Override.Change.ADD:
                return _("%(substitute)s as well") % names
            case Override.Change.REMOVE:
                return _("without %(person)s") % names
            case _:
                return _("%(substitute)s for %(person)s") % names

    def _people(self, users: Iterable[int]) -> str:
        return ", ".join(self.names.get(pk, f"#{pk}") for pk in users)

    def _hue(self, user: int) -> str:
        order = list(self.names)
        return f"ao-hue-{order.index(user) % HUES}" if user in order else ""

    def _time(self, piece: Shift | Gap) -> str:
        return f"{self._moment(piece.begin)} – {self._moment(piece.end)}"

    def _moment(self, instant: datetime) -> str:
        local = instant.astimezone(self.window.zone)
        return date_format(local, pgettext("format of a time on a time line", "D j M, H:i"))


_ROLES: dict[Any, Any] = {Role(value): label for value, label in ROLE_CHOICES}


def _begin(piece: Shift | Gap) -> datetime:
    return piece.begin


def _overrides(schedule: Schedule, window: Window) -> Iterable[Override]:
    rows = schedule.overrides.filter(begin_at__lt=window.end, end_at__gt=window.begin)
    return rows.select_related("person", "substitute").order_by("begin_at", "pk")


def _names(shape: oncall.Schedule, overrides: Iterable[Override]) -> dict[int, str]:
    """Return the names of all who occur, in an order that does not change with the time that is drawn."""
    ids = {user for rotation in shape.rotations for turn in rotation.turns for user in turn}
    ids |= {user for rotation in shape.rotations for event in rotation.events for user in event.users}
    ids |= {row.substitute for row in shape.overrides if row.substitute}
    ids |= {pk for row in overrides for pk in (row.person_id, row.substitute_id) if pk}
    ids |= {absence.cover for absence in shape.absences if absence.cover}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=ids).order_by("pk")}


def _days(window: Window, region: str) -> Iterator[Day]:
    """Yield the days; weekends and public holidays are marked."""
    for number in range(SPANS[window.span][0]):
        day = window.first + number * DAY
        left, right = (window.place(at(one, time(), window.zone)) for one in (day, day + DAY))
        title, look = date_format(day, "DATE_FORMAT"), "ao-weekend" if day.weekday() >= 5 else ""
        if oncall.is_holiday(day, region):
            title, look = _("%(day)s, a public holiday") % {"day": title}, "ao-holiday"
        weekday, day_number = date_format(day, "D"), date_format(day, pgettext("format of a day", "j"))
        yield Day(_percent(left), _percent(right - left), weekday, day_number, title, look)


def _percent(value: float) -> str:
    return f"{value:.3f}"


def draw_rotation(rotation: oncall.Rotation, names: dict[int, str], zone: ZoneInfo, now: datetime) -> Any:
    """Draw five weeks of one rotation that is not saved, from today or from its start."""
    first = max(wall_of(now, zone).date(), rotation.starts_on)
    window = Window(first - first.weekday() * DAY, "month", zone)
    shape = oncall.Schedule(rotations=(rotation,))
    pen = _Pen(Schedule(), window, now, names, takes=False)
    found = oncall.lines(shape, window.begin, window.end)[rotation.line]
    bars = tuple(filter(None, (pen._bar(shift, is_layer=True) for shift in found)))
    return {"days": tuple(_days(window, rotation.holiday_region)), "rows": (Row("", bars),), "window": window}
