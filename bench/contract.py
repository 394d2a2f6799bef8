"""What a scenario gets and what it gives: a context in, rows out.

A scenario is a module in bench/scenarios/: a docstring of one sentence, `NAME`, and

    def run(context: Context) -> list[Row]:
        limit, product = Subject(NAME, "R", "postgresql", 16), Subject(NAME, "alertops", "postgresql", 16)
        rows = measure({limit: ..., product: ...}, context)      # each value measures once: () -> Run
        compared = rows[product].against(rows[limit])
        return [rows[limit], compared.aiming("at least 1.2 R", met=compared.ratio >= 1.2)]

Figures of one run compare; those of two days or two machines do not.
"""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

DATABASES = ("postgresql", "sqlite")


class Verdict(StrEnum):
    NONE = ""  # nothing was aimed at
    MET = "met"
    MISSED = "MISSED"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Context:
    """How a benchmark is to be run.

    databases: which of DATABASES.  rounds: how often each variant is measured.  seconds: of load in each.
    folder: where the report goes, for what a scenario wants to leave beside it.
    """

    folder: Path
    databases: tuple[str, ...] = DATABASES
    rounds: int = 3
    seconds: float = 5.0
    is_quick: bool = False
    say: Callable[[str], Any] = print


@dataclass(frozen=True)
class Subject:
    """What is measured: a variant within a scenario, on a database, and in which unit."""

    scenario: str
    variant: str
    database: str = ""
    connections: int | None = None
    unit: str = "requests/s"

    def __str__(self) -> str:
        connections = f"c={self.connections}" if self.connections else ""
        return " ".join(filter(None, (self.variant, self.database, connections)))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One measurement.

    p50, p99: milliseconds.  details: what else is worth keeping; it goes into the JSON file as it is.
    """

    figure: float
    p50: float | None = None
    p99: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


Measure = Callable[[], Run]
K = TypeVar("K")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the report: the medians of a subject's runs, and how they compare.

    limit, ratio: the variant that it is compared with, and the figure as a multiple of that one's.
    """

    subject: Subject
    runs: tuple[Run, ...] = ()
    figure: float | None = None
    p50: float | None = None
    p99: float | None = None
    limit: str = ""
    ratio: float | None = None
    target: str = ""
    verdict: Verdict = Verdict.NONE
    note: str = ""

    def against(self, limit: "Row") -> "Row":
        """Compare with a limit, round by round where both were measured in the same rounds."""
        return replace(self, limit=limit.subject.variant, ratio=_ratio(self, limit))

    def aiming(self, target: str, *, met: bool) -> "Row":
        """Say what was aimed at, and whether it was reached."""
        return replace(self, target=target, verdict=Verdict.MET if met else Verdict.MISSED)

    @property
    def lowest(self) -> float | None:
        return min((run.figure for run in self.runs), default=None)

    @property
    def highest(self) -> float | None:
        return max((run.figure for run in self.runs), default=None)


def measure(variants: Mapping[Subject, Measure], context: Context) -> dict[Subject, Row]:
    """Measure all variants in turns; return the row of each."""
    return {subject: summarize(subject, runs) for subject, runs in interleave(variants, context).items()}


def interleave(variants: Mapping[K, Measure], context: Context) -> dict[K, list[Run]]:
    """Measure all variants once, then all again: what else the machine does falls on all alike."""
    runs: dict[K, list[Run]] = {name: [] for name in variants}
    for round_number in range(1, context.rounds + 1):
        for name, measure_once in variants.items():
            run = measure_once()
            runs[name].append(run)
            context.say(f"  round {round_number}  {name}: {_told(run)}")
    return runs


def summarize(subject: Subject, runs: list[Run], *, note: str = "") -> Row:
    """Return the row of a subject: the median of each figure."""
    return Row(
        subject=subject,
        runs=tuple(runs),
        figure=_median([run.figure for run in runs]),
        p50=_median([run.p50 for run in runs if run.p50 is not None]),
        p99=_median([run.p99 for run in runs if run.p99 is not None]),
        note=note,
    )


def skipped(subject: Subject, why: str) -> Row:
    """Return the row of what could not be measured here."""
    return Row(subject=subject, verdict=Verdict.SKIPPED, note=why)


def _told(run: Run) -> str:
    return f"{run.figure:,.0f}" + (f", p99 {run.p99:.3g} ms" if run.p99 is not None else "")


def _ratio(row: Row, limit: Row) -> float | None:
    if row.figure is None or not limit.figure:
        return None
    if len(row.runs) != len(limit.runs) or not all(base.figure for base in limit.runs):
        return row.figure / limit.figure
    return _median([run.figure / base.figure for run, base in zip(row.runs, limit.runs, strict=True)])


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None
