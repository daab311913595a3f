"""Build a network in a form or type a program, and see what it printed and what it holds."""

import streamlit as st

from explorer.ui import editor, form, session, ways, widgets

typing = ways.show() == ways.CODE
program = session.current_program()
left, right = st.columns([6, 5] if typing else [5, 6], gap="large")

with left:
    if typing and program is not None:
        editor.origin()
        editor.show(program)
        editor.seed(program)
    else:
        form.show()

with right:
    run = session.current_run()
    if run is not None and typing:
        editor.mark(run.error)
        widgets.say_what_went_wrong(run)
        widgets.what_it_printed(run)
    elif run is not None:
        st.button("Edit this program", icon=":material/edit:", on_click=ways.go_to_code)
        st.code(run.program.source, line_numbers=True)
        widgets.say_what_went_wrong(run)

if run is not None:
    if not typing:
        # A preset leaves room under its story, the form under the program.
        with right if session.choice() == session.NETWORK else left:
            widgets.what_it_printed(run)
    st.subheader("Variables")
    widgets.variables_table(run)
