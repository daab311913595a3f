"""The button that copies the link of what is shown, and what keeps the address bar in order.

`show()` belongs at the end of a page's run, when the URL is written: its script then asks each
player to add where it stands, which the server does not know. `text()` is the same button for a
text with that link in it.
"""

from pathlib import Path
from typing import Final

import msgspec
import streamlit as st

from explorer.language import _
from explorer.ui import session
from explorer.ui.copylink.code import code_of

_KEY: Final = "copy link"
_DRAWN: Final = "drawn code"


def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "explorer_copy_link", css=_file("copylink.css"), js=_file("copylink.js")
)


LINK: Final = "\ue000link\ue000"
"""What stands in a text for the link; a program has no such letters."""


def show() -> None:
    """Draw the button; it is out of use where no link can hold the program."""
    usable = session.query() is not None
    title = (
        _("Copy a link to exactly what you see") if usable else _("No link can hold this program")
    )
    _button(_KEY, LINK, _("Copy link"), title, usable=usable, wide=False, draws=True)


def text(text: str, label: str, *, key: str) -> None:
    """Draw a button that copies `text`, in which `LINK` stands for the link of what is shown."""
    _button(key, text, label, label, usable=True, wide=True)


def _button(
    key: str, text: str, label: str, title: str, *, usable: bool, wide: bool, draws: bool = False
) -> None:
    data = {
        "text": text,
        "link": LINK,
        "usable": usable,
        "wide": wide,
        "draws": draws,
        "drawn": st.session_state.get(_DRAWN) if draws else None,
        "query": session.query(),  # the script is called again when it has changed
        "words": {
            "copy": label, "title": title, "copied": _("Copied"), "by_hand": _("Copy it from here"),
        },
    }  # fmt: skip
    _mount(
        key=key, data=data, height="content", width="stretch" if wide else "content",
        on_qr_change=_draw if draws else lambda: None,
    )  # fmt: skip


def _draw() -> None:
    """Draw the code that a presenting player has asked for."""
    url = str(st.session_state[_KEY]["qr"])
    st.session_state[_DRAWN] = msgspec.to_builtins(code_of(url))
