"""What the lab opens under itself: a row as a backward pass, a column as a forward one, a cell as
the sum over all paths.
"""

from collections.abc import Callable
from html import escape
from typing import Final

import numpy as np
import streamlit as st

from explorer import press
from explorer.data import (
    Answer,
    AxisPart,
    Jacobian,
    JacobianAsk,
    JvpAsk,
    LocalAsk,
    Plain,
    Program,
    Run,
    Values,
)
from explorer.explain.chain import from_left
from explorer.frames.tiles import largest
from explorer.language import _
from explorer.picture.cells import format_number
from explorer.picture.tiles import tile_html
from explorer.ui import player, session, site, widgets
from explorer.ui.chain.drawn import MAX_PATHS, Paths
from explorer.ui.player.inspection import MAX_NODES
from explorer.ui.wording import plain

MAX_TANGENTS: Final = 60
"""Variables whose tangents are shown, the latest of a longer program."""

_STYLE: Final = """
<style>
.tangents { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 14px 10px; }
.tangents figure { margin: 0; display: grid; justify-items: center; gap: 4px; }
.tangents figcaption, .tangents .arrow { font: 600 14px ui-monospace, 'SF Mono', 'Cascadia Mono',
  'DejaVu Sans Mono', monospace; }
.tangents .arrow { align-self: center; padding-bottom: 22px; font-size: 19px; }
.tangents i { display: block; font-style: normal; }
.tangents .tile { display: inline-block; box-sizing: content-box; }
</style>
"""


class Opened(Plain, frozen=True):
    """What was opened: `kind` is row, column or cell; `at` or `row` and `column` say which."""

    kind: str = ""
    at: int = 0
    row: int = 0
    column: int = 0


def show(
    opened: Opened,
    run: Run,
    ask: JacobianAsk,
    found: Jacobian,
    asked: Callable[[JvpAsk], Answer],
) -> None:
    """Draw what was opened, if this matrix has it; `asked` answers questions about the program."""
    rows, columns = found.array.shape
    if opened.kind == "row" and 0 <= opened.at < rows:
        _row(opened.at, run, ask, found)
    elif opened.kind == "column" and 0 <= opened.at < columns:
        _column(opened.at, ask, found, asked)
    elif opened.kind == "cell" and 0 <= opened.row < rows and 0 <= opened.column < columns:
        _cell(opened.row, opened.column, run, ask, found)


# ------------------------------------------------------------------------------------------ row


def _row(at: int, run: Run, ask: JacobianAsk, found: Jacobian) -> None:
    """The backward pass whose v is 1 at one output: what it leaves in .grad is that row."""
    name = found.rows[at]
    program = _program(at, run, ask)
    st.subheader(_("Row {row}: backward with a one-hot v").format(row=plain(name)))
    if program is None:
        st.info(_cannot(ask))
        return
    _go(_("Open on the Backward page"), program, "backward", {})
    shown = session.run(program)
    widgets.say_what_went_wrong(shown)
    asks = player.asks_for(shown)
    player.show(session.run(program, *asks) if asks else shown, key="row of the Jacobian")


def _program(at: int, run: Run, ask: JacobianAsk) -> Program | None:
    """The program up to the output, and one backward whose v is 1 at element `at`."""
    variable = next((v for v in run.tensors if widgets.title_of(v) == ask.outputs), None)
    return None if variable is None else press.one_hot(run.program, variable, at)


def _cannot(ask: JacobianAsk) -> str:
    return _(
        "“{name}” is an earlier value inside a loop, and no line after it can reach it: choose the "
        "last one to see its backward."
    ).format(name=ask.outputs)


def _go(label: str, program: Program, page: str, remembered: dict[str, int]) -> None:
    """A button that makes `program` the current one and opens a page on it."""

    def take() -> None:
        session.edit(program)
        for name, value in remembered.items():
            session.remember(name, value)

    if st.button(label, on_click=take, icon=":material/open_in_new:", key=f"to {page}"):
        st.switch_page(site.page(page))


# --------------------------------------------------------------------------------------- column


