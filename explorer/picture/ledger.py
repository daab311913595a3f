"""Draw a ledger as HTML: a block for each line, before + added = after for each tensor.

All tiles of a ledger share one scale, so equal colours mean equal numbers. A tensor that a line did
not touch shows one tile and says why.
"""

from collections.abc import Collection
from html import escape
from typing import Final

import numpy as np

from explorer.data import Values
from explorer.frames.tiles import largest, shape_text, tile_of
from explorer.language import _, retold
from explorer.ledger import Entry, Failure, Ledger, Line, Use
from explorer.picture.cells import format_number
from explorer.picture.listing import variables_css
from explorer.picture.theme import Theme
from explorer.picture.tiles import FONT, LONGEST, legend_html, tile_html, tile_width

ROOMY: Final = 4
"""Tensors up to which their tiles print every number of small tensors."""

SHORT: Final = 2
"""Lines up to which a ledger of few tensors is drawn as large as it can be."""

MANY_USES: Final = 6
"""Uses of one tensor that are drawn; of more the first and the last few."""

STYLE: Final = f"""
<style>
.ledger {{ container-type: inline-size; color: var(--ink); }}
.ledger code, .ledger .mono {{ font-family: {FONT}; background: none; color: inherit; padding: 0;
  font-size: inherit; }}
.ledger i {{ display: block; font-style: normal; }}
.ledger .tile {{ display: inline-block; box-sizing: content-box; }}
.ledger .legend {{ display: flex; align-items: center; gap: 8px; font-size: 13px; flex-wrap: wrap;
  padding-bottom: 10px; }}
.ledger .legend .word {{ font-family: {FONT}; }}
.ledger .legend .key {{ display: inline-flex; align-items: center; gap: 6px; margin-left: 18px; }}
.ledger .line {{ display: grid; grid-template-columns: 190px minmax(0, 1fr); gap: 8px 20px;
  border-top: 1px solid var(--edge); padding: 14px 10px 16px; }}
.ledger .line.fresh {{ background: var(--now); }}
.ledger .call {{ font-size: 20px; font-weight: 700; line-height: 1.3; }}
.ledger .failed .call::before {{ content: "✕ "; }}
.ledger .source {{ font-size: 13.5px; line-height: 1.45; overflow-wrap: anywhere;
  padding: 2px 0 6px; }}
.ledger .quiet {{ color: var(--quiet); font-weight: 400; }}
.ledger .arguments {{ font: 12.5px/1.55 {FONT}; color: var(--quiet); }}
.ledger .arguments b {{ color: var(--ink); }}
.ledger .leaves {{ display: grid; gap: 16px 26px; align-items: start; align-content: start; }}
.ledger .leaf h4 {{ font: 600 16px/1.3 {FONT}; margin: 0 0 5px; padding: 0; letter-spacing: 0; }}
.ledger .sum {{ display: flex; flex-wrap: wrap; align-items: center; gap: 6px 9px;
  font-size: 19px; }}
.ledger figure {{ margin: 0; display: grid; justify-items: center; gap: 2px; }}
.ledger figcaption {{ font-size: 12.5px; line-height: 1.35; color: var(--quiet);
  text-align: center; }}
.ledger .as-it-was {{ justify-items: start; }}
.ledger .sign {{ padding-bottom: 19px; font-weight: 600; }}
.ledger .remark {{ font-size: 13.5px; line-height: 1.45; color: var(--quiet); margin: 6px 0 0; }}
.ledger .uses {{ margin: 8px 0 0 0; padding: 6px 0 0 12px; border-left: 3px solid var(--edge); }}
.ledger .uses > .word, .ledger summary {{ font-size: 13.5px; color: var(--quiet);
  padding-bottom: 4px; }}
.ledger summary {{ cursor: pointer; }}
.ledger .uses .sum {{ align-items: start; }} .ledger .uses .sign {{ padding-top: 6px; }}
.ledger .uses figcaption {{ max-width: 150px; overflow-wrap: anywhere; }}
.ledger .failure {{ grid-column: 1 / -1; border: 2px solid var(--ink); border-radius: 8px;
  padding: 10px 14px; font-size: 15px; line-height: 1.5; background: var(--paper); }}
.ledger .failure ul {{ margin: 6px 0 0 20px; padding: 0; }}
.ledger .gone {{ display: inline-block; border: 1.5px dashed var(--quiet); border-radius: 5px;
  padding: 0 7px; text-decoration: line-through; font-family: {FONT}; font-size: 13px; }}
.ledger .slim {{ padding: 7px 10px; }} .ledger .slim .call {{ font-size: 15px; }}
.ledger.one {{ zoom: 1.3; }}
.ledger.few {{ zoom: 1.08; }}
@media (min-width: 1600px) {{
  .ledger.one {{ zoom: 1.9; }} .ledger.few {{ zoom: 1.4; }} .ledger.many {{ zoom: 1.12; }}
}}
.ledger.one.long, .ledger.few.long {{ zoom: 1; }}
@media (min-width: 1600px) {{ .ledger.one.long, .ledger.few.long {{ zoom: 1.25; }} }}
.ledger .changed .call {{ font-size: 16px; }}
.ledger.one.long .line {{ grid-template-columns: 262px minmax(0, 1fr); }}
.ledger.many .line {{ grid-template-columns: 172px minmax(0, 1fr); }}
.ledger.many .leaves {{ column-gap: 14px; }}
@media (max-width: 560px) {{ .ledger.ledger.ledger {{ zoom: 1; }} }}
@container (max-width: 520px) {{
  .ledger.ledger.ledger .line {{ grid-template-columns: minmax(0, 1fr); padding: 12px 0; }}
  .ledger .legend {{ gap: 6px; }} .ledger .legend .key {{ margin: 0 10px 0 0; }}
  .ledger .arguments {{ display: flex; flex-wrap: wrap; column-gap: 16px; }}
}}
</style>
"""
"""The look of `ledger_html`; a page needs it once."""


