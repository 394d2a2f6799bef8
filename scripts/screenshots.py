"""Photograph every page of a running installation, wide and narrow, and say what is wrong with it.

    python scripts/screenshots.py http://localhost:8000 admin the-password /tmp/pictures

It follows the menu, the first row of every list and the pages for adding, logs in as the given person, and
reports errors of the browser's console (a refused script is one) and pages that scroll sideways.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import BrowserContext, Page, sync_playwright

WIDTHS = {"wide": (1400, 900), "narrow": (390, 844)}
CHROMIUM = "/usr/bin/chromium"
FIRST_ROW = "#result_list tbody a[href]:not([href^='?'])"
LEADS_ON = ".addlink[href], .ao-acts a[href], .ao-tools a[href]"


def main() -> int:
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        addresses: list[str] = []
        for name, (width, height) in WIDTHS.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=options.light
            )
            page = _logged_in(context, options)
            addresses = addresses or [*_addresses(page, options.base), *options.also]
            for address in addresses:
                complaints += _photograph(page, address, options.folder / f"{_file_name(address)}.{name}.png")
        browser.close()
    print(*complaints, f"{len(complaints)} complaints; pictures in {options.folder}", sep="\n")
    return bool(complaints)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("base")
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--also", nargs="*", default=[], help="more addresses, like /alerts/alert/1/do/close/"
    )
    parser.add_argument("--light", default="light", choices=["light", "dark"])
    return parser.parse_args()


def _logged_in(context: BrowserContext, options: argparse.Namespace) -> Page:
    page = context.new_page()
    page.goto(urljoin(options.base, "/login/"))
    page.fill("input[name=username]", options.user)
    page.fill("input[name=password]", options.password)
    page.click("#login-form button[type=submit]")
    page.wait_for_url(urljoin(options.base, "/"))
    return page


def _addresses(page: Page, base: str) -> list[str]:
    """Return the overview, every list of the menu, the first row of each, and what those lead to."""
    found = {"/": None}
    for link in _links(page, base, "#nav-sidebar-apps a[href]"):
        found[link] = None
    for address in list(found):
        page.goto(urljoin(base, address))
        for selector in (FIRST_ROW, LEADS_ON):
            for link in list(_links(page, base, selector))[:1]:
                found[link] = None
    return list(found)


def _links(page: Page, base: str, selector: str) -> Iterator[str]:
    for href in page.eval_on_selector_all(selector, "links => links.map(link => link.href)"):
        parts = urlsplit(href)
        if href.startswith(base) and "/logout" not in href:
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def _photograph(page: Page, address: str, file: Path) -> list[str]:
    complaints: list[str] = []

    def complain(message: object) -> None:
        if getattr(message, "type", "") in ("error", "warning"):
            complaints.append(f"{file.name}: {message.text}")  # type: ignore[attr-defined]

    page.on("console", complain)
    page.on("pageerror", lambda error: complaints.append(f"{file.name}: {error}"))
    answer = page.goto(urljoin(page.url, address))
    page.wait_for_timeout(400)
    page.screenshot(path=file, full_page=True)
    if answer is None or answer.status >= 400:
        complaints.append(f"{file.name}: status {answer.status if answer else 'none'}")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if overflow > 0:
        complaints.append(f"{file.name}: scrolls sideways by {overflow} pixels")
    page.remove_listener("console", complain)
    return complaints


def _file_name(address: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", address.lower()).strip("-") or "overview"


if __name__ == "__main__":
    sys.exit(main())
