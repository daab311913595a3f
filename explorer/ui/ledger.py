"""The ledger of `.grad`: one row a call, before + added = after for each leaf."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

import msgspec
import streamlit as st

from explorer import press
from explorer.data import BackwardCall, Leaf, Run, Values
from explorer.frames.tiles import largest
from explorer.glossary import tip
from explorer.picture.tiles import legend_html, tile_html
from explorer.press import Press
from explorer.ui import session, widgets

MAX_PRESSES: Final = 40
"""Presses that one program takes before it has to be reset."""

ROOMY: Final = 3
"""Leaves up to which their tiles print every number of small tensors."""

KEEP: Final = "retain_graph"
"""The switch that has every call keep its graph, the program's own included."""

CLEAR_FIRST: Final = "zero_grad() first"
"""The switch that has each press of backward() clear .grad before it."""

TO_NONE: Final = "set_to_none"
"""The switch that says what zero_grad() leaves: None, or zeros."""

_STYLE: Final = """
<style>
.ledger { border-collapse: collapse; width: 100%; }
.ledger.large { zoom: 1.3; }
.ledger td { border: 0; border-top: 1px solid var(--edge); padding: 12px 10px;
  vertical-align: top; text-align: left; }
.ledger td:first-child { width: 1%; min-width: 150px; }
.ledger .mono, .ledger-legend .word { font-family: ui-monospace, 'SF Mono', 'Cascadia Mono',
  'DejaVu Sans Mono', monospace; }
.ledger .call { font-size: 19px; font-weight: 700; white-space: nowrap; }
.ledger .line { color: var(--quiet); font-size: 13px; max-width: 170px; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; }
.ledger .leaves { display: flex; flex-wrap: wrap; gap: 14px 34px; }
.ledger .leaf { display: grid; gap: 5px; align-content: start; }
.ledger .leaf .mono { font-size: 15px; font-weight: 600; }
.ledger .leaf .shape, .ledger .remark { color: var(--quiet); font-size: 13px; font-weight: 400; }
.ledger .sum { display: flex; flex-wrap: wrap; align-items: center; gap: 9px; font-size: 19px; }
.ledger .sum figure { margin: 0; display: grid; justify-items: center; gap: 2px; }
.ledger .sum figcaption { font-size: 12px; color: var(--quiet); }
.ledger .sum .sign { padding-bottom: 18px; }
.ledger .fresh { background: var(--now); }
.ledger .failed .call::before { content: "✕ "; }
.ledger i, .ledger-legend i { display: block; font-style: normal; }
.tile { display: inline-block; box-sizing: content-box; }
.ledger-legend { display: flex; align-items: center; gap: 8px; font-size: 13px; flex-wrap: wrap;
  padding-bottom: 10px; }
.ledger-legend .key { display: inline-flex; align-items: center; gap: 6px; margin-left: 18px; }
</style>
"""


@dataclass
class Row:
    """One line of the ledger: a call, or a zero_grad().

    `count` is how many presses had been made by then (0 for the program's own last call, None for
    those before it), and `resting` the `.grad` of each leaf at that point, where it was asked for.
    """

    title: str
    line: str
    count: int | None = None
    leaves: dict[str, Leaf] = field(default_factory=dict)
    resting: dict[str, Values | None] = field(default_factory=dict)
    error: str | None = None
    remark: str = ""


