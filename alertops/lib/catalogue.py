"""How a catalogue of translations reads: the .po files that are committed."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

_ENTRY = re.compile(
    r'(?P<comments>(?:#.*\n)*)(?:msgctxt (?P<context>".*"(?:\n".*")*)\n)?msgid (?P<id>".*"(?:\n".*")*)\n'
    r'(?:msgid_plural (?P<plural>".*"(?:\n".*")*)\n)?(?P<said>(?:msgstr(?:\[\d\])? ".*"(?:\n".*")*\n?)+)'
)
_SAID = re.compile(r'msgstr(?:\[\d\])? (".*"(?:\n".*")*)')


@dataclass(frozen=True)
class Entry:
    """One text with its translations: two where it has a plural.

    places: files in which it stands.
    """

    context: str
    text: str
    plural: str
    said: tuple[str, ...]
    is_uncertain: bool
    places: tuple[str, ...]

    @property
    def is_wanting(self) -> bool:
        """Whether a translation is missing."""
        return not all(self.said)


def read(file: Path) -> list[Entry]:
    """Return all texts of a catalogue, without its head."""
    return [_entry(found) for found in _ENTRY.finditer(file.read_text("utf-8")) if found["id"] != '""']


def _entry(found: re.Match[str]) -> Entry:
    comments = found["comments"].splitlines()
    places = " ".join(line[2:] for line in comments if line.startswith("#:")).split()
    return Entry(
        context=_text(found["context"] or '""'),
        text=_text(found["id"]),
        plural=_text(found["plural"] or '""'),
        said=tuple(_text(said) for said in _SAID.findall(found["said"])),
        is_uncertain=any(line.startswith("#,") and "fuzzy" in line for line in comments),
        places=tuple(places),
    )


def _text(quoted: str) -> str:
    return "".join(ast.literal_eval(line) for line in quoted.split("\n"))
