"""How many stored deliveries a second a worker processes, in order, with all that they do to alerts."""

import itertools
import time
from contextlib import ExitStack
from functools import partial

from bench import figures, installations, stories, work
from bench.contract import Context, Measure, Row, Run, Subject, measure
from bench.limits import rows
from bench.sender import Sending
from bench.sink import Sink
from tests.processes import Server

NAME = "process"
MESSAGES, QUICK_MESSAGES = 100_000, 2_000
INTEGRATIONS = 5
UNIT = "messages/s"
TARGETS = {"postgresql": 1000, "sqlite": 500}  # messages a second by one worker
MEANWHILE = 200  # deliveries a second while a queue is drained
PATIENCE = 900.0

LIMIT = "raw rows: read, inserted, updated"
_runs = itertools.count(1)


class Wrong(Exception):
    """What was processed is not what was to come of it."""


def run(context: Context) -> list[Row]:
    return [row for database in context.databases for row in _on(database, context)]


def _on(database: str, context: Context) -> list[Row]:
    """Measure one worker with each kind of delivery, and then a whole `runworker`."""
    count = QUICK_MESSAGES if context.is_quick else MESSAGES
    with ExitStack() as stack:
        sink = stack.enter_context(Sink())
        server = stack.enter_context(installations.alertops(database, EMAIL_URL=sink.url))
        tokens = server.call(work.prepare, INTEGRATIONS)
        limit = Subject(NAME, LIMIT, database, unit="rows/s")
        variants: dict[Subject, Measure] = {limit: partial(_raw, server, min(count, 20_000))}
        for story in stories.STORIES:
            subject = Subject(NAME, f"one worker, {story}", database, unit=UNIT)
            variants[subject] = partial(_one_worker, server, story, count)
        found = measure(variants, context)
        compared = [row.against(found[limit]) for row in found.values()]
        everything = Subject(NAME, "runworker, mix, until the last mail", database, unit=UNIT)
        busy = Subject(NAME, f"runworker, while {MEANWHILE}/s come in", database, unit=UNIT)
        ends = measure(
            {
                everything: partial(_runworker, server, count),
                busy: partial(_while_busy, server, tokens[0], count // 2),
            },
            context,
        )
        return [_judged(row, database) for row in compared] + list(ends.values())


def _judged(row: Row, database: str) -> Row:
    least = TARGETS[database]
    if not row.subject.variant.startswith("one worker"):
        return row
    return row.aiming(f"at least {least:,} {UNIT}", met=(row.figure or 0) >= least)


def _raw(server: Server, count: int) -> Run:
    if server.database == "sqlite":
        return rows.on_sqlite(server.folder, rows=count)
    return rows.on_postgresql(server.environment["DATABASE_URL"], rows=count)


def _one_worker(server: Server, story: str, count: int) -> Run:
    name = f"run{next(_runs)}"
    left_open = server.call(work.queue, story, name, count)
    took = server.call(work.drain)
    _check(server, name, left_open)
    server.call(work.tell_nobody)
    details = {**took, "cpu_ms_a_message": took["cpu"] / took["messages"] * 1000}
    return Run(figure=took["messages"] / took["seconds"], details=details)


def _runworker(server: Server, count: int) -> Run:
    """Have the product's own worker work off a queue, with its pages."""
    name = f"run{next(_runs)}"
    since = time.time()
    left_open = server.call(work.queue, "mix", name, count)
    began = time.monotonic()
    worker = server.start_command("runworker")
    figures.wait_until_quiet(server, patience=PATIENCE)
    details = {**server.call(work.processing, since), "seconds_until_quiet": time.monotonic() - began}
    server.stop(worker)
    _check(server, name, left_open)
    return Run(figure=details["messages"] / details["seconds"], details=details)


def _while_busy(server: Server, token: str, count: int) -> Run:
    """Work off a queue while deliveries come in; p50 and p99 are the door's."""
    name = f"run{next(_runs)}"
    since = time.time()
    left_open = server.call(work.queue, "mix", name, count)
    worker = server.start_command("runworker")
    seconds = 5 if count < QUICK_MESSAGES else 60
    sending = Sending(
        f"{server.url}/in/{token}", stories.green(f"{name}-meanwhile", MEANWHILE * seconds), rate=MEANWHILE
    )
    figures.wait_until_quiet(server, patience=PATIENCE, sending=[sending])
    details = server.call(work.processing, since)
    server.stop(worker)
    posts = sending.posts()
    _check(server, name, left_open)
    refused = sum(post.status != 202 for post in posts)
    return Run(
        figure=details["messages"] / details["seconds"],
        p50=figures.percentile([post.latency for post in posts], 50),
        p99=figures.percentile([post.latency for post in posts], 99),
        details={**details, "not_accepted": refused},
    )


def _check(server: Server, name: str, left_open: int) -> None:
    if found := server.call(work.wrongs, name, left_open):
        raise Wrong("; ".join(found))
