"""Make the README's pictures from the app itself: `python -m tools.pictures`.

Each is a page of the real app in a real Chromium. `docs/pictures.json` notes what they were made
from, so that a test can say when they are older than what they show.
"""

import hashlib
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from visiting import serving, settled  # noqa: E402 - the tests know how to start the app

FOLDER = ROOT / "docs"
MADE_FROM = FOLDER / "pictures.json"

SOURCES = ("explorer/frames", "explorer/picture", "explorer/ui", "explorer/presets", "pages")
"""Folders whose files decide what a page looks like."""

MOVING = FOLDER / "player.webp"
WIDTH, HEIGHT = 1280, 800
FRAME_MS = 80
SECONDS = 11


def _nothing(page: Page) -> None:
    """Leave the page as it opens."""


def _steps(count: int) -> Callable[[Page], None]:
    """Go on by `count` steps."""

    def prepare(page: Page) -> None:
        for _ in range(count):
            page.get_by_role("button", name="Step forward", exact=True).click()

    return prepare


class Shot(NamedTuple):
    """A picture: its file, the page's address, and what is done there before it is taken."""

    name: str
    address: str
    prepare: Callable[[Page], None] = _nothing


SHOTS = (
    Shot("backward", "backward?preset=tutorial", _steps(3)),
    Shot("program", "program?preset=backward_twice"),
    Shot("jacobian", "jacobian?preset=outputs_by_weights"),
    Shot("accumulation", "accumulation?preset=shared_weight"),
    Shot("chain", "chain?preset=doubling_product", _steps(5)),
    Shot("compare", "compare?preset=zero_grad_none&with=zero_grad_zeros", _steps(3)),
    Shot("lessons", "lessons?lesson=tutorial"),
)


def fingerprint() -> str:
    """A number for all the code that the pictures show."""
    seen = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".js", ".css"}:
                seen.update(path.relative_to(ROOT).as_posix().encode())
                seen.update(path.read_bytes())
    return seen.hexdigest()


def main() -> None:
    """Take all pictures, and note what they were made from."""
    FOLDER.mkdir(exist_ok=True)
    with serving() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        _film(browser, url)
        for shot in SHOTS:
            _take(browser, url, shot)
        browser.close()
    MADE_FROM.write_text(json.dumps({"code": fingerprint()}) + "\n", encoding="utf-8")


def _take(browser: Browser, url: str, shot: Shot) -> None:
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=1.5,
        reduced_motion="reduce",
    )
    page.goto(url + shot.address)
    settled(page)
    shot.prepare(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(1_500)
    path = FOLDER / f"{shot.name}.webp"
    Image.open(io.BytesIO(page.screenshot())).save(path, quality=88, method=6)
    page.close()
    _say(path)


def _film(browser: Browser, url: str) -> None:
    """The tutorial from its first step to its last, one picture for each `FRAME_MS` of its time."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(f"{url}backward?preset=tutorial")
    settled(page)
    player = page.locator(".player")
    player.wait_for()
    page.wait_for_timeout(1_000)
    page.clock.install(time=0)
    page.clock.pause_at(5_000)  # from here on its time passes only as it is told
    page.keyboard.press("Space")
    frames = []
    for _ in range(SECONDS * 1_000 // FRAME_MS):
        page.clock.run_for(FRAME_MS)
        frames.append(Image.open(io.BytesIO(player.screenshot())).convert("RGB"))
    page.close()
    first, *rest = [frame.resize((960, 960 * frame.height // frame.width)) for frame in frames]
    durations = [FRAME_MS] * len(rest) + [1_800]
    first.save(
        MOVING, save_all=True, append_images=rest, duration=durations, loop=0, quality=70, method=4
    )
    _say(MOVING)


def _say(path: Path) -> None:
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
