"""The workspace beside a lesson: the program to change, and the picture that changes with it."""

from typing import Any, Final

import streamlit as st

from explorer.language import _
from explorer.lessons import Spot, View
from explorer.ui import editor, player, session, site, trouble
from explorer.ui.lesson import place, progress
from explorer.ui.lesson.progress import Progress

EDITED_HEIGHT: Final = 300
"""Height of the picture in px while the program stands above it."""


def show(shown: Progress) -> None:
    """The editor where the step or the learner wants it, then the player or what stands for it."""
    run = shown.scope.run
    is_covered = shown.step.view.page == "program" and not shown.answered
    editing = _wants_editor(shown) or is_covered
    if editing:
        with st.container(key="lesson_program"):
            editor.show(run.program)
        editor.mark(None if is_covered else run.error)
    if is_covered:
        return
    if run.error is not None or (shown.step.task is not None and shown.step.task.cure):
        trouble.show(run)
    explained = session.run(run.program, *player.asks_for(run)) if run.trace.nodes else run
    view = shown.step.view
    _door(view)
    key = f"player of the lesson {_player_number(shown)}"
    player.show(
        explained, key=key, start=view.step, call=view.call, program_panel=not editing,
        height=EDITED_HEIGHT if editing else None, on_spot=lambda: _moved(key),
        ask=session.current_run,
    )  # fmt: skip


def _wants_editor(shown: Progress) -> bool:
    """Whether the program stands above the picture, and the switch that says so."""
    if place.is_hidden("editor"):
        return False
    task = shown.step.task
    by_default = task is not None and not task.is_in_player
    key = f"editing in {shown.lesson.slug} {shown.number}"
    with st.container(horizontal=True, vertical_alignment="center"):
        on = st.toggle(_("Change the program"), value=by_default, key=key)
        if session.choice() != session.LESSON:
            st.button(
                _("Back to the lesson's program"), icon=":material/undo:", type="tertiary",
                on_click=session.choose, args=(session.LESSON,),
            )  # fmt: skip
    return on


def _door(view: View) -> None:
    """The way to the page that this step is also about, with the program as it is now."""
    if view.page not in site.TITLES or view.page == "program" or place.is_hidden("pages"):
        return
    label = _("Open this on the page “{page}”").format(page=site.TITLES[view.page])
    st.page_link(
        site.page(view.page), label=label, icon=":material/open_in_new:",
        query_params={**(session.query_of_program() or {}), **dict(view.query)},
    )  # fmt: skip


def _player_number(shown: Progress) -> str:
    """Name of the player: a step that opens somewhere else gets another one."""
    steps = shown.lesson.steps
    number = shown.number
    while number > 0 and steps[number].view == View():
        if steps[number].program != steps[number - 1].program:
            break
        number -= 1
    return f"{shown.lesson.slug} {number}"


def _moved(key: str) -> None:
    told: dict[str, Any] = st.session_state[key].get("spot") or {}
    progress.moved(
        Spot(
            call=told.get("call"), step=int(told.get("step") or 0), last=int(told.get("last") or 0),
            node=told.get("node"),
        )
    )  # fmt: skip
