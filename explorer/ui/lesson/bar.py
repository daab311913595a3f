"""On every other page: the way back to the lesson that is open."""

import streamlit as st

from explorer.language import _
from explorer.ui import site
from explorer.ui.lesson import place

_STYLE = """
<style>
.st-key-lesson_bar { background: var(--st-secondary-background-color, #8B95A322);
  border-radius: 8px; padding: 0 12px; }
</style>
"""


def show() -> None:
    """One line, where a lesson is open."""
    here, lesson = place.current(), place.lesson()
    if here is None or lesson is None:
        return
    words = _("Back to the lesson “{lesson}”, step {number} of {count}")
    label = words.format(
        lesson=_(lesson.title.source), number=here.step + 1, count=len(lesson.steps)
    )
    with st.container(key="lesson_bar", horizontal=True, vertical_alignment="center"):
        st.html(_STYLE)
        st.page_link(
            site.page("lessons"), label=label, icon=":material/school:",
            query_params=place.query(here),
        )  # fmt: skip
        st.button(_("Close the lesson"), type="tertiary", on_click=place.put, args=(None,))
