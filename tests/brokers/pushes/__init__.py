"""Pushes of the shapes that code hosts send, written by ourselves about a repository that never was.

Its commits are c1 (the first), c2 ... c11, each the child of the one before.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from brokers.logic.push import Push, historic_payload, read_push

HERE = Path(__file__).parent
NAMES = sorted(str(path.relative_to(HERE).with_suffix("")) for path in HERE.rglob("*.json"))


def sent(name: str) -> Any:
    """Return what a host sent, like sent("github/push")."""
    return json.loads((HERE / f"{name}.json").read_text())


def read(name: str) -> Push:
    push = read_push({}, sent(name))
    assert push
    return push


def told(name: str, *, seen: tuple[str, ...] = (), branches: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return the historic payload of a push."""
    return historic_payload(read(name), seen=seen, branches=branches)


def node(label: str) -> str:
    """Return the whole hash of c1, c2 ..."""
    return hashlib.sha1(f"acme {label}".encode(), usedforsecurity=False).hexdigest()


def labels(payload: dict[str, Any]) -> list[str]:
    """Return which commits a payload has, in order."""
    known = {node(f"c{number}"): f"c{number}" for number in range(1, 12)}
    return [known[commit["raw_node"]] for commit in payload["commits"]]
