"""Where a visitor begins: the first program, stopped in the middle of its backward pass."""

import streamlit as st

from explorer.language import _
from explorer.ui import gallery, player, session

st.header(_("See what autograd really did, one node at a time."))

run = session.explained_run()
if run is not None:
    link = session.query_of_program()
    player.show(run, key="start", start=3, ask=session.current_run, link=link)

gallery.show()
