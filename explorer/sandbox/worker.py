"""Run one program in this process, which is confined first and good for nothing else afterwards."""

import contextlib
import io
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from explorer.autograd.language import FILENAME, Stopped
from explorer.autograd.runner import run
from explorer.sandbox.guards import Guards, language
from explorer.sandbox.wire import Limits, Request, pack

TICK = 0.05
"""Seconds between two tries to stop a program that has passed its deadline."""


def answer(request: Request) -> bytes:
    """The Run of the program in `request`, packed."""
    said = language(Guards(), printed=lambda: Printed(request.limits.printed))
    with _deadline(request.limits):
        shown = run(request.program, ask=request.ask, language=said)
    return pack(shown)


class Printed(io.StringIO):
    """What a program prints, up to a number of characters."""

    def __init__(self, most: int) -> None:
        super().__init__(newline="\n")
        self._left = most

    def write(self, text: str) -> int:
        """Keep the text; the program is stopped when it has printed too much."""
        self._left -= len(text)
        if self._left < 0:
            super().write(text[: self._left])
            raise Stopped("The program was stopped: it has printed more than is shown.")
        return super().write(text)


@contextlib.contextmanager
def _deadline(limits: Limits) -> Iterator[None]:
    """Stop the program when its time is over, at the line where it is; what it showed remains."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _stopper(limits.deadline))
    signal.setitimer(signal.ITIMER_REAL, limits.deadline, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stopper(seconds: float) -> Callable[[int, FrameType | None], None]:
    def stop(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_filename == FILENAME:
                raise Stopped(f"The program was stopped after {seconds:g} s. {_CURE}")
            frame = frame.f_back

    return stop


_CURE = "Is there a loop that does not end, or a tensor that is very large?"
