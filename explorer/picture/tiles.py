"""Draw one tensor as a small tile, in HTML or SVG: zero is flat grey, None is hatched and says so.

Numbers are printed where they fit and shown on hover everywhere; equal colours mean equal numbers
on the scale that the caller gives, which is one for a whole page.

>>> from explorer.picture.theme import LIGHT
>>> "None" in tile_html(None, scale=1.0, theme=LIGHT)
True
>>> drawing = tile_svg(None, scale=1.0, theme=LIGHT)
>>> drawing.wide, drawing.high, "None" in drawing.body
(72, 38, True)
"""

from html import escape
from typing import Final, NamedTuple

from explorer.data import AxisPart, Values
from explorer.frames.tiles import Tile, tile_of
from explorer.language import _
from explorer.picture.cells import color_of, format_number, ink_on
from explorer.picture.theme import Theme

LONGEST: Final = 96
"""Pixels of the longest side of a tile whose cells carry no numbers."""

MOST: Final = 16
"""Numbers that a tile prints at most, where nobody says otherwise."""

FONT: Final = "ui-monospace,'SF Mono','Cascadia Mono','DejaVu Sans Mono',monospace"
"""The letters of every number."""


class Drawing(NamedTuple):
    """A piece of SVG and the room it takes, in px; its upper left corner is at 0, 0."""

    wide: float
    high: float
    body: str


class _Cell(NamedTuple):
    """One cell: its colours, what stands in it and what it says when pointed at."""

    fill: str
    ink: str
    text: str
    size: int
    title: str


class _Grid(NamedTuple):
    """A tile laid out: equal cells in rows, or one word where there are no numbers."""

    columns: int
    wide: float
    high: float
    cells: tuple[_Cell, ...]
    word: str = ""
    label: str = ""
    hatched: bool = False


def tile_html(
    values: Values | None,
    *,
    scale: float,
    theme: Theme,
    name: str = "",
    most: int = MOST,
    longest: float = LONGEST,
) -> str:
    """The tile of `values` on a scale that ends at ±`scale`; None is torch's None.

    `name` is the tensor's, for the hover text of its elements. Up to `most` different numbers
    are printed; where none are, the longest side takes `longest` px.
    """
    grid = _laid_out(values, scale, theme, name, most, longest)
    if grid.word:
        word = (
            f'<span style="background:{theme.paper};color:{theme.ink};padding:0 5px;'
            f'font:600 13px/20px {FONT}">{escape(grid.word)}</span>'
        )
        ground = _hatching(theme) if grid.hatched else f"background:{theme.cell}"
        style = f"{ground};display:flex;align-items:center;justify-content:center"
        return _frame(grid.wide, grid.high, theme, style, word, grid.label)
    style = f"display:grid;grid-template-columns:repeat({grid.columns},{grid.wide:g}px)"
    cells = "".join(_cell_html(cell, grid, theme) for cell in grid.cells)
    rows = -(-len(grid.cells) // grid.columns)
    return _frame(grid.wide * grid.columns, grid.high * rows, theme, style, cells, grid.label)


def tile_svg(
    values: Values | None,
    *,
    scale: float,
    theme: Theme,
    name: str = "",
    most: int = MOST,
    longest: float = LONGEST,
) -> Drawing:
    """As `tile_html`, as a piece of SVG."""
    grid = _laid_out(values, scale, theme, name, most, longest)
    rows = -(-len(grid.cells) // grid.columns) if grid.cells else 1
    wide, high = grid.wide * grid.columns, grid.high * rows
    parts = []
    for i, cell in enumerate(grid.cells):
        row, column = divmod(i, grid.columns)
        x, y = column * grid.wide, row * grid.high
        told = f"<title>{escape(cell.title)}</title>" if cell.title else ""
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{grid.wide:g}" height="{grid.high:g}" '
            f'fill="{cell.fill}">{told}</rect>'
        )
        if cell.text:
            parts.append(
                text_svg(
                    x + grid.wide / 2, y + grid.high / 2 + cell.size * 0.36, cell.text, cell.ink,
                    cell.size, anchor="middle", mono=True, bold=True,
                )
            )  # fmt: skip
    if grid.word:
        parts.append(f'<rect width="{wide:g}" height="{high:g}" fill="{theme.cell}"/>')
        parts += [_strokes(wide, high, theme)] if grid.hatched else []
        room = 8.2 * len(grid.word) + 8
        parts.append(
            f'<rect x="{wide / 2 - room / 2:g}" y="{high / 2 - 10:g}" width="{room:g}" height="20" '
            f'fill="{theme.paper}"/>'
        )
        parts.append(
            text_svg(
                wide / 2, high / 2 + 4.7, grid.word, theme.ink, 13, anchor="middle", mono=True,
                bold=True,
            )
        )  # fmt: skip
    parts.append(
        f'<rect width="{wide:g}" height="{high:g}" rx="3" fill="none" stroke="{theme.dock}"/>'
    )
    return Drawing(wide, high, "".join(parts))


def text_svg(
    x: float, y: float, text: str, color: str, size: float, *, anchor: str = "start",
    mono: bool = False, bold: bool = False,
) -> str:  # fmt: skip
    """One line of text with its baseline at `y`."""
    font = FONT if mono else "system-ui,sans-serif"
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{color}" font-size="{size:g}" font-family="{font}"'
        f'{weight} text-anchor="{anchor}" xml:space="preserve">{escape(text)}</text>'
    )


