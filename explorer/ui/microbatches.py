"""The cut batch on the page: form, verdict, gradients and weights on both sides."""

from typing import Final

import msgspec
import numpy as np
import streamlit as st

from explorer import microbatches
from explorer.data import Run, Values
from explorer.language import _
from explorer.ledger import Ledger, ledger_of
from explorer.microbatches import Cut, Verdict
from explorer.picture import ledger as ledgers
from explorer.picture import listing, sides
from explorer.switches import Outcome
from explorer.ui import session, widgets
from explorer.ui.experiments import adopt, key

CUT: Final = "cut"
"""What is remembered of the form."""


def show() -> None:
    """The form, the verdict, both sides, and how the parts add up."""
    held = microbatches.read_cut(session.remembered(CUT, msgspec.to_builtins(Cut())))
    left, right = st.columns([1, 3], gap="medium")
    with left:
        cut = _form(held)
    session.remember(CUT, msgspec.to_builtins(cut))
    program = cut.program()
    run = session.run(program)
    with right:
        widgets.say_what_went_wrong(run)
        pairs = microbatches.gradients(run, cut.parts)
        verdict = microbatches.compare(pairs)
        st.subheader(sentence(cut, verdict), anchor=False)
        times = _times(verdict)
        rows = [Outcome(f"{name}.grad", *pair, relation=times) for name, pair in pairs.items()]
        titles = (_("the whole batch"), _("{count} parts").format(count=cut.parts))
        drawn = sides.sides_html([*rows, *_weights(run)], titles, widgets.theme())
        st.html(sides.STYLE + drawn)
        with st.expander(_("How the parts add up, call by call")):
            st.html(ledgers.STYLE + _adding_up(run, cut.parts))
        st.html(listing.STYLE + listing.listing_html(program.source, widgets.theme()))
        adopt(program)


def _form(held: Cut) -> Cut:
    one, two = st.columns(2)
    batch = one.number_input(
        _("Samples"), 2, microbatches.MAX_BATCH, held.batch, key=key("batch size")
    )
    most = int(batch)
    parts = two.number_input(
        _("Parts"), 1, most, min(held.parts, most), key=key(f"parts of {most}")
    )
    loss = st.segmented_control(
        _("Loss"), list(microbatches.LOSSES), default=held.loss, required=True,
        key=key("loss"),
    )  # fmt: skip
    scale = st.selectbox(
        _("Loss of a part"), microbatches.SCALES, microbatches.SCALES.index(held.scale),
        format_func=_, key=key("scale"),
    )  # fmt: skip
    networks, optimizers = list(microbatches.NETWORKS), list(microbatches.OPTIMIZERS)
    network = st.selectbox(
        _("Network"), networks, networks.index(held.network), format_func=_, key=key("network")
    )
    optimizer = st.selectbox(
        _("Optimizer"),
        optimizers,
        optimizers.index(held.optimizer),
        format_func=_,
        key=key("optimizer"),
    )
    steps = held.steps
    if optimizer != "none":
        steps = st.slider(_("Steps"), 1, microbatches.MAX_STEPS, held.steps, key=key("steps"))
    return Cut(most, int(parts), loss, scale, network, optimizer, steps, held.seed)


def sentence(cut: Cut, verdict: Verdict | None) -> str:
    """What the comparison says."""
    if verdict is None:
        return _("There is nothing to compare.")
    if verdict.factor == "1":
        return _("{count} parts give the gradient of the whole batch.").format(count=cut.parts)
    if verdict.factor is not None:
        message = _("{count} parts give exactly {factor} times the gradient of the whole batch.")
        return message.format(count=cut.parts, factor=verdict.factor)
    message = _(
        "{count} parts give another gradient: no one factor, element by element {low} to {high}."
    )
    low, high = f"{verdict.low:.3g}", f"{verdict.high:.3g}"
    return message.format(count=cut.parts, low=low, high=high)


def _weights(run: Run) -> list[Outcome]:
    """The first weight after the steps of both optimizers, and how far it has moved."""
    begin = next((v.values for v in run.tensors if v.name == "begin"), None)
    ends = {leaf.name: leaf.values for leaf in run.leaves}
    pair = ends.get("whole.0.weight"), ends.get("parts.0.weight")
    if begin is None or pair[0] is None or pair[1] is None:
        return []
    moved = _difference(pair[0], begin), _difference(pair[1], begin)
    times = _times(microbatches.compare({"moved": moved}))
    return [
        Outcome(_("0.weight has moved by"), *moved, relation=times),
        Outcome(_("0.weight is now"), *pair),
    ]


def _times(verdict: Verdict | None) -> str:
    """The factor as a sign between two sides; empty where there is none or it is 1."""
    return f"×{verdict.factor}" if verdict and verdict.factor not in (None, "1") else ""


def _difference(end: Values, begin: Values) -> Values | None:
    if end.array is None or begin.array is None:
        return None
    return Values.of_array(np.asarray(end.array - begin.array))


def _adding_up(run: Run, parts: int) -> str:
    """The ledger of the calls that the parts made before the first step."""
    ledger = ledger_of(run)
    lines = [line for line in ledger.lines if line.kind == "backward"][1 : parts + 1]
    names = {name: shape for name, shape in ledger.shapes.items() if name.startswith("parts.")}
    return ledgers.ledger_html(Ledger(tuple(lines), names), widgets.theme(), names=names)
