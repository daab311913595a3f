"""Run one program in this process, which is confined first and good for nothing else afterwards."""

import io
import signal
from collections.abc import Callable
from types import FrameType
from typing import Self

import msgspec

from explorer.autograd import warm
from explorer.autograd.language import FILENAME, Stopped
from explorer.autograd.runner import masked, run
from explorer.autograd.spans import Spans
from explorer.data import Program, Run, RunError
from explorer.errors import SandboxError
from explorer.language import later
from explorer.sandbox import wire
from explorer.sandbox.guards import Guards, language
from explorer.sandbox.wire import Limits, Request, pack, unpack

MAX_WORDS = 10_000
"""Characters of one error or warning that are kept."""

MAX_WARNINGS = 100
"""Warnings that are kept."""

STOP = getattr(signal, "SIGUSR1", signal.SIGTERM)
"""The signal that brings the deadline of a program forward to now."""

TICK = 0.05
"""Seconds between two tries to stop a program that has passed its deadline."""


def get_ready() -> str:
    """Import torch, load everything that programs use, and give torch's version.

    Raises:
        SandboxError: torch does not work here.
    """
    version = warm.one_thread()
    for _ in range(2):  # the second one finds nothing left to load
        data = answer(Request(Program(warm.PROGRAM), limits=Limits(deadline=60)))
        error = unpack(data, Program("")).error
        if error is not None:
            raise SandboxError(f"torch fails in line {error.line}: {error.message}")
    return version


def answer(request: Request, told: Callable[[bytes], None] = lambda _: None) -> bytes:
    """The Run of the program in `request`, packed.

    `told` is given what there is at the deadline, also packed: what was printed, and the line at
    which the program was stopped. To gather all that it showed may take longer than there is time.
    """
    printed = Printed(request.limits.printed)
    said = language(Guards(), printed=printed.anew)

    def stopped(error: RunError) -> None:
        told(pack(wire.stopped(request.program, error, masked(printed.getvalue()))))

    with _Deadline(request, stopped) as deadline:
        shown = run(request.program, ask=request.ask, language=said)
    if deadline.error and shown.error is None:  # the program has caught it, or Python let it drop
        shown = msgspec.structs.replace(shown, error=deadline.error)
    try:
        return pack(_bounded(shown))
    except UnicodeEncodeError as error:
        words = later("What the program showed is no text that can be sent: {words}.").format(
            words=error.reason
        )
        return pack(wire.stopped(request.program, RunError(words, type(error).__name__)))


def _bounded(shown: Run) -> Run:
    """The Run with no more words of errors and warnings than anybody reads."""
    error, notes = shown.error, shown.notes
    if error is not None:
        error = msgspec.structs.replace(error, message=_cut(error.message))
    if len(shown.warnings) > MAX_WARNINGS:
        notes += (
            later("There were {count:,} warnings; the first were kept.").format(
                count=len(shown.warnings)
            ),
        )
    warnings = tuple(
        msgspec.structs.replace(warning, message=_cut(warning.message))
        for warning in shown.warnings[:MAX_WARNINGS]
    )
    return msgspec.structs.replace(shown, error=error, warnings=warnings, notes=notes)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_WORDS else text[:MAX_WORDS] + " …"


class Printed(io.StringIO):
    """What a program prints, up to a number of characters."""

    def __init__(self, most: int) -> None:
        super().__init__(newline="\n")
        self._most = self._left = most

    def anew(self) -> Self:
        """Itself, empty again."""
        self.seek(0)
        self.truncate()
        self._left = self._most
        return self

    def write(self, text: str) -> int:
        """Keep the text; the program is stopped when it has printed too much.

        Raises:
            UnicodeEncodeError: it is no text that a terminal could show, as Python says there too.
        """
        text.encode()
        kept = super().write(text[: self._left])
        self._left -= kept
        if kept < len(text):
            raise Stopped(later("The program was stopped: it has printed more than is shown."))
        return kept


class _Deadline:
    """Stops the program when its time is over, at the line where it is, and tells `stopped` so.

    `.error` is then what happened. Where the system has no timers, only the kill from outside is
    left.
    """

    def __init__(self, request: Request, stopped: Callable[[RunError], None]) -> None:
        self.error: RunError | None = None
        self._seconds = request.limits.deadline
        self._words = later(
            "The program was stopped after {seconds:g} s. Is there a loop that does not end, or a "
            "tensor that is very large?"
        ).format(seconds=self._seconds)
        self._spans = Spans(FILENAME, request.program.source)
        self._stopped = stopped

    def __enter__(self) -> Self:
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._stop)
            signal.signal(STOP, self._now)
            signal.setitimer(signal.ITIMER_REAL, self._seconds, TICK)
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _now(self, *_: object) -> None:
        """Somebody has pressed stop: the deadline is now."""
        self._words = later("You stopped the program here.")
        signal.setitimer(signal.ITIMER_REAL, TICK / 1000, TICK)

    def _stop(self, _: int, frame: FrameType | None) -> None:
        while frame is not None and frame.f_code.co_filename != FILENAME:
            frame = frame.f_back
        if frame is None:  # the program is not running: we are gathering what it showed
            return
        if self.error is None:
            span = self._spans.of_frame(frame)
            self.error = RunError(self._words, Stopped.__name__, frame.f_lineno, span)
            self._stopped(self.error)
        raise Stopped(self._words)
