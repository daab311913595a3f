"""The pickers of the Jacobian page: derivatives of what, with respect to what, of which order."""

from typing import Any

import streamlit as st

from explorer.data import JacobianAsk, Run, Variable
from explorer.glossary import tip
from explorer.language import _
from explorer.ui import session, widgets


def choose(run: Run, of: str | None = None, by: tuple[str, ...] = ()) -> JacobianAsk | None:
    """The pickers for outputs and inputs; None where nothing is chosen, and the page says so.

    They begin with `of` and `by`, as far as the program has such tensors.
    """
    outputs = {widgets.title_of(v): v for v in run.tensors if v.node is not None and v.grad_fn}
    inputs = input_names(run)
    if not outputs or not inputs:
        widgets.say_what_went_wrong(run)
        st.info(
            _(
                "This program has no tensor that was computed from one that requires grad, so "
                "there is nothing to differentiate."
            )
        )
        return None
    names = list(outputs)
    first = of if of in outputs else default_output(list(outputs.values()))
    left, right, *third = st.columns(_widths(outputs, first), vertical_alignment="top")
    chosen = left.selectbox(
        _("Derivatives of"), names, key=_held("jacobian of", first, names), help=tip("Jacobian")
    )
    session.remember("jacobian of", chosen)
    options = [name for name in inputs if name != chosen]
    asked = tuple(name for name in by if name in options)
    reached = asked or default_inputs(run, outputs[chosen])
    wrt = right.multiselect(
        _("with respect to"), options, key=_held("jacobian by", reached, options),
        help=tip("leaf", "no path"), placeholder=_("Choose at least one tensor"),
    )  # fmt: skip
    session.remember("jacobian by", tuple(wrt))
    if not wrt:
        right.warning(_("Choose at least one tensor to differentiate by."))
        return None
    return JacobianAsk(chosen, tuple(wrt), order=_order(third[0]) if third else 1)


def _widths(outputs: dict[str, Variable], first: str) -> list[int]:
    """Widths of the pickers: a scalar has one more, for the order of its derivatives."""
    chosen = session.remembered("jacobian of", first)
    return [3, 8, 3] if chosen in outputs and outputs[chosen].values.size == 1 else [3, 11]


def _order(there: Any) -> int:
    """The switch between first and second derivatives, which a scalar has."""
    names = {1: _("gradient"), 2: _("Hessian")}
    chosen: int = there.segmented_control(
        _("Derivatives"), list(names), format_func=names.__getitem__, required=True,
        key=session.widget_key("jacobian order", 1),
    )  # fmt: skip
    session.remember("jacobian order", chosen)
    return chosen


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
