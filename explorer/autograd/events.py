"""What a program does to gradients and parameters beside the graph, and when: an optimizer's step,
a zero_grad, a tensor (or None) put into `.grad`.

Each function that torch calls on the way is seen by the watch; those of one line that come one
after another are one event.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import msgspec
import torch

from explorer.data import Event, Span

Kind = Literal["step", "zero_grad", "grad"]
Left = Literal["", "none", "zeros", "tensor"]

_TORCH = Path(torch.__file__).parent
_OPTIMIZERS = f"{_TORCH / 'optim'}{os.sep}"
_MODULES = f"{_TORCH / 'nn' / 'modules'}{os.sep}"
_SCHEDULERS = f"{os.sep}lr_scheduler.py"


def at_work(above: Sequence[FrameType]) -> Literal["step", "zero_grad"] | None:
    """`step` or `zero_grad` where that is what torch is doing above the program, else None."""
    for frame in above:
        name, file = frame.f_code.co_name, frame.f_code.co_filename
        if name == "zero_grad" and file.startswith((_OPTIMIZERS, _MODULES)):
            return "zero_grad"
        if name == "step" and file.startswith(_OPTIMIZERS) and not file.endswith(_SCHEDULERS):
            return "step"
    return None


def kind_of(func: Callable[..., Any], name: str, above: Sequence[FrameType]) -> Kind | None:
    """Which kind of event a function of torch, called `name`, is a part of; None for none.

    `above` are the frames between it and the program.
    """
    kind = at_work(above)
    if kind == "step":
        # What it only looks at is no change.
        return kind if name.endswith("_") and not name.endswith("__") else None
    if kind is None and _sets_grad(func, name):
        direct = not any(f.f_code.co_filename.startswith(str(_TORCH)) for f in above)
        return "grad" if direct else None
    return kind


class Events:
    """The events of one run, as they are seen."""

    def __init__(self) -> None:
        self._seen: list[Event] = []

    def note(self, kind: Kind, span: Span | None, ops: int, calls: int, left: Left = "") -> None:
        """Something was done; it belongs to the event before if that was of the same line."""
        event = Event(kind, span, ops, calls, left)
        last = self._seen[-1] if self._seen else None
        if last is not None and msgspec.structs.replace(last, left=left) == event:
            if left:
                self._seen[-1] = event
            return
        self._seen.append(event)

    def __len__(self) -> int:
        return len(self._seen)

    def all(self) -> tuple[Event, ...]:
        """Every event so far, in order."""
        return tuple(self._seen)


def _sets_grad(func: Callable[..., Any], name: str) -> bool:
    """Whether a function of torch, called `name` by the watch, puts something into `.grad`."""
    return name in ("grad", "_grad") and getattr(func, "__name__", "") == "__set__"


def left_by(func: Callable[..., Any], name: str, args: tuple[Any, ...]) -> Left:
    """What a function leaves in a `.grad`, as in `Event.left`; empty where it leaves it alone."""
    if _sets_grad(func, name):
        return "none" if args[-1] is None else "tensor"
    return "zeros" if name in ("zero_", "_foreach_zero_") else ""
