"""JavaScript of the player and its sister components, put together from their parts."""

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "js"

PLAYER: Final = (
    "words.en", "format", "theme", "tiles", "numbers", "heat", "matrix", "stage", "folding",
    "panels", "asking", "inspector", "timeline", "journey", "finder", "camera", "picture",
    "address", "qr", "control", "viewing", "selecting", "predict", "player",
)  # fmt: skip
"""Parts of the player in the order in which they build on each other; `mountPlayer` begins it."""

ENTRANCE: Final = "export default mountPlayer;\n"
"""What makes a component of the player's parts."""


def joined(*names: str, folder: Path = _FOLDER) -> str:
    """The parts called `names`, in their order, as one module: so a component takes it."""
    return "\n".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in names)
