"""The Jacobian lab in the browser: the matrix between v and u, with vᵀJ, .grad, J u and the JVP.

`matrix(...)` draws it once; `answers(...)` hands it what torch says to the present v and u, without
sending the matrix again. What the person does comes back as `Chosen`.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import streamlit as st

from explorer.data import Plain
from explorer.picture.matrix import Band, Pictured
from explorer.picture.theme import DARK, LIGHT
from explorer.ui.lab import words
from explorer.ui.player.style import colour_rules, variables

_HERE: Final = Path(__file__).parent
_SHARED: Final = ("format", "tiles", "numbers")
"""Scripts of the player that the lab draws with too."""


STATES: Final = ("v", "u", "window", "look", "open")
"""What the person does, as the names under which the session holds it."""


def script() -> str:
    """All JavaScript of the lab as one module."""
    player = _HERE.parent / "player" / "js"
    parts = [(player / f"{name}.js").read_text(encoding="utf-8") for name in _SHARED]
    return "\n".join(["const WORDS = {};", *parts, (_HERE / "lab.js").read_text(encoding="utf-8")])


def style_sheet() -> str:
    """All CSS of the lab, in the colours of the theme."""
    rules = (_HERE / "lab.css").read_text(encoding="utf-8")
    return "\n".join(
        [variables(".lab", LIGHT), variables(".lab.dark", DARK), colour_rules(), rules]
    )


_mount = st.components.v2.component("explorer_lab", css=style_sheet(), js=script())

_answers = st.components.v2.component(
    "explorer_lab_answers",
    js="""
    export default function ({ data }) {
      const shared = (window.explorerLabs ??= { labs: new Map(), answers: new Map() });
      shared.answers.set(data.lab, data);
      shared.labs.get(data.lab)?.answered(data);
    }
    """,
)


class Vector(Plain, frozen=True):
    """A v or a u as it was chosen: `kind` is ones, random, hot, program or typed.

    `at` is the element that is 1 of a one-hot vector, or the seed of a random one; `values` are the
    numbers of a typed one.
    """

    kind: str = "ones"
    at: int = 0
    values: tuple[float, ...] = ()

    def numbers(self, size: int, program: tuple[float, ...] | None = None) -> tuple[float, ...]:
        """Its `size` numbers; ones where it was chosen for another size.

        >>> Vector("hot", 1).numbers(3), Vector("typed", values=(2.0,)).numbers(2)
        ((0.0, 1.0, 0.0), (1.0, 1.0))
        """
        if self.kind == "hot" and self.at < size:
            return tuple(float(place == self.at) for place in range(size))
        if self.kind == "random":
            drawn = np.random.default_rng(self.at).uniform(-1, 1, size)
            return tuple(np.round(drawn, 2).tolist())
        if self.kind == "typed" and len(self.values) == size:
            return self.values
        if self.kind == "program" and program is not None and len(program) == size:
            return program
        return (1.0,) * size


class Window(Plain, frozen=True):
    """What of a matrix is shown: only the columns of one input, only the rows of one sample."""

    part: int | None = None
    sample: int | None = None


class Look(Plain, frozen=True):
    """How a matrix is drawn: `colours` is picture, tensor or log, `layout` matrix or full."""

    colours: str = "picture"
    layout: str = "matrix"
    numbers: bool = False


class Samples(Plain, frozen=True):
    """A batch along both axes: how many samples, and how many elements one takes of the outputs and
    of each input that is shown (None where its first dimension is no batch)."""

    count: int = 0
    rows: int | None = None
    columns: tuple[int | None, ...] = ()


def matrix(
    shown: Pictured,
    *,
    key: str,
    sizes: tuple[int, int],
    program: tuple[float, ...] | None,
    parts: tuple[str, ...],
    samples: Samples,
    window: Window,
    cut: Sequence[tuple[str, str]],
    order: int,
    on: Callable[[], None],
) -> None:
    """Draw the matrix with v and u beside it.

    Args:
        shown: the cells.
        key: identifies this lab; what the person did stands in the session under it.
        sizes: numbers of rows and columns of the whole Jacobian.
        program: the v of the program's own backward, if it has one.
        parts: names of all inputs.
        samples: where samples lie along both axes.
        window: what of the matrix `shown` shows.
        cut: names of the outputs and inputs between which no path leads.
        order: 2 for a Hessian.
        on: called when the person has changed or chosen something.
    """
    data = {
        "key": key,
        "rows": [_band(band) for band in shown.rows],
        "columns": [_band(band) for band in shown.columns],
        "cells": _packed(shown.array),
        "largest": shown.largest,
        "sizes": sizes,
        "program": None if program is None else list(program),
        "parts": parts,
        "samples": msgspec.to_builtins(samples),
        "window": msgspec.to_builtins(window),
        "cut": list(cut),
        "order": order,
        "words": words.table(),
    }
    data["signature"] = hashlib.sha256(msgspec.json.encode(data)).hexdigest()[:16]
    told: Any = {f"on_{name}_change": on for name in STATES}
    _mount(key=key, data=data, height="content", **told)


def answers(key: str, said: dict[str, Any]) -> None:
    """Hand the lab `key` what torch says: arrays by name, and texts."""
    _answers(key=f"answers to {key}", data={"lab": key, **_all_packed(said)}, height=1)


def _all_packed(said: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _packed(value)
        if isinstance(value, np.ndarray)
        else _all_packed(value)
        if isinstance(value, dict)
        else value
        for name, value in said.items()
    }


def _band(band: Band) -> dict[str, Any]:
    return {**msgspec.to_builtins(band), "cells": band.cells}


def _packed(array: npt.NDArray[Any]) -> dict[str, Any]:
    """An array for the browser: float32 as it is, everything else as float64."""
    kind = "f4" if array.dtype in (np.float32, np.float16) else "f8"
    data = np.ascontiguousarray(array, dtype=f"<{kind}").tobytes()
    return {"kind": kind, "data": base64.b64encode(data).decode()}
