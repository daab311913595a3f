"""Draw a program as numbered lines, each with a mark where something happened there.

>>> from explorer.picture.theme import LIGHT
>>> drawn = listing_html("x = 1\\ny = 2", LIGHT, {2: Mark("call 1")})
>>> drawn.count('class="row'), "call 1" in drawn
(2, True)
"""

import difflib
import io
import keyword
import tokenize
from collections.abc import Mapping
from html import escape
from typing import Final, NamedTuple

from explorer.picture.theme import Theme
from explorer.picture.tiles import FONT

STYLE: Final = f"""
<style>
.listing {{ font: 14px/1.62 {FONT}; border-radius: 8px; padding: 10px 0; overflow: hidden;
  background: var(--cell); color: var(--ink); }}
.listing .row {{ display: grid; grid-template-columns: 40px minmax(0, 1fr) auto; gap: 0 12px;
  padding-right: 12px; align-items: baseline; border-left: 4px solid transparent; }}
.listing .number {{ text-align: right; color: var(--quiet); font-size: 12px; }}
.listing .text {{ white-space: pre-wrap; overflow-wrap: anywhere;
  padding-left: calc(var(--in) + 2ch); text-indent: calc(-2ch - var(--in)); }}
@media (min-width: 1600px) {{ .listing {{ font-size: 16px; }} }}
.listing .badge {{ font: 600 12px/18px system-ui, sans-serif; color: var(--quiet);
  border: 1px solid var(--edge); border-radius: 9px; padding: 0 8px; white-space: nowrap; }}
.listing .row.now {{ background: var(--now); border-left-color: var(--yellow); }}
.listing .row.failed {{ border-left-color: var(--ink); }}
.listing .row.failed .badge {{ color: var(--ink); border-color: var(--ink); }}
.listing .row.plus {{ background: var(--now); border-left-color: var(--yellow); }}
.listing .row.minus .text {{ text-decoration: line-through; opacity: .65; }}
.listing b {{ font-weight: 700; }}
.listing em {{ font-style: normal; color: var(--quiet); }}
</style>
"""
"""The look of `listing_html`; a page needs it once."""


class Mark(NamedTuple):
    """What stands at one line: a badge, and a kind of `now`, `failed`, `plus`, `minus` or none."""

    badge: str = ""
    kind: str = ""


def listing_html(source: str, theme: Theme, marks: Mapping[int, Mark] | None = None) -> str:
    """The lines of `source` with `marks` by line number, from 1."""
    rows = [
        _row(i, text, (marks or {}).get(i, Mark()))
        for i, text in enumerate(_styled(source.rstrip("\n")), 1)
    ]
    return _framed("".join(rows), theme)


def difference_html(before: str, after: str, theme: Theme, *, around: int = 2) -> str:
    """What changes from one program to another: lines gone and lines new, with a few around them.

    A plus and a minus say it too, so that colour is not needed.
    """
    old, new = before.rstrip("\n").splitlines(), after.rstrip("\n").splitlines()
    old_text, new_text = _styled(before.rstrip("\n")), _styled(after.rstrip("\n"))
    rows: list[str] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(around):
        if rows or group[0][3] > 0:
            rows.append('<div class="row"><span class="number">⋮</span></div>')
        for kind, i1, i2, j1, j2 in group:
            if kind == "equal":
                rows += [_row(j + 1, new_text[j], Mark()) for j in range(j1, j2)]
                continue
            rows += [_row("−", old_text[i], Mark("", "minus")) for i in range(i1, i2)]
            rows += [_row("+", new_text[j], Mark("", "plus")) for j in range(j1, j2)]
        if group[-1][4] < len(new):
            rows.append('<div class="row"><span class="number">⋮</span></div>')
    return _framed("".join(rows), theme)


def variables_css(theme: Theme) -> str:
    """The theme as the custom properties that the style sheets here read."""
    return (
        f"--edge:{theme.line};--quiet:{theme.muted};--now:{theme.now_soft};--ink:{theme.ink};"
        f"--cell:{theme.cell};--paper:{theme.paper};--yellow:{theme.now};"
        f"--hairline:{theme.hairline};--dock:{theme.dock}"
    )


# ---------------------------------------------------------------------------------------- parts


def _framed(body: str, theme: Theme) -> str:
    return f'<div class="listing" style="{variables_css(theme)}">{body}</div>'


def _row(number: int | str, text: str, mark: Mark) -> str:
    badge = f'<span class="badge">{escape(mark.badge)}</span>' if mark.badge else ""
    indent = len(text) - len(text.lstrip(" "))
    return (
        f'<div class="row {mark.kind}"><span class="number">{number}</span>'
        f'<span class="text" style="--in:{indent}ch">{text or " "}</span>{badge}</div>'
    )


def _styled(source: str) -> list[str]:
    """The lines as HTML: keywords bold, comments grey; as they are where they are no Python."""
    lines = source.splitlines()
    pieces: dict[int, list[tuple[int, int, str]]] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            tag = ""
            if token.type == tokenize.COMMENT:
                tag = "em"
            elif token.type == tokenize.NAME and keyword.iskeyword(token.string):
                tag = "b"
            if tag:
                pieces.setdefault(token.start[0], []).append((token.start[1], token.end[1], tag))
    except (tokenize.TokenError, SyntaxError):
        return [escape(line) for line in lines]
    return [_tagged(line, pieces.get(i, [])) for i, line in enumerate(lines, 1)]


def _tagged(line: str, pieces: list[tuple[int, int, str]]) -> str:
    built, at = [], 0
    for start, end, tag in pieces:
        built += [escape(line[at:start]), f"<{tag}>{escape(line[start:end])}</{tag}>"]
        at = end
    return "".join([*built, escape(line[at:])])
