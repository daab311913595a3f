"""One step of a lesson as it stands for this learner: what was said, and what the Run says to it.

The numbers of an answer come from the Run of the learner's own program where that program does what
the step wants; else from the Run of the program as the lesson's author would change it.
"""

from collections.abc import Iterator
from typing import Final

import streamlit as st
from msgspec.structs import replace

from explorer import lessons
from explorer.data import Plain, Program, Run
from explorer.doctor import diagnose, tried
from explorer.language import _
from explorer.lessons import (
    Choose,
    Click,
    Guess,
    Lesson,
    NotThereError,
    Scope,
    Spot,
    Step,
    Text,
    Verdict,
)
from explorer.ui import ledger, session
from explorer.ui.lesson import place
from explorer.ui.lesson.place import SKIPPED, Done, Place

_SPOT: Final = "spot in the player of the lesson"


class Progress(Plain, frozen=True):
    """One step of a lesson, and how far the learner is in it.

    `scope` is the learner's own Run and where they are in its player. `task_done` and `revealed`
    stay true once they have been.
    """

    lesson: Lesson
    number: int
    here: Place
    scope: Scope
    task_done: bool

    @property
    def step(self) -> Step:
        """The step itself."""
        return self.lesson.steps[self.number]

    @property
    def said(self) -> str:
        """The learner's answer as text; empty before there is one."""
        return place.done(self.here, self.number).said

    @property
    def answered(self) -> bool:
        """Whether the question has been answered or waived, or there is none."""
        return self.step.question is None or bool(self.said)

    @property
    def judged(self) -> bool:
        """Whether the learner may know if the answer was right."""
        question = self.step.question
        return self.answered and (self.task_done or (question is not None and question.now))

    @property
    def revealed(self) -> bool:
        """Whether the answer is to be seen."""
        return self.answered and self.task_done


def now(lesson: Lesson, here: Place, run: Run) -> Progress:
    """How far the learner is in the step that they are at; a step that is done is noted."""
    step = lesson.steps[here.step]
    scope = Scope(run, _spot())
    held = place.done(here, here.step)
    if isinstance(step.question, Click) and not held.said and scope.spot.node is not None:
        held = replace(held, said=str(scope.spot.node))
    can_act = step.question is None or bool(held.said)
    done = held.done or step.task is None or (can_act and lessons.is_done(step.task, scope))
    if can_act and done:
        held = replace(held, done=True)
    if held != place.done(here, here.step):
        here = place.with_done(here, here.step, held)
        place.put(here)
    return Progress(lesson, here.step, here, scope, done)


# ------------------------------------------------------------------------------------------ spot


def _spot() -> Spot:
    """Where the learner is in the player, as far as it belongs to what is shown now."""
    of, spot = st.session_state.get(_SPOT, (None, Spot()))
    return spot if of == _what_is_shown() else Spot()


def _what_is_shown() -> tuple[object, ...]:
    here = place.current()
    return (here and (here.slug, here.step), session.current_program())


def moved(spot: Spot) -> None:
    """The player told where the learner is now."""
    st.session_state[_SPOT] = (_what_is_shown(), spot)


# ---------------------------------------------------------------------------------------- answers


def answer(said: str) -> None:
    """Keep what the learner answered in this step."""
    here = place.current()
    if here is not None:
        held = place.done(here, here.step)
        place.put(place.with_done(here, here.step, replace(held, said=said)))


def forget() -> None:
    """Begin this step anew."""
    here = place.current()
    if here is not None:
        place.put(place.with_done(here, here.step, Done()))
    st.session_state.pop(_SPOT, None)
    session.choose(session.LESSON)
    ledger.reset()


def go(number: int) -> None:
    """Go to another step, which begins with its own program; what was typed stays with the visitor.

    Where that program is the one already shown, the player stays where it is.
    """
    here = place.current()
    if here is not None:
        place.put(replace(here, step=number))
        session.choose(session.LESSON)


def close() -> None:
    """Leave the lesson for the list of all, from which it can be resumed."""
    place.put(None)


# ---------------------------------------------------------------------------------------- numbers


def verdict(progress: Progress) -> Verdict | None:
    """Whether the learner's answer is right; None where it was waived."""
    question = progress.step.question
    if question is None or progress.said in ("", SKIPPED):
        return None
    said = float(progress.said)
    for scope in _judges(progress):
        try:
            return lessons.judge(question, said, scope)
        except (NotThereError, IndexError, ValueError):
            continue
    return None


def right_choices(progress: Progress) -> tuple[int, ...]:
    """The places of the answers that are right."""
    question = progress.step.question
    if not isinstance(question, Choose):
        return ()
    for scope in _judges(progress):
        right = [i for i, one in enumerate(question.choices) if one.when.holds(scope)]
        if right:
            return tuple(right)
    return ()


def right_number(progress: Progress) -> str:
    """The number that answers the question, in torch's words."""
    question = progress.step.question
    if isinstance(question, Guess):
        text = Text("{" + question.answer.source + "}", question.line)
        return _filled(text, _judges(progress))
    return ""


def filled(progress: Progress, text: Text) -> str:
    """A text with its numbers, from the first Run that has them all."""
    return _filled(text, _scopes(progress))


def _filled(text: Text, scopes: Iterator[Scope]) -> str:
    for scope in scopes:
        try:
            return text.filled(scope, _)
        except NotThereError:
            continue
    return _(text.source)


def _judges(progress: Progress) -> Iterator[Scope]:
    """The Runs that judge the question: one about now is about the program as it was found."""
    step = progress.step
    if step.question is not None and step.question.now:
        yield Scope(session.run(step.program, *step.asks), progress.scope.spot)
    else:
        yield from _scopes(progress)


def _scopes(progress: Progress) -> Iterator[Scope]:
    """The learner's own Run where it does what the step wants, then the author's."""
    task = progress.step.task
    if task is None or task.is_in_player or lessons.is_done(task, progress.scope):
        yield progress.scope
    solved = solution(progress.step)
    yield Scope(session.run(solved, *progress.step.asks))
    if solved != progress.step.program:
        yield Scope(session.run(progress.step.program, *progress.step.asks))


def solution(step: Step) -> Program:
    """The program as the author, or for a cure the doctor, would change it."""
    if step.task is None:
        return step.program
    if step.task.cure:
        shown = session.run(step.program)
        for found in diagnose(shown):
            for cure in tried(found, session.run, step.program).cures:
                return Program(cure.source, step.program.seed)
    return step.task.solved(step.program)
