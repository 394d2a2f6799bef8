"""How long it takes to say who is on call in 90 days of a schedule with five layers and twenty people."""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from alerts.logic import oncall
from alerts.logic.oncall import Absence, Change, Hours, Kind, Override, Role, Rotation
from bench.contract import Context, Row, Run, Subject, measure

NAME = "shifts"
MOST = 50.0  # milliseconds
DAYS = 90
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
REPEATED = 20

PEOPLE = tuple((number,) for number in range(1, 21))
WORK = Hours(frozenset(range(5)), clock(8), clock(20))
NIGHT = Hours(frozenset(range(7)), clock(20), clock(8))


def run(context: Context) -> list[Row]:
    variants = {
        Subject(NAME, f"{DAYS} days, five layers, 20 people", unit="ms"): lambda: _shifts(_schedule()),
        Subject(NAME, f"{DAYS} days, the same with hourly turns", unit="ms"): lambda: _shifts(
            _schedule(Kind.HOURLY)
        ),
    }
    found = measure(variants, context)
    return [row.aiming(f"at most {MOST:.0f} ms", met=(row.figure or MOST) < MOST) for row in found.values()]


def _schedule(first: Kind = Kind.DAILY) -> oncall.Schedule:
    layers = [
        _rotation(1, first, "Europe/Berlin", hours=(WORK,), holiday_region="DE"),
        _rotation(2, Kind.DAILY, "America/New_York", hours=(NIGHT,)),
        _rotation(3, Kind.WEEKLY, "Asia/Kolkata"),
        _rotation(4, Kind.WEEKLY, "Europe/Berlin", role=Role.SECONDARY, hours=(WORK, NIGHT)),
        _rotation(5, Kind.MONTHLY, "Europe/Berlin", role=Role.ESCALATION_MANAGER, every=1),
    ]
    overrides = tuple(
        Override(
            number,
            Change.REPLACE,
            BEGIN + timedelta(days=4 * number, hours=9),
            BEGIN + timedelta(days=4 * number, hours=17),
            substitute=number + 1,
        )
        for number in range(DAYS // 4)
    )
    absences = tuple(
        Absence(
            person, BEGIN + timedelta(days=4 * person), BEGIN + timedelta(days=4 * person + 7), 21 - person
        )
        for person in range(1, 11)
    )
    return oncall.Schedule(tuple(layers), overrides, absences)


def _rotation(line: int, kind: Kind, zone: str, **rules: object) -> Rotation:
    plain = {"line": line, "position": line, "kind": kind, "zone": ZoneInfo(zone), "turns": PEOPLE}
    return Rotation(**{**plain, "starts_on": date(2025, 1, 6), **rules})  # type: ignore[arg-type]


def _shifts(schedule: oncall.Schedule) -> Run:
    end = BEGIN + timedelta(days=DAYS)
    began = time.perf_counter()
    for _number in range(REPEATED):
        found = oncall.shifts(schedule, BEGIN, end)
    took = (time.perf_counter() - began) / REPEATED * 1000
    return Run(figure=took, details={"shifts": float(len(found))})