def ledger_html(
    ledger: Ledger, theme: Theme, *, names: Collection[str] | None = None, fresh: bool = False
) -> str:
    """The whole ledger. `names` are the tensors to show (all of them by default).

    `fresh` lights the last line, which the visitor has just pressed.
    """
    shown = [name for name in ledger.shapes if names is None or name in names]
    return _Page(ledger, theme, shown).html(fresh=fresh)


def scale_of(ledger: Ledger) -> float:
    """Where the scale of colours of a ledger ends: its largest gradient, or 1."""
    return largest(ledger.values) or 1.0


class _Page:
    def __init__(self, ledger: Ledger, theme: Theme, names: list[str]) -> None:
        self.ledger, self.theme, self.names = ledger, theme, names
        self.scale = scale_of(ledger)
        self.roomy = len(names) <= ROOMY
        self.most, self.longest = (16, LONGEST) if self.roomy else (1, 72)
        self.wide = self._column()

    def html(self, *, fresh: bool) -> str:
        size = "one" if len(self.names) == 1 else "few" if self.roomy else "many"
        lines = self.ledger.lines
        size += " long" if len(lines) > SHORT else ""
        body = "".join(self._line(line, fresh and line is lines[-1]) for line in lines)
        legend = f'<div class="legend">{legend_html(self.scale, self.theme)}</div>'
        return (
            f'<div class="ledger {size}" style="{variables_css(self.theme)}">{legend}{body}</div>'
        )

    def _column(self) -> int:
        """Px that before + added = after need at most, so that all lines share their columns."""
        widest = 232.0
        for line in self.ledger.lines:
            for entry in line.entries:
                if entry.name in self.names and entry.state in ("added", "set"):
                    parts = (entry.before, entry.added, entry.after)
                    wide = [
                        tile_width(v, theme=self.theme, most=self.most, longest=self.longest)
                        for v in parts
                    ]
                    widest = max(widest, sum(wide) + 2 * 34)
        return round(widest)

    # ------------------------------------------------------------------------------- one line

    def _line(self, line: Line, fresh: bool) -> str:
        state = " ".join(
            [*(["fresh"] if fresh else []), *(["failed"] if line.failure else []), line.kind]
        )
        if line.kind == "other":
            return self._other(line, state)
        leaves = "".join(self._leaf(entry, line) for entry in self._entries(line))
        columns = f"grid-template-columns:repeat(auto-fill,minmax(min({self.wide}px,100%),1fr))"
        return (
            f'<section class="line {state}"><div>{self._head(line)}</div>'
            f'<div class="leaves" style="{columns}">{leaves}</div>'
            f"{self._failure(line.failure) if line.failure else ''}</section>"
        )

    def _entries(self, line: Line) -> list[Entry]:
        return [entry for entry in line.entries if entry.name in self.names]

    def _call(self, line: Line) -> str:
        return _("call {number}").format(number=line.number)

    def _head(self, line: Line) -> str:
        where = f"{_line_number(line.line)} " if line.line else ""
        source = (
            f'<div class="source mono"><span class="quiet">{where}</span>{escape(line.text)}</div>'
        )
        if line.kind == "zero_grad":
            return f'<div class="call">zero_grad()</div>{source}'
        if line.kind == "changed":
            title = _("the program changes .grad")
            return f'<div class="call">{title}</div>{source}'
        note = f'<p class="remark">{escape(retold(line.note))}</p>' if line.note else ""
        return f'<div class="call">{self._call(line)}</div>{source}{self._arguments(line)}{note}'

    def _arguments(self, line: Line) -> str:
        """v and the switches of the call; what differs from torch's default stands out."""
        told = "".join(
            f"<div><b>{escape(text)}</b></div>" if differs else f"<div>{escape(text)}</div>"
            for text, differs in argument_texts(line)
        )
        return f'<div class="arguments">{told}</div>'

    def _other(self, line: Line, state: str) -> str:
        what = line.failure.message if line.failure else _("adds nothing to any .grad")
        return (
            f'<section class="line slim {state}"><div class="call quiet">{self._call(line)}</div>'
            f'<div class="remark mono"><span class="quiet">{_line_number(line.line)} </span>'
            f"{escape(line.text)} <span class='quiet'>· {escape(what)}</span></div></section>"
        )

    # ------------------------------------------------------------------------------- one leaf

    def _tile(self, values: Values | None, name: str) -> str:
        return tile_html(
            values,
            scale=self.scale,
            theme=self.theme,
            name=f"{name}.grad",
            most=self.most,
            longest=self.longest,
        )

    def _figure(self, values: Values | None, name: str, words: str, kind: str = "") -> str:
        tile = self._tile(values, name)
        return f'<figure class="{kind}">{tile}<figcaption>{words}</figcaption></figure>'

    def _leaf(self, entry: Entry, line: Line) -> str:
        name = entry.name
        shape = shape_text(self.ledger.shapes[name])
        before = self._figure(entry.before, name, _("before"))
        after = self._figure(entry.after, name, _("after") + self._norm(entry.after))
        if entry.state == "added":
            added = self._figure(entry.added, name, _("added") + self._norm(entry.added))
            middle = f'<span class="sign">+</span>{added}<span class="sign">=</span>'
            if entry.added is None:  # a checkpoint fills leaves out of our sight
                middle = '<span class="sign">→</span>'
            body = f"{before}{middle}{after}"
        elif entry.state == "set" and line.kind == "changed":
            body = f"{before}<span class='sign'>→</span>{self._figure(entry.after, name, _('now'))}"
        else:
            body = self._figure(entry.after, name, state_words(entry.state), "as-it-was")
        return (
            f'<div class="leaf"><h4>{escape(name)}.grad <span class="quiet">{shape}</span></h4>'
            f'<div class="sum">{body}</div>{self._block(entry)}{self._uses(entry)}</div>'
        )

    def _norm(self, values: Values | None) -> str:
        """The norm under a tile that prints no number, where there are many."""
        if self.roomy or values is None or tile_of(values).uniform:
            return ""
        known = values.described
        return (
            ""
            if known is None or known.norm is None
            else "<br>" + _("norm {number}").format(number=format_number(known.norm))
        )

    def _block(self, entry: Entry) -> str:
        values = entry.after if entry.after is not None else entry.added
        if values is None:
            return ""
        high, wide = tile_of(values).block
        if (high, wide) == (1, 1):
            return ""
        message = _("Each cell stands for {rows}×{columns} numbers and shows the largest.")
        return f'<p class="remark">{message.format(rows=high, columns=wide)}</p>'

    def _uses(self, entry: Entry) -> str:
        uses = entry.uses
        if not uses or entry.added is None:
            return ""
        if len(uses) == 1 and not entry.hooked:
            if not self.roomy:
                return ""
            expression = f"<code>{escape(uses[0].expression)}</code>"
            told = _("from {expression}").format(expression=expression)
            return f'<p class="remark">{told}</p>'
        parts = [self._use(use, i + 1, len(uses), entry.name) for i, use in enumerate(uses)]
        if len(parts) > MANY_USES:
            told = _("{count} more").format(count=len(parts) - MANY_USES)
            parts[MANY_USES - 1 : -1] = [f'<span class="sign quiet">… {told} …</span>']
        body = '<span class="sign">+</span>'.join(parts)
        hooked = ""
        if entry.hooked:
            total = _total(uses)
            arrived = self._figure(total, entry.name, _("arrived"))
            body += f'<span class="sign">=</span>{arrived}'
            told = _("A hook on the leaf was handed this sum, once, and gave back what was added.")
            hooked = f'<p class="remark">{told}</p>'
        count = len(uses)
        sums = _("added = the sum of {count} uses").format(count=count)
        word = _("a hook changed what had arrived") if entry.hooked else sums
        if self.roomy:
            return (
                f'<div class="uses"><div class="word">{word}</div><div class="sum">{body}</div>'
                f"{hooked}</div>"
            )
        return (
            f'<details class="uses"><summary>{word}</summary><div class="sum">{body}</div>{hooked}'
            "</details>"
        )

    def _use(self, use: Use, number: int, count: int, name: str) -> str:
        line = f"<br>{_line_number(use.line)}" if use.line else ""
        place = _("use {number} of {count}").format(number=number, count=count)
        which = f"<br>{place}" if count > 1 else ""
        words = f"<code>{escape(use.expression)}</code>{which}{line}"
        return self._figure(use.values, name, words)

    # -------------------------------------------------------------------------------- failure

    def _failure(self, failure: Failure) -> str:
        return failure_html(failure)


