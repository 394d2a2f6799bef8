"""How long it takes from a POST until the mail about it is handed to the mail server."""

import itertools
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from bench import figures, history, installations, repeated, stories, work
from bench.contract import Context, Measure, Row, Run, Subject, measure
from bench.limits import mails
from bench.sender import Post, Sending
from bench.sink import Mail, Sink
from tests.processes import Server

NAME = "latency"
RATES = (5, 50, 200)  # new alerts a second
SECONDS, QUICK_SECONDS = 30, 5
LATEST = {  # p99 in milliseconds, by database and rate
    ("postgresql", 50): 100,
    ("postgresql", 200): 500,
    ("sqlite", 50): 300,
}
# What an installation in use has behind it; of tables that are all but empty no database knows how to ask.
STORED, QUICK_STORED, BODY_BYTES = 100_000, 10_000, 100
WARM_UP = 10  # alerts, one after the other
PATIENCE = 300.0
LIMIT, LIMIT_SECONDS = "raw mails of one process, nothing looked up", 3.0
# What happens between the POST and the mail, as the rows tell it; times of the database's own writers.
HOPS = ("received_at", "processed_at", "created_at", "begun", "sent_at")


def run(context: Context) -> list[Row]:
    return [row for database in context.databases for row in _on(database, context)]


def _on(database: str, context: Context) -> list[Row]:
    seconds = QUICK_SECONDS if context.is_quick else SECONDS
    with ExitStack() as stack:
        sink = stack.enter_context(Sink())
        server = stack.enter_context(installations.alertops(database, EMAIL_URL=sink.url))
        [token, *_others] = server.call(work.prepare, history.INTEGRATIONS)
        server.call(repeated.fill, QUICK_STORED if context.is_quick else STORED, BODY_BYTES)
        server.start_command("runworker")
        door = f"{server.url}/in/{token}"
        _send(server, sink, door, rate=1, count=WARM_UP)
        limit = Subject(NAME, LIMIT, database, unit="mails/s")
        variants: dict[Subject, Measure] = {
            Subject(NAME, f"POST to mail, {rate}/s", database, unit="mails/s"): partial(
                _send, server, sink, door, rate=rate, count=rate * seconds
            )
            for rate in RATES
        }
        rows = measure(
            {limit: partial(mails.by_django, sink.url, seconds=LIMIT_SECONDS), **variants}, context
        )
        raw = rows.pop(limit)
        return [
            raw,
            *(_judged(row, database, rate) for row, rate in zip(rows.values(), RATES, strict=True)),
        ]


def _judged(row: Row, database: str, rate: int) -> Row:
    latest = LATEST.get((database, rate))
    is_whole = not any(run.details["lost"] or run.details["doubled"] for run in row.runs)
    if latest is None or row.p99 is None:
        return row
    return row.aiming(f"p99 at most {latest} ms, none lost", met=row.p99 <= latest and is_whole)


def _send(server: Server, sink: Sink, door: str, *, rate: int, count: int) -> Run:
    """Report new problems at a rate, and wait until nothing waits."""
    name, before = f"at{time.monotonic_ns()}", len(sink.mails())
    posts = Sending(door, stories.new(name, count), rate=rate).posts()
    figures.wait_until_quiet(server, patience=PATIENCE)
    told = {row["alert_id"]: row for row in server.call(work.told, name)}
    return run_of(posts, sink.mails()[before:], told)


def run_of(posts: list[Post], mails: list[Mail], told: Mapping[int, dict[str, Any]]) -> Run:
    """Put together when each delivery was due, when its mail was taken, and what happened between."""
    due = {post.build: post.due for post in posts}
    taken: dict[str, list[float]] = {}
    for mail in mails:
        if mail.alert_id in told:
            taken.setdefault(told[mail.alert_id]["build"], []).append(mail.at)
    late = [min(moments) - due[build] for build, moments in taken.items() if build in due]
    span = max((max(moments) for moments in taken.values()), default=0) - min(due.values())
    return Run(
        figure=len(late) / span if late else 0,
        p50=figures.percentile(late, 50),
        p99=figures.percentile(late, 99),
        details={
            "p95": figures.percentile(late, 95),
            "max": figures.percentile(late, 100),
            "not_accepted": sum(post.status != 202 for post in posts),
            "lost": sum(post.status == 202 and post.build not in taken for post in posts),
            "doubled": sum(len(moments) > 1 for moments in taken.values()),
            "door_p99": figures.percentile([post.latency for post in posts], 99),
            "hops": _hops([row for row in told.values() if row["build"] in due]),
        },
    )


def _hops(told: list[dict[str, Any]]) -> dict[str, list[float | None]]:
    """Return p50 and p99 of each hop, in milliseconds."""
    hops = {}
    for before, after in itertools.pairwise(HOPS):
        took = [row[after] - row[before] for row in told if row.get(after) and row.get(before)]
        hops[f"{before} to {after}"] = [figures.percentile(took, part) for part in (50, 99)]
    return hops
