"""Where the learner is in a lesson: which one, which step, and what was answered so far.

It lives in the session and in the URL (`?lesson=tutorial&part=3&said=0!~4.5!`), so a lesson can be
left, resumed, and handed on.

>>> here = Place("tutorial", 1, (Done("0", True),))
>>> query(here)
{'lesson': 'tutorial', 'part': '2', 'said': '0!'}
>>> of_query(query(here)) == here
True
"""

import re
from typing import Final

import streamlit as st
from msgspec.structs import replace

from explorer import lessons
from explorer.data import Plain, Program
from explorer.errors import ProgramError
from explorer.language import _, later
from explorer.lessons import Lesson, LessonError, Step

HIDEABLE: Final = {
    "picker": later("The program picker"),
    "pages": later("The way to other pages"),
    "editor": later("The editor"),
    "answers": later("“Show me” and “Do it for me”"),
    "steps": later("The way to other steps"),
}
"""What a teacher's link may hide -> what it is called."""

PARAMETERS: Final = ("lesson", "part", "said", "hide")
"""The parameters of the URL that belong to a lesson."""

SKIPPED: Final = "?"
"""What stands for an answer that the learner wanted to be shown."""

_PLACE: Final = "place in the lesson"
_KNOWN: Final = "places in lessons"
_TOKEN: Final = re.compile(r"(\?|-?[0-9][0-9.e+-]{0,24})?(!?)")


class Done(Plain, frozen=True):
    """What the learner has done in one step: the answer as text ("" for none), and if it is done.

    An answer is the place of a choice, a number, or the index of a node.
    """

    said: str = ""
    done: bool = False


class Place(Plain, frozen=True):
    """A step of a lesson (counted from 0), the answers so far, and what the link hides."""

    slug: str
    step: int = 0
    steps: tuple[Done, ...] = ()
    hide: tuple[str, ...] = ()


def current() -> Place | None:
    """Where the learner is, or None where no lesson is open."""
    place: Place | None = st.session_state.get(_PLACE)
    return place


def put(place: Place | None) -> None:
    """Go to a place; None closes the lesson."""
    st.session_state[_PLACE] = place
    if place is not None:
        st.session_state[_KNOWN] = {**st.session_state.get(_KNOWN, {}), place.slug: place}


def last(slug: str) -> Place:
    """Where the learner was last in a lesson; at its beginning, if they never were in it."""
    known: dict[str, Place] = st.session_state.get(_KNOWN, {})
    return known.get(slug, Place(slug))


def lesson() -> Lesson | None:
    """The lesson that is open."""
    here = current()
    return lessons.get(here.slug) if here is not None else None


def step() -> Step | None:
    """The step that the learner is at."""
    here = current()
    return lessons.get(here.slug).steps[here.step] if here is not None else None


def program() -> Program | None:
    """The program that the current step begins with."""
    now = step()
    return now.program if now is not None else None


def done(here: Place, number: int) -> Done:
    """What has been done in a step."""
    return here.steps[number] if number < len(here.steps) else Done()


def with_done(here: Place, number: int, what: Done) -> Place:
    """The place once `what` has been done in a step."""
    count = max(number + 1, len(here.steps))
    steps = [done(here, i) for i in range(count)]
    steps[number] = what
    return replace(here, steps=tuple(steps))


def is_hidden(part: str) -> bool:
    """Whether the link that was followed hides a part of the page."""
    here = current()
    return here is not None and part in here.hide


# ------------------------------------------------------------------------------------------ URL


def query(here: Place) -> dict[str, str]:
    """The parameters of the URL for a place."""
    said = "~".join(f"{one.said}{'!' if one.done else ''}" for one in here.steps)
    found = {"lesson": here.slug, "part": str(here.step + 1)}
    if said.strip("~"):
        found["said"] = said
    if here.hide:
        found["hide"] = ".".join(here.hide)
    return found


def of_query(asked: dict[str, str]) -> Place:
    """The place that a URL names.

    Raises:
        ProgramError: there is no such lesson or step.
    """
    try:
        found = lessons.get(asked["lesson"][:60])
    except LessonError as error:
        raise ProgramError(str(error)) from None
    part = asked.get("part", "1")
    if not re.fullmatch(r"[1-9]\d?", part) or int(part) > len(found.steps):
        message = _("The lesson “{lesson}” has no step “{step}”: its steps are 1 to {count}.")
        title = _(found.title.source)
        raise ProgramError(message.format(lesson=title, step=part[:20], count=len(found.steps)))
    steps = tuple(_done(token) for token in asked.get("said", "").split("~")[: len(found.steps)])
    hide = tuple(name for name in HIDEABLE if name in asked.get("hide", "").split("."))
    return Place(found.slug, int(part) - 1, steps if any(steps) and asked.get("said") else (), hide)


def _done(token: str) -> Done:
    """One step's part of `said`; what is damaged counts as not done."""
    match = _TOKEN.fullmatch(token)
    return Done(match[1] or "", bool(match[2])) if match else Done()
