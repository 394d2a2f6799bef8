"""The pictures to look through: an index that a browser opens, and sheets of several pages at once."""

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from playwright.sync_api import Browser

from tests.pictures.camera import LIGHTS, SIZES, Photo

# On a sheet: how many pictures, how wide each is, and how much of a long page is shown.
SHEETS = {"wide": (6, 900, 1500), "narrow": (12, 390, 1700)}
_STYLE = """
body { margin: 0; padding: 24px; font: 15px/1.5 system-ui, sans-serif; background: #e9e7ee; color: #1b1822; }
h2 { margin: 32px 0 8px; font-size: 18px; } p { margin: 4px 0; } .wrong { color: #b91c1c; font-weight: 600; }
.looks { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; }
a { display: block; max-height: 420px; overflow: hidden; border: 1px solid #b9b3c4; }
img { display: block; height: auto; } .wide { width: 420px; } .narrow { width: 180px; }
"""
_SHEET = """
body { margin: 0; padding: 12px; font: 600 16px/1.4 system-ui, sans-serif; background: #8a8594; color: #fff; }
main { display: flex; flex-wrap: wrap; gap: 14px; align-items: flex-start; }
figure { margin: 0; } div { overflow: hidden; } img { display: block; width: 100%; }
"""


def write_index(photos: Iterable[Photo], folder: Path) -> Path:
    """Write a page with all pictures, those with complaints first; return where it is."""
    by_name: dict[str, list[Photo]] = {}
    for photo in photos:
        by_name.setdefault(photo.name, []).append(photo)
    ordered = sorted(by_name.items(), key=lambda item: not any(photo.complaints for photo in item[1]))
    body = "\n".join(_section(name, found) for name, found in ordered)
    index = folder / "index.html"
    index.write_text(
        f"<!doctype html><meta charset=utf-8><title>Pictures</title><style>{_STYLE}</style>{body}"
    )
    return index


def draw_sheets(photos: Iterable[Photo], folder: Path, browser: Browser) -> list[Path]:
    """Put several pictures of a look on one sheet each, to see at a glance what differs."""
    photos, sheets = list(photos), []
    page = browser.new_page(viewport={"width": 2800, "height": 1000})
    for size in SIZES:
        count, width, height = SHEETS[size]
        for light in LIGHTS:
            found = [photo for photo in photos if photo.look == f"{size} {light}"]
            for number, part in enumerate(_batched(found, count), 1):
                figures = "".join(_figure(photo, width, height) for photo in part)
                draft = folder / "sheet.html"
                draft.write_text(f"<!doctype html><meta charset=utf-8><style>{_SHEET}</style><main>{figures}")
                page.goto(draft.as_uri())
                sheets.append(folder / f"sheet-{size}-{light}-{number:02}.png")
                page.screenshot(path=sheets[-1], full_page=True)
                draft.unlink()
    page.close()
    return sheets


def _section(name: str, photos: list[Photo]) -> str:
    wrong = dict.fromkeys(f"{photo.look}: {complaint}" for photo in photos for complaint in photo.complaints)
    looks = "".join(
        f'<a href="{photo.file.name}"><img loading="lazy" class="{photo.look.split()[0]}"'
        f' src="{photo.file.name}" alt="{escape(name)}, {photo.look}"></a>'
        for photo in photos
    )
    said = "".join(f'<p class="wrong">{escape(one)}</p>' for one in wrong)
    path = photos[0].path if photos[0].path.startswith("/") else ""
    return f'<h2>{escape(name)}</h2><p>{escape(path)}</p>{said}<div class="looks">{looks}</div>'


def _figure(photo: Photo, width: int, height: int) -> str:
    return (
        f'<figure style="width: {width}px">{escape(photo.name)}<div style="max-height: {height}px">'
        f'<img src="{photo.file.name}"></div></figure>'
    )


def _batched(photos: list[Photo], count: int) -> Iterator[list[Photo]]:
    for first in range(0, len(photos), count):
        yield photos[first : first + count]
