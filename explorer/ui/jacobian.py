"""Choose a Jacobian on the page, and say what was found."""

from typing import Any, Literal

import streamlit as st

from explorer.data import Answer, Jacobian, JacobianAsk, Run, Variable
from explorer.glossary import tip
from explorer.picture.heatmap import heatmap, shown
from explorer.ui import session, widgets


def choose(run: Run) -> JacobianAsk | None:
    """The pickers for outputs and inputs; None where nothing is chosen, and the page says so."""
    outputs = {widgets.title_of(v): v for v in run.tensors if v.node is not None and v.grad_fn}
    inputs = input_names(run)
    if not outputs or not inputs:
        widgets.say_what_went_wrong(run)
        st.info(
            "This program has no tensor that was computed from one that requires grad, "
            "so there is nothing to differentiate."
        )
        return None
    left, right = st.columns([1, 3], vertical_alignment="top")
    names = list(outputs)
    first = default_output(list(outputs.values()))
    chosen = left.selectbox(
        "Derivatives of", names, key=_held("jacobian of", first, names), help=tip("Jacobian")
    )
    session.remember("jacobian of", chosen)
    options = [name for name in inputs if name != chosen]
    reached = default_inputs(run, outputs[chosen])
    wrt = right.multiselect(
        "with respect to", options, key=_held("jacobian by", reached, options),
        help=tip("leaf", "no path"), placeholder="Choose at least one tensor",
    )  # fmt: skip
    session.remember("jacobian by", tuple(wrt))
    if not wrt:
        right.warning("Choose at least one tensor to differentiate by.")
        return None
    return JacobianAsk(chosen, tuple(wrt))


def _held(name: str, default: Any, options: list[str]) -> str:
    """The key of a picker that keeps its choice, as far as `options` still have it."""
    key = session.widget_key(name, default)
    held = st.session_state[key]
    if isinstance(held, str):
        if held not in options:
            st.session_state[key] = default
    else:
        st.session_state[key] = [option for option in held if option in options]
    return key


def input_names(run: Run) -> list[str]:
    """Everything that a derivative can be taken by: leaves first, then what was computed."""
    leaves = [leaf.name for leaf in run.leaves]
    computed = [widgets.title_of(v) for v in run.tensors if v.grad_fn]
    return list(dict.fromkeys([*leaves, *computed]))


def default_output(outputs: list[Variable]) -> str:
    """The last tensor with more than one element, which has a Jacobian worth looking at.

    A name that only stands for a tensor which had a name before, as in a loop, does not count.
    """
    first: dict[tuple[int | None, int], Variable] = {}
    for variable in outputs:
        first.setdefault((variable.node, variable.output_nr), variable)
    own = [variable for variable in first.values() if variable.last]
    many = [variable for variable in own if variable.values.size > 1]
    return widgets.title_of((many or own or outputs)[-1])


def default_inputs(run: Run, output: Variable) -> tuple[str, ...]:
    """The leaves that a path leads to from `output`, in the program's order."""
    assert output.node is not None, "an output was computed, so it has a node"
    reached, waiting = {output.node}, [output.node]
    targets: dict[int, list[int]] = {}
    for edge in run.trace.edges:
        targets.setdefault(edge.source, []).append(edge.target)
    while waiting:
        for target in targets.get(waiting.pop(), ()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    reached_leaves = {run.trace.nodes[node].leaf for node in reached}
    return tuple(leaf.name for leaf in run.leaves if leaf.name in reached_leaves)


def answer(ask: JacobianAsk) -> Answer:
    """What torch says to `ask`."""
    run = session.current_run(ask)
    assert run is not None, "a program that has been asked about can run"
    return run.answers[0]


def describe(found: Jacobian) -> None:
    """Shape, method, and which inputs no path reaches."""
    rows, columns = found.array.shape
    parts = zip(found.columns.parts, found.reached, strict=True)
    cut = [part.name for part, reached in parts if not reached]
    text = f"**{rows} × {columns}** · method: {found.method}"
    if cut:
        text += f" · no path leads to {', '.join(cut)}: hatched, which is not zero"
    st.caption(text)


def draw(found: Jacobian) -> None:
    """The heatmap, as wide as it needs to be, and what one cell stands for if not one entry."""
    figure = heatmap(found, widgets.theme())
    width: Literal["stretch", "content"] = "content" if figure.layout.width else "stretch"
    st.plotly_chart(figure, theme=None, width=width, key="heatmap", config={"displaylogo": False})
    if statement := shown(found).statement:
        st.info(statement)
