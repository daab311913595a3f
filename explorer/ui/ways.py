"""Two ways into the one program of the Program page: build it in a form, or type it."""

from typing import Final

import streamlit as st

from explorer.language import _, later
from explorer.ui import session

BUILD: Final = later("Build")
CODE: Final = later("Code")

_STYLE: Final = """
<style>
[data-testid="stBaseButton-segmented_controlActive"],
[data-testid="stBaseButton-segmented_controlActive"] * {
  color: var(--st-text-color, inherit) !important; font-weight: 700;
}
</style>
"""

_WAY: Final = "way into the program"
_SEEN: Final = "way was chosen for"


def show() -> str:
    """The switch between the two; returns `BUILD` or `CODE`.

    A typed program opens in the editor and a network in its form; a preset opens where the visitor
    is.
    """
    chosen = session.choice()
    if st.session_state.get(_SEEN) != chosen:
        own = {session.CODE: CODE, session.NETWORK: BUILD}
        st.session_state[_WAY] = own.get(chosen, st.session_state.get(_WAY, BUILD))
        st.session_state[_SEEN] = chosen
    st.html(_STYLE)
    way = st.segmented_control(
        _("Way into the program"), [BUILD, CODE], format_func=_, key=_WAY, required=True,
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    return way or BUILD


def go_to_code() -> None:
    """Open the current program in the editor."""
    st.session_state[_WAY] = CODE
    st.session_state[_SEEN] = session.choice()
