"""Whether the learner changes the program of a step, and the way back to the step's own."""

import streamlit as st

from explorer.language import _
from explorer.ui import session
from explorer.ui.lesson import place
from explorer.ui.lesson.progress import Progress


def is_on(shown: Progress) -> bool:
    """Whether the program is to be seen as text that can be changed."""
    if place.is_hidden("editor"):
        return False
    task = shown.step.task
    by_default = task is not None and not task.is_in_player
    on: bool = st.session_state.setdefault(_key(shown), by_default)
    return on


def switch(shown: Progress) -> None:
    """The switch that says so, and the way back to the step's own program."""
    if place.is_hidden("editor"):
        return
    is_on(shown)
    st.toggle(_("Change the program"), key=_key(shown))
    if session.choice() != session.LESSON:
        st.button(
            _("Back to the lesson's program"), icon=":material/undo:", type="tertiary",
            on_click=session.choose, args=(session.LESSON,),
        )  # fmt: skip


def _key(shown: Progress) -> str:
    return f"editing in {shown.lesson.slug} {shown.number}"
