"""Who kills: some process, at some moment, with kill -9."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from alertops import cluster
from tests.torture.keeper import Keeper

PAUSE = (0.5, 6.0)
CALM_EVERY, CALM = 20, 15.0  # so that lateness can be told from recovery
LOOK_FOR = 1.0  # seconds to wait for somebody of the chosen kind


@dataclass(frozen=True)
class Kill:
    """One kill.  at: seconds since 1970."""

    kind: str
    pid: int
    at: float


def _members(role: str, *, is_busy: bool = False) -> Callable[[Keeper], list[int]]:
    return lambda keeper: [
        card.pid for card in keeper.cards() if card.role == role and card.is_busy == is_busy
    ]


def _alive(process: "subprocess.Popen[bytes]") -> list[int]:
    """Its pid, while that is its own."""
    return [process.pid] if process.poll() is None else []


VICTIMS: dict[str, Callable[[Keeper], list[int]]] = {
    "web server": lambda keeper: _alive(keeper.web),
    "web worker": Keeper.web_workers,
    "supervisor": lambda keeper: _alive(keeper.worker),
    "cluster parent": _members(cluster.PARENT),
    "sentinel": _members(cluster.SENTINEL),
    "pusher": _members(cluster.PUSHER),
    "monitor": _members(cluster.MONITOR),
    "idle worker": _members(cluster.WORKER),
    "busy worker": _members(cluster.WORKER, is_busy=True),
}


def kill_many(keeper: Keeper, count: int, *, seed: int, say: Callable[[str], None]) -> list[Kill]:
    """Kill so many processes, each kind about as often, with pauses and now and then a calm."""
    chance = random.Random(seed)
    kills: list[Kill] = []
    while len(kills) < count:
        kinds = list(VICTIMS)
        chance.shuffle(kinds)
        for kind in kinds[: count - len(kills)]:
            time.sleep(chance.uniform(*PAUSE))
            if (kill := _kill_one(keeper, kind, chance)) is None:
                continue
            kills.append(kill)
            if len(kills) % CALM_EVERY == 0:
                say(f"{len(kills)} of {count} kills")
                time.sleep(CALM)
    return kills


def _kill_one(keeper: Keeper, kind: str, chance: random.Random) -> Kill | None:
    end = time.monotonic() + LOOK_FOR
    while time.monotonic() < end:
        if pids := VICTIMS[kind](keeper):
            pid = chance.choice(pids)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            return Kill(kind, pid, time.time())
        time.sleep(0.002)
    return None
