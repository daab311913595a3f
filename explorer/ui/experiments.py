"""What the experiments of the Accumulation page share: keys of their widgets, and their program."""

from typing import Final

import streamlit as st

from explorer.data import Program
from explorer.language import _, later
from explorer.ui import links, session, site, widgets

SECTIONS: Final = (later("Ledger"), later("Switches"), later("Micro-batches"), later("Depth"))
"""The parts of the page, in their order."""


def section() -> str:
    """The part of the page that the visitor has chosen."""
    key = session.widget_key("section", SECTIONS[0])
    if st.session_state[key] not in SECTIONS:
        st.session_state[key] = SECTIONS[0]
    chosen: str = st.segmented_control(  # type: ignore[assignment]
        _("Part"), SECTIONS, format_func=_, key=key, label_visibility="collapsed", required=True
    )
    session.remember("section", chosen)
    st.html(
        "<style>"
        '.stButtonGroup button[data-selected="true"] *'
        f"{{ color: {widgets.theme().ink} !important; font-weight: 700 !important; }}</style>"
    )
    return chosen


def key(name: str) -> str:
    """The key of a widget of an experiment; another program begins anew."""
    return f"experiment {name} in {session.program_number()}"


def adopt(program: Program) -> None:
    """A link that makes a program of an experiment the visitor's own, and plays its calls."""
    if code := links.pack_program(program):
        st.page_link(
            site.page("backward"), label=_("Watch this program"), icon=":material/play_arrow:",
            query_params={"code": code},
        )  # fmt: skip
