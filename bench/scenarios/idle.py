"""What the embedded system uses while nothing happens: processor and memory, by process."""

import time
from collections import defaultdict

from bench import vitals
from bench.contract import Context, Row, Run, Subject, summarize
from bench.vitals import Vitals
from tests.processes import Server

NAME = "idle"
SETTLED, WATCHED = 20.0, 60.0  # seconds
QUICK_SETTLED, QUICK_WATCHED = 5.0, 10.0
PATIENCE = 180.0
MOST_CPU = 3.0  # percent of a core
CPU, RSS, USS = "% of a core", "MB RSS", "MB of its own"


def run(context: Context) -> list[Row]:
    """Start everything as `make run` does, and watch it do nothing."""
    settled, watched = (QUICK_SETTLED, QUICK_WATCHED) if context.is_quick else (SETTLED, WATCHED)
    with Server("sqlite", web_workers=0) as server:
        runner = server.start_command("serve", "--port", server.port)
        server.wait_until(
            lambda: "admin" in server.output(runner), "it did not start", of=runner, seconds=PATIENCE
        )
        time.sleep(settled)
        before = vitals.of([runner.pid], server.folder)
        time.sleep(watched)
        after = vitals.of([runner.pid], server.folder)
    rows = _rows(before, after, watched)
    for row in rows:
        context.say(f"  {row.subject}: {row.figure:.2f} {row.subject.unit}")
    return rows


def _rows(before: list[Vitals], after: list[Vitals], seconds: float) -> list[Row]:
    used = {one.pid: one.cpu for one in before}
    cpu, rss, uss = (
        defaultdict[str, float](float),
        defaultdict[str, float](float),
        defaultdict[str, float](float),
    )
    for one in after:
        cpu[one.role] += (one.cpu - used.get(one.pid, 0.0)) / seconds * 100
        rss[one.role] += one.rss
        uss[one.role] += one.uss
    total = _row("everything", CPU, sum(cpu.values()))
    return [
        total.aiming(f"under {MOST_CPU:.0f} %", met=sum(cpu.values()) < MOST_CPU),
        _row("everything", RSS, sum(rss.values())),
        _row("everything", USS, sum(uss.values())),
        *(_row(role, CPU, percent) for role, percent in cpu.items()),
        *(_row(role, USS, megabytes) for role, megabytes in uss.items()),
    ]


def _row(role: str, unit: str, figure: float) -> Row:
    return summarize(Subject(NAME, role, "sqlite", unit=unit), [Run(figure=figure)])
