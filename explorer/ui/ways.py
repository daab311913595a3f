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

    A typed program opens in the editor and a network in its form; a preset opens where its link
    says, or else where the visitor is.
    """
    own = {session.CODE: CODE, session.NETWORK: BUILD}.get(session.choice())
    linked = session.remembered("way", own or BUILD)
    if st.session_state.get(_SEEN) != _here():
        before = st.session_state.get(_WAY, BUILD)
        st.session_state[_WAY] = own or (CODE if CODE in (linked, before) else BUILD)
        st.session_state[_SEEN] = _here()
    st.html(_STYLE)
    way = st.segmented_control(
        _("Way into the program"), [BUILD, CODE], format_func=_, key=_WAY, required=True,
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    session.remember("way", way or BUILD)
    return way or BUILD


def _here() -> tuple[str, int]:
    """What the way was chosen for."""
    return session.choice(), session.program_number()


def go_to_code() -> None:
    """Open the current program in the editor."""
    st.session_state[_WAY] = CODE
    st.session_state[_SEEN] = _here()
