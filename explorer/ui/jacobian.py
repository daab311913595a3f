"""The Jacobian page: choose what by what, see the matrix between v and u, and what torch says."""

import math
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import streamlit as st

from explorer.data import (
    Answer,
    Ask,
    AxisPart,
    Jacobian,
    JacobianAsk,
    JvpAsk,
    Run,
    Variable,
    VjpAsk,
)
from explorer.glossary import tip
from explorer.language import _
from explorer.picture.batch import Mixing, mixing, samples_of
from explorer.picture.cells import format_number
from explorer.picture.matrix import Band, pictured
from explorer.ui import lab as lab_
from explorer.ui import session, widgets
from explorer.ui.lab import Look, Samples, Vector, Window, comparison, filling, opened, second
from explorer.ui.lab.opened import Opened
from explorer.ui.wording import plain

_T = TypeVar("_T")

MAX_VECTOR: Final = 20_000
"""Numbers of a v or a u that torch is asked about."""


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
    left, right, *third = st.columns(_widths(outputs), vertical_alignment="top")
    names = list(outputs)
    first = default_output(list(outputs.values()))
    chosen = left.selectbox(
        _("Derivatives of"), names, key=_held("jacobian of", first, names), help=tip("Jacobian")
    )
    session.remember("jacobian of", chosen)
    options = [name for name in inputs if name != chosen]
    reached = default_inputs(run, outputs[chosen])
    wrt = right.multiselect(
        _("with respect to"), options, key=_held("jacobian by", reached, options),
        help=tip("leaf", "no path"), placeholder=_("Choose at least one tensor"),
    )  # fmt: skip
    session.remember("jacobian by", tuple(wrt))
    if not wrt:
        right.warning("Choose at least one tensor to differentiate by.")
        return None
    return JacobianAsk(chosen, tuple(wrt), order=_order(third[0]) if third else 1)


def _widths(outputs: dict[str, Variable]) -> list[int]:
    """Widths of the pickers: a scalar has one more, for the order of its derivatives."""
    chosen = session.remembered("jacobian of", default_output(list(outputs.values())))
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


def answer(run: Run, ask: JacobianAsk) -> Answer | None:
    """What torch says to `ask`; None while it is stopped, and the page says so."""
    sizes = {leaf.name: leaf.values.size for leaf in run.leaves}
    sizes |= {widgets.title_of(v): v.values.size for v in run.tensors}
    shapes = {widgets.title_of(v): v.values.shape for v in run.tensors}
    columns = sum(sizes[name] for name in ask.wrt)
    return filling.answer(ask, shapes[ask.outputs], columns, _asked)


def describe(ask: JacobianAsk, found: Jacobian) -> None:
    """Its size, the shapes that torch gives, which inputs no path reaches, and the batch."""
    rows, columns = found.array.shape
    parts = zip(found.columns.parts, found.reached, strict=True)
    cut = [part.name for part, reached in parts if not reached]
    sentences = [f"**{rows} × {columns}**", _("method: {name}").format(name=found.method)]
    if ask.order == 1:
        sentences.append(_("as torch shapes it: {shapes}").format(shapes=_shapes(found)))
    if cut:
        no_path = _("no path leads to {names}: hatched, which is not zero")
        sentences.append(no_path.format(names=plain(", ".join(cut))))
    for number, part in enumerate(found.columns.parts):
        found_mixing = mixing(found, number) if ask.order == 1 and _is_batch(part) else None
        if found_mixing is not None and found.reached[number]:
            sentences.append(_batch_sentence(found_mixing, found.rows.parts[0].name, part.name))
    st.caption(" · ".join(sentences))


def _shapes(found: Jacobian) -> str:
    """`y by x (5, 3, 5, 2)` for the first few inputs."""
    shown = []
    for output in found.rows.parts:
        for part in found.columns.parts:
            shape = ", ".join(map(str, (*output.shape, *part.shape)))
            shown.append(f"{plain(part.name)} ({shape})")
    return ", ".join(shown[:4]) + (" …" if len(shown) > 4 else "")


