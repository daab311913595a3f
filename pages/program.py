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
        if run.printed:
            st.caption("It printed")
            st.code(run.printed, language=None)

if run is not None:
    st.subheader("Variables")
    widgets.variables_table(run.tensors)
