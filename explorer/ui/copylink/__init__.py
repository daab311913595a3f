"""The button that copies the link of what is shown, and what keeps the address bar in order.

`show()` belongs at the end of a page's run, when the URL is written: its script then asks each
player to add where it stands, which the server does not know.
"""

from pathlib import Path
from typing import Final

import streamlit as st

from explorer.language import _
from explorer.ui import session

_KEY: Final = "copy link"


def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "explorer_copy_link", css=_file("copylink.css"), js=_file("copylink.js")
)


def show() -> None:
    """Draw the button; it is out of use where no link can hold the program."""
    query = session.query()
    words = {
        "copy": _("Copy link"),
        "title": _("Copy a link to exactly what you see"),
        "copied": _("Copied"),
        "by_hand": _("Copy it from here"),
        "none": _("No link can hold this program"),
    }
    _mount(key=_KEY, data={"query": query, "words": words}, height="content", width="content")
