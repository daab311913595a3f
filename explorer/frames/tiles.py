"""Tensors as tiles: the grid of numbers that a picture shows, small enough to be drawn.

A tensor keeps its true shape where it can: a vector is a column, a matrix a matrix, and all leading
dimensions of a larger tensor are rows. Above `MAX_ROWS` by `MAX_COLUMNS` each cell stands for a
block and shows the block's number of largest absolute value, so nothing nonzero looks like zero;
`Tile.block` says how large the blocks are.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.data import Plain, Values
from explorer.frames.messages import Message, message
from explorer.language import _, retold

MAX_ROWS = 24
"""Rows of cells that a tile has at most; 72 px at 3 px a cell."""

MAX_COLUMNS = 24
"""Columns of cells that a tile has at most; a single row has up to `MAX_LONE_ROW`."""

MAX_LONE_ROW = 30
"""Columns of a tile of one row; 90 px at 3 px a cell."""

MAX_LISTED = 4
"""Elements up to which a sentence lists a tensor's numbers."""

_POWERS = np.array([float(f"1e{power}") for power in range(23)])
"""The powers of ten that a float holds exactly."""

Cell = float | str
"""A number, or one of `nan`, `inf` and `-inf`, which JSON cannot say as numbers."""


class Tile(Plain, frozen=True):
    """The numbers of one tensor as a grid of `rows` by `columns` cells, in C order.

    `uniform` says that all elements are equal. `block` is the (rows, columns) of elements that one
    cell stands for. `low` and `high` are the extremes of the finite elements. Without numbers
    (`cells` empty) `note` says why.
    """

    shape: tuple[int, ...]
    dtype: str
    rows: int
    columns: int
    cells: tuple[Cell, ...]
    uniform: bool = False
    block: tuple[int, int] = (1, 1)
    low: float | None = None
    high: float | None = None
    nans: int = 0
    zero: bool = False
    note: str = ""


def tile_of(values: Values) -> Tile:
    """The tile of a tensor's values.

    >>> twos = tile_of(Values.of_array(np.full((2, 3), 2.0)))
    >>> twos.rows, twos.columns, twos.uniform, twos.cells[0]
    (2, 3, True, 2.0)
    """
    rows, columns = matrix_shape(values.shape)
    array = values.array
    if array is None or values.size == 0:
        known = values.described
        low = known.minimum if known else None
        high = known.maximum if known else None
        note = retold(values.note) or (_("no elements") if values.size == 0 else _("not kept"))
        return Tile(values.shape, values.dtype, rows, columns, (), low=low, high=high, note=note)
    is_complex = np.iscomplexobj(array)
    numbers = (np.abs(array) if is_complex else array).reshape(rows, columns).astype(np.float64)
    low, high, nans = _extremes(numbers)
    first = numbers[0, 0]
    uniform = low == high if nans == 0 and low == first else bool((numbers == first).all())
    grid, block = shrink(numbers)
    return Tile(
        values.shape,
        values.dtype,
        grid.shape[0],
        grid.shape[1],
        _cells(grid),
        uniform=uniform,
        block=block,
        low=_rounded(low),
        high=_rounded(high),
        nans=nans,
        zero=uniform and bool(first == 0),
        note=_("absolute values of complex numbers") if is_complex else "",
    )


