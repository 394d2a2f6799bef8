"""In which language something is said: to the reader of a mail, who is not asking, and by whole pages."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language, override


def languages() -> list[tuple[str, str]]:
    """Return the languages there are, each in its own words."""
    return list(settings.LANGUAGES)


def is_known(language: str) -> bool:
    return any(language == code for code, _name in settings.LANGUAGES)


def speaking(language: str) -> AbstractContextManager[object]:
    """Return a context in which texts are in a language; empty: the installation's.

    Where that is spoken already, and that is nearly always so, it does nothing and costs nothing.
    """
    wanted = language if is_known(language) else settings.LANGUAGE_CODE
    return nullcontext() if wanted == get_language() else override(wanted)


def told(page: Path) -> Path:
    """Return the file that says the same in the reader's language: `email.de.md` beside `email.md`."""
    same = page.with_suffix(f".{get_language()}{page.suffix}")
    return same if same.is_file() else page
