"""Which machines work, and with how many workers: as each of them last told.

The cards of the workers are files of their own machine; the cache is read by all.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.cache import cache

TOLD_EVERY = 5.0  # seconds
ALIVE = timedelta(seconds=20)  # who has told nothing for longer is not counted
REMEMBERED = timedelta(days=1)  # who has told nothing for longer is not shown
_KEY = "alertops:nodes"


@dataclass(frozen=True)
class Crew:
    """The workers of one cluster of one machine: how many live, and how many there should be."""

    cluster: str
    alive: int
    wanted: int


@dataclass(frozen=True)
class Node:
    """One machine with a worker."""

    name: str
    told_at: datetime
    crews: tuple[Crew, ...]
    is_alive: bool

    @property
    def is_whole(self) -> bool:
        return self.is_alive and all(crew.alive >= crew.wanted for crew in self.crews)


def tell(name: str, crews: Mapping[str, tuple[int, int]], now: datetime) -> None:
    """Tell everybody which workers of this machine live.

    crews: cluster to (alive, wanted).  Two machines that tell in the same moment may undo each other's
    word; each repeats it within seconds.
    """
    oldest = (now - REMEMBERED).timestamp()
    told = {node: entry for node, entry in _told().items() if entry[0] > oldest}
    cache.set(_KEY, {**told, name: (now.timestamp(), dict(crews))}, timeout=None)


def known(now: datetime) -> list[Node]:
    """Return all machines that have been heard of lately, by name."""
    nodes = []
    for name, (seconds, crews) in sorted(_told().items()):
        told_at = datetime.fromtimestamp(seconds, UTC)
        found = tuple(Crew(cluster, *numbers) for cluster, numbers in crews.items())
        nodes.append(Node(name, told_at, found, is_alive=now - told_at <= ALIVE))
    return nodes


def alive(now: datetime) -> Counter[str]:
    """Return how many workers of each cluster live, on all machines together."""
    found: Counter[str] = Counter()
    for node in known(now):
        if node.is_alive:
            found.update({crew.cluster: crew.alive for crew in node.crews})
    return found


def _told() -> dict[str, tuple[float, dict[str, tuple[int, int]]]]:
    return cache.get(_KEY) or {}
