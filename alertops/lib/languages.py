"""In which language something is said to a person who is not asking: the reader of a mail."""

from contextlib import AbstractContextManager, nullcontext

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
