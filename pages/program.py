"""Build a network in a form or type a program, and see what it printed and what it holds."""

import streamlit as st

from explorer.language import _
from explorer.ui import editor, form, handout, session, site, trouble, variables, ways, widgets

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
    elif run is not None:
        st.button(_("Edit this program"), icon=":material/edit:", on_click=ways.go_to_code)
        st.code(run.program.source, line_numbers=True)
    troubles = st.container()

if run is not None:
    # A preset leaves room under its story, the form under the program.
    with right if typing or session.choice() == session.NETWORK else left:
        widgets.what_it_printed(run)
        if typing and run.trace.nodes:
            st.page_link(
                site.page("backward"), label=_("Watch its backward pass"),
                icon=":material/play_arrow:", query_params=session.query(),
            )  # fmt: skip
            if session.before_edit() is not None:
                st.page_link(
                    site.page("compare"), label=_("Compare it with what it was"),
                    icon=":material/difference:", query_params=session.query(),
                )  # fmt: skip
        handout.menu(run)
    variables.show(run)
    with troubles:
        trouble.show(run)
