"""Sentences that are stored in English, and recognized when somebody reads them in another language.

What is written on a timeline or into a trace is read later, by people of several languages. So it is stored
in English, which machines and searches read, too, and made of a template that is known here by name:
`TOLD = saying("%(person)s was told.")`, then `TOLD % {"person": ...}`. `alertops.lib.wording` finds the
template again by the text. Whatever no template fits (a note, a sender's text, a sentence of an older
version) stays as it is.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import re2

LONGEST = 5000  # characters of a text that is looked at


@dataclass(frozen=True)
class Saying:
    """One template. plural: the other form where it counts.  within: values that are sayings themselves."""

    template: str
    plural: str
    within: frozenset[str]

    @property
    def own(self) -> int:
        """How many characters are words of its own."""
        return _own(self.template)


@dataclass(frozen=True)
class Recognized:
    """A text as the template and the values that it was made of."""

    saying: Saying
    values: dict[str, str]


def saying(template: str, *, within: Iterable[str] = ()) -> str:
    """Make a template known, and return it. To be called where a module begins, not when it is needed.

    within: names of values that are sayings themselves, or lists of them.
    """
    _known[template] = Saying(template, "", frozenset(within))
    return template


def sayings(singular: str, plural: str, *, within: Iterable[str] = ()) -> tuple[str, str]:
    """Make a template with two forms known; both name the number `count`."""
    known = Saying(singular, plural, frozenset(within))
    _known[singular] = _known[plural] = known
    return singular, plural


def gettext_noop(text: str) -> str:
    """Mark a text for translators that is stored nowhere: who shows it translates it."""
    return text


@functools.lru_cache(maxsize=5000)
def recognize(text: str) -> Recognized | None:
    """Return what a text was made of; None for one that no template fits.

    The template with the most words of its own counts. The time it takes grows with the text alone.
    """
    if len(text) > LONGEST:
        return None
    for pattern, known in _patterns(len(_known)):
        if found := pattern.fullmatch(text):
            return Recognized(known, dict(found.groupdict()))
    return None


_known: dict[str, Saying] = {}
_VALUE = re.compile(r"%\((\w+)\)[sd]|%%")
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.dot_nl = True


@functools.lru_cache(maxsize=1)
def _patterns(_count: int) -> list[tuple[Any, Saying]]:
    """Return all templates as patterns, those with the most words of their own first."""
    forms = sorted(_known.items(), key=lambda form: -_own(form[0]))
    return [(re2.compile(_pattern(template), _OPTIONS), known) for template, known in forms]


def _own(template: str) -> int:
    return len(_VALUE.sub("", template))


def _pattern(template: str) -> str:
    parts: list[str] = []
    seen: set[str] = set()
    end = 0
    for mark in _VALUE.finditer(template):
        parts.append(re.escape(template[end : mark.start()]))
        name, end = mark[1], mark.end()
        if name is None:
            parts.append("%")
        elif name in seen:
            parts.append(".*?")
        else:
            parts.append(f"(?P<{name}>{_value(template, mark)})")
            seen.add(name)
    parts.append(re.escape(template[end:]))
    return "".join(parts)


def _value(template: str, mark: re.Match[str]) -> str:
    """Return what a value may be; within quotation marks none, or it would reach beyond them."""
    if mark[0].endswith("d"):
        return "-?[0-9]+"
    is_quoted = template[: mark.start()].endswith("“") and template[mark.end() :].startswith("”")
    return "[^“”]*?" if is_quoted else ".*?"
