"""A row of the matrix as the backward pass that makes it."""

from collections.abc import Mapping

import streamlit as st

from explorer import press
from explorer.data import Axis, AxisPart, Jacobian, JacobianAsk, Program, Run
from explorer.language import _
from explorer.ui import player, session, site, widgets
from explorer.ui.wording import plain


def show(at: int, run: Run, ask: JacobianAsk, found: Jacobian) -> None:
    """The backward pass whose v is 1 at one output: what it leaves in .grad is that row.

    Of a Hessian the output is one element of the gradient, and the pass walks back through the
    nodes that the first backward made.
    """
    heading = _("Row {row}: backward with a one-hot v")
    if ask.order == 2:
        heading = _("Row {row}: backward from one element of the gradient")
    st.subheader(heading.format(row=plain(found.rows[at])))
    program = program_of(at, run, ask, found)
    if isinstance(program, str):
        st.info(program)
        return
    go(_("Open on the Backward page"), program, "backward", {})
    shown = session.run(program)
    widgets.say_what_went_wrong(shown)
    asks = player.asks_for(shown)
    shown = session.run(program, *asks) if asks else shown
    player.show(shown, key="row of the Jacobian", call=len(shown.calls) - 1 or None)


def program_of(at: int, run: Run, ask: JacobianAsk, found: Jacobian) -> Program | str:
    """The program up to the output and one backward whose v is 1 at row `at`; or why not."""
    variable = next((v for v in run.tensors if widgets.title_of(v) == ask.outputs), None)
    program = None
    if variable is not None and ask.order == 1:
        program = press.one_hot(run.program, variable, at)
    elif variable is not None:
        row, part, inside = place_on(found.rows, at)
        if all((row, column) in found.cut for column in range(len(found.columns.parts))):
            return _(
                "{gradient} is a constant: nothing leads back from it, so this row has no backward "
                "pass. torch gives None for all of it."
            ).format(gradient=plain(part.name))
        by = ask.wrt[row]
        program = press.hessian_row(run.program, variable, by, part.shape, inside)
        if program is None and press.said(run.program.source, by) is None:
            return _(
                "No line after the program can say which tensor “{name}” is, so none can ask for "
                "its gradient."
            ).format(name=by)
    return program or _(
        "“{name}” is an earlier value inside a loop, and no line after it can reach it: choose the "
        "last one to see its backward."
    ).format(name=ask.outputs)


def place_on(axis: Axis, at: int) -> tuple[int, AxisPart, int]:
    """The number of the part that element `at` belongs to, that part, and which element it is."""
    for number, part in enumerate(axis.parts):
        if at < len(part):
            return number, part, at
        at -= len(part)
    raise IndexError(at)


def go(label: str, program: Program, page: str, remembered: Mapping[str, int]) -> None:
    """A button that makes `program` the current one and opens a page on it."""

    def take() -> None:
        session.edit(program)
        for name, value in remembered.items():
            session.remember(name, value)

    if st.button(label, on_click=take, icon=":material/open_in_new:", key=f"to {page}"):
        st.switch_page(site.page(page))
