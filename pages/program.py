"""Build a network beside the program that it writes, and see what the program printed."""

import streamlit as st

from explorer.ui import form, session, widgets

left, right = st.columns([5, 6], gap="large")
with left:
    form.show()

with right:
    run = session.current_run()
    if run is not None:
        st.code(run.program.source, line_numbers=True)
        widgets.say_what_went_wrong(run)

if run is not None:
    # A preset leaves room under its story, the form under the program.
    with right if session.choice() == session.NETWORK else left:
        widgets.what_it_printed(run)
    st.subheader("Variables")
    widgets.variables_table(run)
