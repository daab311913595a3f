"""The pages of the app: where each one lives, what it is called and how to link to it."""

from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import Page

import explorer
from explorer.language import _, later

_PACKAGE: Final = Path(explorer.__file__).parent

HOME: Final = home if (home := _PACKAGE / "home").is_dir() else _PACKAGE.parent
"""Folder of `streamlit_app.py` and the pages: the checkout, or a part of the installed package."""

TITLES: Final = {
    "start": later("Start"),
    "program": later("Program"),
    "backward": later("Backward"),
    "jacobian": later("Jacobian"),
    "accumulation": later("Accumulation"),
    "lessons": later("Lessons"),
    "compare": later("Compare"),
    "chain": later("Chain"),
    "open": later("Open"),
}
"""Name of the page's file and of its place in the URL -> its title in the navigation.

A narrow window folds the last ones away.
"""


def page(name: str) -> Page:
    """The page called `name`, for `st.navigation`, `st.page_link` and `st.switch_page`."""
    return st.Page(
        HOME / "pages" / f"{name}.py", title=_(TITLES[name]), url_path=name, default=name == "start"
    )


def pages() -> list[Page]:
    """All pages, in the order of the navigation."""
    return [page(name) for name in TITLES]
