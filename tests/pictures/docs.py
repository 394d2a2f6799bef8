"""The pictures of the documents: few, small, and made anew by one command."""

import base64
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from tests.pictures.camera import Camera
from tests.pictures.installations import Installation
from tests.pictures.scenes import SCENES, Scene

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
MOST_BYTES = 1_500_000  # all of them together
QUALITY = 0.82
MOST_HEIGHT = 1000  # pixels: below it, a page goes on as it began
# Name in the documents: the scene, and how it looks.
PICTURES = {
    "overview": ("overview", "wide", "light"),
    "overview-dark": ("overview", "wide", "dark"),
    "alert": ("alert of a responder who has it", "wide", "light"),
    "alert-at-night": ("alert critical", "narrow", "dark"),
    "answer": ("answer acknowledge", "narrow", "dark"),
    "alerts": ("alerts list not closed", "wide", "light"),
    "gallery": ("gallery", "wide", "light"),
    "set-up": ("integration set-up waiting", "wide", "light"),
    "integration": ("integration builds", "wide", "light"),
    "inbound-log": ("log", "wide", "light"),
    "delivery": ("delivery failed", "wide", "light"),
    "workbench": ("workbench", "wide", "light"),
    "process-again": ("process again preview", "wide", "light"),
    "policy": ("policy day and night", "wide", "light"),
    "manual-alert": ("alert by hand with preview", "wide", "light"),
    "my-page": ("people my page", "wide", "light"),
    "health": ("health", "wide", "light"),
}
BESIDE = [
    Scene("overview", "/"),
    Scene("gallery", "/integrations/integration/add/"),
    Scene("log", "/integrations/inboundmessage/"),
    Scene("health", "/system/health/"),
]
_TO_WEBP = """async ([png, most, quality]) => {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, Math.min(image.height, most)];
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""


def make(browser: Browser, world: Installation) -> int:
    """Write the pictures as WebP into docs/pictures; return 1 when they are too large together."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    scenes = {scene.name: scene for scene in (*SCENES, *BESIDE)}
    draw = browser.new_page()
    for name, (scene_name, size, light) in PICTURES.items():
        scene = replace(scenes[scene_name], name=name)
        with TemporaryDirectory() as folder:
            camera = Camera(browser, world.url, world.sessions, (size, light), Path(folder))
            camera.is_whole = size == "wide"  # a phone is shown as it is held
            photo = camera.take(scene, world.path_of(scene))
            camera.close()
            png = base64.b64encode(photo.file.read_bytes()).decode()
        webp = base64.b64decode(draw.evaluate(_TO_WEBP, [png, MOST_HEIGHT, QUALITY]))
        (FOLDER / f"{name}.webp").write_bytes(webp)
        print(f"{name}: {len(webp):,} bytes", *photo.complaints, flush=True)
    total = sum(file.stat().st_size for file in FOLDER.glob("*.webp"))
    print(f"{total:,} bytes together, at most {MOST_BYTES:,}")
    return int(total > MOST_BYTES)
