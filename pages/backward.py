"""Watch the backward pass, one node at a time."""

import streamlit as st

from explorer.ui import downloads, player, session

run = session.current_run()
if run is not None:
    explained = session.explained_run() or run
    player.show(explained, key="backward")
    with st.container(horizontal=True):
        downloads.graph(run)
        downloads.player(explained)
