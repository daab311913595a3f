"""torch's ways to the same Jacobian side by side, each run on the program at hand."""

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from explorer.data import Answer, JacobianAsk, Measured, MethodAsk
from explorer.language import _, retold
from explorer.picture.cells import format_number
from explorer.ui import session

HOWS: Final = (
    "loop", "is_grads_batched", "functional.jacobian", "functional.jacobian, vectorize",
    "jacrev", "jacfwd", "vmap(jacrev)",
)  # fmt: skip
"""The ways, as a MethodAsk names them."""

_ASKED: Final = "jacobian methods"


def show(ask: JacobianAsk, asked: Callable[[MethodAsk], Answer]) -> None:
    """A button that runs every way, then the table of what came of each.

    Each way is a run of its own: the table grows while it is filled, and can be stopped.
    """
    with st.expander(_("torch's ways to this matrix, side by side"), icon=":material/timer:"):
        if session.remembered(_ASKED, None) != [*ask.wrt, ask.outputs]:
            st.button(_("Run all seven"), on_click=_want, args=(ask,), type="primary")
            return
        stop, bar, table = st.empty(), st.empty(), st.empty()
        stop.button(_("Stop"), on_click=_stop, icon=":material/stop:")
        rows: list[dict[str, Any]] = []
        for number, how in enumerate(HOWS):
            bar.progress(number / len(HOWS), text=how)
            rows.append(_row(how, asked(MethodAsk(ask.outputs, ask.wrt, how))))
            wide = st.column_config.Column(width="large")
            says = wide if any(row[_("torch says")] for row in rows) else None
            table.dataframe(rows, hide_index=True, column_config={_("torch says"): says})
        stop.empty()
        bar.empty()
        st.caption(
            _(
                "A time is the fastest of a few runs and includes one run of the program up to the "
                "output; memory is what the tensors that the way itself made held at most. "
                "vmap(jacrev) treats each sample by itself: where samples are mixed, what it "
                "leaves out is the difference."
            )
        )


def _want(ask: JacobianAsk) -> None:
    session.remember(_ASKED, [*ask.wrt, ask.outputs])


def _stop() -> None:
    session.remember(_ASKED, None)


def _row(how: str, answer: Answer) -> dict[str, Any]:
    found = answer.measured
    empty = dict.fromkeys((_("shapes"), _("passes"), _("largest difference"), "ms", "kB"), "–")
    row: dict[str, Any] = {_("way"): how, **empty, _("torch says"): retold(answer.error or "")}
    return row if found is None else {**row, **_figures(found)}


def _figures(found: Measured) -> dict[str, Any]:
    shapes = ", ".join(str(shape) for shape in found.shapes[:3])
    passes = str(found.passes)
    if found.width > 1:
        passes = _("{passes}, for {width} vectors").format(passes=passes, width=found.width)
    return {
        _("shapes"): shapes + (" …" if len(found.shapes) > 3 else ""),
        _("passes"): passes,
        _("largest difference"): format_number(found.difference),
        "ms": format_number(1000 * found.seconds),
        "kB": format_number(found.bytes / 1024),
    }
