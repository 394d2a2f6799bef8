"""Which branches a filter lets through."""

import re
from dataclasses import dataclass

from alertops.lib.sayings import saying

MOST_PATTERNS = 100
MAX_PATTERN_LENGTH = 200
_HARMFUL = re.compile(r"[\s~:\\\x00-\x1f\x7f]")

TOO_MANY = saying("There are more than %(most)d patterns: use * to say more with one.")
ALONE = saying("A ! stands alone: write the branch behind it, like !release/old.")
TOO_LONG = saying("“%(pattern)s” is longer than %(most)d characters.")
NO_BRANCH = saying(
    "“%(pattern)s” cannot be a branch: %(letter)s is in no branch name. Put a comma between patterns."
)
WITH_REFS = saying("Write “%(pattern)s” without refs/heads/: the branch's name alone.")


class InvalidFilter(ValueError):
    """The text is no branch filter; the message names what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BranchFilter:
    """Patterns of branch names: `main, release/*, !release/old`.

    `*` stands for any text, also over slashes, `?` for one character, `!` before a pattern takes out again
    what others let in. Without a pattern that lets in, everything else is let in. Empty: all branches.
    """

    text: str
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "BranchFilter":
        """Read a filter: patterns between commas or on lines of their own. Raises InvalidFilter."""
        patterns = [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]
        if len(patterns) > MOST_PATTERNS:
            raise InvalidFilter(TOO_MANY % {"most": MOST_PATTERNS})
        for pattern in patterns:
            _check(pattern)
        return cls(
            text=", ".join(patterns),
            wanted=tuple(pattern for pattern in patterns if not pattern.startswith("!")),
            unwanted=tuple(pattern[1:] for pattern in patterns if pattern.startswith("!")),
        )

    def accepts(self, name: str) -> bool:
        """Whether a branch passes; names are compared as git does, upper and lower case apart.

        What has no branch (a dangling commit of a historic push) passes only where all branches do.
        """
        if not name:
            return not self.wanted
        if self.wanted and not any(_matches(pattern, name) for pattern in self.wanted):
            return False
        return not any(_matches(pattern, name) for pattern in self.unwanted)


def _check(pattern: str) -> None:
    bare = pattern.removeprefix("!")
    if not bare:
        raise InvalidFilter(ALONE)
    if len(bare) > MAX_PATTERN_LENGTH:
        raise InvalidFilter(TOO_LONG % {"pattern": f"{bare[:40]}…", "most": MAX_PATTERN_LENGTH})
    found = _HARMFUL.search(bare)
    if found:
        raise InvalidFilter(NO_BRANCH % {"pattern": bare, "letter": repr(found[0])})
    if bare.startswith("refs/"):
        raise InvalidFilter(WITH_REFS % {"pattern": bare})


def _matches(pattern: str, name: str) -> bool:
    """Match by going back to the last star only: never slower than pattern times name."""
    at, star, mark = 0, -1, 0
    position = 0
    while at < len(name):
        if position < len(pattern) and pattern[position] == "*":
            star, mark = position, at
            position += 1
        elif position < len(pattern) and pattern[position] in ("?", name[at]):
            position, at = position + 1, at + 1
        elif star >= 0:
            mark += 1
            position, at = star + 1, mark
        else:
            return False
    return not pattern[position:].strip("*")
