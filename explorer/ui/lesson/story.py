"""The text of a lesson, step by step: question, task, answer, and the sentence to keep."""

import re
from typing import Final

import streamlit as st

from explorer.language import _
from explorer.lessons import Choose, Click, Guess, Lesson, Text
from explorer.ui import session
from explorer.ui.lesson import editing, handing_on, place, progress
from explorer.ui.lesson.place import SKIPPED
from explorer.ui.lesson.progress import Progress

_CODE: Final = re.compile(r"(?<!`)`[^`\n]+`(?!`)")

_SHORT: Final = 18
"""Letters of code up to which it is not broken."""

_STYLE: Final = """
<style>
.st-key-story :is(p, li) { font-size: 16px; line-height: 1.5; }
.st-key-story :is(p, li, label, h4) code { font-size: 0.9em; padding: 1px 4px; color: inherit;
  white-space: normal; overflow-wrap: anywhere; }
@media (min-width: 1700px) { .st-key-story :is(p, li) { font-size: 18px; } }
.st-key-story h3 { font-size: 21px; line-height: 1.25; padding: 0; }
.st-key-story h4 { font-size: 17px; padding: 4px 0 2px; }
.st-key-story [data-testid="stProgress"] > div { padding: 0; }
.st-key-keep { border-left: 4px solid #FFD83D; padding-left: 12px; }
.st-key-keep p { font-weight: 650; }
.st-key-onward { position: sticky; bottom: 0; z-index: 2; padding: 8px 0;
  background: var(--st-background-color); }
</style>
"""


def show(shown: Progress) -> None:
    """Draw the step that the learner is at."""
    st.html(_STYLE)
    step, lesson = shown.step, shown.lesson
    with st.container(key="story", gap="small"):
        _head(lesson, shown)
        if shown.number == 0:
            for text in lesson.intro:
                _say(shown, text)
        st.subheader(progress.filled(shown, step.title), anchor=False)
        for text in step.text:
            _say(shown, text)
        if step.question is not None:
            _question(shown)
        if step.task is not None and (shown.answered or shown.task_done):
            _task(shown)
        if shown.revealed:
            _answer(shown)
        _onward(shown)


def _head(lesson: Lesson, shown: Progress) -> None:
    """Which lesson and step this is, and the way to the others."""
    count = len(lesson.steps)
    where = _("{lesson} · step {number} of {count}")
    said = where.format(lesson=_(lesson.title.source), number=shown.number + 1, count=count)
    title, dot, step = said.rpartition("·")
    st.caption(title + dot + step.replace(" ", "\N{NO-BREAK SPACE}"))
    st.progress(sum(one.done for one in shown.here.steps) / count)


def _say(shown: Progress, text: Text, before: str = "") -> None:
    st.markdown(before + _CODE.sub(_unbroken, progress.filled(shown, text)))


def _unbroken(code: re.Match[str]) -> str:
    """A short piece of code stays on one line; a long one, such as a matrix, may not fit there."""
    return code[0].replace(" ", "\N{NO-BREAK SPACE}") if len(code[0]) <= _SHORT + 2 else code[0]


# --------------------------------------------------------------------------------------- question


def _question(shown: Progress) -> None:
    question = shown.step.question
    if shown.said:
        if shown.judged:
            _verdict(shown)
        else:
            _what_was_said(shown)
        return
    match question:
        case Choose():
            _choose(shown, question)
        case Guess():
            _guess(shown, question)
        case Click():
            st.info(_("Click a node in the picture."), icon=":material/ads_click:")
    if not (isinstance(question, Choose) or place.is_hidden("answers")):
        _show_me()


def _key(shown: Progress, what: str) -> str:
    return f"{what} of {shown.lesson.slug} {shown.number}"


def _choose(shown: Progress, question: Choose) -> None:
    chosen = st.radio(
        _("Your answer"), range(len(question.choices)), index=None, key=_key(shown, "choice"),
        format_func=lambda i: progress.filled(shown, question.choices[i].text),
        label_visibility="collapsed",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("That is my answer"), type="primary", disabled=chosen is None,
            on_click=progress.answer, args=(str(chosen),),
        )  # fmt: skip
        if not place.is_hidden("answers"):
            _show_me()


