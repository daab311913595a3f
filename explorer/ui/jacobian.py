"""The Jacobian page: choose what by what, see the matrix between v and u, and what torch says."""

from typing import Any, TypeVar

import msgspec
import streamlit as st

from explorer.data import Answer, Ask, Jacobian, JacobianAsk, Run
from explorer.language import _, retold
from explorer.picture.batch import samples_of
from explorer.ui import downloads, running, session, widgets
from explorer.ui import lab as lab_
from explorer.ui.lab import comparison, filling, opened, products, second
from explorer.ui.lab.choosing import choose
from explorer.ui.lab.chosen import Look, Vector, Window
from explorer.ui.lab.describing import describe
from explorer.ui.lab.opened import Opened

__all__ = ["answer", "choose", "describe", "lab", "show"]

_T = TypeVar("_T")


def show(run: Run, of: str | None = None, by: tuple[str, ...] = ()) -> None:
    """The pickers, the matrix between v and u, and what torch says to it.

    `of` and `by` are what is differentiated by what until something else is picked.
    """
    ask = choose(run, of, by)
    answered = answer(run, ask) if ask is not None else None
    if ask is None or answered is None:
        return
    if answered.jacobian is None:
        st.warning(retold(answered.error or ""))
        return
    describe(ask, answered.jacobian)
    lab(run, ask, answered.jacobian)
    downloads.jacobian(answered.jacobian)


def answer(run: Run, ask: JacobianAsk) -> Answer | None:
    """What torch says to `ask`; None while it is stopped, and the page says so."""
    sizes = {leaf.name: leaf.values.size for leaf in run.leaves}
    sizes |= {widgets.title_of(v): v.values.size for v in run.tensors}
    shapes = {widgets.title_of(v): v.values.shape for v in run.tensors}
    columns = sum(sizes[name] for name in ask.wrt)
    return filling.answer(ask, shapes[ask.outputs], columns, _asked)


def lab(run: Run, ask: JacobianAsk, found: Jacobian) -> None:
    """The matrix between v and u, and what torch makes of them."""
    if not found.array.size:
        st.info(_("The matrix has no entry: a tensor without elements has no derivatives."))
        return
    _lab(run, ask, found)


@st.fragment
def _lab(run: Run, ask: JacobianAsk, found: Jacobian) -> None:
    running.prepare()
    key = f"lab {session.program_number()}"
    own = _own_vector(run, ask, found)
    v = _chosen("v", Vector, Vector("ones" if own is None else "program"))
    u = _chosen("u", Vector, Vector())
    lab_.matrix(found, key=key, window=_window(found), program=own, on=lambda: _keep(key))
    pulled = products.pulled(ask, found, v.numbers(len(found.rows), own), _asked)
    pushed = products.pushed(ask, found, u.numbers(len(found.columns)), _asked)
    lab_.answers(
        key,
        {
            "v": {**pulled, "count": _count("v")},
            "u": {**pushed, "count": _count("u")},
            "look": msgspec.to_builtins(_chosen("look", Look, Look())),
        },
    )
    opened.show(_chosen("open", Opened, Opened()), run, ask, found, _asked)
    if ask.order == 1:
        comparison.show(ask, _asked)
        second.show(run, ask, _asked)
    session.write_url()  # what is chosen in here draws nothing else of the page anew


def _window(found: Jacobian) -> Window:
    """What of the matrix to show, as far as this matrix has it."""
    held = _chosen("window", Window, Window())
    part = held.part if held.part is not None and held.part < len(found.columns.parts) else None
    sample = held.sample if (held.sample or 0) < (samples_of(found) or 0) else None
    return Window(part, sample)


def _own_vector(run: Run, ask: JacobianAsk, found: Jacobian) -> tuple[float, ...] | None:
    """The v of the program's own backward from the output, if it gave one."""
    if ask.order != 1:
        return None
    places = {(v.node, v.output_nr) for v in run.tensors if widgets.title_of(v) == ask.outputs}
    for call in run.calls:
        for root, nr, v in zip(call.roots, call.root_nrs, call.gradient, strict=False):
            numbers = None if v is None else v.array
            if numbers is not None and numbers.size == len(found.rows) and (root, nr) in places:
                return tuple(numbers.astype(float).ravel().tolist())
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
    """How often v or u has been changed: the lab ignores what belongs to an earlier one."""
    held: Any = session.remembered(f"jacobian {name}", None)
    return int(held.get("count", 0)) if isinstance(held, dict) else 0


def _asked(ask: Ask) -> Answer:
    run = session.current_run(ask)
    if run is None or not run.answers:
        words = run.error.message if run is not None and run.error is not None else ""
        return Answer(ask, error=words or _("the program was stopped"))
    return run.answers[0]
