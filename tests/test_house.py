"""What stands beside the code is made from it: the drawing of the house, and the wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tools import house

ROOT = Path(__file__).parent.parent


def test_the_drawing_of_the_house_shows_the_house_as_it_is() -> None:
    assert house.PICTURE.read_text(encoding="utf-8") == house.drawing(), "run tools/house.py"


def test_the_wheel_carries_all_that_the_app_needs(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "explorer", "pages", "streamlit_app.py", ".streamlit"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    needed = {path if path.startswith("explorer/") else f"explorer/home/{path}" for path in tracked}
    assert needed
    assert needed <= carried
