"""The sign of a preset: letters on a ground of its own hue. Nobody's logo is copied."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.operations.presets import Mark

_SIZES = {1: 22, 2: 18, 3: 14}


def draw(mark: Mark) -> SafeString:
    """Draw a mark as SVG; it says nothing that the name beside it does not say."""
    return format_html(
        '<svg class="ao-mark" viewBox="0 0 40 40" width="40" height="40" aria-hidden="true">'
        '<rect width="40" height="40" rx="10" fill="hsl({hue} 48% 38%)"/>'
        '<path d="M0 29 40 13v17a10 10 0 0 1-10 10H10A10 10 0 0 1 0 30z" fill="#fff" opacity=".13"/>'
        '<text x="20" y="20" dy=".36em" text-anchor="middle" fill="#fff" font-size="{size}"'
        ' font-weight="700">'
        "{letters}</text></svg>",
        hue=mark.hue,
        size=_SIZES.get(len(mark.letters), 14),
        letters=mark.letters,
    )