def show(run: Run) -> None:
    """The buttons, the switches and the rows for the current program."""
    call = press.backward_call(run)
    if call is None:
        widgets.say_what_went_wrong(run)
        st.info("Nothing in this program can be walked backward: it has no tensor with a grad_fn.")
        return
    presses: tuple[Press, ...] = session.remembered("presses", ())
    keep = _controls(presses)
    program = press.keep_graph(run.program) if keep else run.program
    presses = tuple(msgspec.structs.replace(made, keep=keep) for made in presses)
    leaves = [leaf.name for leaf in run.leaves]

    def after(count: int) -> Run:
        """The Run that ends with that many presses; a visitor has seen each of them before."""
        return session.run(press.pressed(program, presses[:count], leaves=leaves, call=call))

    shown = after(len(presses))
    own_lines = len(program.source.rstrip("\n").splitlines())
    rows = _rows(shown, presses, own_lines)
    for row in rows:
        if row.count is not None and not set(leaves) <= set(row.leaves):
            row.resting = {leaf.name: leaf.grad for leaf in after(row.count).leaves}
    left, right = st.columns([8, 5], gap="medium")
    with left:
        _explain_error(shown, presses, own_lines)
        st.html(_STYLE + _html(rows, shown, len(presses)))
    with right:
        st.code(shown.program.source, line_numbers=True)


def _controls(presses: tuple[Press, ...]) -> bool:
    """Draw buttons and switches; returns whether every call keeps its graph."""
    full = len(presses) >= MAX_PRESSES
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("backward()", type="primary", on_click=_press_backward, disabled=full, width=170)
        st.button("zero_grad()", on_click=_press_zero_grad, disabled=full, width=170)
        st.button("Undo", on_click=_undo, disabled=not presses)
        st.button("Reset", on_click=_reset, disabled=not presses)
        keep = _switch(KEEP, tip("retain_graph"), default=False)
        _switch(CLEAR_FIRST, "Each press of backward() calls zero_grad() before it.", default=False)
        _switch(TO_NONE, tip("set_to_none"), default=True)
    if full:
        st.info(f"{MAX_PRESSES} presses are the most that are shown: press Reset to begin anew.")
    return keep


def _switch(label: str, help_: str, *, default: bool) -> bool:
    """A switch that keeps its place until the program changes."""
    on = st.toggle(label, key=session.widget_key(label, default), help=help_)
    session.remember(label, on)
    return on


def _is_on(label: str, *, default: bool) -> bool:
    """The place of a switch before the page is drawn, for the buttons."""
    return bool(st.session_state[session.widget_key(label, default)])


def _press_backward() -> None:
    if _is_on(CLEAR_FIRST, default=False):
        _press_zero_grad()
    _add(Press("backward"))


def _press_zero_grad() -> None:
    _add(Press("zero_grad", to_none=_is_on(TO_NONE, default=True)))


def _add(made: Press) -> None:
    session.remember("presses", (*session.remembered("presses", ()), made))


def _undo() -> None:
    session.remember("presses", session.remembered("presses", ())[:-1])


def _reset() -> None:
    session.remember("presses", ())


# ----------------------------------------------------------------------------------------- rows


def _leaf_names(run: Run) -> list[str]:
    """Every leaf that the program has a name for, then any other that a call has filled."""
    touched = [leaf.name for call in _calls(run) for leaf in call.leaves]
    return list(dict.fromkeys([*(leaf.name for leaf in run.leaves), *touched]))


def _calls(run: Run) -> list[BackwardCall]:
    """The calls that the ledger lists: those that may add into .grad."""
    return [call for call in run.calls if call.kind == "backward"]


def _rows(run: Run, presses: Sequence[Press], own_lines: int) -> list[Row]:
    """The program's own calls, then every press that ran, in order."""
    rows: list[Row] = []
    calls = _calls(run)
    lines = run.program.source.splitlines()
    own = [call for call in calls if call.span is None or call.span.line <= own_lines]
    for number, call in enumerate(own, 1):
        rows.append(_call_row(number, call, lines, count=0 if number == len(own) else None))
    if run.error is not None and (run.error.line or 0) <= own_lines:
        return rows
    number, rest = len(own), iter(calls[len(own) :])
    for count, made in enumerate(presses, 1):
        if made.kind == "zero_grad":
            rows.append(Row("zero_grad()", f"set_to_none={made.to_none}", count))
            continue
        if (ran := next(rest, None)) is None:
            break
        number += 1
        rows.append(_call_row(number, ran, lines, count=count))
        if ran.error is not None:
            break
    return rows


