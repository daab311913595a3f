"""How large things are in the picture, in px at a zoom of 1: text, tiles, cards, beads, buckets.

Sizes are fixed here and the text is fitted to them, never the other way round, so that no label is
cut and nothing overlaps whatever font the browser finds.
"""

import math
from dataclasses import dataclass

from explorer.frames import Item, Tile
from explorer.frames.tiles import matrix_shape

MONO = 0.61
"""Width of a letter of a monospaced font, in parts of its size; wider than any font we name."""


@dataclass(frozen=True)
class Density:
    """One way of drawing cards. `lane` is the height at which cotangents run, from a card's top,
    and `road` that of the forward values. `drop` is the way down to the buckets."""

    name: str
    columns: int
    width: float
    height: float
    header: float
    lane: float
    road: float
    gap: float
    drop: float
    rows: float
    label: float
    chip: float
    tile_width: float
    tile_height: float
    tray: float
    leaf: float


LARGE = Density(
    "L", 5, 212, 130, 37, 83.5, 19, 74, 40, 44, 21, 11.5, 100, 78, 74, 15,
)  # fmt: skip
MEDIUM = Density(
    "M", 9, 136, 96, 32, 64, 16, 44, 34, 34, 17, 10, 104, 46, 56, 13,
)  # fmt: skip
SMALL = Density(
    "S", 10_000, 72, 40, 40, 27, 9, 22, 22, 18, 12, 0, 60, 8, 22, 9,
)  # fmt: skip

DENSITIES = {density.name: density for density in (LARGE, MEDIUM, SMALL)}

BEAD_HEIGHT = 24.0
SEED_HEIGHT = {"L": 50.0, "M": 42.0, "S": 26.0}
SEED_WIDTH = {"L": 96.0, "M": 84.0, "S": 40.0}
"""Size of the box where v enters, by density."""


def text_width(text: str, size: float) -> float:
    """Width of `text` in a monospaced font of `size` px."""
    return len(text) * MONO * size


def bead_width(short: str, density: Density) -> float:
    """Width of a bead with its name."""
    return text_width(short, 9 if density is SMALL else 12) + 16


def tile_size(tile: Tile | None, shape: tuple[int, ...] = ()) -> tuple[float, float]:
    """Width and height of a tile; for one that is not known yet, of what `shape` will need."""
    if tile is not None:
        rows, columns, size = tile.rows, tile.columns, math.prod(tile.shape)
    else:
        rows, columns = matrix_shape(shape)
        size = math.prod(shape)
    if size <= 1:
        return 60, 32
    if tile is not None and tile.uniform:
        return 66, 36
    if size <= 4:
        return columns * 52.0, rows * 26.0
    longest = 90 if rows <= 4 else 72
    wide = columns * min(14.0, max(3.0, longest / columns))
    tall = rows * min(14.0, max(3.0, 72 / rows))
    return max(22.0, min(wide, longest)), max(22.0, min(tall, 72.0))


def fitted(size: tuple[float, float], width: float, height: float) -> tuple[float, float]:
    """`size` shrunk in its own proportions until it fits into `width` by `height`."""
    scale = min(1.0, width / size[0], height / size[1])
    return size[0] * scale, size[1] * scale


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` letters; what does not fit is left out in its middle."""
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def shape_of(item: Item) -> tuple[int, ...]:
    """The shape that an item's first output has."""
    return tuple(int(part) for part in item.shape.split("×")) if item.shape else ()
