"""The variables of a run as a table: what each is, and where it comes from.

A row, its expression in the program and its node in the graph light up together, wherever on the
page they are: the table, the editor and the player tell each other in the browser what is pointed
at (the event `autograd-explorer:light`), and the server hears nothing of it.
"""

from pathlib import Path
from typing import Any, Final

import msgspec
import streamlit as st

from explorer import glossary
from explorer.data import Run, Span, Variable
from explorer.language import _

MAX_ROWS: Final = 500
"""Rows that are drawn: a loop makes thousands of tensors, and a browser chokes on them."""

_EXPLAINED: Final = ("requires_grad", "is_leaf", "grad_fn")


def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "explorer_variables", css=_file("variables.css"), js=_file("variables.js")
)


def show(run: Run, *, key: str = "variables") -> None:
    """Draw the table; nothing where the program has no tensor."""
    rows = rows_of(run)
    if not rows:
        return
    spans = [
        {"node": number, "span": msgspec.to_builtins(node.span)}
        for number, node in enumerate(run.trace.nodes)
        if node.span is not None
    ]
    words = {
        "title": _("Variables")
        if len(rows) <= MAX_ROWS
        else _("The first {most} of {count} variables").format(most=MAX_ROWS, count=len(rows)),
        "of": _("{number} of {count}"),
        "help": {name: _(glossary.TERMS[name]) for name in _EXPLAINED},
    }
    _mount(
        key=key, data={"rows": rows[:MAX_ROWS], "spans": spans, "words": words}, height="content"
    )


def rows_of(run: Run) -> list[dict[str, Any]]:
    """The variables in the program's order, then parameters that no variable names.

    Each has the cells of its row, `number` and `count` where its name stood for several tensors,
    and the node and the expression that made it.
    """
    known = {variable.name for variable in run.tensors}
    variables = [*run.tensors, *(leaf for leaf in run.leaves if leaf.name not in known)]
    counts: dict[str, int] = {}
    for variable in variables:
        counts[variable.name] = max(counts.get(variable.name, 0), variable.number)
    leaves = {node.leaf: number for number, node in enumerate(run.trace.nodes) if node.leaf}
    return [_row(run, one, counts[one.name], leaves) for one in variables]


def _row(run: Run, variable: Variable, count: int, leaves: dict[str, int]) -> dict[str, Any]:
    node = variable.node if variable.grad_fn else leaves.get(variable.name)
    made: Span | None = None
    if node is not None and variable.grad_fn:
        made = run.trace.nodes[node].span
    return {
        "name": variable.name,
        "number": variable.number,
        "count": count,
        "shape": "×".join(map(str, variable.values.shape)) or "()",
        "dtype": variable.values.dtype,
        "requires_grad": variable.requires_grad,
        "is_leaf": variable.is_leaf,
        "grad_fn": variable.grad_fn,
        "grad": None if variable.grad is None else variable.grad.summary,
        "values": variable.values.summary,
        "node": node,
        "span": msgspec.to_builtins(made or variable.span),
    }
