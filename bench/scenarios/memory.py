"""Whether the web server and the worker grow while they take and process deliveries."""

import time
from collections import defaultdict
from contextlib import ExitStack

from bench import figures, installations, stories, vitals, work
from bench.contract import Context, Row, Run, Subject, summarize
from bench.sender import Sending
from bench.sink import Sink

NAME = "memory"
DELIVERIES, QUICK_DELIVERIES = 200_000, 2_000
SAMPLES = 20
CONNECTIONS = 8
WARM_UP = 0.25  # of the samples are not counted: caches and pools fill
MOST_GROWTH = (
    10.0  # percent of what the processes of a role have of their own, from the end of the warm-up to the end
)
NOISE = 5.0  # megabytes: one big body that was just there
PATIENCE = 3600.0

Sample = tuple[int, dict[str, float]]  # deliveries so far, and megabytes of all processes of a role


def run(context: Context) -> list[Row]:
    return [row for database in context.databases for row in _on(database, context)]


def _on(database: str, context: Context) -> list[Row]:
    """Send deliveries of all sorts in parts, and look at every process after each part."""
    count = (QUICK_DELIVERIES if context.is_quick else DELIVERIES) // SAMPLES
    with ExitStack() as stack:
        sink = stack.enter_context(Sink())
        server = stack.enter_context(installations.alertops(database, EMAIL_URL=sink.url))
        [token] = server.call(work.prepare, 1)
        worker = server.start_command("runworker")
        time.sleep(3)
        samples: list[Sample] = []
        for number in range(1, SAMPLES + 1):
            _send(f"{server.url}/in/{token}", f"part{number}", count)
            figures.wait_until_quiet(server, patience=PATIENCE)
            seen = vitals.of([server.web.pid, worker.pid], server.folder)
            samples.append((number * count, _by_role(seen)))
            context.say(
                f"  {number * count:,}: {sum(one.uss for one in seen):.0f} MB of {len(seen)} processes"
            )
    return [_row(role, database, samples) for role in samples[-1][1]]


def _by_role(seen: list[vitals.Vitals]) -> dict[str, float]:
    """Add up the processes of each role: it is chance which of them had the largest batch last."""
    found: dict[str, float] = defaultdict(float)
    for one in seen:
        found[one.role] += one.uss
    return dict(found)


def _row(role: str, database: str, samples: list[Sample]) -> Row:
    """Tell by how much the processes of a role have grown since the warm-up."""
    warm = samples[int(len(samples) * WARM_UP) :]
    points = [(float(deliveries), uss[role]) for deliveries, uss in warm if role in uss]
    growth = figures.slope(points) * (points[-1][0] - points[0][0])
    percent = growth / points[0][1] * 100
    run = Run(figure=points[-1][1], details={"points": points, "grown_mb": growth, "grown_percent": percent})
    row = summarize(
        Subject(NAME, role, database, unit="MB of its own"),
        [run],
        note=f"{growth:+.1f} MB, {percent:+.0f} % in {points[-1][0] - points[0][0]:,.0f} deliveries",
    )
    return row.aiming(f"at most {MOST_GROWTH:.0f} % more", met=percent <= MOST_GROWTH or growth <= NOISE)


def _send(door: str, name: str, count: int) -> None:
    Sending(door, stories.rough(name, count), rate=0, connections=CONNECTIONS).posts()
