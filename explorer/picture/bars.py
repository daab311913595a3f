"""Bars on a logarithmic scale, one panel a series, as SVG: norms that span many powers of ten.

>>> from explorer.picture.theme import LIGHT
>>> drawn = log_bars([Series("Sigmoid", (1e-8, 1e-3, 10.0))], LIGHT)
>>> drawn.count('class="bar"'), "10⁻⁸" in drawn
(3, True)
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from explorer.language import _
from explorer.picture.cells import format_number
from explorer.picture.theme import Theme
from explorer.picture.tiles import text_svg

WIDE: Final = 1000
"""Width of the whole drawing, in its own units; it is shown as wide as the page has room."""

PHONE: Final = 420
"""The same on a phone, where the panels stand under each other and print keeps its size."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Series(NamedTuple):
    """One panel: its title and a nonnegative number for each bar, from first to last."""

    title: str
    values: tuple[float, ...]


def power(exponent: int) -> str:
    """Ten to an exponent, as it is printed."""
    return f"10{str(exponent).translate(_RAISED)}"


def log_bars(
    series: Sequence[Series], theme: Theme, *, label: str = "", phone: bool = False
) -> str:
    """All panels on one scale, so that equal heights mean equal numbers.

    `phone` draws them for a place that is about as narrow as a phone.
    A zero has no bar and says 0; an infinity or a NaN says so.
    """
    label = label or _("layer")
    columns = 1 if len(series) == 1 or phone else 2 if len(series) <= 4 else 3
    rows = -(-len(series) // columns)
    high = 430.0 if rows == 1 and not phone else 285.0
    whole = PHONE if phone else WIDE
    wide = whole / columns
    low, top = _span([value for one in series for value in one.values])
    size = 15.0 if columns < 3 else 13.0
    parts = []
    for i, one in enumerate(series):
        row, column = divmod(i, columns)
        body = _panel(one, wide - 14, high - 12, (low, top), theme, label, size)
        parts.append(f'<g transform="translate({column * wide:g} {row * high:g})">{body}</g>')
    told = "; ".join(
        _("{name}: first {first}, last {last}").format(
            name=one.title, first=_said(one.values[0]), last=_said(one.values[-1])
        )
        for one in series
        if one.values
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {rows * high:g}" role="img" '
        f'aria-label="{escape(told, quote=True)}" style="width:100%;height:auto;display:block">'
        f"{''.join(parts)}</svg>"
    )


def _panel(
    one: Series, wide: float, high: float, span: tuple[int, int], theme: Theme, label: str,
    size: float,
) -> str:  # fmt: skip
    low, top = span
    left, upper, lower = 3.6 * size, 2.6 * size, 3.2 * size
    room, tall = wide - left, high - upper - lower
    parts = [text_svg(left, 1.3 * size, one.title, theme.ink, size * 1.15, bold=True)]
    if one.values:
        ends = _("first {first} · last {last}") if size > 13 else "{first} → {last}"
        ends = ends.format(first=_said(one.values[0]), last=_said(one.values[-1]))
        parts.append(text_svg(wide, 1.3 * size, ends, theme.ink, size, anchor="end", mono=True))
    every = max(1, math.ceil((top - low) * size * 1.7 / tall))
    for exponent in range(low, top + 1):
        if exponent % every:
            continue
        y = upper + tall * (top - exponent) / (top - low)
        parts.append(
            f'<path d="M{left:g} {y:g}H{wide:g}" stroke="{theme.hairline}" stroke-width="1"/>'
        )
        parts.append(
            text_svg(left - 6, y + size * 0.35, power(exponent), theme.muted, size, anchor="end")
        )
    step = room / max(len(one.values), 1)
    bar = min(step * 0.78, 46)
    marks = max(1, math.ceil(len(one.values) * size * 2 / room))
    for i, value in enumerate(one.values):
        x = left + step * i + (step - bar) / 2
        parts.append(_bar(value, x, bar, (upper, tall), span, theme, f"{label} {i + 1}", size))
        last = len(one.values) - 1
        if i == last or (i % marks == 0 and last - i >= marks):
            middle, y = x + bar / 2, upper + tall + 1.3 * size
            parts.append(text_svg(middle, y, str(i + 1), theme.muted, size, anchor="middle"))
    base = upper + tall
    parts.append(
        f'<path d="M{left:g} {base:g}H{wide:g}" stroke="{theme.dock}" stroke-width="1.5"/>'
    )
    axis = _("{name}, from the input to the loss").format(name=label)
    parts.append(
        text_svg(left + room / 2, base + 2.7 * size, axis, theme.muted, size, anchor="middle")
    )
    return "".join(parts)


def _bar(
    value: float, x: float, wide: float, box: tuple[float, float], span: tuple[int, int],
    theme: Theme, name: str, size: float,
) -> str:  # fmt: skip
    (upper, tall), (low, top) = box, span
    base = upper + tall
    told = f"<title>{escape(f'{name}: {_said(value)}')}</title>"
    if value == 0 or not math.isfinite(value):
        word = "0" if value == 0 else format_number(value)
        text = text_svg(
            x + wide / 2, base - 4, word, theme.ink, size * 0.85, anchor="middle", bold=True
        )
        return f"<g>{told}{text}</g>"
    high = max(1.5, tall * (math.log10(value) - low) / (top - low))
    return (
        f'<rect class="bar" x="{x:.2f}" y="{base - high:.2f}" width="{wide:.2f}" '
        f'height="{high:.2f}" rx="1.5" fill="{theme.plus[4]}">{told}</rect>'
    )


def _span(values: list[float]) -> tuple[int, int]:
    """The powers of ten between which all finite numbers above zero lie, at least three apart."""
    logs = [math.log10(value) for value in values if value > 0 and math.isfinite(value)]
    if not logs:
        return -3, 1
    low, top = math.floor(min(logs) - 0.05), math.ceil(max(logs) + 0.05)
    return low - max(0, 3 - (top - low)), top


def _said(value: float) -> str:
    return format_number(value)
