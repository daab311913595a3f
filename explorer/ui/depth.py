"""The form of a deep network on the page, and what torch says is left of its gradient."""

from typing import Any, Final

import msgspec
import streamlit as st

from explorer import depth
from explorer.data import Run
from explorer.depth import Deep
from explorer.language import _
from explorer.picture import listing
from explorer.picture.bars import Series, log_bars
from explorer.ui import drawing, session, widgets
from explorer.ui.experiments import adopt, key

DEEP: Final = "deep"
"""What is remembered of the form."""

SHOWN: Final = "deep shown"
"""What is remembered of the activations that are drawn beside each other."""


def show() -> None:
    """The form, a panel of bars for each activation, and the program that gave the numbers."""
    held = depth.read_deep(session.remembered(DEEP, msgspec.to_builtins(Deep())))
    left, right = st.columns([5, 14], gap="medium")
    with left:
        deep, shown, flows = _form(held)
    session.remember(DEEP, msgspec.to_builtins(deep))
    each = [msgspec.structs.replace(deep, activation=name) for name in shown]
    runs = [(one, session.run(one.program())) for one in each]
    with right:
        weights, outputs = _("Norm of each layer's weight.grad"), _("Norm of ∂loss/∂ each output")
        st.subheader(outputs if flows else weights, anchor=False)
        for __, run in runs:
            widgets.say_what_went_wrong(run)
        series = [
            Series(_(one.activation), values)
            for one, run in runs
            if (values := norms_of(run, "flows" if flows else "norms"))
        ]
        if series:
            drawn = draw(series)
            st.download_button(
                _("Bars as SVG"), drawn, "depth.svg", "image/svg+xml", on_click="ignore",
                icon=":material/download:",
            )  # fmt: skip
        program = each[0].program()
        st.html(listing.STYLE + listing.listing_html(program.source, widgets.theme()))
        adopt(program)


def draw(series: list[Series], about: int = 0) -> str:
    """The bars, and under them in a sentence what the panel `about` says; returns the SVG."""
    drawn = log_bars(series, widgets.theme())
    drawing.show(drawn, key="depth bars", phone=log_bars(series, widgets.theme(), phone=True))
    st.html(f"<p style='font-size:16px'>{sentence(series[about])}</p>")
    return drawn


def _form(held: Deep) -> tuple[Deep, list[str], bool]:
    """The widgets; returns the network, the activations to draw, and whether to draw flows."""
    layers = st.slider(_("Layers"), 1, depth.MAX_DEPTH, held.depth, key=key("depth"))
    names = list(depth.ACTIVATIONS)
    default = [n for n in _listed(session.remembered(SHOWN, [held.activation])) if n in names]
    shown = st.multiselect(
        _("Activations"), names, default or [names[0]], format_func=_, key=key("shown")
    )
    shown = shown or [names[0]]
    session.remember(SHOWN, shown)
    begin = st.selectbox(
        _("Weights begin"), list(depth.INITS), list(depth.INITS).index(held.init),
        format_func=_, key=key("init"),
    )  # fmt: skip
    norm = st.segmented_control(
        _("Normalisation"), list(depth.NORMS), default=held.norm, format_func=_, key=key("norm"),
    )  # fmt: skip
    residual = st.toggle(_("Residual: h + layer(h)"), held.residual, key=key("residual"))
    flows = st.toggle(_("Show ∂loss/∂ output instead"), key=key("flows"))
    one, two, three = st.columns(3)
    width = one.number_input(_("Units"), 1, depth.MAX_WIDTH, held.width, key=key("width"))
    batch = two.number_input(_("Samples"), 2, depth.MAX_BATCH, held.batch, key=key("batch"))
    seed = three.number_input(_("Seed"), 0, 2**32 - 1, held.seed, key=key("seed"))
    deep = Deep(
        layers, int(width), int(batch), shown[0], begin, norm or "none", residual, int(seed)
    )
    return deep, shown, flows


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def norms_of(run: Run, name: str) -> tuple[float, ...]:
    """The numbers that the program left in `name`; empty where it did not come so far."""
    for variable in run.tensors:
        if variable.name == name and variable.last and variable.values.array is not None:
            return tuple(variable.values.array.tolist())
    return ()


def sentence(series: Series) -> str:
    """What the first panel says, in one sentence."""
    first, last = series.values[0], series.values[-1]
    if first == 0 or last == 0:
        return _("A norm of exactly 0: in float32 nothing of it is left.")
    ratio = first / last
    factor = f"{ratio ** (1 / max(len(series.values) - 1, 1)):.3g}"
    message = _(
        "{name}: the first layer gets {ratio} times the norm of the last, a factor of {factor} "
        "a layer on the way back."
    )
    return message.format(name=series.title, ratio=f"{ratio:.2g}", factor=factor)
