"""Every derivative of a variable with respect to others, as one picture."""

import streamlit as st

from explorer.ui import downloads, jacobian, session

run = session.current_run()
ask = jacobian.choose(run) if run is not None else None
if run is not None and ask is not None:
    answer = jacobian.answer(run, ask)
    if answer is None:
        st.stop()
    if answer.jacobian is None:
        st.warning(answer.error)
    else:
        found = answer.jacobian
        jacobian.describe(ask, found)
        jacobian.lab(run, ask, found)
        downloads.jacobian(found)
