"""Draw a Jacobian as a heatmap: blue below zero, orange above, grey for zero, hatched for no path.

`heatmap(jacobian, theme)` gives a Plotly figure. Equal colours mean equal numbers, on the same
eight steps a sign as every other picture; a derivative of zero and an input that no path reaches
never look alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from explorer.data import Axis, Jacobian
from explorer.language import _
from explorer.picture.cells import color_of, format_number, ink_on
from explorer.picture.theme import STEPS, Theme

CELL_WIDE = 140.0
"""Width of a cell in px where there is room: a small matrix is read from the back of a room."""

CELL_TALL = 78.0
"""Height of a cell in px where there is room."""

TALLEST = 480.0
"""Height in px that the cells of a picture take together."""

MAX_NUMBERS: Final = 1_000
"""Cells up to which the numbers are printed, if they also fit."""

MAX_CELLS: Final = 100_000
"""Cells that are drawn; above it each drawn cell stands for a block of the matrix."""

MAX_LABELS_BYTES: Final = 20_000
"""Drawn cells up to which each has its own hover text; above it only its place and number."""

CHARACTER: Final = 7.3
"""Pixels of one character of a label."""

LEGIBLE: Final = 9
"""Pixels that printed numbers must at least be high."""

BAR: Final = 130
"""Pixels that the scale of colours is at least long."""

_HAIR: Final = 1e-9
"""Half the width of the band of zero, as a share of the largest number."""

_MONO: Final = "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace"


@dataclass(frozen=True)
class Shown:
    """The matrix as it is drawn: each cell stands for a block of `tall` x `wide` entries."""

    array: npt.NDArray[Any]
    tall: int
    wide: int

    @property
    def statement(self) -> str | None:
        """What a cell stands for, in words; None where it is one entry."""
        if self.tall == self.wide == 1:
            return None
        return _(
            "Each cell shows the entry of largest size among {tall} × {wide} neighbours: "
            "the whole matrix has too many entries to draw. The download has all."
        ).format(tall=self.tall, wide=self.wide)


def shown(jacobian: Jacobian, cells: int = MAX_CELLS) -> Shown:
    """The matrix, thinned out so that at most about `cells` cells are drawn.

    >>> from explorer.data import AxisPart, Values
    >>> axis = Axis((AxisPart("y", (400,)),))
    >>> square = Jacobian(axis, axis, Values.of_array(np.eye(400)), (True,), "reverse")
    >>> shown(square).array.shape, shown(square).tall
    ((200, 400), 2)
    """
    array = jacobian.array
    rows, columns = array.shape
    tall = wide = 1
    while math.ceil(rows / tall) * math.ceil(columns / wide) > cells:
        if rows / tall >= columns / wide:
            tall += 1
        else:
            wide += 1
    if tall == wide == 1:
        return Shown(array, 1, 1)
    padded = np.zeros((-(-rows // tall) * tall, -(-columns // wide) * wide))
    padded[:rows, :columns] = np.nan_to_num(array)
    blocks = padded.reshape(len(padded) // tall, tall, -1, wide).swapaxes(1, 2)
    flat = blocks.reshape(*blocks.shape[:2], tall * wide)
    largest = np.abs(flat).argmax(axis=-1)[..., None]
    return Shown(np.take_along_axis(flat, largest, axis=-1)[..., 0], tall, wide)


def largest(array: npt.NDArray[Any]) -> float:
    """The largest finite size in `array`; 1 where all is zero, so that a scale always exists."""
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) or 1.0 if finite.size else 1.0


def step_scale(theme: Theme) -> list[tuple[float, str]]:
    """A Plotly colour scale of flat steps on 0 … 1, zero at the middle.

    The steps end where `theme.level` ends them: step k of 8 covers sizes up to (k/8)² of the
    largest. Only zero itself is grey.
    """
    ends = [(k / STEPS) ** 2 for k in range(1, STEPS + 1)]
    above: list[tuple[float, str]] = []
    start = _HAIR
    for end, color in zip(ends, theme.plus, strict=True):
        above += [(0.5 + start / 2, color), (0.5 + end / 2, color)]
        start = end
    below: list[tuple[float, str]] = []
    start = _HAIR
    for end, color in zip(ends, theme.minus, strict=True):
        below += [(0.5 - start / 2, color), (0.5 - end / 2, color)]
        start = end
    zero = [(0.5 - _HAIR / 2, theme.zero), (0.5 + _HAIR / 2, theme.zero)]
    return [*reversed(below), *zero, *above]


def heatmap(jacobian: Jacobian, theme: Theme, *, width: int = 1200) -> go.Figure:
    """The Jacobian as a figure whose colours are those of `theme`.

    `width` is about how many pixels the page has for it: it decides whether numbers and labels fit.
    A figure that needs less says so in `layout.width`; the others take what they are given.
    """
    drawn = shown(jacobian)
    rows, columns = drawn.array.shape
    names_x = [_label(jacobian.columns, j * drawn.wide, drawn.wide) for j in range(columns)]
    names_y = [_label(jacobian.rows, i * drawn.tall, drawn.tall) for i in range(rows)]
    longest_x, longest_y = (max(map(len, names), default=1) for names in (names_x, names_y))
    left, right, top = round(CHARACTER * longest_y) + 14, 100, 34
    cell_wide = min(CELL_WIDE, (width - left - right) / max(columns, 1))
    cell_tall = min(CELL_TALL, TALLEST / max(rows, 1))
    upright = cell_wide < CHARACTER * longest_x + 8
    bottom = round(CHARACTER * longest_x) + 18 if upright else 30
    bottom = max(bottom, BAR - round(rows * cell_tall))

    reached = np.repeat(jacobian.reached, [len(part) for part in jacobian.columns.parts])
    there = reached[:: drawn.wide]
    z = np.where(there[None, :], drawn.array, np.nan).astype(float)
    end = largest(z)
    gap = 1 if min(cell_wide, cell_tall) >= 6 else 0
    figure = go.Figure(
        go.Heatmap(
            z=np.clip(z, -end, end),
            zmin=-end,
            zmax=end,
            zmid=0,
            colorscale=step_scale(theme),
            colorbar=_colorbar(end, max(BAR, round(rows * cell_tall)), theme),
            xgap=gap,
            ygap=gap,
            **_hover(z, drawn.array, names_y, names_x, there),
        )
    )
    if numbers := _numbers(z, end, cell_wide, cell_tall, theme):
        figure.add_trace(numbers)
    figure.update_xaxes(**_axis(names_x, cell_wide, theme), tickangle=-90 if upright else 0)
    figure.update_yaxes(**_axis(names_y, cell_tall, theme), range=[rows - 0.5, -0.5])
    _mark_parts(figure, jacobian, drawn, cell_wide, theme)
    figure.update_layout(
        height=round(rows * cell_tall) + top + bottom,
        margin={"l": left, "r": right, "t": top, "b": bottom, "autoexpand": False},
        paper_bgcolor=theme.paper,
        plot_bgcolor=theme.paper,
        font={"family": _MONO, "size": 12, "color": theme.ink},
        hoverlabel={"font": {"family": _MONO, "size": 15}},
    )
    natural = round(columns * cell_wide) + left + right
    if natural < 0.9 * width:
        figure.update_layout(width=natural)
    return figure


# ---------------------------------------------------------------------------------------- parts


def _label(axis: Axis, at: int, block: int) -> str:
    """Name of an element, or of a block of them by its first and last."""
    last = min(at + block, len(axis)) - 1
    return axis[at] if last <= at else f"{axis[at]} … {axis[last]}"


def _numbers(
    z: npt.NDArray[Any], end: float, wide: float, tall: float, theme: Theme
) -> go.Scatter | None:
    """The numbers, each in the ink that its cell allows; None where they would be illegible."""
    if z.size > MAX_NUMBERS:
        return None
    rows, columns = np.nonzero(~np.isnan(z))
    values = [float(value) for value in z[rows, columns]]
    text = [format_number(value) for value in values]
    longest = max(map(len, text), default=1)
    size = int(min(28, (wide - 2) / (0.6 * longest), 0.7 * tall))
    if size < LEGIBLE:
        return None
    inks = [theme.muted if value == 0 else ink_on(color_of(value, end, theme)) for value in values]
    return go.Scatter(
        x=columns, y=rows, text=text, mode="text", hoverinfo="skip", showlegend=False,
        textfont={"family": _MONO, "size": size, "color": inks},
    )  # fmt: skip


def _colorbar(top: float, length: int, theme: Theme) -> dict[str, Any]:
    ticks = [-top, -top / 4, 0.0, top / 4, top]
    return {
        "thickness": 14,
        "lenmode": "pixels",
        "len": length,
        "y": 1,
        "yanchor": "top",
        "ypad": 0,
        "outlinewidth": 0,
        "tickvals": ticks,
        "ticktext": [format_number(tick) for tick in ticks],
        "tickfont": {"family": _MONO, "size": 12, "color": theme.muted},
    }


def _hover(
    z: npt.NDArray[Any],
    array: npt.NDArray[Any],
    names_y: Sequence[str],
    names_x: Sequence[str],
    reached: npt.NDArray[Any],
) -> dict[str, Any]:
    """A sentence for each cell, or where that would be too heavy its place and number."""
    if z.size > MAX_LABELS_BYTES:
        return {"hovertemplate": "row %{y}, column %{x}: %{z:.4g}<extra></extra>"}
    sentences = [
        [
            f"∂{row} / ∂{column} = {format_number(value)}"
            if there
            else _("no path from {row} to {column}: None, which is not zero").format(
                row=row, column=column
            )
            for column, value, there in zip(names_x, values, reached, strict=True)
        ]
        for row, values in zip(names_y, array.tolist(), strict=True)
    ]
    return {"hovertext": sentences, "hovertemplate": "%{hovertext}<extra></extra>"}


def _axis(names: Sequence[str], space: float, theme: Theme) -> dict[str, Any]:
    """Tick labels in the person's names: all of them, or every n-th where they would collide."""
    every = max(1, math.ceil(14 / space))
    places = list(range(0, len(names), every))
    return {
        "tickmode": "array",
        "tickvals": places,
        "ticktext": [names[i] for i in places],
        "tickfont": {"family": _MONO, "size": 12, "color": theme.ink},
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "ticklabelstandoff": 4,
    }


