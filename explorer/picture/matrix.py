"""What a picture of a large matrix shows: which entries, how many to a cell, and which one of them.

`pictured(jacobian)` gives the cells of the whole matrix, and with `column_part` or `sample` those
of one tensor's columns or of one sample's rows, in full detail where they fit. A cell that stands
for a block of entries shows the one of largest size: nothing that is not zero is drawn as zero.

>>> from explorer.data import AxisPart, Values
>>> axis = Axis((AxisPart("y", (400,)),))
>>> square = Jacobian(axis, axis, Values.of_array(np.eye(400)), (True,), "loop")
>>> shown = pictured(square, most=(100, 100))
>>> shown.array.shape, shown.rows[0].block, shown.rows[0].label(1)
((100, 100), 4, 'y[4] … y[7]')
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from explorer.data import Axis, AxisPart, Jacobian, Plain

MOST: Final = (500, 1000)
"""Rows and columns of cells up to which every entry has a cell of its own."""


class Band(Plain, frozen=True):
    """The cells of one tensor along an axis.

    `offset` is where its first shown element stands on the axis, `first` where in the tensor;
    `count` elements are shown, `block` to a cell. `reached` is False where torch has None.
    """

    name: str
    shape: tuple[int, ...]
    offset: int
    first: int
    count: int
    block: int
    reached: bool = True

    @property
    def cells(self) -> int:
        """How many cells that makes."""
        return -(-self.count // self.block)

    def label(self, cell: int) -> str:
        """The name of the element of a cell, or of the first and last of its block."""
        part = AxisPart(self.name, self.shape)
        start = self.first + cell * self.block
        end = min(start + self.block, self.first + self.count) - 1
        return part.label(start) if end <= start else f"{part.label(start)} … {part.label(end)}"


@dataclass(frozen=True)
class Pictured:
    """The cells of a matrix, band by band. `largest` is the largest finite size of all of it."""

    array: npt.NDArray[Any]
    rows: tuple[Band, ...]
    columns: tuple[Band, ...]
    largest: float

    @property
    def whole(self) -> bool:
        """Whether every cell is one entry."""
        return all(band.block == 1 for band in (*self.rows, *self.columns))


def pictured(
    jacobian: Jacobian,
    *,
    column_part: int | None = None,
    sample: int | None = None,
    most: tuple[int, int] = MOST,
) -> Pictured:
    """The cells to draw, at most about `most` rows and columns of them.

    `column_part` shows only the columns of that tensor. `sample` shows only the rows of that
    element of the first dimension of the outputs.
    """
    rows = _bands(jacobian.rows, (True,) * len(jacobian.rows.parts), most[0], sample=sample)
    columns = _bands(jacobian.columns, jacobian.reached, most[1], part=column_part)
    array = jacobian.array
    for axis, bands in enumerate((rows, columns)):
        array = _joined(
            [_reduced(_cut(array, band, axis), band.block, axis) for band in bands], axis
        )
    finite = np.abs(array[np.isfinite(array)])
    return Pictured(array, rows, columns, float(finite.max()) if finite.size else 0.0)


def _bands(
    axis: Axis,
    reached: Sequence[bool],
    most: int,
    *,
    part: int | None = None,
    sample: int | None = None,
) -> tuple[Band, ...]:
    bands = []
    for number, (one, start, there) in enumerate(
        zip(axis.parts, axis.starts, reached, strict=True)
    ):
        if part is not None and number != part:
            continue
        first, count = 0, len(one)
        if sample is not None and one.shape and sample < one.shape[0]:
            count //= one.shape[0]
            first = sample * count
        if count:
            bands.append(Band(one.name, one.shape, start + first, first, count, 1, there))
    total = sum(band.count for band in bands)
    block = max(1, -(-total // most))
    return tuple(msgspec.structs.replace(band, block=block) for band in bands)


def _cut(array: npt.NDArray[Any], band: Band, axis: int) -> npt.NDArray[Any]:
    window = slice(band.offset, band.offset + band.count)
    return array[window] if axis == 0 else array[:, window]


def _reduced(array: npt.NDArray[Any], block: int, axis: int) -> npt.NDArray[Any]:
    """The entry of largest size of every `block` neighbours along `axis`; NaN is the largest."""
    if block == 1:
        return array
    starts = np.arange(0, array.shape[axis], block)
    high = np.maximum.reduceat(array, starts, axis=axis)
    low = np.minimum.reduceat(array, starts, axis=axis)
    return np.where(np.isnan(high) | (high >= -low), high, low)


def _joined(arrays: list[npt.NDArray[Any]], axis: int) -> npt.NDArray[Any]:
    if not arrays:
        return np.zeros((0, 0))
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=axis)
