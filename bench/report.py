"""How results are told: a table for the terminal, the same as Markdown, and a file with all of it."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.contract import Row

HEADINGS = (
    "scenario",
    "variant",
    "database",
    "c",
    "figure",
    "lowest to highest",
    "p50 ms",
    "p99 ms",
    "ratio",
    "target",
    "verdict",
    "note",
)
NUMBERS = {"c", "figure", "lowest to highest", "p50 ms", "p99 ms", "ratio"}  # to the right


def table(rows: Iterable[Row]) -> str:
    """Return aligned columns for a terminal."""
    lines = [HEADINGS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_aligned(line, widths).rstrip() for line in lines)


def markdown(rows: Iterable[Row], machine: dict[str, Any]) -> str:
    """Return the table and the machine as Markdown."""
    rule = ["---:" if name in NUMBERS else "---" for name in HEADINGS]
    lines = [HEADINGS, rule, *map(_cells, rows)]
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", *_machine(machine)]) + "\n"


def save(rows: list[Row], machine: dict[str, Any], folder: Path) -> Path:
    """Write bench.md and bench.json, every single run in it; return the former's path."""
    folder.mkdir(parents=True, exist_ok=True)
    everything = {"machine": machine, "rows": [asdict(row) for row in rows]}
    (folder / "bench.json").write_text(json.dumps(everything, indent=1) + "\n")
    path = folder / "bench.md"
    path.write_text(markdown(rows, machine))
    return path


def _cells(row: Row) -> tuple[str, ...]:
    subject = row.subject
    return (
        subject.scenario,
        subject.variant,
        subject.database,
        str(subject.connections or ""),
        f"{_number(row.figure)} {subject.unit}" if row.figure is not None else "",
        f"{_number(row.lowest)} to {_number(row.highest)}" if len(row.runs) > 1 else "",
        _number(row.p50),
        _number(row.p99),
        f"{row.ratio:.2f} x {row.limit}" if row.ratio is not None else "",
        row.target,
        str(row.verdict),
        row.note,
    )


def _number(value: float | None) -> str:
    """Return three digits that matter, and thousands whole."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(
        cell.rjust(width) if name in NUMBERS else cell.ljust(width)
        for name, cell, width in zip(HEADINGS, cells, widths, strict=True)
    )


def _machine(machine: dict[str, Any]) -> list[str]:
    return [f"- {name.replace('_', ' ')}: {value}" for name, value in machine.items()]