def _show_me() -> None:
    st.button(_("Show me"), on_click=progress.answer, args=(SKIPPED,), type="tertiary")


def _guess(shown: Progress, question: Guess) -> None:
    label = progress.filled(shown, question.label) if question.label else _("Your number")
    with st.form(_key(shown, "form"), border=False):
        number = st.number_input(label, value=None, format="%g", key=_key(shown, "number"))
        sent = st.form_submit_button(_("That is my answer"), type="primary")
    if sent and number is not None:
        progress.answer(f"{number:.10g}")
        st.rerun()


def _what_was_said(shown: Progress) -> None:
    """The answer, before the Run has said whether it is right."""
    if shown.said != SKIPPED:
        st.markdown(_("You say: {answer}. Now see.").format(answer=_in_words(shown)))


def _in_words(shown: Progress) -> str:
    question = shown.step.question
    match question:
        case Choose() if shown.said.isdecimal() and int(shown.said) < len(question.choices):
            return progress.filled(shown, question.choices[int(shown.said)].text)
        case Click() if shown.said.isdecimal():
            nodes = shown.scope.run.trace.nodes
            index = int(shown.said)
            return f"`{nodes[index].leaf or nodes[index].name}`" if index < len(nodes) else "?"
    return f"`{shown.said}`"


def _verdict(shown: Progress) -> None:
    """What was said, what is right, and why the one is not the other."""
    found = progress.verdict(shown)
    if found is not None and found.right:
        words = _("You said {answer}: right.").format(answer=_in_words(shown))
        st.success(words, icon=":material/check:")
        return
    if found is not None:
        words = _("You said {answer}.").format(answer=_in_words(shown))
        because = progress.filled(shown, found.because) if found.because else ""
        st.warning(f"{words} {because}", icon=":material/close:")
    match shown.step.question:
        case Choose(choices=choices):
            for i in progress.right_choices(shown):
                right = progress.filled(shown, choices[i].text)
                st.markdown(_("It is: {answer}").format(answer=right))
        case Guess():
            st.markdown(_("It is: {answer}").format(answer=progress.right_number(shown)))


# ------------------------------------------------------------------------------------------- task


def _task(shown: Progress) -> None:
    task = shown.step.task
    assert task is not None, "asked only where there is one"
    with st.container(border=True, gap="small"):
        for text in task.text:
            mark = ":material/check_circle: " if shown.task_done else ":material/touch_app: "
            _say(shown, text, mark)
        can_help = not (shown.task_done or task.is_in_player or place.is_hidden("answers"))
        if can_help:
            st.button(_("Do it for me"), type="tertiary", on_click=_do_it, args=(shown,))


def _do_it(shown: Progress) -> None:
    session.edit(progress.solution(shown.step))


# ----------------------------------------------------------------------------------------- answer


def _answer(shown: Progress) -> None:
    st.markdown(f"#### {progress.filled(shown, shown.step.answer_title)}")
    for text in shown.step.answer:
        _say(shown, text)
    with st.container(key="keep"):
        _say(shown, shown.step.keep)


def _onward(shown: Progress) -> None:
    """Back, on, and begin this step anew; then what else one can do."""
    last = shown.number + 1 == len(shown.lesson.steps)
    with st.container(key="onward", horizontal=True, gap="small", vertical_alignment="center"):
        if not place.is_hidden("steps"):
            st.button(
                _("Back"), on_click=progress.go, args=(shown.number - 1,),
                disabled=shown.number == 0,
            )  # fmt: skip
        if not last:
            st.button(
                _("Next step"), type="primary" if shown.revealed else "secondary",
                on_click=progress.go, args=(shown.number + 1,),
                disabled=not shown.revealed and place.is_hidden("answers"),
            )  # fmt: skip
        if shown.said or shown.revealed:
            st.button(_("Again"), on_click=progress.forget, type="tertiary")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        editing.switch(shown)
        if not place.is_hidden("pages"):
            st.button(_("All lessons"), on_click=progress.close, type="tertiary")
            handing_on.show(shown.here)