def _extremes(numbers: npt.NDArray[np.float64]) -> tuple[float | None, float | None, int]:
    """The smallest and the largest finite number (None if there is none), and how many are NaN."""
    low, high = float(numbers.min()), float(numbers.max())
    if math.isfinite(low) and math.isfinite(high):  # a NaN would have become both
        return low, high, 0
    finite = numbers[np.isfinite(numbers)]
    nans = int(np.isnan(numbers).sum())
    return (float(finite.min()), float(finite.max()), nans) if finite.size else (None, None, nans)


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the grid in which a tensor of `shape` is drawn.

    >>> matrix_shape(()), matrix_shape((3,)), matrix_shape((2, 3, 4))
    ((1, 1), (3, 1), (6, 4))
    """
    if len(shape) < 2:
        return (shape[0] if shape else 1), 1
    return math.prod(shape[:-1]), shape[-1]


def shrink(grid: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[int, int]]:
    """A grid of at most the maximal size, and the block of elements that one cell stands for."""
    rows, columns = grid.shape
    most = MAX_LONE_ROW if rows == 1 else MAX_COLUMNS
    high, wide = -(-rows // MAX_ROWS), -(-columns // most)
    if (high, wide) == (1, 1):
        return grid, (1, 1)
    down, across = -(-rows // high), -(-columns // wide)
    filled = np.zeros((down * high, across * wide))
    filled[:rows, :columns] = grid
    blocks = filled.reshape(down, high, across, wide).swapaxes(1, 2).reshape(down, across, -1)
    # A NaN counts as the largest, so a single one does not disappear in its block.
    largest_at = np.abs(blocks).argmax(axis=2)[..., None]
    return np.take_along_axis(blocks, largest_at, axis=2)[..., 0], (high, wide)


def amount(tile: Tile | None) -> Message:
    """The phrase that says what a tile holds: `2.25 everywhere`, `16 numbers, -1.2 to 0.3`."""
    if tile is None:
        return message("amount.none")
    shape = shape_text(tile.shape)
    if tile.nans:
        return message("amount.nan", count=tile.nans, shape=shape)
    if tile.zero and len(tile.shape) > 0 and math.prod(tile.shape) > 1:
        return message("amount.zeros", shape=shape)
    if tile.uniform:
        number = tile.cells[0]
        size = math.prod(tile.shape)
        return message("amount.one" if size == 1 else "amount.uniform", number=number, shape=shape)
    if tile.cells and len(tile.cells) <= MAX_LISTED and tile.block == (1, 1):
        return message("amount.list", numbers=_nested(tile), shape=shape)
    if tile.low is None or tile.high is None:
        return message("amount.unknown", shape=shape)
    return message("amount.range", shape=shape, low=tile.low, high=tile.high)


def _nested(tile: Tile) -> dict[str, Any]:
    """A tile's numbers in brackets as torch prints them, a vector in one pair."""
    cells, wide = tile.cells, tile.columns
    rows = [list(cells[at : at + wide]) for at in range(0, len(cells), wide)]
    return {"list": list(cells) if len(tile.shape) < 2 else rows}


@lru_cache(maxsize=1024)
def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as it is printed: `2×3`, and the empty string for a scalar."""
    return "×".join(map(str, shape))


def largest(values: list[Values]) -> float:
    """The largest finite absolute value in `values`; 0 if there is none."""
    most = 0.0
    for one in values:
        known = one.described
        if known is None:
            continue
        for extreme in (known.minimum, known.maximum):
            if extreme is not None:
                most = max(most, abs(extreme))
    return most


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.6g}")


def _cells(grid: npt.NDArray[np.float64]) -> tuple[Cell, ...]:
    """The numbers of a grid with six digits, which is more than any picture prints."""
    with np.errstate(all="ignore"):
        size = np.abs(grid)
        finite = np.isfinite(size)
        places = 5 - np.floor(np.log10(size))
        rough = np.abs(places) < len(_POWERS)
        scale = _POWERS[np.where(rough, np.abs(places), 0).astype(np.intp)]
        fine = np.where(places > 0, np.rint(grid * scale) / scale, np.rint(grid / scale) * scale)
    numbers = np.where(rough, fine, grid).ravel().tolist()
    if not (rough | (size == 0) | ~finite).all():
        numbers = [float(f"{number:.6g}") for number in grid.ravel().tolist()]
    if finite.all():
        return tuple(numbers)
    return tuple([n if -math.inf < n < math.inf else str(n) for n in numbers])
