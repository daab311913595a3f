"""The Lessons page: all lessons, or one of them beside its workspace."""

from typing import Final

import streamlit as st

from explorer.ui import ledger, session
from explorer.ui.lesson import overview, place, progress, story, workspace

_LAYOUT: Final = """
<style>
.st-key-lesson_question { --editor-size: 18px; --editor-row: 28px; --editor-rows: 8; }
.st-key-lesson_above { --editor-rows: 4; --editor-height: 170px; --editor-hint: none; }
/* Torch's words over the whole width, then the cures beside each other. */
.st-key-lesson_trouble { flex-flow: row wrap; align-items: center; }
.st-key-lesson_trouble > :not(:has(button)) { flex: 1 0 100%; }
.st-key-lesson_trouble > :has(button) { width: auto; flex: 0 1 auto; }
@media (max-width: 640px) { .st-key-lesson_question { --editor-size: 14px; --editor-row: 22px; } }
@media (max-height: 1000px) {
  .st-key-lesson_trouble > :has(button) [data-testid="stCaptionContainer"] { display: none; }
  .st-key-lesson_trouble [data-testid="stAlert"] p { display: -webkit-box; overflow: hidden;
    -webkit-box-orient: vertical; -webkit-line-clamp: 2; }  /* the text beside quotes it whole */
}
@media (min-width: 900px) {
  .st-key-lesson > [data-testid="stHorizontalBlock"],
  .st-key-lesson > div > [data-testid="stHorizontalBlock"]:has(.st-key-story) {
    flex-wrap: nowrap; }
  /* The text stays beside the picture, and scrolls by itself where it is longer. */
  [data-testid="stColumn"]:has(.st-key-story) { flex: 0 0 clamp(270px, 25vw, 420px);
    min-width: 0; position: sticky; top: 64px; align-self: start; padding-right: 6px;
    max-height: calc(100vh - 72px); overflow-y: auto; }
  [data-testid="stColumn"]:has(.st-key-story) + [data-testid="stColumn"] {
    flex: 1 1 0; min-width: 0; }
  .st-key-lesson_stage {
    --stage-height: clamp(200px, calc(100vh - 284px - clamp(216px, 24vh, 290px)), 640px); }
  .st-key-lesson_stage_troubled {
    --stage-height: clamp(200px, calc(100vh - 470px - clamp(216px, 24vh, 290px)), 640px); }
  /* The editor lies where the player keeps the place of its program free. */
  .st-key-lesson_stage, .st-key-lesson_stage_troubled { position: relative; }
  .st-key-lesson_program { position: absolute; left: 4px; bottom: 4px; width: calc(55% - 8px);
    z-index: 1; --editor-rows: 8; --editor-hint: none; height: var(--editor-height);
    --editor-height: clamp(208px, calc(24vh - 8px), 282px); }
}
/* Below this width the program's picker has a line of its own. */
@media (min-width: 900px) and (max-width: 1199px) {
  .st-key-lesson_stage, .st-key-lesson_stage_troubled { --stage-height: 210px; }
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
    if step.view.page == "accumulation":  # what is pressed in the ledger is done as well
        run = ledger.pressed(run, *step.asks)
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
