"""Draw one tensor as a small tile of HTML: zero is flat grey, None is hatched and says so.

Numbers are printed where they fit and shown on hover everywhere; equal colours mean equal numbers
on the scale that the caller gives, which is one for a whole page.

>>> from explorer.picture.theme import LIGHT
>>> "None" in tile_html(None, scale=1.0, theme=LIGHT)
True
"""

from html import escape
from typing import Final

from explorer.data import AxisPart, Values
from explorer.frames.tiles import Tile, tile_of
from explorer.picture.cells import color_of, format_number, ink_on
from explorer.picture.theme import Theme

LONGEST: Final = 96
"""Pixels of the longest side of a tile whose cells carry no numbers."""

_FONT: Final = "ui-monospace,'SF Mono','Cascadia Mono','DejaVu Sans Mono',monospace"


def tile_html(
    values: Values | None, *, scale: float, theme: Theme, name: str = "", roomy: bool = True
) -> str:
    """The tile of `values` on a scale that ends at ±`scale`; None is torch's None.

    `name` is the tensor's, for the hover text of its elements. `roomy` prints up to 16 numbers, and
    otherwise up to 4.
    """
    if values is None:
        return _none(theme)
    tile = tile_of(values)
    if not tile.cells:
        return _frame(72, 38, theme, f"background:{theme.cell}", escape(tile.note or "not kept"))
    if tile.uniform:
        wide, high = (64, 34) if values.size == 1 else (72, 38)
        number = _number(tile.cells[0])
        title = f"{name} = {number}" if values.size == 1 else f"{name}: all {number}"
        cell = _cell(tile.cells[0], scale, theme, wide, high, number, title, size=15)
        return _frame(wide, high, theme, "display:grid", cell)
    return _grid(tile, values, scale, theme, name, 16 if roomy else 4)


def legend_html(scale: float, theme: Theme) -> str:
    """The scale of colours with its ends, and what grey and hatching mean."""
    colors = [*reversed(theme.minus), theme.zero, *theme.plus]
    strip = "".join(
        f'<i style="background:{color};width:13px;height:16px"></i>' for color in colors
    )
    end = escape(format_number(scale))
    zero = _frame(26, 16, theme, f"background:{theme.zero}", "")
    none = _frame(26, 16, theme, _hatching(theme), "")
    return (
        f'<span class="word">−{end}</span>'
        f'<span style="display:inline-flex;gap:1px">{strip}</span>'
        f'<span class="word">{end}</span>'
        f'<span class="key">{zero} zero</span>'
        f'<span class="key">{none} None: nothing has arrived</span>'
    )


# ---------------------------------------------------------------------------------------- parts


def _grid(tile: Tile, values: Values, scale: float, theme: Theme, name: str, most: int) -> str:
    numbers = [_number(cell) for cell in tile.cells]
    printed = tile.block == (1, 1) and tile.columns <= 4 and len(numbers) <= most
    if printed:
        wide, high = max(44.0, 8.2 * max(map(len, numbers)) + 10), 26.0
    else:
        wide = high = max(3.0, min(14.0, LONGEST / max(tile.rows, tile.columns)))
        wide = 28.0 if tile.columns == 1 else wide
        high = 28.0 if tile.rows == 1 else high
    part = AxisPart(name, values.shape)
    whole = tile.block == (1, 1)
    cells = [
        _cell(
            cell,
            scale,
            theme,
            wide,
            high,
            number if printed else "",
            f"{part.label(i)} = {number}" if whole else "",
        )
        for i, (cell, number) in enumerate(zip(tile.cells, numbers, strict=True))
    ]
    style = f"display:grid;grid-template-columns:repeat({tile.columns},{wide:g}px)"
    return _frame(
        wide * tile.columns, high * tile.rows, theme, style, "".join(cells), values.summary
    )


def _cell(
    value: float | str, scale: float, theme: Theme, wide: float, high: float, text: str,
    title: str, size: int = 13,
) -> str:  # fmt: skip
    if isinstance(value, str):
        fill, ink = theme.now_soft, theme.ink
    else:
        fill = color_of(value, scale, theme)
        ink = theme.muted if value == 0 else ink_on(fill)
        if not text and value < 0 and min(wide, high) >= 6:
            # A dash keeps signs apart where colours alone could not.
            text, size = "–", 8
    gap = f"box-shadow:inset -1px -1px {theme.paper};" if min(wide, high) >= 6 else ""
    hover = f' title="{escape(title, quote=True)}"' if title else ""
    return (
        f'<i{hover} style="background:{fill};color:{ink};{gap}width:{wide:g}px;height:{high:g}px;'
        f'font:600 {size}px/{high:g}px {_FONT};text-align:center;overflow:hidden">{text}</i>'
    )


def _none(theme: Theme) -> str:
    word = (
        f'<span style="background:{theme.paper};color:{theme.ink};padding:0 5px;'
        f'font:600 13px/20px {_FONT}">None</span>'
    )
    style = f"{_hatching(theme)};display:flex;align-items:center;justify-content:center"
    return _frame(72, 38, theme, style, word, "None")


def _hatching(theme: Theme) -> str:
    return (
        f"background:repeating-linear-gradient(135deg,{theme.paper} 0 5px,{theme.line} 5px 6.5px)"
    )


def _frame(wide: float, high: float, theme: Theme, style: str, body: str, label: str = "") -> str:
    named = f' role="img" aria-label="{escape(label, quote=True)}"' if label else ""
    return (
        f'<span class="tile"{named} style="width:{wide:g}px;height:{high:g}px;'
        f'border:1px solid {theme.dock};border-radius:4px;overflow:hidden;{style}">{body}</span>'
    )


def _number(cell: float | str) -> str:
    return cell.replace("-", "−") if isinstance(cell, str) else format_number(cell)
