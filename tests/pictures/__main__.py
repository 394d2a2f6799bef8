"""`make screenshots`: photograph every page, wide and narrow, light and dark; exit 1 when one is wrong.

    make screenshots ARGS="--only alert --looks narrow-dark"     a part of it
    make screenshots ARGS=--docs                                 the pictures of the README

It brings up two installations of its own, a well-filled and an empty one, each with a real server; the
pages are those of the admin's addresses and the scenes of tests/pictures/scenes.py. The pictures and their
index.html are in screenshots/.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import django

import tests.environment  # noqa: F401 (before the settings are read)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alertops.settings")
django.setup()

from playwright.sync_api import Browser, sync_playwright  # noqa: E402 (models exist from here on)

from tests.pictures import album, docs  # noqa: E402
from tests.pictures.camera import LOOKS, Camera, Photo  # noqa: E402
from tests.pictures.installations import Installation, empty, full  # noqa: E402
from tests.pictures.scenes import EMPTY, FULL, SCENES, Scene  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--font-render-hinting=none"]


def main() -> int:
    options = _options()
    began = time.monotonic()
    with ExitStack() as stack:
        browser = stack.enter_context(_browser())
        worlds = {FULL: stack.enter_context(full(is_hostile=not options.docs))}
        if options.docs:
            return docs.make(browser, worlds[FULL])
        worlds[EMPTY] = stack.enter_context(empty())
        options.to.mkdir(parents=True, exist_ok=True)
        photos = list(_photographed(browser, worlds, options))
        album.draw_sheets(photos, options.to, browser)
    index = album.write_index(photos, options.to)
    wrong = [f"{one.name}, {one.look}: {said}" for one in photos for said in one.complaints]
    wrong += [f"Not photographed: {name}" for name in worlds[FULL].missing]
    seconds = time.monotonic() - began
    print(*wrong, f"{len(photos)} pictures in {seconds:.0f} s, {len(wrong)} complaints: {index}", sep="\n")
    return bool(wrong)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", help="a part of the names of what is photographed")
    looks = ["-".join(look) for look in LOOKS]
    parser.add_argument("--looks", nargs="*", default=looks, choices=looks)
    parser.add_argument("--to", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--language", default="en", help="in others, scenes that press buttons complain")
    parser.add_argument("--docs", action="store_true", help="make the pictures of the documents instead")
    return parser.parse_args()


@contextmanager
def _browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit("There is no Chromium here; on Debian and Ubuntu: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def _photographed(
    browser: Browser, worlds: dict[str, Installation], options: argparse.Namespace
) -> Iterator[Photo]:
    """Yield each picture as it is taken."""
    for look in LOOKS:
        if "-".join(look) not in options.looks:
            continue
        print(f"--- {' '.join(look)}", flush=True)
        for name, world in worlds.items():
            camera = Camera(browser, world.url, world.sessions, look, options.to, language=options.language)
            for scene in [*world.pages(name), *(scene for scene in SCENES if scene.world == name)]:
                if options.only in scene.name:
                    yield from _taken(camera, world, scene)
            camera.close()


def _taken(camera: Camera, world: Installation, scene: Scene) -> Iterator[Photo]:
    path = world.path_of(scene)
    photo = camera.take(scene, path)
    for complaint in photo.complaints:
        print(f"{scene.name}: {complaint}", flush=True)
    yield photo


if __name__ == "__main__":
    sys.exit(main())
