"""A ledger as one SVG file: the same lines and tiles as on the page, to print or to paste.

>>> from explorer.autograd.runner import run
>>> from explorer.ledger import ledger_of
>>> from explorer.picture.theme import LIGHT
>>> program = "import torch\\nx = torch.tensor(3.0, requires_grad=True)\\n(x * x).backward()"
>>> drawn = ledger_svg(ledger_of(run(program)), LIGHT)
>>> drawn.startswith("<svg"), "x.grad" in drawn, ">6<" in drawn
(True, True, True)
"""

from collections.abc import Collection
from typing import Final

from explorer.data import Values
from explorer.frames.tiles import shape_text
from explorer.language import _
from explorer.ledger import Entry, Ledger, Line
from explorer.picture.cells import format_number
from explorer.picture.ledger import ROOMY, argument_texts, scale_of, state_words
from explorer.picture.theme import Theme
from explorer.picture.tiles import Drawing, text_svg, tile_svg

WIDE: Final = 1200
"""Width of the picture in px; lines with many tensors break into rows."""

_HEAD: Final = 260
_GAP: Final = 26


def ledger_svg(ledger: Ledger, theme: Theme, *, names: Collection[str] | None = None) -> str:
    """The whole ledger; `names` are the tensors to draw (all of them by default)."""
    shown = [name for name in ledger.shapes if names is None or name in names]
    scale = scale_of(ledger)
    parts, y = [_legend(scale, theme)], 48.0
    for line in ledger.lines:
        drawing = _line(line, ledger, shown, scale, theme)
        parts.append(f'<path d="M16 {y:g}H{WIDE - 16}" stroke="{theme.line}"/>')
        parts.append(f'<g transform="translate(16 {y + 14:g})">{drawing.body}</g>')
        y += drawing.high + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{y:g}" '
        f'viewBox="0 0 {WIDE} {y:g}"><rect width="{WIDE}" height="{y:g}" fill="{theme.paper}"/>'
        f"{''.join(parts)}</svg>"
    )


def _legend(scale: float, theme: Theme) -> str:
    colors = [*reversed(theme.minus), theme.zero, *theme.plus]
    end = format_number(scale)
    strip = "".join(
        f'<rect x="{90 + 14 * i}" y="16" width="13" height="16" fill="{color}"/>'
        for i, color in enumerate(colors)
    )
    right = 90 + 14 * len(colors)
    return (
        text_svg(82, 29, f"−{end}", theme.ink, 13, anchor="end", mono=True)
        + strip
        + text_svg(right + 8, 29, end, theme.ink, 13, mono=True)
    )


def _line(line: Line, ledger: Ledger, names: list[str], scale: float, theme: Theme) -> Drawing:
    """One line: what it was on the left, a card for each tensor on the right."""
    title, *rest = _head(line)
    parts, y = [], 18.0
    for piece in _broken(title, 20):
        parts.append(text_svg(0, y, piece, theme.ink, 19, bold=True))
        y += 22
    for text in rest:
        for piece in _broken(text, 31):
            parts.append(text_svg(0, y, piece, theme.muted, 13, mono=True))
            y += 18
    x, top, tall, lowest = float(_HEAD), 0.0, 0.0, y
    for entry in line.entries:
        if entry.name not in names:
            continue
        card = _card(entry, line, ledger, scale, theme, roomy=len(names) <= ROOMY)
        if x > _HEAD and x + card.wide > WIDE - 32:
            x, top, tall = float(_HEAD), top + tall + 20, 0.0
        parts.append(f'<g transform="translate({x:g} {top:g})">{card.body}</g>')
        x, tall = x + card.wide + _GAP, max(tall, card.high)
        lowest = max(lowest, top + tall)
    if line.failure is not None:
        for piece in _broken(f"✕ {line.failure.message}", 120):
            lowest += 20
            parts.append(text_svg(0, lowest, piece, theme.ink, 14))
    return Drawing(WIDE - 32, lowest, "".join(parts))


def _head(line: Line) -> list[str]:
    where = _("line {number}: ").format(number=line.line) if line.line else ""
    if line.kind == "zero_grad":
        return ["zero_grad()", line.text]
    if line.kind == "changed":
        return [_("the program changes .grad"), where + line.text]
    title = _("call {number}").format(number=line.number)
    if line.kind == "other":
        return [title, where + line.text, _("adds nothing to any .grad")]
    return [title, where + line.text, *(text for text, _differs in argument_texts(line))]


def _card(
    entry: Entry, line: Line, ledger: Ledger, scale: float, theme: Theme, *, roomy: bool
) -> Drawing:
    shape = shape_text(ledger.shapes[entry.name])
    title = f"{entry.name}.grad"
    parts = [
        text_svg(0, 14, title, theme.ink, 15, mono=True, bold=True),
        text_svg(9.1 * len(title) + 8, 14, shape, theme.muted, 14, mono=True),
    ]
    tiles: list[tuple[str, Values | None, str]] = [("", entry.after, state_words(entry.state))]
    if entry.state == "added":
        middle = [("+", entry.added, _("added")), ("=", entry.after, _("after"))]
        tiles = [("", entry.before, _("before")), *middle]
        if entry.added is None:
            tiles = [("", entry.before, _("before")), ("→", entry.after, _("after"))]
    elif entry.state == "set" and line.kind == "changed":
        tiles = [("", entry.before, _("before")), ("→", entry.after, _("now"))]
    drawings = [
        tile_svg(v, scale=scale, theme=theme, name=title, most=16 if roomy else 1)
        for _sign, v, _words in tiles
    ]
    tall = max(drawing.high for drawing in drawings)
    x = 0.0
    for (sign, _v, words), drawing in zip(tiles, drawings, strict=True):
        if sign:
            parts.append(text_svg(x + 15, 28 + tall / 2 + 6, sign, theme.ink, 19, anchor="middle"))
            x += 30
        y = 28 + (tall - drawing.high) / 2
        parts.append(f'<g transform="translate({x:g} {y:g})">{drawing.body}</g>')
        middle_x, anchor = (x, "start") if len(tiles) == 1 else (x + drawing.wide / 2, "middle")
        parts.append(text_svg(middle_x, 46 + tall, words, theme.muted, 13, anchor=anchor))
        x += max(drawing.wide, 7.2 * len(words) if len(tiles) == 1 else 0)
    wide = max(x, 9.1 * (len(title) + len(shape)) + 8)
    return Drawing(wide, 52 + tall, "".join(parts))


def _broken(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` letters, broken at spaces where there are some."""
    pieces: list[str] = []
    for word in text.split(" "):
        if pieces and len(pieces[-1]) + 1 + len(word) <= most:
            pieces[-1] += f" {word}"
        else:
            pieces += [word[i : i + most] for i in range(0, len(word), most)]
    return pieces
