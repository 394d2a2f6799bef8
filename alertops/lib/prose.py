"""How our own texts (the set-up pages of presets) become HTML: CommonMark with tables, no raw HTML."""

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# "html" off: whatever looks like a tag is escaped.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_TOP = 2  # a text's first heading is the third of the page it stands on


def html(text: str) -> SafeString:
    """Return a Markdown text as HTML that fits into a page."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + _TOP)}"
        elif token.type == "table_open":
            token.attrSet("class", "ao-table")
    return mark_safe(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))  # noqa: S308 (see above)