def _line_number(number: int | None) -> str:
    return _("line {number}").format(number=number) if number else ""


def _list(names: Collection[str]) -> str:
    return ", ".join(f"<code>{escape(name)}.grad</code>" for name in names)


def argument_texts(line: Line) -> list[tuple[str, bool]]:
    """The arguments of a call as text, each with whether it differs from torch's default."""
    inputs = ", ".join(line.inputs) or _("every leaf")
    return [
        (f"v = {_vector(line)}", any(v is not None for v in line.vectors)),
        (f"retain_graph = {line.retain_graph}", line.retain_graph),
        (f"create_graph = {line.create_graph}", line.create_graph),
        (f"inputs = {inputs}", bool(line.inputs)),
    ]


def state_words(state: str) -> str:
    """What stands under the only tile of an entry that nothing was added to."""
    return {
        "set": _("now"),
        "unasked": _("not among inputs: as it was"),
        "stopped": _("not reached: as it was"),
        "nothing": _("torch passed None: as it was"),
        "unreached": _("no path: as it was"),
        "added": _("after"),
    }[state]


def _vector(line: Line) -> str:
    parts = []
    for values in line.vectors:
        if values is None:
            parts.append("1")
            continue
        tile = tile_of(values)
        if tile.cells and tile.uniform:
            size = f" ({shape_text(values.shape)})" if values.shape else ""
            parts.append(f"{_text(tile.cells[0])}{size}")
        elif tile.cells and values.size <= 4:
            parts.append(f"[{', '.join(_text(cell) for cell in tile.cells)}]")
        else:
            parts.append(values.summary)
    return "; ".join(parts) or "1"


