"""The documents lead somewhere: every link and every picture in them is there, and every page is listed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MOST_BYTES = 1_500_000  # of all pictures together
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_it(page):
    links = [link.partition("#") for link in LINK.findall(page.read_text()) if "://" not in link]
    missing = [path for path, _hash, _place in links if path and not (page.parent / path).exists()]
    astray = [
        f"{path}#{place}"
        for path, _hash, place in links
        if place and place not in _places((page.parent / path) if path else page)
    ]

    assert missing == []
    assert astray == []


def test_every_page_is_listed_in_the_index():
    lists = "".join((ROOT / index).read_text() for index in ("README.md", "docs/README.md"))
    listed = set(re.findall(r"\]\((?:docs/)?([\w.-]+\.md)", lists))

    assert {page.name for page in PAGES} - listed == set()


def test_the_pictures_are_few_and_small():
    sizes = [file.stat().st_size for file in (ROOT / "docs" / "pictures").iterdir()]

    assert sum(sizes) < MOST_BYTES


def _places(page):
    """Return the places within a page, as code hosts name its headings."""
    if not page.exists():
        return set()
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
