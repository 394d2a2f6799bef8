"""What was sent, as people read it: a tree of its data, and the text as it came."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.admin.story import pretty
from integrations.logic import payload
from integrations.models import InboundMessage

MOST_NODES = 1_500  # leaves and branches of a tree
OPEN_DEPTH = 3  # branches further in are folded
LONG_VALUE = 500  # characters of a leaf


@dataclass(frozen=True)
class Body:
    """tree: empty where the text is no data."""

    text: str
    tree: SafeString


def body_of(message: InboundMessage) -> Body:
    """Return the body of a delivery as people read it; what is very long is cut."""
    return Body(pretty(bytes(message.body).decode("utf-8", "replace")), _tree_of(message))


def _tree_of(message: InboundMessage) -> SafeString:
    if not message.body and not message.query_string:
        return SafeString("")
    try:
        read = payload.decode(
            bytes(message.body),
            content_type=message.content_type,
            method=message.method,
            query_string=message.query_string,
        )
    except payload.UnreadableBody:
        return SafeString("")
    return _Tree().draw(read.data)


class _Tree:
    """Draws data as nested lists, until it has drawn enough."""

    def __init__(self) -> None:
        self.left = MOST_NODES

    def draw(self, data: Any) -> SafeString:
        return format_html('<ul class="ao-tree">{}</ul>', self._items(data, ()))

    def _items(self, data: Any, path: tuple[str, ...]) -> SafeString:
        pairs = list(_pairs(data))
        drawn: list[SafeString] = []
        for key, value in pairs:
            if self.left <= 0:
                rest = len(pairs) - len(drawn)
                words = ngettext("%(n)d more: see the text", "%(n)d more: see the text", rest) % {"n": rest}
                drawn.append(format_html('<li class="ao-quiet">… {}</li>', words))
                break
            self.left -= 1
            drawn.append(self._item(key, value, (*path, key)))
        return format_html_join("", "{}", ((item,) for item in drawn))

    def _item(self, key: str, value: Any, path: tuple[str, ...]) -> SafeString:
        written = "^".join(part.replace("^", "\\^") for part in path)
        if isinstance(value, dict | list) and value:
            return format_html(
                '<li><details{}><summary title="{}"><span class="ao-key">{}</span> <span class="ao-quiet">{}'
                "</span></summary><ul>{}</ul></details></li>",
                *(_OPEN if len(path) < OPEN_DEPTH else "", written, key, _size(value)),
                self._items(value, path),
            )
        kind, text = _leaf(value)
        return format_html(
            '<li title="{}"><span class="ao-key">{}</span> <span class="ao-value-{}">{}</span></li>',
            *(written, key, kind, text),
        )


_OPEN = mark_safe(" open")


def _pairs(data: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        yield from ((str(key), value) for key, value in data.items())
    elif isinstance(data, list):
        yield from ((str(place), value) for place, value in enumerate(data))
    else:
        yield "", data


def _size(data: Sequence[Any] | dict[str, Any]) -> str:
    if isinstance(data, dict):
        return ngettext("%(n)d field", "%(n)d fields", len(data)) % {"n": len(data)}
    return ngettext("list of %(n)d", "list of %(n)d", len(data)) % {"n": len(data)}


def _leaf(value: Any) -> tuple[str, str]:
    """Return the kind of a value, for its colour, and how it is written."""
    if isinstance(value, str):
        cut = value if len(value) <= LONG_VALUE else value[:LONG_VALUE] + "…"
        return "text", cut or _("(empty)")
    if value is None:
        return "none", _("(nothing)")
    if isinstance(value, dict | list):
        return "none", _("(empty)")
    return "number", json.dumps(value)