def _text(cell: float | str) -> str:
    return cell if isinstance(cell, str) else format_number(cell)


def _total(uses: Collection[Use]) -> Values:
    arrays = [use.values.array for use in uses if use.values.array is not None]
    first = next(iter(uses)).values
    return Values.of_array(np.sum(arrays, axis=0).astype(arrays[0].dtype), first.dtype)


def failure_html(failure: Failure) -> str:
    """How far a call came that raised, in torch's words and ours; within a `ledger` block."""
    points = []
    place = f"<code>{escape(failure.place)}</code>"
    if failure.gone:
        gone = " ".join(f'<span class="gone">{escape(name)}</span>' for name in failure.gone)
        message = _("{place} had saved {names} for its backward, and call {number} let go of it.")
        points.append(message.format(place=place, names=gone, number=failure.freed_by))
    elif failure.place:
        points.append(_("It stopped at {place}.").format(place=place))
    if failure.changed:
        message = _("Already changed when it failed, and it stays so: {names}.")
        points.append(message.format(names=f"<b>{_list(failure.changed)}</b>"))
    else:
        points.append(_("No .grad had been changed when it failed."))
    if failure.spared and failure.changed:
        message = _("Not reached: {names}.")
        points.append(message.format(names=f"<b>{_list(failure.spared)}</b>"))
    return (
        f'<div class="failure"><b>torch:</b> {escape(failure.message)}'
        f"<ul>{''.join(f'<li>{point}</li>' for point in points)}</ul></div>"
    )


def failure_alone_html(failure: Failure, theme: Theme) -> str:
    """As a line of the ledger says it, but by itself."""
    return f'<div class="ledger" style="{variables_css(theme)}">{failure_html(failure)}</div>'
