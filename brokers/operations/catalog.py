"""Which brokers there are: their classes, by name, and the help page of each."""

import functools
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from alertops.lib.languages import told
from brokers import builtin
from brokers.base import BaseBroker
from brokers.builtin import BUILTIN

_HELP = Path(builtin.__file__).parent / "help"


class UnknownBroker(LookupError):
    """There is no broker of this name, or not any more."""


def all_brokers() -> list[type[BaseBroker]]:
    """Return all brokers in the order in which they are offered."""
    return list(BUILTIN.values())


def broker_of(name: str) -> type[BaseBroker]:
    """Return a broker by its name. Raises UnknownBroker."""
    try:
        return BUILTIN[name]
    except KeyError:
        raise UnknownBroker(name) from None


@dataclass(frozen=True)
class Card:
    """What people are told of a broker: a class itself would be called by a template."""

    name: str
    title: str
    summary: str


def card_of(broker: type[BaseBroker]) -> Card:
    return Card(broker.name, _(broker.title), _(broker.summary))


def all_cards() -> list[Card]:
    """Return the cards of all brokers in the order in which they are offered."""
    return [card_of(broker) for broker in all_brokers()]


def title_of(name: str) -> str:
    """Return what a broker is called; one that is gone, by its name."""
    return _(BUILTIN[name].title) if name in BUILTIN else name


def help_of(name: str) -> str:
    """Return the help page of a broker as Markdown, in the reader's language; empty where it has none."""
    return _read(told(_HELP / f"{broker_of(name).name}.md"))


@functools.cache
def _read(page: Path) -> str:
    return page.read_text("utf-8") if page.is_file() else ""
