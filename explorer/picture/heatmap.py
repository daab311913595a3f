"""A Jacobian as a Plotly figure, to be restyled: blue below zero, orange above, grey for zero,
hatched for no path.

`heatmap(jacobian, theme)` gives the figure. Equal colours mean equal numbers, on the same eight
steps a sign as every other picture; a derivative of zero and an input that no path reaches never
look alike.
"""

import math
from collections.abc import Sequence
from html import escape
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from explorer.data import Jacobian
from explorer.language import _
from explorer.picture.cells import color_of, format_number, ink_on
from explorer.picture.matrix import Band, Pictured, pictured
from explorer.picture.theme import STEPS, Theme

CELL_WIDE = 140.0
"""Width of a cell in px where there is room: a small matrix is read from the back of a room."""

CELL_TALL = 78.0
"""Height of a cell in px where there is room."""

TALLEST = 480.0
"""Height in px that the cells of a picture take together."""

MAX_NUMBERS: Final = 1_000
"""Cells up to which the numbers are printed, if they also fit."""

MAX_SENTENCES: Final = 20_000
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
    drawn = pictured(jacobian)
    rows, columns = drawn.array.shape
    names_y, names_x = _labels(drawn.rows), _labels(drawn.columns)
    longest_x, longest_y = (max(map(len, names), default=1) for names in (names_x, names_y))
    left, right, top = round(CHARACTER * longest_y) + 14, 100, 34
    cell_wide = min(CELL_WIDE, (width - left - right) / max(columns, 1))
    cell_tall = min(CELL_TALL, TALLEST / max(rows, 1))
    upright = cell_wide < CHARACTER * longest_x + 8
    bottom = round(CHARACTER * longest_x) + 18 if upright else 30
    bottom = max(bottom, BAR - round(rows * cell_tall)) + (0 if drawn.whole else 24)

    there = _reached(jacobian, drawn)
    z = np.where(there, drawn.array, np.nan).astype(float)
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
    _mark_parts(figure, drawn, there, cell_wide, theme)
    if not drawn.whole:
        figure.update_xaxes(title={"text": _statement(drawn), "font": {"size": 13}})
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


def _labels(bands: Sequence[Band]) -> list[str]:
    """Name of each cell's element, or of a block of them by its first and last, as no markup."""
    return [escape(band.label(cell), quote=False) for band in bands for cell in range(band.cells)]


def _starts(bands: Sequence[Band]) -> list[int]:
    """The first cell of each tensor, and the end of the last."""
    return [0, *accumulate(band.cells for band in bands)]


def _reached(jacobian: Jacobian, drawn: Pictured) -> npt.NDArray[np.bool_]:
    """For each cell whether a path leads from its output to its input."""
    columns = np.repeat(
        [band.reached for band in drawn.columns], [band.cells for band in drawn.columns]
    )
    there = np.tile(columns, (drawn.array.shape[0], 1))
    tall, wide = _starts(drawn.rows), _starts(drawn.columns)
    for row, column in jacobian.cut:
        there[tall[row] : tall[row + 1], wide[column] : wide[column + 1]] = False
    return there


def _statement(drawn: Pictured) -> str:
    """What a cell stands for, where it is not one entry."""
    tall, wide = drawn.rows[0].block, drawn.columns[0].block
    told = _("Each cell shows the entry of largest size among {tall} × {wide} neighbours.")
    return told.format(tall=tall, wide=wide)


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
    if z.size > MAX_SENTENCES:
        return {"hovertemplate": "row %{y}, column %{x}: %{z:.4g}<extra></extra>"}
    sentences = [
        [
            f"∂{row} / ∂{column} = {format_number(value)}"
            if there
            else _("no path from {row} to {column}: None, which is not zero").format(
                row=row, column=column
            )
            for column, value, there in zip(names_x, values, paths, strict=True)
        ]
        for row, values, paths in zip(names_y, array.tolist(), reached, strict=True)
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
    figure: go.Figure,
    drawn: Pictured,
    there: npt.NDArray[np.bool_],
    cell_wide: float,
    theme: Theme,
) -> None:
    """Separators between tensors, their names where they fit, hatching where no path leads."""
    tall, wide = _starts(drawn.rows), _starts(drawn.columns)
    right, bottom = wide[-1] - 0.5, tall[-1] - 0.5
    for band, start, end in zip(drawn.columns, wide, wide[1:], strict=False):
        x0, x1 = start - 0.5, end - 0.5
        if start:
            _line(figure, theme, x0=x0, x1=x0, y0=-0.5, y1=bottom)
        for top, below in pairwise(tall):
            if not there[top, start]:
                _hatch(figure, theme, (x0, x1), (top - 0.5, below - 0.5), cell_wide)
        room = (x1 - x0) * cell_wide / CHARACTER
        cut = _("{name}: no path").format(name=band.name)
        title = _fitting(band.name if band.reached else cut, room)
        figure.add_annotation(
            x=(x0 + x1) / 2, y=1, yref="paper", yanchor="bottom", yshift=2, showarrow=False,
            text=f"<b>{escape(title, quote=False)}</b>",
            font={"color": theme.ink if band.reached else theme.muted, "size": 13},
        )  # fmt: skip
    for top in tall[1:-1]:
        _line(figure, theme, x0=-0.5, x1=right, y0=top - 0.5, y1=top - 0.5)


def _fitting(name: str, room: float) -> str:
    """The name, its last part, or nothing, whichever fits into `room` characters."""
    return next((text for text in (name, name.rpartition(".")[2]) if len(text) + 1 <= room), "")


def _line(figure: go.Figure, theme: Theme, **ends: float) -> None:
    figure.add_shape(type="line", line={"color": theme.ink, "width": 2}, **ends)


def _hatch(
    figure: go.Figure,
    theme: Theme,
    across: tuple[float, float],
    down: tuple[float, float],
    cell_wide: float,
) -> None:
    """Diagonal strokes about 9 px apart over a box, given by its ends on both axes."""
    (left, right), (top, bottom) = across, down
    wide, tall = right - left, bottom - top
    pieces = int(min(60, max(3, wide * cell_wide / 9)))
    strokes = []
    for k in range(1, 2 * pieces):
        low, high = max(0.0, k / pieces - 1), min(1.0, k / pieces)
        x0, x1 = left + wide * low, left + wide * high
        y0, y1 = top + tall * high, top + tall * low
        strokes.append(f"M{x0:.4g},{y0:.4g}L{x1:.4g},{y1:.4g}")
    figure.add_shape(
        type="path", path=" ".join(strokes), line={"color": theme.line, "width": 1.5}, layer="below"
    )
