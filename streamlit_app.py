"""The app: `streamlit run streamlit_app.py`."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.ui.app import main
from explorer.ui.headers import SafeHeaders

# The router lies in a folder of its own: next to `pages/`, Streamlit would also serve each page
# without it, and a deep link that is the first request of all would find no shared state.
app = st.App("explorer/ui/app.py", middleware=[SafeHeaders.middleware()])

# A test, or a host that knows nothing of `st.App`, runs this file itself as the script.
if get_script_run_ctx(suppress_warning=True) is not None:
    main()