def _column(at: int, ask: JacobianAsk, found: Jacobian, asked: Callable[[JvpAsk], Answer]) -> None:
    """The tangent of every variable on the way, when one element of an input moves."""
    name = found.columns[at]
    st.subheader(_("Column {column}: forward with a one-hot u").format(column=plain(name)))
    u = tuple(float(place == at) for place in range(len(found.columns)))
    answer = asked(JvpAsk(ask.outputs, ask.wrt, u))
    if answer.pushed is None:
        st.info(_("Forward mode cannot run here. torch says:") + " " + plain(answer.error or ""))
        return
    tangents = answer.pushed.tangents[-MAX_TANGENTS:]
    start = _unit(at, found)
    scale = largest([one.values for one in tangents if one.values is not None]) or 1.0
    colors = widgets.theme()

    def tile(title: str, values: Values | None) -> str:
        drawn = tile_html(values, scale=scale, theme=colors, name=title)
        return f"<figure>{drawn}<figcaption>{escape(title)}</figcaption></figure>"

    again = {one.name for one in tangents if one.number > 1}
    titles = [f"{one.name}#{one.number}" if one.name in again else one.name for one in tangents]
    tiles = [tile(title, one.values) for title, one in zip(titles, tangents, strict=True)]
    parts = [tile("u", start), *tiles]
    st.html(_STYLE + f'<div class="tangents">{"<span class=arrow>→</span>".join(parts)}</div>')
    column = found.array[:, at].astype(float)
    torch = answer.pushed.values.array
    agrees = torch is not None and np.allclose(torch.ravel(), column, rtol=1e-3, atol=1e-6)
    st.caption(
        _(
            "Each tile says how fast that variable changes as {column} grows; None means that it "
            "does not depend on it. The last one is column {column} of the matrix {agrees}."
        ).format(column=plain(name), agrees="✓" if agrees else "≠")
    )


def _unit(at: int, found: Jacobian) -> Values:
    """The one-hot u in the shape of the tensor that it moves."""
    part, inside = _place(at, found)
    array = np.zeros(len(part), dtype=np.float32)
    array[inside] = 1
    return Values.of_array(array.reshape(part.shape))


def _place(column: int, found: Jacobian) -> tuple[AxisPart, int]:
    """The input that a column belongs to, and which of its elements that is."""
    for part in found.columns.parts:
        if column < len(part):
            return part, column
        column -= len(part)
    raise IndexError(column)


# ----------------------------------------------------------------------------------------- cell


def _cell(row: int, column: int, run: Run, ask: JacobianAsk, found: Jacobian) -> None:
    """∂row/∂column as the sum over the paths between them of products of local Jacobians."""
    names = found.rows[row], found.columns[column]
    heading = _("{row} by {column}: the sum over all paths")
    st.subheader(heading.format(row=plain(names[0]), column=plain(names[1])))
    program = _program(row, run, ask)
    if program is None:
        st.info(_cannot(ask))
        return
    bare = session.run(program)
    calls = len(bare.calls)
    if not calls or len(bare.trace.nodes) > MAX_NODES:
        widgets.say_what_went_wrong(bare)
        st.info(_("This graph is too large to ask each node for its Jacobian."))
        return
    paths = Paths(session.run(program, LocalAsk(calls - 1)), calls - 1)
    part, inside = _place(column, found)
    leaf = next((leaf for leaf in paths.leaves() if paths.leaf_name(leaf) == part.name), None)
    if leaf is None:
        st.info(
            _("No path leads from {row} to a leaf called {part}.").format(
                row=plain(names[0]), part=plain(part.name)
            )
        )
        return
    _paths(paths, leaf, inside, float(found.array[row, column]))
    chosen = {"chain of call": calls - 1, f"chain to a leaf in call {calls - 1}": leaf}
    _go(_("Multiply along a path on the Chain page"), program, "chain", chosen)


def _paths(paths: Paths, leaf: int, inside: int, entry: float) -> None:
    """One line a path with what it adds, then their sum beside the entry of the matrix."""
    count = paths.chains.count(leaf)
    listed = paths.listed(leaf)
    lines, total, known = [], 0.0, True
    for path in listed:
        factors = [factor.matrix for factor in paths.chains.factors(path)]
        v = paths.chains.vector(path.root)
        running = from_left([v, *factors])[-1] if v is not None else None
        if running is None:
            known = False
            lines.append({_("path"): paths.label(path), _("adds"): "?"})
            continue
        adds = float(running.ravel()[inside])
        total += adds
        lines.append({_("path"): paths.label(path), _("adds"): format_number(adds)})
    st.dataframe(lines, hide_index=True)
    if count > MAX_PATHS:
        whole = paths.chains.total(leaf)
        text = _("The first {most} of {count} paths. All of them add up to {total}; torch: {entry}")
        total = float("nan") if whole is None else float(whole.ravel()[inside])
        st.caption(
            text.format(
                most=MAX_PATHS,
                count=f"{count:,}",
                total=format_number(total),
                entry=format_number(entry),
            )
        )
    elif known:
        mark = "✓" if np.isclose(total, entry, rtol=1e-3, atol=1e-6) else "≠"
        st.caption(
            _("Together {total} {mark} torch: {entry}").format(
                total=format_number(total), mark=mark, entry=format_number(entry)
            )
        )
