"""The whole of it: an installation that works while its processes are killed, and the verdict."""

import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.processes import Server
from tests.redis_server import RedisServer
from tests.torture import pushes, world
from tests.torture.keeper import Keeper
from tests.torture.killer import Kill, kill_many
from tests.torture.mailbox import Mailbox
from tests.torture.senders import Problem, Sender
from tests.torture.verdict import Verdict, judge
from tests.web import WebServer

INTEGRATIONS, SENDERS = 2, 1  # of each; a small machine keeps up with them while it is killed
WARM_UP = 3.0
SHOWN = 20  # failures in the report; all are in the JSON
SETTLED = 180.0  # seconds after the last kill until nothing waits any more
INSTALLATIONS = ("sqlite", "postgresql")  # with the ORM broker, and with Redis


@dataclass
class Ordeal:
    """One torture of one installation, with everything that was seen."""

    installation: str
    seed: int
    kills: list[Kill]
    problems: list[Problem]
    facts: dict[str, list[dict[str, Any]]]
    verdict: Verdict
    seconds: float

    def save(self, folder: Path) -> Path:
        """Write the report and all that it stands on; return the report's path."""
        folder.mkdir(parents=True, exist_ok=True)
        everything = {**asdict(self), "verdict": asdict(self.verdict)}
        (folder / f"{self.installation}.json").write_text(json.dumps(everything, indent=1))
        path = folder / f"{self.installation}.md"
        path.write_text(report(self))
        return path


def endure(installation: str, *, kills: int, seed: int, latest: float, say: Callable[[str], None]) -> Ordeal:
    """Torture one installation; latest: seconds that a page may be late, recovery not counted."""
    began = time.monotonic()
    with ExitStack() as stack:
        mailbox = stack.enter_context(Mailbox(seed))
        sink = stack.enter_context(WebServer())
        server = stack.enter_context(_server(installation, mailbox, stack))
        tokens = server.call(world.create, INTEGRATIONS)
        pusher = pushes.Pusher(server.url, server.call(pushes.create, f"{sink.url}/hook"), seed=seed)
        keeper = Keeper(server)
        keeper.start()
        stack.callback(keeper.stop)
        senders = [Sender(server.url, token, seed=seed * 100 + n) for n, token in enumerate(tokens * SENDERS)]
        for sender in (*senders, pusher):
            sender.start()
        time.sleep(WARM_UP)
        killed = kill_many(keeper, kills, seed=seed, say=say)
        _end([*senders, pusher], server, say)
        problems = [problem for sender in senders for problem in sender.problems]
        facts = server.call(world.read)
        verdict = judge(facts, problems, mailbox.mails, killed, latest=latest)
        verdict.blame(failure for sender in (*senders, pusher) for failure in sender.failures)
        posted = pushes.posted(sink.received)
        verdict.blame(pushes.wrong(pusher.taken, server.call(pushes.read), posted, kills=len(killed)))
        verdict.figures |= {
            "pushes": len(pusher.taken),
            "runs that acted twice": pushes.twice(posted),
        }
    return Ordeal(installation, seed, killed, problems, facts, verdict, time.monotonic() - began)


def report(ordeal: Ordeal) -> str:
    """Return what came of it, as Markdown."""
    verdict = ordeal.verdict
    kinds = Counter(kill.kind for kill in ordeal.kills)
    lines = [
        f"# Torture: {ordeal.installation}",
        "",
        f"Seed {ordeal.seed}, {ordeal.seconds:.0f} s. "
        + ("Nothing was lost." if not verdict.failures else f"**{len(verdict.failures)} failures.**"),
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in verdict.figures.items()),
        *(f"| page late, {name} | {text} |" for name, text in _spread(verdict).items()),
        "",
        "| killed | times |",
        "|---|---|",
        *(f"| {kind} | {count} |" for kind, count in sorted(kinds.items())),
        "",
        *(f"- {failure}" for failure in verdict.failures[:SHOWN]),
        *([f"- and {len(verdict.failures) - SHOWN} more"] if len(verdict.failures) > SHOWN else []),
    ]
    return "\n".join(lines) + "\n"


def _server(installation: str, mailbox: Mailbox, stack: ExitStack) -> Server:
    redis = {"REDIS_URL": stack.enter_context(RedisServer()).url} if installation == "postgresql" else {}
    return Server(
        installation,
        web_workers=2,
        EMAIL_URL=mailbox.url,
        ALERTOPS_OUTBOUND_NETWORKS="127.0.0.1",
        **redis,
    )


def _end(senders: list[Sender | pushes.Pusher], server: Server, say: Callable[[str], None]) -> None:
    """Stop reporting, and wait until everything that was reported has been dealt with."""
    for sender in senders:
        sender.stop()
    for sender in senders:
        sender.join()
    say("waiting until everything is done")
    end = time.monotonic() + SETTLED
    while not (server.call(world.is_quiet) and server.call(pushes.is_quiet)) and time.monotonic() < end:
        time.sleep(1)
    time.sleep(1)


def _spread(verdict: Verdict) -> dict[str, str]:
    return {
        "all": _figures(verdict.lateness),
        "recovery not counted": _figures(verdict.counted),
    }


def _figures(values: list[float]) -> str:
    ordered = sorted(values) or [0.0]
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * part))] for name, part in _PARTS.items()}
    return ", ".join(f"{name} {value:.2f} s" for name, value in at.items())


_PARTS = {"half": 0.5, "99 of 100": 0.99, "longest": 1.0}
