"""A cell of the matrix as the sum over the paths that make it."""

import numpy as np
import streamlit as st

from explorer.data import Jacobian, JacobianAsk, LocalAsk, Run
from explorer.explain.chain import Path, from_left
from explorer.language import _
from explorer.picture.cells import format_number
from explorer.ui import session, widgets
from explorer.ui.chain.drawn import MAX_PATHS, Paths
from explorer.ui.lab.rows import go, place_on, program_of
from explorer.ui.player.inspection import MAX_NODES
from explorer.ui.wording import plain


def show(row: int, column: int, run: Run, ask: JacobianAsk, found: Jacobian) -> None:
    """∂row/∂column as the sum over the paths between them of products of local Jacobians."""
    names = found.rows[row], found.columns[column]
    heading = _("{row} by {column}: the sum over all paths")
    st.subheader(heading.format(row=plain(names[0]), column=plain(names[1])))
    program = program_of(row, run, ask, found)
    if isinstance(program, str):
        st.info(program)
        return
    bare = session.run(program)
    calls = len(bare.calls)
    widgets.say_what_went_wrong(bare)
    if bare.error is not None or not calls:
        return
    if len(bare.trace.nodes) > MAX_NODES:
        st.info(_("This graph is too large to ask each node for its Jacobian."))
        return
    paths = Paths(session.run(program, LocalAsk(calls - 1)), calls - 1)
    _number, part, inside = place_on(found.columns, column)
    leaf = next((leaf for leaf in paths.leaves() if paths.leaf_name(leaf) == part.name), None)
    if leaf is None:
        st.info(
            _("No path leads from {row} to a leaf called {part}.").format(
                row=plain(names[0]), part=plain(part.name)
            )
        )
        return
    _table(paths, leaf, inside, float(found.array[row, column]))
    chosen = {"chain of call": calls - 1, f"chain to a leaf in call {calls - 1}": leaf}
    go(_("Multiply along a path on the Chain page"), program, "chain", chosen)


def _table(paths: Paths, leaf: int, inside: int, entry: float) -> None:
    """One line a path with what it adds, then their sum beside the entry of the matrix."""
    count = paths.chains.count(leaf)
    lines = []
    for path in paths.listed(leaf):
        adds = _adds(paths, path, inside)
        told = "?" if adds is None else format_number(adds)
        lines.append({_("path"): paths.label(path), _("adds"): told})
    st.dataframe(lines, hide_index=True)
    whole = paths.chains.total(leaf)
    if whole is None:
        st.caption(_("A node on the way has no local Jacobian here, so the sum is not known."))
        return
    total = float(whole.ravel()[inside])
    mark = "✓" if np.isclose(total, entry, rtol=1e-3, atol=1e-6) else "≠"
    told = _("Together {total} {mark} torch: {entry}")
    if count > MAX_PATHS:
        told = _("The first {most} of {count} paths. All of them: {total} {mark} torch: {entry}")
    st.caption(
        told.format(
            most=MAX_PATHS,
            count=f"{count:,}",
            total=format_number(total),
            mark=mark,
            entry=format_number(entry),
        )
    )


def _adds(paths: Paths, path: Path, inside: int) -> float | None:
    """What one path adds to element `inside` of the leaf; None where a factor is unknown."""
    v = paths.chains.vector(path.root)
    if v is None:
        return None
    row = from_left([v, *(factor.matrix for factor in paths.chains.factors(path))])[-1]
    return None if row is None else float(row.ravel()[inside])
