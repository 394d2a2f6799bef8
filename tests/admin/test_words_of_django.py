"""What Django's admin says by itself is said in our words: plain, and without "successfully"."""

import re
from pathlib import Path

import pytest
from django.contrib import admin, auth
from django.utils import translation

from alertops.settings import BASE_DIR

PO = BASE_DIR / "locale" / "en" / "LC_MESSAGES" / "django.po"
PAIR = re.compile(r'^msgid "(.+)"\nmsgstr "(.+)"$', flags=re.MULTILINE)


@pytest.mark.parametrize(("django", "ours"), PAIR.findall(PO.read_text()))
def test_a_text_of_django_is_said_in_our_words(django, ours):
    with translation.override("en"):
        assert translation.gettext(django) == ours


def test_what_django_calls_a_success_is_replaced():
    sources = [*Path(admin.__file__).parent.glob("*.py"), Path(auth.__file__).with_name("admin.py")]
    code = "".join(re.sub(r'"\s*\n\s*"', "", source.read_text()) for source in sources)
    said = re.findall(r'"([^"\n]*successfully[^"\n]*)"', code, flags=re.IGNORECASE)

    assert len(said) > 5
    with translation.override("en"):
        unchanged = [text for text in said if translation.ngettext(text, text, 1) == text]
        assert [
            text for text in unchanged if translation.gettext(text) == text and " were " not in text
        ] == []
