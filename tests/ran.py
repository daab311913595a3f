"""Runs that many tests look at: each program runs once, for a Run is frozen and always the same."""

from functools import lru_cache

import explorer
from explorer.data import Ask, Program, Run
from explorer.frames import Frames, frames_of


@lru_cache(maxsize=256)
def ran(program: Program | str, ask: tuple[Ask, ...] = ()) -> Run:
    """As `explorer.run`, whose own tests do not use this."""
    return explorer.run(program, ask=ask)


@lru_cache(maxsize=256)
def framed(program: Program | str) -> Frames:
    """The frames of a program."""
    return frames_of(ran(program))
