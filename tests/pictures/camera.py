"""How a page is photographed, and what a picture is complained of."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response
from playwright.sync_api import Error as PlaywrightError

from tests.pictures.scenes import Scene

PATIENCE = 8_000  # milliseconds
SIZES = {"wide": {"width": 1400, "height": 900}, "narrow": {"width": 390, "height": 844}}
LIGHTS = ("light", "dark")
LOOKS = [(size, light) for size in SIZES for light in LIGHTS]
# Nothing moves in a picture, and the caret does not blink.
STILL = """*, *::before, *::after {
    animation: none !important; transition: none !important; caret-color: transparent !important;
}"""
IDLE = "!document.querySelector('.htmx-request') && document.fonts.status === 'loaded'"


@dataclass(frozen=True)
class Photo:
    """One picture that was taken."""

    name: str
    look: str
    file: Path
    path: str
    complaints: tuple[str, ...]


class Camera:
    """Takes pictures of one installation in one look.

    sessions: keys of sessions by who is logged in; "" is nobody.  language: what the browser asks for; who is
    logged in may have chosen another.
    """

    is_whole = True  # else only what stands in the window

    def __init__(
        self,
        browser: Browser,
        base: str,
        sessions: dict[str, str],
        look: tuple[str, str],
        folder: Path,
        *,
        language: str = "en",
    ) -> None:
        self.browser, self.base, self.sessions, self.language = browser, base, sessions, language
        self.size, self.light = look
        self.folder = folder
        self._contexts: dict[str, BrowserContext] = {}

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()

    def take(self, scene: Scene, path: str) -> Photo:
        """Photograph a scene; what goes wrong on the way is a complaint, and it is photographed too."""
        file = self.folder / f"{file_name(scene.name)}.{self.size}.{self.light}.png"
        complaints: list[str] = []
        answers: list[Response] = []
        with self._page(scene.who, complaints, answers) as page:
            try:
                self._open(page, path)
                if scene.act:
                    scene.act(page)
            except PlaywrightError as error:
                complaints.append(f"before the picture: {str(error).strip().splitlines()[0]}")
            _settle(page)
            page.add_style_tag(content=STILL)
            if self.is_whole:
                self._unroll(page)
            page.screenshot(path=file, full_page=self.is_whole)
            complaints += _faults(page, answers, scene.status)
        return Photo(scene.name, f"{self.size} {self.light}", file, path, tuple(dict.fromkeys(complaints)))

    def _open(self, page: Page, path: str) -> None:
        if path.lstrip().startswith("<"):  # a letter, or a page that is shown when nothing else can be
            page.goto(urljoin(self.base, "/healthz"))
            page.set_content(path)
        else:
            page.goto(urljoin(self.base, path))

    def _unroll(self, page: Page) -> None:
        """Make the window as high as the page: what sticks to its lower edge would stand in its middle."""
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size(
            {**SIZES[self.size], "height": min(max(height, SIZES[self.size]["height"]), 8000)}
        )

    @contextmanager
    def _page(self, who: str, complaints: list[str], answers: list[Response]) -> Iterator[Page]:
        page = self._context(who).new_page()
        page.set_default_timeout(PATIENCE)

        def heard(message: ConsoleMessage) -> None:
            # That a page answered 404 is judged by what was wanted, below.
            if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
                complaints.append(f"console: {message.text}")

        def answered(response: Response) -> None:
            if response.request.is_navigation_request() and response.frame == page.main_frame:
                answers.append(response)

        page.on("console", heard)
        page.on("response", answered)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        try:
            yield page
        finally:
            page.close()

    def _context(self, who: str) -> BrowserContext:
        if who not in self._contexts:
            context = self.browser.new_context(
                viewport=SIZES[self.size],  # type: ignore[arg-type]
                color_scheme=self.light,  # type: ignore[arg-type]
                locale=self.language,
                device_scale_factor=1,
                has_touch=self.size == "narrow",
            )
            if who:
                context.add_cookies([{"name": "sessionid", "value": self.sessions[who], "url": self.base}])
            self._contexts[who] = context
        return self._contexts[who]


def file_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _settle(page: Page) -> None:
    """Wait until nothing is on its way; a page that looks again by itself is never quite idle."""
    with suppress(PlaywrightError):
        page.wait_for_load_state("load")
        page.wait_for_function(IDLE, timeout=3_000)


def _faults(page: Page, answers: list[Response], wanted: int) -> Iterator[str]:
    if answers and answers[-1].status != wanted:
        yield f"answered {answers[-1].status} instead of {wanted}"
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if overflow > 0:
        yield f"scrolls sideways by {overflow} pixels"
