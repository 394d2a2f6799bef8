"""The translations are whole, and what is compiled is what is written."""

import ast
import gettext
import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from alertops.lib import catalogue
from alertops.management.commands.messages import NO_TEXTS, Gather

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
_VALUE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?(?:a|code|em|strong)\b|https?://\S+")
MARKS = {"_", "_lazy", "gettext", "gettext_lazy", "ngettext", "pgettext", "saying", "sayings"}
# What other languages may not say, because the glossary of docs/translating.md has another word.
NOT_SAID = {"de": re.compile(r"\b(Alert|Alerts|Policy|Policies|Acknowledge\w*|Escalation)\b")}


def folder(language):
    return ROOT / "locale" / language / "LC_MESSAGES"


def entries(language):
    return catalogue.read(folder(language) / "django.po")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_a_translation_that_is_certain(language):
    wanting = [entry.text for entry in entries(language) if entry.is_wanting or entry.is_uncertain]

    assert not wanting, "Translate these, or run `make messages` after a merge."


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_values_of_its_text(language):
    """Of two forms each may leave out the number."""
    wrong = []
    for entry in entries(language):
        for text, said in zip((entry.text, entry.plural), entry.said, strict=False):
            values, found = _values(text), _values(said)
            if values != found and not (entry.plural and found <= _values(entry.plural)):
                wrong.append((text, said))

    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_begins_and_ends_as_its_text(language):
    """A space or a colon at the edge joins it to what stands beside it."""

    def edges(text):
        return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :], text.rstrip()[-1:] == ":"

    wrong = [entry.text for entry in entries(language) if edges(entry.text) != edges(entry.said[0])]

    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_the_glossary_are_kept(language):
    wrong = [said for entry in entries(language) for said in entry.said if NOT_SAID[language].search(said)]

    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language):
    with (folder(language) / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog
    written = {}
    for entry in entries(language):
        key = f"{entry.context}\x04{entry.text}" if entry.context else entry.text
        if entry.plural:
            written |= {(key, number): said for number, said in enumerate(entry.said)}
        else:
            written[key] = entry.said[0]

    assert {key: said for key, said in compiled.items() if key} == written


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext")
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_the_program_is_missing_in_the_translations(language, tmp_path, monkeypatch, settings):
    for name in ("alertops", "integrations", "alerts", "brokers", "templates", "locale"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    monkeypatch.chdir(tmp_path)

    call_command(Gather(), locale=[language], ignore_patterns=NO_TEXTS, no_obsolete=True, verbosity=0)

    found = catalogue.read(tmp_path / "locale" / language / "LC_MESSAGES" / "django.po")
    assert _texts(found) == _texts(entries(language)), "Run `make messages`."


def _values(text):
    return set(_VALUE.findall(text))


def _texts(found):
    return {(entry.context, entry.text, entry.plural) for entry in found}


def test_no_text_is_marked_where_it_is_not_gathered():
    """xgettext does not look into f-strings."""
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for app in ("alertops", "integrations", "alerts", "brokers")
        for path in (ROOT / app).rglob("*.py")
        for string in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MARKS
    ]

    assert not found
