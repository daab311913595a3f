"""The Lessons page: all lessons, or one of them beside its workspace."""

from typing import Final

import streamlit as st

from explorer.ui import session
from explorer.ui.lesson import overview, place, progress, story, workspace

_LAYOUT: Final = """
<style>
@media (min-width: 900px) {
  .st-key-lesson > [data-testid="stHorizontalBlock"],
  .st-key-lesson > div > [data-testid="stHorizontalBlock"]:has(.st-key-story) {
    flex-wrap: nowrap; }
  [data-testid="stColumn"]:has(.st-key-story) { flex: 0 0 320px; min-width: 320px; }
  [data-testid="stColumn"]:has(.st-key-story) + [data-testid="stColumn"] {
    flex: 1 1 0; min-width: 0; }
}
</style>
"""


def show() -> None:
    """Draw the lesson that is open, or the list of all."""
    lesson, here = place.lesson(), place.current()
    if lesson is None or here is None:
        overview.show()
        return
    step = lesson.steps[here.step]
    run = session.current_run(*step.asks)
    if run is None:
        return
    shown = progress.now(lesson, here, run)
    with st.container(key="lesson"):
        st.html(_LAYOUT + _hidden())
        left, right = st.columns([1, 3], gap="medium")
        with left:
            story.show(shown)
        with right:
            workspace.show(shown)


def _hidden() -> str:
    """The rules that take away what the teacher's link hides."""
    rules = {"picker": ".st-key-tools", "pages": '[data-testid="stTopNav"]'}
    hidden = [rule for part, rule in rules.items() if place.is_hidden(part)]
    return f"<style>{', '.join(hidden)} {{ display: none; }}</style>" if hidden else ""