def _is_batch(part: AxisPart) -> bool:
    """Whether an input may hold samples: a parameter's first dimension is no batch."""
    return "." not in part.name


def _batch_sentence(found: Mixing, output: str, input_: str) -> str:
    names = {"output": plain(output), "input": plain(input_)}
    if not found.mixed:
        return _(
            "Block-diagonal: sample i of {output} depends on sample i of {input} alone, and every "
            "entry off the blocks is exactly 0."
        ).format(**names)
    return _(
        "The samples are mixed: sample {i} of {output} depends on sample {j} of {input}, with a "
        "derivative of up to {largest}."
    ).format(i=found.output, j=found.input, largest=format_number(found.largest), **names)


# ------------------------------------------------------------------------------------- the lab


def lab(run: Run, ask: JacobianAsk, found: Jacobian) -> None:
    """The matrix between v and u, and what torch makes of them."""
    if not found.array.size:
        st.info(_("The matrix has no entry: a tensor without elements has no derivatives."))
        return
    _lab(run, ask, found)


@st.fragment
def _lab(run: Run, ask: JacobianAsk, found: Jacobian) -> None:
    window = _window(found)
    shown = pictured(found, column_part=window.part, sample=window.sample)
    key = f"lab {session.program_number()}"
    own = _own_vector(run, ask, found)
    v = _chosen("v", Vector, Vector("ones" if own is None else "program"))
    u = _chosen("u", Vector, Vector())

    def changed() -> None:
        _keep(key)

    count = samples_of(found) if ask.order == 1 else None
    lab_.matrix(
        shown,
        key=key,
        sizes=(len(found.rows), len(found.columns)),
        program=own,
        parts=tuple(part.name for part in found.columns.parts),
        samples=Samples(
            count or 0,
            None if count is None else len(found.rows) // count,
            tuple(_each(count, band) for band in shown.columns),
        ),
        window=window,
        cut=[
            (found.rows.parts[row].name, found.columns.parts[column].name)
            for row, column in found.cut
        ],
        order=ask.order,
        on=changed,
    )
    numbers = v.numbers(len(found.rows), own), u.numbers(len(found.columns))
    said = {"v": _pulled(ask, found, numbers[0]), "u": _pushed(ask, found, numbers[1])}
    look = msgspec.to_builtins(_chosen("look", Look, Look()))
    lab_.answers(key, {**said, "look": look})
    if ask.order == 1:
        opened.show(_chosen("open", Opened, Opened()), run, ask, found, _asked)
        comparison.show(ask, _asked)
        second.show(run, ask, _asked)
    session.write_url()  # what is chosen in here draws nothing else of the page anew


def _window(found: Jacobian) -> Window:
    """What of the matrix to show, as far as this matrix has it."""
    held = _chosen("window", Window, Window())
    part = held.part if held.part is not None and held.part < len(found.columns.parts) else None
    sample = held.sample if (held.sample or 0) < (samples_of(found) or 0) else None
    return Window(part, sample)


def _each(samples: int | None, band: Band) -> int | None:
    """Elements of one sample in a tensor; None where its first dimension is no batch."""
    if samples is None or "." in band.name or not band.shape or band.shape[0] != samples:
        return None
    return math.prod(band.shape) // samples


def _own_vector(run: Run, ask: JacobianAsk, found: Jacobian) -> tuple[float, ...] | None:
    """The v of the program's own backward from the output, if it gave one."""
    if ask.order != 1:
        return None
    variables = [
        v for v in run.tensors if widgets.title_of(v) == ask.outputs and v.node is not None
    ]
    for call in run.calls:
        for root, nr, v in zip(call.roots, call.root_nrs, call.gradient, strict=False):
            at = [x for x in variables if (x.node, x.output_nr) == (root, nr)]
            if at and v is not None and v.array is not None and v.size == len(found.rows):
                return tuple(v.array.astype(float).ravel().tolist())
    return None


