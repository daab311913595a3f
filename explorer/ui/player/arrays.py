"""Numbers on their way to the browser: each array once, in its own precision, within a budget."""

import base64

import numpy as np
import numpy.typing as npt

from explorer.data import Plain

MAX_BYTES = 4 * 2**20
"""Bytes of all arrays that are sent to the browser for one component."""


class Array(Plain, frozen=True):
    """Numbers in C order, little endian, as base64. `kind` is `f4` or `f8`, `largest` is absolute
    and finite."""

    kind: str
    length: int
    largest: float
    data: str


class Arrays:
    """All arrays to be sent, each once, within `MAX_BYTES`."""

    def __init__(self) -> None:
        self.all: list[Array] = []
        self._numbers: dict[tuple[str, bytes], int] = {}
        self._left = MAX_BYTES

    def add(self, *arrays: npt.NDArray[np.generic]) -> tuple[int, ...] | None:
        """The numbers of `arrays`, or None where not all of them have room."""
        packed = [_packed(array) for array in arrays]
        missing = {(kind, data) for kind, data, _ in packed} - self._numbers.keys()
        needed = sum(len(data) for _, data in missing)
        if needed > self._left:
            return None
        self._left -= needed
        return tuple(self._number(*one) for one in packed)

    def _number(self, kind: str, data: bytes, largest: float) -> int:
        number = self._numbers.get((kind, data))
        if number is None:
            number = self._numbers[kind, data] = len(self.all)
            length = len(data) // int(kind[1:])
            text = base64.b64encode(data).decode("ascii")
            self.all.append(Array(kind, length, largest, text))
        return number


def _packed(array: npt.NDArray[np.generic]) -> tuple[str, bytes, float]:
    """The elements of an array in four bytes each where that loses nothing, else in eight."""
    wide = array.astype(np.float64).ravel()
    with np.errstate(over="ignore"):
        narrow = wide.astype("<f4")
    finite = np.abs(wide[np.isfinite(wide)])
    largest = float(finite.max()) if finite.size else 0.0
    if np.array_equal(narrow.astype(np.float64), wide, equal_nan=True):
        return "f4", narrow.tobytes(), largest
    return "f8", wide.astype("<f8").tobytes(), largest