def tile_width(
    values: Values | None, *, theme: Theme, most: int = MOST, longest: float = LONGEST
) -> float:
    """How wide `tile_html` draws `values`, in px."""
    grid = _laid_out(values, 1.0, theme, "", most, longest)
    return grid.wide * grid.columns + 2


def legend_html(scale: float, theme: Theme) -> str:
    """The scale of colours with its ends, and what grey and hatching mean."""
    colors = [*reversed(theme.minus), theme.zero, *theme.plus]
    strip = "".join(
        f'<i style="background:{color};width:13px;height:16px"></i>' for color in colors
    )
    end = escape(format_number(scale))
    zero = _frame(26, 16, theme, f"background:{theme.zero}", "")
    none = _frame(26, 16, theme, _hatching(theme), "")
    nought, nothing = _("zero"), _("None: nothing has arrived")
    return (
        f'<span class="word">−{end}</span>'
        f'<span style="display:inline-flex;gap:1px">{strip}</span>'
        f'<span class="word">{end}</span>'
        f'<span class="key">{zero} {nought}</span>'
        f'<span class="key">{none} {nothing}</span>'
    )


# ---------------------------------------------------------------------------------------- parts


def _laid_out(
    values: Values | None, scale: float, theme: Theme, name: str, most: int, longest: float
) -> _Grid:
    if values is None:
        return _Grid(1, 72, 38, (), "None", "None", hatched=True)
    tile = tile_of(values)
    if not tile.cells:
        return _Grid(1, 72, 38, (), tile.note or _("not kept"), values.summary)
    if tile.uniform:
        wide, high = (64, 34) if values.size == 1 else (72, 38)
        number = _number(tile.cells[0])
        title = (
            f"{name} = {number}"
            if values.size == 1
            else _("{name}: all {number}").format(name=name, number=number)
        )
        return _Grid(1, wide, high, (_cell(tile.cells[0], scale, theme, number, title, 15),))
    return _matrix(tile, values, scale, theme, name, most, longest)


def _matrix(
    tile: Tile, values: Values, scale: float, theme: Theme, name: str, most: int, longest: float
) -> _Grid:
    numbers = [_number(cell) for cell in tile.cells]
    printed = tile.block == (1, 1) and tile.columns <= 4 and len(numbers) <= most
    if printed:
        wide, high = max(44.0, 8.2 * max(map(len, numbers)) + 10), 26.0
    else:
        wide = high = max(longest / 32, min(14.0, longest / max(tile.rows, tile.columns)))
        wide = 28.0 if tile.columns == 1 else wide
        high = 28.0 if tile.rows == 1 else high
    part = AxisPart(name, values.shape)
    whole = tile.block == (1, 1)
    cells = []
    for i, (value, number) in enumerate(zip(tile.cells, numbers, strict=True)):
        title = f"{part.label(i)} = {number}" if whole else ""
        if printed:
            cells.append(_cell(value, scale, theme, number, title, 13))
        else:
            # A dash keeps signs apart where colours alone could not.
            dash = isinstance(value, float | int) and value < 0 and min(wide, high) >= 6
            cells.append(_cell(value, scale, theme, "–" if dash else "", title, 8))
    return _Grid(tile.columns, wide, high, tuple(cells), label=values.summary)


def _cell(
    value: float | str, scale: float, theme: Theme, text: str, title: str, size: int
) -> _Cell:
    if isinstance(value, str):
        return _Cell(theme.now_soft, theme.ink, text, size, title)
    fill = color_of(value, scale, theme)
    return _Cell(fill, theme.muted if value == 0 else ink_on(fill), text, size, title)


def _cell_html(cell: _Cell, grid: _Grid, theme: Theme) -> str:
    wide, high = grid.wide, grid.high
    alone = len(grid.cells) == 1
    gap = f"box-shadow:inset -1px -1px {theme.paper};" if min(wide, high) >= 6 and not alone else ""
    hover = f' title="{escape(cell.title, quote=True)}"' if cell.title else ""
    return (
        f'<i{hover} style="background:{cell.fill};color:{cell.ink};{gap}width:{wide:g}px;'
        f"height:{high:g}px;font:600 {cell.size}px/{high:g}px {FONT};text-align:center;"
        f'overflow:hidden">{cell.text}</i>'
    )


def _hatching(theme: Theme) -> str:
    return (
        f"background:repeating-linear-gradient(135deg,{theme.paper} 0 5px,{theme.line} 5px 6.5px)"
    )


def _strokes(wide: float, high: float, theme: Theme) -> str:
    """Slanting lines over a box, without an id that two pictures in one page could share."""
    lines = []
    at = 7.0
    while at < wide + high:
        x1, y1 = (at, 0.0) if at <= wide else (wide, at - wide)
        x2, y2 = (0.0, at) if at <= high else (at - high, high)
        lines.append(f"M{x1:g} {y1:g}L{x2:g} {y2:g}")
        at += 7
    path = "".join(lines)
    return f'<path d="{path}" stroke="{theme.line}" stroke-width="1.5" fill="none"/>'


def _frame(wide: float, high: float, theme: Theme, style: str, body: str, label: str = "") -> str:
    named = f' role="img" aria-label="{escape(label, quote=True)}"' if label else ""
    return (
        f'<span class="tile"{named} style="width:{wide:g}px;height:{high:g}px;'
        f'border:1px solid {theme.dock};border-radius:4px;overflow:hidden;{style}">{body}</span>'
    )


def _number(cell: float | str) -> str:
    return cell.replace("-", "−") if isinstance(cell, str) else format_number(cell)