def _keep(key: str) -> None:
    """Keep what the person chose in the lab, until the program changes."""
    state = st.session_state.get(key) or {}
    for name in lab_.STATES:
        if state.get(name) is not None:
            session.remember(f"jacobian {name}", dict(state[name]))


def _chosen(name: str, kind: type[_T], default: _T) -> _T:
    """What the person has chosen in the lab; the default where that is nothing sound."""
    held = session.remembered(f"jacobian {name}", None)
    try:
        return default if held is None else msgspec.convert(held, kind)
    except msgspec.ValidationError:
        return default


def _count(name: str) -> int:
    held = session.remembered(f"jacobian {name}", None)
    return int(held.get("count", 0)) if isinstance(held, dict) else 0


Said = dict[str, Any]


def _pulled(ask: JacobianAsk, found: Jacobian, numbers: tuple[float, ...]) -> Said:
    """vᵀJ from the matrix, and what backward(v) leaves in .grad."""
    exact = found.array.astype(float)
    product = np.array(numbers) @ exact
    said: Said = {"numbers": np.array(numbers), "product": product, "count": _count("v")}
    if len(numbers) > MAX_VECTOR:
        return {**said, "error": _("v has too many numbers to be asked for.")}
    answer = _asked(VjpAsk(ask.outputs, ask.wrt, numbers, ask.order))
    if answer.error is not None:
        return {**said, "error": answer.error}
    grads = zip(answer.grads, found.columns.parts, strict=True)
    torch = np.concatenate(
        [
            np.zeros(len(part)) if one is None or one.array is None else one.array.ravel()
            for one, part in grads
        ]
    ).astype(float)
    none = [
        part.name
        for one, part in zip(answer.grads, found.columns.parts, strict=True)
        if one is None
    ]
    weights = np.abs(numbers) @ np.abs(exact)
    return {
        **said,
        "torch": torch,
        "none": none,
        "differs": _differs(product, torch, weights, found),
    }


def _pushed(ask: JacobianAsk, found: Jacobian, numbers: tuple[float, ...]) -> Said:
    """J u from the matrix, and what forward mode gives."""
    exact = found.array.astype(float)
    product = exact @ np.array(numbers)
    said: Said = {"numbers": np.array(numbers), "product": product, "count": _count("u")}
    if len(numbers) > MAX_VECTOR:
        return {**said, "error": _("u has too many numbers to be asked for.")}
    answer = _asked(JvpAsk(ask.outputs, ask.wrt, numbers, ask.order))
    if answer.pushed is None or answer.pushed.values.array is None:
        return {**said, "error": answer.error or _("the program was stopped")}
    torch = answer.pushed.values.array.ravel().astype(float)
    weights = np.abs(exact) @ np.abs(numbers)
    return {**said, "torch": torch, "differs": _differs(product, torch, weights, found)}


def _differs(
    one: npt.NDArray[Any], other: npt.NDArray[Any], weights: npt.NDArray[Any], found: Jacobian
) -> npt.NDArray[Any]:
    """In how many places two results differ by more than rounding, by how much at most, and what
    counts as rounding: the last digits of the largest sum of sizes in either."""
    kind = found.array.dtype if found.array.dtype.kind == "f" else np.dtype(np.float32)
    digits = {"bfloat16": 2.0**-8}.get(found.values.dtype, float(np.finfo(kind).eps))
    # Each entry is itself the rounded sum of large terms, as after a BatchNorm.
    rounding = 64 * digits * float(weights.max(initial=0.0))
    with np.errstate(invalid="ignore"):
        gap = np.abs(one - other)
        apart = (gap > rounding) | (np.isnan(one) != np.isnan(other))
    most = gap[apart].max(initial=0.0)
    return np.array([float(apart.sum()), float(most), rounding])


def _asked(ask: Ask) -> Answer:
    run = session.current_run(ask)
    if run is None or not run.answers:
        words = run.error.message if run is not None and run.error is not None else ""
        return Answer(ask, error=words or _("the program was stopped"))
    return run.answers[0]
