"""From a leaf in the player to what else it shows: its nudge below, its chain on a page."""

from typing import Final

import streamlit as st

from explorer.ui import chain, nudge, session, site

_GOING: Final = "going to the chain"


def from_backward() -> None:
    """The person has asked for more about a number of a leaf on the Backward page."""
    said = st.session_state["backward"]["leaf"]
    if said is None:
        return
    call, node, element = said["call"], said["node"], said["element"]
    if said["what"] == "nudge":
        nudge.open_at(call, node, element)
    else:
        chain.open_at(call, node)
        st.session_state[_GOING] = True


def go_on() -> None:
    """Go to the other page, if that is what was asked for; a callback cannot."""
    if st.session_state.pop(_GOING, False):
        st.switch_page(site.page("chain"), query_params=session.query() or {})
