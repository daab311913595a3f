"""What the Program page offers to take along: the program as a file, a notebook, or Markdown."""

from collections.abc import Callable

import streamlit as st

from explorer import script
from explorer.data import Run
from explorer.language import _
from explorer.ui import copylink, session


def menu(run: Run) -> None:
    """A button that opens the menu."""
    name, program = session.choice(), run.program
    title = session.title(name)
    with st.popover(_("Take the program along"), icon=":material/download:", width=260):
        _offer(_("Python file"), lambda: script.python(program, title), f"{name}.py",
               "text/x-python", "code")  # fmt: skip
        _offer(_("Notebook"), lambda: script.notebook(program, title), f"{name}.ipynb",
               "application/x-ipynb+json", "book")  # fmt: skip
        markdown = script.markdown(program, title, run.printed, copylink.LINK)
        copylink.text(markdown, _("Copy as Markdown"), key="copy as Markdown")


def _offer(label: str, made: Callable[[], str], file: str, mime: str, icon: str) -> None:
    st.download_button(
        label, made, file, mime, on_click="ignore", icon=f":material/{icon}:", width="stretch"
    )
