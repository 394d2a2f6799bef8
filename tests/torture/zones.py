"""Shifts in every time zone there is, around the days on which its clock jumps; made up by hypothesis."""

import random
import zoneinfo
from collections.abc import Callable, Iterable
from datetime import timedelta

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.alerts.logic.oncall_rules import rotations
from tests.alerts.logic.oncall_walk import check, edges

YEARS = range(2008, 2038)
AROUND = timedelta(days=2)
MOST_EDGES = 6  # of a zone, drawn from all of those years
EXAMPLES = 20


def endure_zones(
    *, names: Iterable[str] = (), number: int, say: Callable[[str], None], examples: int = EXAMPLES
) -> list[str]:
    """Compare made-up rotations with the watched clock in every zone; return what was wrong, zone by zone.

    number: the seed.
    """
    failures = []
    zones = sorted(names or zoneinfo.available_timezones())
    for name in zones:
        zone = zoneinfo.ZoneInfo(name)
        found = edges(zone, YEARS)
        random.Random(number).shuffle(found)
        if problem := _try(zone, found[:MOST_EDGES], number, examples):
            failures.append(f"{name}: {problem}")
            say(failures[-1])
    say(f"{len(zones)} zones, {len(failures)} wrong")
    return failures


def _try(zone: zoneinfo.ZoneInfo, found: list, number: int, examples: int) -> str:
    """Return what was wrong in one zone, or nothing."""
    if not found:
        return ""

    @seed(number)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def attempt(data: st.DataObject) -> None:
        edge = data.draw(st.sampled_from(found))
        check(data.draw(rotations(zone, edge)), edge - AROUND, edge + AROUND)

    try:
        attempt()
    except AssertionError as error:
        return str(error) or type(error).__name__
    return ""
