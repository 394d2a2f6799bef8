"""How long others wait while one integration reports fifty thousand problems in a minute."""

import time
from contextlib import ExitStack
from dataclasses import replace

from bench import figures, installations, stories, work
from bench.contract import Context, Row, Run, Subject, summarize
from bench.scenarios.latency import run_of
from bench.sender import Sending
from bench.sink import Sink
from tests.processes import Server

NAME = "storm"
PROBLEMS, SECONDS = 50_000, 60
QUICK_PROBLEMS, QUICK_SECONDS = 500, 6
OTHERS_EVERY = 2.0  # seconds between two problems of the other integration
LATEST = 5_000.0  # milliseconds
PATIENCE = 3600.0
WARM_UP, LOOK_EVERY, SAY_EVERY = 3.0, 0.5, 10.0


def run(context: Context) -> list[Row]:
    return [row for database in context.databases for row in _on(database, context)]


def _on(database: str, context: Context) -> list[Row]:
    """Let one integration storm, report problems of another all the while, and wait for the end of it."""
    count, seconds = (QUICK_PROBLEMS, QUICK_SECONDS) if context.is_quick else (PROBLEMS, SECONDS)
    with ExitStack() as stack:
        sink = stack.enter_context(Sink())
        server = stack.enter_context(installations.alertops(database, EMAIL_URL=sink.url))
        storming, other = (f"{server.url}/in/{token}" for token in server.call(work.prepare, 2))
        server.start_command("runworker")
        time.sleep(WARM_UP)
        sendings = [
            Sending(storming, stories.new("storm", count), rate=count / seconds),
            Sending(other, stories.new("other", round(2 * seconds / OTHERS_EVERY)), rate=1 / OTHERS_EVERY),
        ]
        drained, longest = _watch(server, sendings, context)
        told = {row["alert_id"]: row for row in server.call(work.told, "")}
        storm, others = (run_of(sending.posts(), sink.mails(), told) for sending in sendings)
    storm.details.update(seconds_until_quiet=drained, longest_queues=longest)
    return [
        _judged(
            summarize(Subject(NAME, "mails of the other integration", database, unit="mails/s"), [others])
        ),
        summarize(Subject(NAME, f"mails of {count:,} problems", database, unit="mails/s"), [storm]),
        summarize(Subject(NAME, "until nothing waits", database, unit="s"), [Run(figure=drained)]),
    ]


def _judged(row: Row) -> Row:
    [run] = row.runs
    longest, is_whole = run.details["max"] or 0.0, not run.details["lost"] and run.figure > 0
    told = f"longest wait at most {LATEST / 1000:.0f} s"
    row = replace(row, note=f"longest wait {longest / 1000:.1f} s")
    return row.aiming(told, met=longest <= LATEST and is_whole)


def _watch(server: Server, sendings: list[Sending], context: Context) -> tuple[float, dict[str, int]]:
    """Wait until nothing waits; return the seconds that took, and how long each queue once was."""
    began, next_word = time.monotonic(), 0.0
    longest: dict[str, int] = {}
    while True:
        is_over = all(sending.is_over for sending in sendings)
        waiting = server.call(work.wait_for)
        longest = {kind: max(count, longest.get(kind, 0)) for kind, count in waiting.items()}
        passed = time.monotonic() - began
        if is_over and not any(waiting.values()):
            return passed, longest
        if passed > PATIENCE:
            raise figures.NotQuiet(f"After {PATIENCE:.0f} s there wait {waiting}.")
        if passed > next_word:
            context.say(f"  {passed:4.0f} s  {waiting}")
            next_word += SAY_EVERY
        time.sleep(LOOK_EVERY)
