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
    """One line of the ledger: a call, or a zero_grad() with the state that it left."""

    title: str
    line: str
    leaves: dict[str, Leaf] = field(default_factory=dict)
    cleared: dict[str, Values | None] | None = None
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
    longer = press.pressed(program, presses, leaves=_plain_leaves(run), call=call)
    shown = session.run(longer)
    own_lines = len(program.source.rstrip("\n").splitlines())
    rows = _rows(shown, presses, own_lines, longer.source.splitlines())
    left, right = st.columns([8, 5], gap="medium")
    with left:
        st.html(_STYLE + _html(rows, _leaf_names(shown), len(presses)))
        _explain_error(shown, presses, own_lines)
    with right:
        st.code(longer.source, line_numbers=True)


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
    """Every leaf that the program has a name for: those used first in front."""
    touched = [leaf.name for call in _calls(run) for leaf in call.leaves]
    named = [node.leaf for node in run.trace.nodes if node.leaf and widgets.is_named(node.leaf)]
    return list(dict.fromkeys([*reversed(named), *touched]))


def _plain_leaves(run: Run) -> list[str]:
    """Variables of the program that hold a leaf."""
    names = (v.name for v in run.tensors if v.last and v.is_leaf and v.requires_grad)
    return list(dict.fromkeys(names))


def _calls(run: Run) -> list[BackwardCall]:
    """The calls that the ledger lists: those that may add into .grad."""
    return [call for call in run.calls if call.kind == "backward"]


def _rows(run: Run, presses: Sequence[Press], own_lines: int, lines: list[str]) -> list[Row]:
    """The program's own calls, then every press that ran, in order."""
    rows: list[Row] = []
    calls = _calls(run)
    own = [call for call in calls if call.span is None or call.span.line <= own_lines]
    rest = iter(calls[len(own) :])
    for call in own:
        rows.append(_call_row(len(rows) + 1, call, lines))
    stopped = run.error is not None and (run.error.line or 0) <= own_lines
    for made in () if stopped else presses:
        if made.kind == "zero_grad":
            rows.append(Row("zero_grad()", f"set_to_none={made.to_none}"))
            continue
        if (ran := next(rest, None)) is None:
            break
        rows.append(_call_row(sum(row.title != "zero_grad()" for row in rows) + 1, ran, lines))
        if ran.error is not None:
            break
    _fill_cleared(rows, run)
    return rows


def _call_row(number: int, call: BackwardCall, lines: list[str]) -> Row:
    line = lines[call.span.line - 1].strip() if call.span else "backward()"
    return Row(
        f"call {number}",
        line,
        {leaf.name: leaf for leaf in call.leaves},
        error=call.error.message if call.error else None,
        remark=call.note,
    )


def _fill_cleared(rows: list[Row], run: Run) -> None:
    """What each zero_grad() left: as the next call found it, else as the variables stand now."""
    standing: dict[str, Values | None] = {
        v.name: v.grad for v in run.tensors if v.last and v.is_leaf and v.requires_grad
    }
    for row in reversed(rows):
        if row.title == "zero_grad()":
            row.cleared = dict(standing)
        standing |= {name: leaf.before for name, leaf in row.leaves.items()}


# ----------------------------------------------------------------------------------------- HTML


def _html(rows: list[Row], names: list[str], presses: int) -> str:
    colors = widgets.theme()
    numbers = [
        values
        for row in rows
        for leaf in row.leaves.values()
        for values in (leaf.before, leaf.added, leaf.after)
        if values is not None
    ]
    scale = largest(numbers) or 1.0
    roomy = len(names) <= ROOMY
    body = []
    for i, row in enumerate(rows):
        fresh = presses > 0 and i == len(rows) - 1
        style = " ".join([*(["fresh"] if fresh else []), *(["failed"] if row.error else [])])
        leaves = "".join(_leaf(row, name, scale, roomy=roomy) for name in names)
        body.append(
            f'<tr class="{style}"><td><div class="call">{escape(row.title)}</div>'
            f'<div class="line mono" title="{escape(row.line, quote=True)}">{escape(row.line)}'
            f'</div><div class="remark">{escape(row.remark)}</div></td>'
            f'<td><div class="leaves">{leaves}</div></td></tr>'
        )
    return (
        f'<div style="--edge:{colors.hairline};--quiet:{colors.muted};--now:{colors.now_soft}">'
        f'<div class="ledger-legend">{legend_html(scale, colors)}</div>'
        f'<table class="ledger{" large" if roomy else ""}"><tbody>{"".join(body)}</tbody></table>'
        "</div>"
    )


def _leaf(row: Row, name: str, scale: float, *, roomy: bool) -> str:
    """before + added = after of one leaf, or the single state that a zero_grad() left."""
    colors = widgets.theme()

    def tile(values: Values | None, word: str) -> str:
        drawn = tile_html(values, scale=scale, theme=colors, name=f"{name}.grad", roomy=roomy)
        return f"<figure>{drawn}<figcaption>{word}</figcaption></figure>"

    leaf = row.leaves.get(name)
    shape = ""
    if leaf is not None and leaf.added is not None:
        shape = "×".join(map(str, leaf.added.shape)) or "scalar"
    if leaf is not None:
        parts = [tile(leaf.before, "before"), tile(leaf.added, "added"), tile(leaf.after, "after")]
        state = (
            f'{parts[0]}<span class="sign">+</span>{parts[1]}<span class="sign">=</span>{parts[2]}'
        )
    elif row.cleared is None:
        state = '<span class="remark">no path leads here: nothing arrives</span>'
    elif name in row.cleared:
        state = tile(row.cleared[name], "now")
    else:
        state = '<span class="remark">the next call will show it</span>'
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
