"""Make the README's picture from the app itself: `python tools/picture.py` writes docs/app.png."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from visiting import serving, settled  # noqa: E402 - the tests know how to start the app

PICTURE = ROOT / "docs" / "app.png"
STEP = "3"


def main() -> None:
    """Open the Backward page on the tutorial, go to the third step, and take the picture."""
    with serving() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(
            viewport={"width": 1280, "height": 800}, device_scale_factor=2, reduced_motion="reduce"
        )
        page.goto(f"{url}backward?preset=tutorial")
        settled(page)
        step = page.get_by_label("Step", exact=True)
        step.fill(STEP)
        step.blur()
        page.mouse.move(0, 0)
        page.wait_for_timeout(1_500)
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
