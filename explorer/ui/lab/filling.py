"""A large Jacobian is filled a few rows at a time: its progress shows, and it can be stopped.

Each piece is a question of its own, remembered like any other: going on after a stop begins where
it stopped.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np
import streamlit as st

from explorer.data import Answer, Axis, AxisPart, Jacobian, JacobianAsk, Values
from explorer.language import _
from explorer.ui import running, session

ENTRIES: Final = 2**21
"""Entries of the first piece: well under half a second's work where torch can batch the rows."""

ROWS: Final = 500
"""Rows of the first piece at most: well under half a second's work where each is a backward."""

MOST: Final = (2**22, 4_000)
"""Entries and rows of the largest piece."""

_STOPPED: Final = "jacobian stopped"


def pieces(rows: int, columns: int) -> list[tuple[int, int]]:
    """The rows of each piece, from and to; each is up to twice as large as the one before.

    For each piece the program runs once more, which for most programs costs more than the rows.

    >>> pieces(20, 47), pieces(256, 5124), pieces(1000, 1000)
    ([(0, 20)], [(0, 256)], [(0, 500), (500, 1000)])
    >>> pieces(2560, 5514)
    [(0, 380), (380, 1140), (1140, 1900), (1900, 2560)]
    """
    width = max(1, columns)
    step, most = max(1, min(ROWS, ENTRIES // width)), max(1, min(MOST[1], MOST[0] // width))
    found: list[tuple[int, int]] = []
    start = 0
    while start < rows or not found:
        found.append((start, min(start + step, rows)))
        start, step = start + step, min(2 * step, most)
    return found


def answer(
    ask: JacobianAsk,
    shape: tuple[int, ...],
    columns: int,
    asked: Callable[[JacobianAsk], Answer],
) -> Answer | None:
    """The answer to `ask`, whose output has `shape`; None while it is stopped."""
    rows = int(np.prod(shape, dtype=np.int64))
    parts = pieces(rows, columns)
    if len(parts) == 1 or ask.order != 1:
        return asked(ask)
    if session.remembered(_STOPPED, False):
        st.info(_("Stopped: this matrix has {rows} × {columns} entries.").format(
            rows=rows, columns=columns))  # fmt: skip
        st.button(_("Go on"), on_click=_stop, args=(False,), icon=":material/play_arrow:")
        return None
    bar, button = st.empty(), st.empty()
    button.button(_("Stop"), on_click=_stop, args=(True,), icon=":material/stop:")
    found: list[Jacobian] = []
    for start, end in parts:
        told = _("{done} of {rows} rows").format(done=start, rows=rows)
        with running.telling(lambda _: bar.progress(start / rows, text=told)):  # noqa: B023
            bar.progress(start / rows, text=told)
            piece = asked(msgspec.structs.replace(ask, rows=(start, end)))
        if piece.jacobian is None:
            bar.empty()
            button.empty()
            return piece
        found.append(piece.jacobian)
    bar.empty()
    button.empty()
    return Answer(ask, jacobian=joined(found, ask.outputs, shape))


def joined(found: Sequence[Jacobian], name: str, shape: tuple[int, ...]) -> Jacobian:
    """Pieces one under another as the one matrix that they are."""
    first = found[0]
    array = np.concatenate([one.array for one in found])
    reached = tuple(any(one.reached[k] for one in found) for k in range(len(first.reached)))
    values = Values.of_array(array, first.values.dtype)
    return Jacobian(Axis((AxisPart(name, shape),)), first.columns, values, reached, first.method)


def _stop(stopped: bool) -> None:
    session.remember(_STOPPED, stopped)
