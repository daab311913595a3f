"""A column of the matrix as a forward pass: the tangent of every variable on the way."""

from collections.abc import Callable
from html import escape
from typing import Final

import numpy as np
import streamlit as st

from explorer.data import Answer, AxisPart, Jacobian, JacobianAsk, JvpAsk, Pushed, Values
from explorer.frames.tiles import largest
from explorer.language import _, retold
from explorer.picture.tiles import tile_html
from explorer.ui import widgets
from explorer.ui.lab.rows import place_on
from explorer.ui.wording import plain

MAX_TANGENTS: Final = 60
"""Variables whose tangents are shown, the latest of a longer program."""

_STYLE: Final = """
<style>
.tangents { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 14px 10px; }
.tangents figure { margin: 0; display: grid; justify-items: center; gap: 4px; }
.tangents figcaption, .tangents .arrow { font: 600 14px ui-monospace, 'SF Mono', 'Cascadia Mono',
  'DejaVu Sans Mono', monospace; }
.tangents .arrow { align-self: center; padding-bottom: 22px; font-size: 19px; }
.tangents i { display: block; font-style: normal; }
.tangents .tile { display: inline-block; box-sizing: content-box; }
</style>
"""


def show(at: int, ask: JacobianAsk, found: Jacobian, asked: Callable[[JvpAsk], Answer]) -> None:
    """The tangents when element `at` of the inputs moves; of a Hessian that of the gradient too."""
    name = found.columns[at]
    st.subheader(_("Column {column}: forward with a one-hot u").format(column=plain(name)))
    u = tuple(float(place == at) for place in range(len(found.columns)))
    answer = asked(JvpAsk(ask.outputs, ask.wrt, u, ask.order))
    if answer.pushed is None:
        st.info(
            _("Forward mode cannot run here. torch says:") + " " + plain(retold(answer.error or ""))
        )
        return
    tiles = [("u", _unit(at, found)), *_named(answer.pushed)]
    if ask.order == 2:
        tiles += _gradient(answer.pushed, found)
    _draw(tiles)
    torch = answer.pushed.values.array
    column = found.array[:, at].astype(float)
    agrees = torch is not None and np.allclose(torch.ravel(), column, rtol=1e-3, atol=1e-6)
    told = _(
        "Each tile says how fast that variable changes as {column} grows; None means that it "
        "does not depend on it. The last one is column {column} of the matrix {agrees}."
    )
    if ask.order == 2:
        told = _(
            "Each tile says how fast that variable changes as {column} grows, and the last ones "
            "how fast the gradient does: forward mode over the backward pass. They are column "
            "{column} of the Hessian {agrees}."
        )
    st.caption(told.format(column=plain(name), agrees="✓" if agrees else "≠"))


def _named(pushed: Pushed) -> list[tuple[str, Values | None]]:
    """The tangents under the names of their variables, numbered where a name comes again."""
    tangents = pushed.tangents[-MAX_TANGENTS:]
    again = {one.name for one in tangents if one.number > 1}
    return [
        (f"{one.name}#{one.number}" if one.name in again else one.name, one.values)
        for one in tangents
    ]


def _gradient(pushed: Pushed, found: Jacobian) -> list[tuple[str, Values | None]]:
    """What forward mode carried at the gradient, in the shapes of what it is taken by."""
    array = pushed.values.array
    if array is None:
        return []
    parts, starts = found.rows.parts, found.rows.starts
    return [
        (part.name, _shaped(array, start, part)) for part, start in zip(parts, starts, strict=True)
    ]


def _shaped(array: np.ndarray, start: int, part: AxisPart) -> Values:
    return Values.of_array(array.ravel()[start : start + len(part)].reshape(part.shape))


def _unit(at: int, found: Jacobian) -> Values:
    """The one-hot u in the shape of the tensor that it moves."""
    _number, part, inside = place_on(found.columns, at)
    array = np.zeros(len(part), dtype=np.float32)
    array[inside] = 1
    return Values.of_array(array.reshape(part.shape))


def _draw(tiles: list[tuple[str, Values | None]]) -> None:
    scale = largest([values for _name, values in tiles[1:] if values is not None]) or 1.0
    colors = widgets.theme()
    figures = [
        f"<figure>{tile_html(values, scale=scale, theme=colors, name=title)}"
        f"<figcaption>{escape(title)}</figcaption></figure>"
        for title, values in tiles
    ]
    st.html(_STYLE + f'<div class="tangents">{"<span class=arrow>→</span>".join(figures)}</div>')
