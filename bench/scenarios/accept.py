"""How many deliveries a second are accepted, each committed before it is answered."""

import statistics
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench import bodies, inside, installations, load, machine, peers
from bench.contract import Context, Measure, Row, Run, Subject, measure, skipped
from bench.limits import commits, disk
from tests.processes import Server

NAME = "accept"
CONNECTIONS = (16, 64)
OF_THE_SERVERS = 80  # connections to PostgreSQL that all servers together keep open
TARGETS = {16: 1.2, 64: 1.5}  # of R, on PostgreSQL

ALERTOPS = "alertops"
DRAINING = "alertops, worker draining"
R = "R"  # a bare Django view on the same server, with one ORM INSERT of the body
NOTHING = "bare view, no work"

Variants = dict[Subject, Measure]


@dataclass(frozen=True)
class Door:
    """Where to post, who answers there, and in which table what was accepted must be afterwards."""

    server: Server
    web: installations.Web
    url: str
    table: str

    def stored(self) -> int:
        return int(self.server.call(inside.stored)[self.table]) if self.table else 0


class Lost(Exception):
    """What was answered with 202 is not in the database."""


def run(context: Context) -> list[Row]:
    """Measure the limits, alertops, and with the first database its peers too."""
    if not load.is_there():
        return [skipped(Subject(NAME, ALERTOPS), "wrk is missing; on Debian and Ubuntu: apt install wrk")]
    databases = enumerate(context.databases)
    return [row for number, name in databases for row in _on(name, context, with_peers=number == 0)]


def _on(database: str, context: Context, *, with_peers: bool) -> list[Row]:
    """Measure everything on one database, in turns."""
    with ExitStack() as stack:
        server = stack.enter_context(installations.alertops(database))
        token = server.call(inside.prepare)
        variants = _limits(server, context.seconds) | _bare(server, context.seconds)
        variants |= _alertops(server, token, context.seconds)
        missing: list[Row] = []
        if with_peers:
            targets, absent = peers.start(stack, server)
            variants |= _peers(targets, context.seconds)
            missing = [skipped(Subject(NAME, name), why) for name, why in absent.items()]
        return [*_compared(measure(variants, context)), *missing]


def _limits(server: Server, seconds: float) -> Variants:
    """What the disk and the database can do without Django."""
    url, folder = server.environment["DATABASE_URL"], server.folder
    one, many = "raw commits of one row", f"raw commits of {commits.GROUP} rows"
    variants: Variants = {
        Subject(NAME, "raw fdatasync of 2 KB", server.database, unit="/s"): partial(_syncs, folder, seconds)
    }
    if server.database == "sqlite":
        on_sqlite = partial(commits.on_sqlite, folder, seconds=seconds)
        variants[_rows(one, server, 1)] = partial(on_sqlite, rows=1)
        variants[_rows(many, server, 1)] = partial(on_sqlite, rows=commits.GROUP)
        return variants
    on_postgresql = partial(commits.on_postgresql, url, seconds=seconds)
    for clients in (1, *_raw_clients()):
        variants[_rows(one, server, clients)] = partial(on_postgresql, clients=clients, rows=1)
    variants[_rows(many, server, 1)] = partial(on_postgresql, clients=1, rows=commits.GROUP)
    return variants


def _raw_clients() -> tuple[int, ...]:
    """Return how many clients may connect beside all the servers; PostgreSQL by default takes 100."""
    most = int(machine.postgresql()["max_connections"])
    return tuple(clients for clients in CONNECTIONS if clients + OF_THE_SERVERS <= most)


def _bare(server: Server, seconds: float) -> Variants:
    """What Django can do on the same server, with the same flags and database settings."""
    web = installations.start_bare(server)
    nothing = Door(server, web, f"{web.url}/nothing", "")
    insert = Door(server, web, f"{web.url}/insert", "bodies")
    return {
        _subject(variant, server, connections): partial(_press, door, connections, seconds)
        for variant, door in ((NOTHING, nothing), (R, insert))
        for connections in CONNECTIONS
    }