def _mark_parts(
    figure: go.Figure, jacobian: Jacobian, drawn: Shown, cell_wide: float, theme: Theme
) -> None:
    """Separators between tensors, their names where they fit, hatching where no path leads."""
    rows, columns = drawn.array.shape
    bounds = [*jacobian.columns.starts, len(jacobian.columns)]
    for part, start, end, there in zip(
        jacobian.columns.parts, bounds, bounds[1:], jacobian.reached, strict=False
    ):
        left, right = start / drawn.wide - 0.5, min(end / drawn.wide, columns) - 0.5
        if start:
            _line(figure, theme, x0=left, x1=left, y0=-0.5, y1=rows - 0.5)
        if not there:
            _hatch(figure, theme, left, right, rows, cell_wide)
        room = (right - left) * cell_wide / CHARACTER
        title = _fitting(part.name if there else _("{name}: no path").format(name=part.name), room)
        figure.add_annotation(
            x=(left + right) / 2, y=1, yref="paper", yanchor="bottom", yshift=2, showarrow=False,
            text=f"<b>{title}</b>", font={"color": theme.ink if there else theme.muted, "size": 13},
        )  # fmt: skip
    for start in jacobian.rows.starts[1:]:
        at = start / drawn.tall - 0.5
        _line(figure, theme, x0=-0.5, x1=columns - 0.5, y0=at, y1=at)


def _fitting(name: str, room: float) -> str:
    """The name, its last part, or nothing, whichever fits into `room` characters."""
    return next((text for text in (name, name.rpartition(".")[2]) if len(text) + 1 <= room), "")


def _line(figure: go.Figure, theme: Theme, **ends: float) -> None:
    figure.add_shape(type="line", line={"color": theme.ink, "width": 2}, **ends)


def _hatch(
    figure: go.Figure, theme: Theme, left: float, right: float, rows: int, cell_wide: float
) -> None:
    """Diagonal strokes about 9 px apart over the columns from `left` to `right`."""
    wide = right - left
    pieces = int(min(60, max(3, wide * cell_wide / 9)))
    strokes = []
    for k in range(1, 2 * pieces):
        low, high = max(0.0, k / pieces - 1), min(1.0, k / pieces)
        x0, x1 = left + wide * low, left + wide * high
        y0, y1 = rows * high - 0.5, rows * low - 0.5
        strokes.append(f"M{x0:.4g},{y0:.4g}L{x1:.4g},{y1:.4g}")
    figure.add_shape(
        type="path", path=" ".join(strokes), line={"color": theme.line, "width": 1.5}, layer="below"
    )