def _call_row(number: int, call: BackwardCall, lines: list[str], *, count: int | None) -> Row:
    line = lines[call.span.line - 1].strip() if call.span else "backward()"
    return Row(
        f"call {number}",
        line,
        count,
        {leaf.name: leaf for leaf in call.leaves},
        error=call.error.message if call.error else None,
        remark=call.note,
    )


# ----------------------------------------------------------------------------------------- HTML


def _html(rows: list[Row], run: Run, presses: int) -> str:
    colors = widgets.theme()
    numbers = [
        values
        for row in rows
        for leaf in row.leaves.values()
        for values in (leaf.before, leaf.added, leaf.after)
        if values is not None
    ]
    scale = largest(numbers) or 1.0
    names = _leaf_names(run)
    shapes = {leaf.name: "×".join(map(str, leaf.values.shape)) for leaf in run.leaves}
    roomy = len(names) <= ROOMY
    style = "ledger large" if len(names) == 1 else "ledger"
    body = []
    for i, row in enumerate(rows):
        fresh = presses > 0 and i == len(rows) - 1
        state = " ".join([*(["fresh"] if fresh else []), *(["failed"] if row.error else [])])
        leaves = "".join(
            _leaf(row, name, shapes.get(name, ""), scale, roomy=roomy) for name in names
        )
        body.append(
            f'<tr class="{state}"><td><div class="call">{escape(row.title)}</div>'
            f'<div class="line mono" title="{escape(row.line, quote=True)}">{escape(row.line)}'
            f'</div><div class="remark">{escape(row.remark)}</div></td>'
            f'<td><div class="leaves">{leaves}</div></td></tr>'
        )
    return (
        f'<div style="--edge:{colors.hairline};--quiet:{colors.muted};--now:{colors.now_soft}">'
        f'<div class="ledger-legend">{legend_html(scale, colors)}</div>'
        f'<table class="{style}"><tbody>{"".join(body)}</tbody></table>'
        "</div>"
    )


def _leaf(row: Row, name: str, shape: str, scale: float, *, roomy: bool) -> str:
    """before + added = after of one leaf, or the single state that a zero_grad() left."""
    colors = widgets.theme()

    def tile(values: Values | None, word: str) -> str:
        drawn = tile_html(values, scale=scale, theme=colors, name=f"{name}.grad", roomy=roomy)
        return f"<figure>{drawn}<figcaption>{word}</figcaption></figure>"

    leaf = row.leaves.get(name)
    if leaf is not None:
        parts = [tile(leaf.before, "before"), tile(leaf.added, "added"), tile(leaf.after, "after")]
        state = (
            f'{parts[0]}<span class="sign">+</span>{parts[1]}<span class="sign">=</span>{parts[2]}'
        )
    elif name in row.resting:
        word = "now" if row.title == "zero_grad()" else "no path"
        state = tile(row.resting[name], word)
    else:
        state = '<span class="remark">no path: nothing arrives</span>'
    return (
        f'<div class="leaf"><div><span class="mono">{escape(name)}.grad</span> '
        f'<span class="shape">{shape}</span></div><div class="sum">{state}</div></div>'
    )


def _explain_error(run: Run, presses: Sequence[Press], own_lines: int) -> None:
    """Torch's words, what they mean here, and the way out."""
    if run.error is None:
        return
    widgets.say_what_went_wrong(run)
    if (run.error.line or 0) <= own_lines:
        if presses:
            st.info("The program stops there, so the lines that were added do not run.")
    elif "second time" in run.error.message:
        st.info(
            "An earlier call let go of what the nodes had saved, so the graph cannot be walked "
            "again. Switch on retain_graph and the same presses succeed, or press Undo. What was "
            "added before the error stays."
        )
