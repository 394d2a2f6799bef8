"""Whether the same work costs more when much is stored."""

import time
from contextlib import ExitStack
from functools import partial

from bench import history, repeated, work
from bench.contract import Context, Row, Run, Subject, interleave, summarize
from tests.processes import Server

NAME = "growth"
SIZES, QUICK_SIZES = (10_000, 1_000_000, 10_000_000), (1_000, 20_000)
MOST = 1.5  # times the figure of the smallest
PAGE, LONGEST_PAGE = "page:", 200.0  # milliseconds, however much is stored
# Of each message's body: ten million of 2 KB would fill a disk.
BODY_BYTES = 100
NOISE = 0.3  # milliseconds: what differs by less is the same


def run(context: Context) -> list[Row]:
    return [row for database in context.databases for row in _on(database, context)]


def _on(database: str, context: Context) -> list[Row]:
    """Fill one installation for each size, and do the same work in all of them in turns."""
    sizes = QUICK_SIZES if context.is_quick else SIZES
    with ExitStack() as stack:
        servers = {size: stack.enter_context(Server(database, web_workers=0)) for size in sizes}
        for size, server in servers.items():
            server.call(work.prepare, history.INTEGRATIONS)
            seconds = server.call(repeated.fill, size, BODY_BYTES)
            context.say(f"  {size:,} messages written in {seconds:.0f} s")
            server.call(repeated.everything, "warm-up")
        runs = interleave({size: partial(_once, server) for size, server in servers.items()}, context)
    return _rows(database, runs)


def _once(server: Server) -> Run:
    took = server.call(repeated.everything, f"at{time.monotonic_ns()}")
    return Run(figure=sum(took.values()), details=took)


def _rows(database: str, runs: dict[int, list[Run]]) -> list[Row]:
    """Return each thing that was done at each size, compared with the smallest."""
    rows = []
    for thing in next(iter(runs.values()))[0].details:
        of_sizes = [_row(thing, size, database, of_size) for size, of_size in runs.items()]
        smallest = of_sizes[0]
        rows += [smallest, *(_compared(row, smallest) for row in of_sizes[1:])]
    return rows


def _row(thing: str, size: int, database: str, runs: list[Run]) -> Row:
    subject = Subject(NAME, f"{thing}, {size:,} stored", database, unit="ms")
    row = summarize(subject, [Run(figure=run.details[thing]) for run in runs])
    if not thing.startswith(PAGE):
        return row
    return row.aiming(f"at most {LONGEST_PAGE:.0f} ms", met=(row.figure or 0.0) <= LONGEST_PAGE)


def _compared(row: Row, smallest: Row) -> Row:
    """Judge by the smallest what has no target of its own."""
    row = row.against(smallest)
    if row.target:
        return row
    more = (row.figure or 0.0) - (smallest.figure or 0.0)
    is_same = more <= NOISE or (row.ratio or 0.0) <= MOST
    return row.aiming(f"at most {MOST} times", met=is_same)