def _alertops(server: Server, token: str, seconds: float) -> Variants:
    """The product: accepting alone, and with a worker that drains at the same time."""
    door = Door(server, installations.Web(server.url, server.web), f"{server.url}/in/{token}", "messages")
    return {
        _subject(variant, server, connections): partial(press, door, connections, seconds)
        for variant, press in ((ALERTOPS, _press), (DRAINING, _press_while_draining))
        for connections in CONNECTIONS
    }


def _peers(targets: dict[str, load.Target], seconds: float) -> Variants:
    return {
        Subject(NAME, name, connections=connections): partial(
            load.press, target, connections=connections, seconds=seconds
        )
        for name, target in targets.items()
        for connections in CONNECTIONS
    }


def _press(door: Door, connections: int, seconds: float) -> Run:
    """Post, and see that all that was accepted is stored; what was under way at the end may be more."""
    before, cpu_before = door.stored(), door.web.cpu_seconds()
    target = load.Target(url=door.url, bodies=bodies.bitbucket())
    run = load.press(target, connections=connections, seconds=seconds)
    stored, cpu = door.stored() - before, door.web.cpu_seconds() - cpu_before
    accepted = run.details["accepted_with_warm_up"]
    if door.table and stored < accepted:
        raise Lost(f"{door.url}: {accepted} were answered with 202 and {stored} are stored")
    cost = cpu / max(accepted, 1) * 1000
    return replace(run, details={**run.details, "stored": stored, "web_cpu_ms": cost})


def _press_while_draining(door: Door, connections: int, seconds: float) -> Run:
    """Post while a worker processes what has gathered and what comes."""
    server, before = door.server, door.server.call(inside.processed)
    worker = server.start_command("runworker")
    load.post_one(door.url, bodies.bitbucket()[0])
    server.wait_until(lambda: server.call(inside.processed) > before, "no message was processed", of=worker)
    run = _press(door, connections, seconds)
    processed = server.call(inside.processed) - before
    server.kill(worker)
    return replace(run, details={**run.details, "processed_meanwhile": processed})


def _syncs(folder: Path, seconds: float) -> Run:
    return Run(figure=disk.fdatasyncs_a_second(folder, seconds=seconds))


def _compared(rows: dict[Subject, Row]) -> list[Row]:
    """Hold what alertops does against R at as many connections."""
    limits = {subject.connections: row for subject, row in rows.items() if subject.variant == R}
    return [
        _judged(_noted(row).against(limits[subject.connections]), limits[subject.connections])
        if subject.variant in (ALERTOPS, DRAINING)
        else _noted(row)
        for subject, row in rows.items()
    ]


def _noted(row: Row) -> Row:
    """Note what a request costs the web server, and what did not go as it should."""
    costs = [run.details["web_cpu_ms"] for run in row.runs if "web_cpu_ms" in run.details]
    others = sum(run.details.get("other", 0) + run.details.get("socket_errors", 0) for run in row.runs)
    notes = [f"{statistics.median(costs):.2f} ms CPU each"] if costs else []
    notes += [f"{others} were not accepted"] if others else []
    return replace(row, note=", ".join(notes))


def _judged(row: Row, limit: Row) -> Row:
    subject = row.subject
    if subject.database != "postgresql" or subject.variant != ALERTOPS:
        return row
    least = TARGETS[subject.connections or 0]
    is_fast = row.ratio is not None and row.ratio >= least
    is_even = row.p99 is not None and limit.p99 is not None and row.p99 <= limit.p99
    return row.aiming(f"{least} R, p99 no worse", met=is_fast and is_even)


def _subject(variant: str, server: Server, connections: int) -> Subject:
    return Subject(NAME, variant, server.database, connections)


def _rows(variant: str, server: Server, clients: int) -> Subject:
    return Subject(NAME, variant, server.database, clients, unit="rows/s")
