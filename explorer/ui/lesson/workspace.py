"""The workspace beside a lesson: the picture, and under it the program that it is a picture of."""

from typing import Any, Final

import streamlit as st

from explorer.data import Run
from explorer.language import _
from explorer.lessons import Spot, View
from explorer.ui import editor, player, session, trouble
from explorer.ui.lesson import editing, pictures, progress
from explorer.ui.lesson.progress import Progress

COVERED: Final = ("program", "jacobian", "depth")
"""Views before whose question only the program is to be seen: their pictures would answer it."""


def show(shown: Progress) -> None:
    """The step's picture, what torch said, and the program: alone, beside the numbers or above."""
    run = session.current_run()
    if run is None:
        return
    if shown.step.view.page in COVERED and not shown.answered:
        with st.container(key="lesson_question"):
            editor.show(run.program)
            editor.mark(None)
        st.caption(_("The picture comes with your answer."))
        return
    editing_ = editing.is_on(shown)
    picture = pictures.chosen(shown)
    troubled = trouble.places(run)
    if troubled:
        with st.container(key="lesson_trouble", gap="small"):
            trouble.said(run)
    if picture is not None:
        wanted = editing_ and not shown.task_done  # what has been changed may give way
        if wanted:
            _folded(run, open_=True)
        picture.draw(shown.step, run)
        if editing_ and not wanted:
            _folded(run, open_=False)
        return
    view = shown.step.view
    key = f"player of the lesson {_player_number(shown)}"
    with st.container(key="lesson_stage_troubled" if troubled else "lesson_stage", gap=None):
        player.show(
            session.explained(run.program), key=key, start=view.step, call=view.call,
            covered=editing_, on_spot=lambda: _moved(key), ask=session.current_run,
            wrong=troubled,
        )  # fmt: skip
        if editing_:
            with st.container(key="lesson_program"):
                editor.show(run.program)
                editor.mark(run.error)


def _folded(run: Run, *, open_: bool) -> None:
    """The program as text that can be changed, where another picture needs the room."""
    with st.container(key="lesson_above"), st.expander(_("Program"), expanded=open_):
        editor.show(run.program)
    editor.mark(run.error)


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
