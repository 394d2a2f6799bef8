"""A text with paths in it: `<commit_status^name> is <commit_status^state>`. `<<` is a plain <."""

import re
from dataclasses import dataclass

from alertops.lib import conditions
from integrations.logic import words

MAX_LENGTH = 20_000  # of a filled text, so that no sender can make it grow without end
MAX_PATHS = 100


class InvalidTemplate(ValueError):
    """The text is no template; the message names what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template, read once: texts and paths in turn."""

    pieces: tuple[str | conditions.Path, ...]


def parse(text: str) -> Template:
    """Read a template. Raises InvalidTemplate, and InvalidPath for a path in it."""
    pieces: list[str | conditions.Path] = []
    end = 0
    for mark in _MARKS.finditer(text):
        pieces.append(text[end : mark.start()])
        pieces.append(_piece(mark, text))
        end = mark.end()
    pieces.append(text[end:])
    if sum(1 for piece in pieces if isinstance(piece, conditions.Path)) > MAX_PATHS:
        raise InvalidTemplate(words.TOO_MANY_PATHS % {"most": MAX_PATHS})
    return Template(tuple(piece for piece in pieces if piece != ""))


def fill(template: Template, scope: conditions.Scope) -> tuple[str, tuple[conditions.Missing, ...]]:
    """Return the text with what its paths find, and the paths that found nothing: those are left empty.

    It ends where it is full: what a template names a thousand times is not gathered a thousand times.
    """
    texts: list[str] = []
    missing: list[conditions.Missing] = []
    room = MAX_LENGTH
    for piece in template.pieces:
        found = piece if isinstance(piece, str) else conditions.look_up_text(piece, scope)
        if isinstance(found, conditions.Missing):
            missing.append(found)
            continue
        texts.append(found[:room])
        room -= len(texts[-1])
        if not room:
            break
    return "".join(texts), tuple(missing)


_MARKS = re.compile("<<|<([^<>]*)(>?)")


def _piece(mark: re.Match[str], text: str) -> str | conditions.Path:
    if mark[0] == "<<":
        return "<"
    if not mark[2]:
        rest = conditions.shorten(text[mark.start() :], 40)
        raise InvalidTemplate(words.UNCLOSED % {"rest": rest})
    return conditions.parse_path(mark[1])
