"""Run one program in this process, which is confined first and good for nothing else afterwards."""

import io
import signal
from types import FrameType
from typing import Self

import msgspec

from explorer.autograd.language import FILENAME, Stopped
from explorer.autograd.runner import run
from explorer.data import RunError
from explorer.sandbox.guards import Guards, language
from explorer.sandbox.wire import Request, pack

TICK = 0.05
"""Seconds between two tries to stop a program that has passed its deadline."""


def answer(request: Request) -> bytes:
    """The Run of the program in `request`, packed."""
    said = language(Guards(), printed=lambda: Printed(request.limits.printed))
    with _Deadline(request.limits.deadline) as deadline:
        shown = run(request.program, ask=request.ask, language=said)
    if deadline.passed and shown.error is None:  # the program has caught it, or Python let it drop
        shown = msgspec.structs.replace(shown, error=RunError(deadline.words, Stopped.__name__))
    return pack(shown)


class Printed(io.StringIO):
    """What a program prints, up to a number of characters."""

    def __init__(self, most: int) -> None:
        super().__init__(newline="\n")
        self._left = most

    def write(self, text: str) -> int:
        """Keep the text; the program is stopped when it has printed too much."""
        kept = super().write(text[: self._left])
        self._left -= kept
        if kept < len(text):
            raise Stopped("The program was stopped: it has printed more than is shown.")
        return kept


class _Deadline:
    """Stops the program when its time is over, at the line where it is; what it showed remains.

    Where the system has no timers, only the kill from outside is left.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self.words = (
            f"The program was stopped after {seconds:g} s. Is there a loop that does not end, or a "
            "tensor that is very large?"
        )
        self._seconds = seconds

    def __enter__(self) -> Self:
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._stop)
            signal.setitimer(signal.ITIMER_REAL, self._seconds, TICK)
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _stop(self, _: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_filename == FILENAME:
                self.passed = True
                raise Stopped(self.words)
            frame = frame.f_back
