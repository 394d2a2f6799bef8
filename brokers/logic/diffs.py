"""What of a diff can be shown: text, cut, with binary files named and left out."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from brokers.logic.lines import visible

MOST_LINES = 1500  # of one diff
MAX_LENGTH = 100_000  # characters of one diff
MAX_LINE = 500
_BINARY = re.compile(
    r"^(?:GIT binary patch|Binary files? .* differ|Cannot display: .*binary.*)$", re.IGNORECASE
)
_FILE = re.compile(r"^diff --git (.+)$")


@dataclass(frozen=True, slots=True)
class Diff:
    """A diff that can be shown. binary: the files that were left out.  is_cut: whether more was left out."""

    text: str
    binary: tuple[str, ...] = ()
    is_cut: bool = False


def read_diff(body: bytes, *, is_cut: bool = False) -> Diff:
    """Read what a host answered: a unified diff, or GitLab's list of files as JSON.

    is_cut: the body is the beginning of a longer one. Of a list, what is whole is read.
    """
    text = _decoded(body)
    if text.lstrip()[:1] == "[":
        text = _of_gitlab(text, is_cut=is_cut)
    shown: list[str] = []
    binary: list[str] = []
    length = 0
    for name, lines in _files(visible(text.replace("\r\n", "\n")).split("\n")):
        if any(_BINARY.match(line) for line in lines[:20]):
            binary.append(name)
            continue
        for line in lines:
            cut = line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]}[…]"
            length += len(cut) + 1
            if len(shown) >= MOST_LINES or length > MAX_LENGTH:
                return Diff("\n".join(shown).strip("\n"), tuple(binary), is_cut=True)
            shown.append(cut)
    return Diff("\n".join(shown).strip("\n"), tuple(binary), is_cut=is_cut)


def _decoded(body: bytes) -> str:
    """Read bytes of any encoding: a diff holds its files' own, and a wrong letter is better than none."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "\n".join(_line(line) for line in body.split(b"\n"))


def _line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _files(lines: Iterable[str]) -> Iterable[tuple[str, list[str]]]:
    """Part a diff into its files, each with its name; what stands before the first has none."""
    name = ""
    held: list[str] = []
    for line in lines:
        begins = _FILE.match(line)
        if begins:
            yield name, held
            name, held = _name(begins[1]), []
        held.append(line)
    yield name, held


def _name(pair: str) -> str:
    """Return the new name of `a/old b/new`."""
    return pair.rpartition(" b/")[2].strip('"') or pair


def _of_gitlab(text: str, *, is_cut: bool) -> str:
    try:
        files = json.loads(text)
    except (ValueError, RecursionError):
        if not is_cut:
            return text
        files = _whole_objects(text)
    return "\n".join(_file_of_gitlab(one) for one in files if isinstance(one, dict))


def _whole_objects(text: str) -> list[Any]:
    """Return the objects in a list whose end is missing."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while (begin := text.find("{", at)) >= 0:
        try:
            one, at = decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            break
        found.append(one)
    return found


def _file_of_gitlab(one: dict[str, Any]) -> str:
    old, new, diff = (str(one.get(key) or "") for key in ("old_path", "new_path", "diff"))
    head = f"diff --git a/{old} b/{new}"
    if one.get("too_large") or one.get("collapsed"):
        return f"{head}\n(too large: GitLab left this file out)"
    if not diff:
        return head
    return f"{head}\n{diff}" if diff.startswith("--- ") else f"{head}\n--- a/{old}\n+++ b/{new}\n{diff}"
