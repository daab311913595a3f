"""JavaScript of the player and its sister components, put together from the parts in `js/`."""

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "js"


def joined(*names: str) -> str:
    """The parts called `names`, in their order, as one module: so a component takes it."""
    return "\n".join((_FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in names)
