"""What commit messages ask of issues: "fixes #12, #13", "re bug #4", "closes OPS-7"."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["resolve", "reopen", "hold", "wontfix", "invalidate", "link"]

WORDS: dict[Action, tuple[str, ...]] = {
    "resolve": (
        *("close", "closes", "closed", "closing", "fix", "fixes", "fixed", "fixing"),
        *("resolve", "resolves", "resolved", "resolving"),
    ),
    "reopen": ("reopen", "reopens", "reopened", "reopening"),
    "hold": ("hold", "holds", "holding"),
    "wontfix": ("wontfix",),
    "invalidate": ("invalidate", "invalidates", "invalidated", "invalidating"),
    "link": (
        *("addresses", "addressing", "re", "reference", "references", "referencing", "ref", "refs"),
        *("see", "sees"),
    ),
}
ACTIONS: dict[str, Action] = {word: action for action, words in WORDS.items() for word in words}
LONGEST_SEARCHED = 20_000  # characters of a message
MOST_REFERENCES = 50  # in a message

_NUMBER = r"(?i:(?:(?:issue|bug|ticket)\s{1,3})?\#\d{1,9}\b)"
_KEY = r"[A-Z][A-Z0-9_]{1,30}-\d{1,9}\b"
_TARGET = rf"(?:{_NUMBER}|{_KEY})"
_WORD = "|".join(sorted(ACTIONS, key=len, reverse=True))
_ASKED = re.compile(
    rf"(?<![\w#/.-])(?i:({_WORD})):?\s{{1,3}}"
    rf"({_TARGET}(?:\s{{0,3}}(?:,|&|,?\s(?i:and)\s)\s{{0,3}}{_TARGET}){{0,50}})"
)
_EACH = re.compile(rf"\#(\d{{1,9}})\b|({_KEY})")


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing asked. target: "12" for an issue of the host, "OPS-7" for one of Jira."""

    action: Action
    target: str
    commit: dict[str, Any]

    @property
    def is_key(self) -> bool:
        return "-" in self.target


def asked_of(commits: Iterable[dict[str, Any]]) -> list[Asked]:
    """Return what the messages ask, oldest first; of one issue the last word counts, a link least."""
    found: dict[str, Asked] = {}
    for commit in commits:
        for action, target in references_in(commit["message"]):
            before = found.get(target)
            if before and action == "link":
                continue
            found[target] = Asked(action, target, commit)
    return list(found.values())


def references_in(message: str) -> list[tuple[Action, str]]:
    """Return the actions and targets of one message, in order."""
    found = [
        (ACTIONS[match[1].lower()], number or key)
        for match in _ASKED.finditer(message[:LONGEST_SEARCHED])
        for number, key in _EACH.findall(match[2])
    ]
    return [(action, target.lstrip("0") or "0") for action, target in found[:MOST_REFERENCES]]
