"""A language in which every text that was asked for stands between brackets, and what stands outside."""

import re
from html.parser import HTMLParser

from django.utils.translation.trans_real import CONTEXT_SEPARATOR, DjangoTranslation

# What a page says beside its text.
SPOKEN = {"alt", "aria-label", "aria-description", "placeholder", "title"}
SILENT = {"script", "style", "code", "pre", "textarea", "kbd"}
ICON = "material-symbols-outlined"
_ASKED = re.compile(r"⟦[^⟦⟧]*⟧")


class Brackets(DjangoTranslation):
    """Gives each text back between brackets."""

    def gettext(self, message):
        text = message.rpartition(CONTEXT_SEPARATOR)[2]
        return f"⟦{text}⟧" if text.strip() else text

    def ngettext(self, singular, plural, number):
        return self.gettext(singular if number == 1 else plural)


def unasked(html):
    """Return what a page says to people outside of brackets, in the order it stands there."""
    page = _Page()
    page.feed(html)
    # A text may have elements in it, and stand between brackets as a whole.
    said = "\n".join([*page.attributes, "\n", *page.texts])
    while _ASKED.search(said):
        said = _ASKED.sub("\n", said)
    return [line.strip() for line in said.split("\n") if re.search(r"[^\W\d_]{2,}", line)]


class _Page(HTMLParser):
    """Gathers the texts of a page in their order."""

    VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr", "col"}

    def __init__(self):
        super().__init__()
        self.texts, self.attributes, self._path = [], [], []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.attributes += [value for name, value in attrs if name in SPOKEN and value]
        if tag == "input" and named.get("type") in ("submit", "button"):
            self.attributes.append(named.get("value") or "")
        if tag not in self.VOID:
            classes = named.get("class") or ""
            self._path.append((tag, tag in SILENT or ICON in classes or "x-text" in named))

    def handle_endtag(self, tag):
        while self._path:
            name, _is_silent = self._path.pop()
            if name == tag:
                return

    def handle_data(self, data):
        if data.strip() and not any(is_silent for _tag, is_silent in self._path):
            self.texts.append(data)
