"""The pages of the app: where each one lives, what it is called and how to link to it."""

from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import Page

_PAGES: Final = Path(__file__).parents[2] / "pages"

TITLES: Final = {
    "start": "Start",
    "program": "Program",
    "backward": "Backward",
    "jacobian": "Jacobian",
    "accumulation": "Accumulation",
    "open": "Open",
}
"""Name of the page's file and of its place in the URL -> its title in the navigation."""


def page(name: str) -> Page:
    """The page called `name`, for `st.navigation`, `st.page_link` and `st.switch_page`."""
    return st.Page(
        _PAGES / f"{name}.py", title=TITLES[name], url_path=name, default=name == "start"
    )


def pages() -> list[Page]:
    """All pages, in the order of the navigation."""
    return [page(name) for name in TITLES]
