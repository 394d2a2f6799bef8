"""How late steps run when ten thousand alerts escalate at the same moment."""

import time
from contextlib import ExitStack

from bench import figures, installations, together
from bench.contract import Context, Row, Run, Subject, summarize
from bench.sink import Sink

NAME = "together"
ALERTS, QUICK_ALERTS = 10_000, 300
LATEST = 2.0  # seconds
AHEAD, QUICK_AHEAD = 30.0, 8.0  # seconds from their making to their time
PATIENCE, LOOK_EVERY = 600.0, 0.2


def run(context: Context) -> list[Row]:
    return [_on(database, context) for database in context.databases]


def _on(database: str, context: Context) -> Row:
    count, ahead = (QUICK_ALERTS, QUICK_AHEAD) if context.is_quick else (ALERTS, AHEAD)
    with ExitStack() as stack:
        sink = stack.enter_context(Sink())
        server = stack.enter_context(installations.alertops(database, EMAIL_URL=sink.url))
        server.start_command("runworker")
        due_at = time.time() + ahead
        server.call(together.prepare, count, due_at)
        if time.time() > due_at:
            raise figures.NotQuiet("The alerts were not there before their time.")
        while (done := server.call(together.run_count)) < count:
            if time.time() > due_at + PATIENCE:
                raise figures.NotQuiet(f"{done} of {count} steps were run.")
            time.sleep(LOOK_EVERY)
        late = server.call(together.lateness, due_at)
    subject = Subject(NAME, f"the last of {count:,} steps that are due together", database, unit="s")
    p50, p99 = (figures.percentile(late, part) for part in (50, 99))
    row = summarize(subject, [Run(figure=late[-1], p50=p50, p99=p99)])
    return row.aiming(f"each within {LATEST:.0f} s of its time", met=late[-1] <= LATEST)
