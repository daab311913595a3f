"""A Jacobian as the browser draws it: cells, names, samples, words, and arrays packed as text."""

import base64
import hashlib
import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from explorer.data import Jacobian, Plain
from explorer.picture.batch import samples_of
from explorer.picture.matrix import Band, pictured
from explorer.ui.lab import words
from explorer.ui.lab.chosen import Window


class Samples(Plain, frozen=True):
    """A batch along both axes: how many samples, and how many elements one takes of the outputs and
    of each input that is shown (None where its first dimension is no batch)."""

    count: int = 0
    rows: int | None = None
    columns: tuple[int | None, ...] = ()


def drawn(
    found: Jacobian,
    *,
    key: str,
    window: Window | None = None,
    program: tuple[float, ...] | None = None,
    alone: bool = False,
    height: int | None = None,
) -> dict[str, Any]:
    """What the lab gets: the cells that `window` shows, with all that is known of them.

    `program` is the v of the program's own backward. `alone` says that nobody answers: the lab then
    does what the matrix alone suffices for. `height` is that of the cells in px, at most; None is
    what the window has room for.
    """
    window = window or Window()
    shown = pictured(found, column_part=window.part, sample=window.sample)
    data = {
        "key": key,
        "rows": [_band(band) for band in shown.rows],
        "columns": [_band(band) for band in shown.columns],
        "cells": packed(shown.array),
        "largest": shown.largest,
        "sizes": (len(found.rows), len(found.columns)),
        "program": None if program is None else list(program),
        "parts": [part.name for part in found.columns.parts],
        "samples": msgspec.to_builtins(_samples(found, shown.columns)),
        "window": msgspec.to_builtins(window),
        "cut": [
            (found.rows.parts[row].name, found.columns.parts[column].name)
            for row, column in found.cut
        ],
        "alone": alone,
        "height": height,
        "words": words.table(),
    }
    return data | {"signature": hashlib.sha256(msgspec.json.encode(data)).hexdigest()[:16]}


def packed(array: npt.NDArray[Any]) -> dict[str, Any]:
    """An array for the browser: float32 as it is, everything else as float64."""
    kind = "f4" if array.dtype in (np.float32, np.float16) else "f8"
    data = np.ascontiguousarray(array, dtype=f"<{kind}").tobytes()
    return {"kind": kind, "data": base64.b64encode(data).decode()}


def all_packed(said: dict[str, Any]) -> dict[str, Any]:
    """The same with every array in it packed, however deep it lies."""
    return {
        name: packed(value)
        if isinstance(value, np.ndarray)
        else all_packed(value)
        if isinstance(value, dict)
        else value
        for name, value in said.items()
    }


def _band(band: Band) -> dict[str, Any]:
    return {**msgspec.to_builtins(band), "cells": band.cells}


def _samples(found: Jacobian, columns: tuple[Band, ...]) -> Samples:
    count = samples_of(found)
    if count is None:
        return Samples()
    each = tuple(_of_one_sample(count, band) for band in columns)
    return Samples(count, len(found.rows) // count, each)


def _of_one_sample(samples: int, band: Band) -> int | None:
    """Elements of one sample in a tensor; None where its first dimension is no batch."""
    if "." in band.name or not band.shape or band.shape[0] != samples:
        return None
    return math.prod(band.shape) // samples
