"""A real server, a real worker and a real browser."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.processes import Server

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1400, "height": 900}
OFFLINE = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: while it runs, an event loop does, and Django refuses its database then."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OFFLINE)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def installation() -> Iterator[Server]:
    """What `make run` gives: demo data, a web server and a worker, mails in files."""
    with Server(web_workers=0) as server:
        # Before the web server starts: it looks once at what styles and scripts there are.
        server.manage("collectstatic", "--noinput", "--verbosity", "0")
        server.manage("demo")
        server.web_workers = 1
        server.start_web()
        server.start_command("runworker")
        yield server


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[[dict[str, int]], Page]]:
    """Give pages of a size; what a page complains of in its console fails the test."""
    pages: list[Page] = []
    complaints: list[str] = []

    def open_page(size: dict[str, int]) -> Page:
        page = browser.new_context(viewport=size).new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert complaints == []


def mails(server: Server) -> list[EmailMessage]:
    """The mails that were written so far, oldest first."""
    files = sorted(Path(server.folder, "mail").glob("*.log"))
    raw = b"".join(file.read_bytes() for file in files)
    parts = re.split(rb"^-{79}\r?\n", raw, flags=re.MULTILINE)
    return [message_from_bytes(part, policy=policy.default) for part in parts if part.strip()]
