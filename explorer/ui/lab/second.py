"""The Jacobian's own backward: what J.sum().backward() leaves in .grad, None beside zeros."""

from collections.abc import Callable
from html import escape
from typing import Final

import streamlit as st

from explorer import press
from explorer.data import Answer, JacobianAsk, Run, SumAsk, Values
from explorer.frames.tiles import largest
from explorer.language import _, retold
from explorer.picture.tiles import legend_html, tile_html
from explorer.ui import session, site, widgets
from explorer.ui.wording import plain

_STYLE: Final = """
<style>
.second { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 14px 26px; padding: 8px 0; }
.second figure { margin: 0; display: grid; justify-items: start; gap: 4px; }
.second figcaption { font: 600 14px ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono',
  monospace; }
.second i, .second-legend i { display: block; font-style: normal; }
.second .tile { display: inline-block; box-sizing: content-box; }
.second-legend { display: flex; align-items: center; gap: 8px; font-size: 13px; flex-wrap: wrap; }
.second-legend .key { display: inline-flex; align-items: center; gap: 6px; margin-left: 18px; }
</style>
"""

_PAIR: Final = ("notebook", "notebook_linear")
"""Two presets that differ in their activation alone."""


def show(run: Run, ask: JacobianAsk, asked: Callable[[SumAsk], Answer]) -> None:
    """A switch, and under it the .grad of every leaf after J.sum().backward()."""
    key = session.widget_key("jacobian second", False)
    label = _("Second order: build J with create_graph, then J.sum().backward()")
    on = st.toggle(label, key=key)
    session.remember("jacobian second", on)
    if not on:
        return
    st.caption(
        _("J holds the derivatives of {output} by {names}.").format(
            output=plain(ask.outputs), names=plain(", ".join(ask.wrt))
        )
    )
    leaves = tuple(leaf.name for leaf in run.leaves)
    answer = asked(SumAsk(ask.outputs, ask.wrt, leaves))
    if answer.error is not None:
        st.info(_("torch says:") + " " + plain(retold(answer.error)))
    else:
        _tiles(leaves, answer.grads)
        st.caption(
            _(
                "Zeros: a path leads from J back to that leaf, and every derivative on it is 0, as "
                "behind a ReLU. None: J does not depend on that leaf at all, so nothing arrives."
            )
        )
    _links(run, ask)


def _tiles(names: tuple[str, ...], grads: tuple[Values | None, ...]) -> None:
    scale = largest([grad for grad in grads if grad is not None]) or 1.0
    colors = widgets.theme()
    figures = "".join(
        f"<figure>{tile_html(grad, scale=scale, theme=colors, name=f'{name}.grad', most=4)}"
        f"<figcaption>{escape(name)}.grad</figcaption></figure>"
        for name, grad in zip(names, grads, strict=True)
    )
    legend = f'<div class="second-legend">{legend_html(scale, colors)}</div>'
    st.html(f'{_STYLE}<div class="second">{figures}</div>{legend}')


def _links(run: Run, ask: JacobianAsk) -> None:
    """The same as a program of its own, and the two graphs beside each other."""
    variable = next((v for v in run.tensors if widgets.title_of(v) == ask.outputs), None)
    program = None if variable is None else press.second_order(run.program, variable, ask.wrt)
    with st.container(horizontal=True):
        if program is not None:
            made = program
            if st.button(
                _("See its graph on the Backward page"), on_click=lambda: session.edit(made),
                icon=":material/open_in_new:", key="second to backward",
            ):  # fmt: skip
                st.switch_page(site.page("backward"))
        if session.choice() in _PAIR and "compare" in site.TITLES:
            st.page_link(
                site.page("compare"), label=_("The two graphs beside each other"),
                icon=":material/compare:", query_params={"preset": _PAIR[0], "with": _PAIR[1]},
            )  # fmt: skip
