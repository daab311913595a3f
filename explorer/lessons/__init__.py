"""Lessons: every file in `texts/` is one, read by `reading` and judged by `story`.

A new lesson is a new file there, and nothing else. `docs/lessons.md` says how to write one.

>>> get("tutorial").steps[0].title.source
'Who remembers what was done?'
>>> get("nothing")  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
explorer.lessons.reading.LessonError: There is no lesson “nothing”: the lessons are ...
"""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from explorer.lessons.expressions import Expression, NotThereError, Scope, Spot
from explorer.lessons.reading import LessonError, read
from explorer.lessons.story import (
    Choose,
    Click,
    Guess,
    Lesson,
    Said,
    Step,
    Task,
    Text,
    Verdict,
    View,
    is_done,
    judge,
)

__all__ = [
    "Choose", "Click", "Expression", "Guess", "Lesson", "LessonError", "NotThereError", "Said",
    "Scope", "Spot", "Step", "Task", "Text", "Verdict", "View", "all", "get", "is_done", "judge",
    "messages", "read",
]  # fmt: skip


def all() -> tuple[Lesson, ...]:  # noqa: A001 - reads as `lessons.all()`
    """Every lesson, by its order.

    Raises:
        LessonError: a file is no lesson.
    """
    return tuple(_by_slug().values())


def get(slug: str) -> Lesson:
    """The lesson of that name.

    Raises:
        LessonError: there is none, or a file is no lesson.
    """
    try:
        return _by_slug()[slug]
    except KeyError:
        known = ", ".join(_by_slug())
        raise LessonError(f"There is no lesson “{slug}”: the lessons are {known}.") from None


def messages() -> Iterator[tuple[str, str]]:
    """Every text of every lesson, with the name of its file: what a catalogue translates.

    Code that is only shown stays as it is in every language.
    """
    for lesson in all():
        for text in lesson.texts():
            if not text.source.startswith("```"):
                yield f"{lesson.slug}.md", text.source


@cache
def _by_slug() -> dict[str, Lesson]:
    texts = resources.files(__name__) / "texts"
    found = [
        read(file.read_text(encoding="utf-8"), file.name)
        for file in sorted(_files(texts), key=lambda file: file.name)
    ]
    return {lesson.slug: lesson for lesson in sorted(found, key=lambda lesson: lesson.order)}


def _files(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry)
        elif entry.name.endswith(".md"):
            yield entry
