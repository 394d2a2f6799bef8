"""How fast pushes become runs, how long a built-in broker takes, and whether a long past slows it down."""

import itertools
import time
from contextlib import ExitStack
from functools import partial

from bench import pushes
from bench.contract import Context, Measure, Row, Run, Subject, interleave, measure, summarize
from bench.limits import rows
from bench.sink import Sink
from tests.processes import Server
from tests.web import WebServer

NAME = "pushes"
PUSHES, QUICK_PUSHES = 10_000, 500
RUNS, QUICK_RUNS = 2_000, 100
SIZES, QUICK_SIZES = (10_000, 1_000_000), (1_000, 20_000)  # runs that are stored
MOST = 1.5  # times the figure of the smallest
NOISE = 0.3  # milliseconds: what differs by less is the same
TARGETS = {"postgresql": 200, "sqlite": 200}  # pushes a second by one worker, each with two runs
LIMIT = "raw rows: read, inserted, updated"
_runs = itertools.count(1)


class Wrong(Exception):
    """What was done is not what was to come of it."""


def run(context: Context) -> list[Row]:
    return [
        row
        for database in context.databases
        for row in (*_rates(database, context), *_growth(database, context))
    ]


def _rates(database: str, context: Context) -> list[Row]:
    """Measure one process that takes pushes in, and one that does runs of built-in brokers."""
    count, runs = (QUICK_PUSHES, QUICK_RUNS) if context.is_quick else (PUSHES, RUNS)
    with ExitStack() as stack:
        sink, web = stack.enter_context(Sink()), stack.enter_context(WebServer())
        server = stack.enter_context(
            Server(database, web_workers=0, EMAIL_URL=sink.url, ALERTOPS_OUTBOUND_NETWORKS="127.0.0.1")
        )
        server.call(pushes.prepare, f"{web.url}/hook")
        limit = Subject(NAME, LIMIT, database, unit="rows/s")
        taking = Subject(NAME, "one worker, pushes to queued runs, 2 each", database, unit="pushes/s")
        variants: dict[Subject, Measure] = {
            limit: partial(_raw, server, min(count, 20_000)),
            taking: partial(_take_in, server, count),
        }
        for kind, broker in ((pushes.MAIL, "Email"), ("post", "POST")):
            subject = Subject(NAME, f"one worker, runs of {broker}", database, unit="runs/s")
            variants[subject] = partial(_run, server, kind, runs)
        found = measure(variants, context)
    least = TARGETS[database]
    judged = found[taking].aiming(f"at least {least} pushes/s", met=(found[taking].figure or 0) >= least)
    return [row.against(found[limit]) for row in (found | {taking: judged}).values()]


def _raw(server: Server, count: int) -> Run:
    if server.database == "sqlite":
        return rows.on_sqlite(server.folder, rows=count)
    return rows.on_postgresql(server.environment["DATABASE_URL"], rows=count)


def _take_in(server: Server, count: int) -> Run:
    before = server.call(pushes.counts)
    server.call(pushes.queue, pushes.BOTH, f"take{next(_runs)}", count)
    took = server.call(pushes.take_in)
    after = server.call(pushes.counts)
    _check("pushes", after["pushes"] - before["pushes"], count)
    _check("runs", after["runs"] - before["runs"], 2 * count)
    server.call(pushes.call_off)
    return Run(figure=count / took["seconds"], details={**took, "cpu_ms_a_push": took["cpu"] / count * 1000})


def _run(server: Server, kind: str, count: int) -> Run:
    """Have runs done; p50 is what one took of its worker, which does four services at once."""
    server.call(pushes.queue, kind, f"run{next(_runs)}", count)
    server.call(pushes.take_in)
    took = server.call(pushes.run_all)
    _check("runs", took["runs"], count)
    _check("runs that are not done", took["not_done"], 0)
    details = {**took, "cpu_ms_a_run": took["cpu"] / count * 1000}
    return Run(figure=count / took["seconds"], p50=took["seconds"] / count * 1000, details=details)


def _check(what: str, count: float, expected: float) -> None:
    if count != expected:
        raise Wrong(f"There are {count} {what} instead of {expected}.")


def _growth(database: str, context: Context) -> list[Row]:
    """Fill one installation for each size, and do the same work in all of them in turns."""
    sizes = QUICK_SIZES if context.is_quick else SIZES
    with ExitStack() as stack:
        servers = {size: stack.enter_context(Server(database, web_workers=0)) for size in sizes}
        for size, server in servers.items():
            server.call(pushes.prepare, "http://127.0.0.1:8009/")
            context.say(f"  {size:,} runs written in {server.call(pushes.fill, size):.0f} s")
            server.call(pushes.everything, "warm-up")
        done = interleave({size: partial(_once, server) for size, server in servers.items()}, context)
    found = []
    for thing in next(iter(done.values()))[0].details:
        of_sizes = [_row(thing, size, database, of_size) for size, of_size in done.items()]
        found += [of_sizes[0], *(_judged(row.against(of_sizes[0]), of_sizes[0]) for row in of_sizes[1:])]
    return found


def _once(server: Server) -> Run:
    took = server.call(pushes.everything, f"at{time.monotonic_ns()}")
    return Run(figure=sum(took.values()), details=took)


def _row(thing: str, size: int, database: str, done: list[Run]) -> Row:
    subject = Subject(NAME, f"{thing}, {size:,} runs stored", database, unit="ms")
    return summarize(subject, [Run(figure=run.details[thing]) for run in done])


def _judged(row: Row, smallest: Row) -> Row:
    more = (row.figure or 0.0) - (smallest.figure or 0.0)
    is_same = more <= NOISE or (row.ratio or 0.0) <= MOST
    return row.aiming(f"at most {MOST} times", met=is_same)
