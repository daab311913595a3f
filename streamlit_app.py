"""The app: `streamlit run streamlit_app.py`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer import sandbox
from explorer.ui import app as router
from explorer.ui import greeting
from explorer.ui.headers import SafeHeaders


@asynccontextmanager
async def with_sandbox(_: st.App) -> AsyncIterator[None]:
    """Have the sandbox import torch, and run what everybody sees first, before anybody comes."""
    sandbox.start()
    greeting.prepare()
    yield


# The router lies in a folder of its own: next to `pages/`, Streamlit would also serve each page
# without it, and a deep link that is the first request of all would find no shared state.
app = st.App(
    router.__file__,
    lifespan=with_sandbox,
    middleware=[Middleware(SafeHeaders), Middleware(greeting.Greeting)],
)

# A test, or a host that knows nothing of `st.App`, runs this file itself as the script.
if get_script_run_ctx(suppress_warning=True) is not None:
    router.main()
