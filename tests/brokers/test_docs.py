"""What brokers are told and may do is documented, and nothing else is."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from brokers import base
from brokers.base import Answer, BaseBroker, Field
from brokers.builtin import BUILTIN
from brokers.logic.keywords import ACTIONS
from brokers.operations import help_of
from tests.brokers.pushes import told

ROOT = Path(__file__).resolve().parents[2]
APIS = {"en": ROOT / "docs" / "broker-api.md", "de": ROOT / "docs" / "broker-api.de.md"}
API = APIS["en"].read_text()
HELP = ROOT / "brokers" / "builtin" / "help"
OTHERS = [code for code, _name in settings.LANGUAGES if code != "en"]


def words(text: str) -> set[str]:
    """Return the words that a page sets as code, its blocks of code left out."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"[A-Za-z_]\w*", " ".join(re.findall(r"`([^`]+)`", prose))))


def test_every_key_of_the_payload_is_documented():
    payload = told("github/push")
    commit, change = payload["commits"][0], payload["changes"][0]
    keys = {*payload, *payload["repository"], *payload["host"], *commit, *change}

    assert keys - words(API) == set()


def test_every_field_and_call_is_documented():
    fields = {
        name
        for name, held in vars(base).items()
        if isinstance(held, type) and issubclass(held, Field) and held is not Field
    }
    calls = {name for name in vars(BaseBroker) if not name.startswith("_")}
    answers = {name for name in (*vars(Answer), *Answer.__dataclass_fields__) if not name.startswith("_")}

    assert fields - words(API) == set()
    assert calls - {"name", "title", "summary", "host"} - words(API) == set()
    assert answers - {"address"} - words(API) == set()


@pytest.mark.parametrize("language", ["en", *OTHERS])
@pytest.mark.parametrize(("name", "broker"), BUILTIN.items())
def test_every_broker_has_a_page_in_each_language_that_names_its_settings(name, broker, language):
    fields = [
        field for field in broker.fields if name != "email_diff" or field not in BUILTIN["email"].fields
    ]
    with translation.override(language):
        page, title, summary = help_of(name), gettext(broker.title), gettext(broker.summary)
        labels = [gettext(field.label) for field in fields]

    assert page.startswith(f"# {title}\n")
    assert broker.name == name
    assert summary.endswith(".")
    assert [label for label in labels if label.lower() not in page.lower()] == []


def shape(page: Path) -> list[str]:
    """Return how a page is built: the marks of headings, items, steps, rows and blocks, and what is code."""
    text = page.read_text()
    marks = [mark.strip() for mark in re.findall(r"^(?:#+ |\d\. |- |\||    |```)", text, flags=re.MULTILINE)]
    return [*marks, *sorted(set(re.findall(r"`([^`\n]+)`", text)))]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(
    "page", [*sorted(HELP / f"{name}.md" for name in BUILTIN), APIS["en"]], ids=lambda page: page.stem
)
def test_a_page_in_another_language_is_built_like_the_english_one(page, language):
    same = page.with_suffix(f".{language}.md")

    assert shape(same) == shape(page)


def test_no_help_page_is_left_over():
    names = {f"{name}{suffix}" for name in BUILTIN for suffix in (".md", *(f".{code}.md" for code in OTHERS))}

    assert {page.name for page in HELP.iterdir()} == names


def test_every_broker_is_in_the_list_of_brokers():
    listed = (ROOT / "docs" / "brokers.md").read_text()

    assert [broker.title for broker in BUILTIN.values() if f"[{broker.title}]" not in listed] == []


@pytest.mark.parametrize("language", ["en", *OTHERS])
def test_every_word_that_moves_an_issue_is_on_its_page(language):
    with translation.override(language):
        page = help_of("issues")

    assert {word for word in ACTIONS if not re.search(rf"\b{word}\b", page)} == set()


@pytest.mark.parametrize("broker", BUILTIN.values())
def test_fields_are_described_so_that_a_form_can_be_made(broker):
    names = [field.name for field in broker.fields]

    assert len(names) == len(set(names))
    assert all(field.label for field in broker.fields)
    optional = [field for field in broker.fields if not field.required]
    assert all(field.clean(field.clean(field.default)) == field.clean(field.default) for field in optional)
