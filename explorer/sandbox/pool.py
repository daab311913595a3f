"""Run programs for many visitors at once: a bounded line in front of a bounded number of places.

>>> shown = run("import torch\\nprint(torch.ones(2).sum().item())")
>>> shown.printed
'2.0\\n'
>>> run("import os").error.message
'`import os` is not offered: programs have no files and no processes.'
"""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from explorer.data import Ask, Program, Run, RunError
from explorer.errors import BusyError, SandboxError
from explorer.language import later
from explorer.sandbox import hosts, wire
from explorer.sandbox.stopping import Stop
from explorer.sandbox.wire import Limits, Request, WireError

DEADLINE = Limits().deadline
"""Seconds that a program may take."""

PRESSED = later("You stopped the program; nothing that it showed could be kept.")
"""What is said of a run that was ended by its `Stop` before it had told anything."""

MAX_SOURCE = 100_000
"""Characters that a program may have."""


def run(
    program: Program | str,
    *,
    seed: int = 0,
    ask: tuple[Ask, ...] = (),
    deadline: float = DEADLINE,
    stop: Stop | None = None,
) -> Run:
    """Run a short PyTorch script that anybody may have written; this is `explorer.run`.

    It runs after `torch.manual_seed(seed)`, in a process of its own with hard limits, and all that
    it showed is kept. `program` is the source text, or a `Program` (whose own seed then counts).
    `ask` names what to compute on the way (Jacobians of variables, or of single nodes); it comes
    back in `.answers` and changes nothing else. A program that raises still gives everything up to
    there, and `.error`.

    What the program may not do comes back as `.error`, with its line: a `RefusedError` where it
    asks for what is not offered, `Stopped` where it takes longer than `deadline` seconds, prints
    without end, or somebody has pressed `stop`.

    Raises:
        BusyError: too many programs are waiting already.
        SandboxError: programs cannot be run on this machine.
    """
    return _shared().run(program, seed=seed, ask=ask, deadline=deadline, stop=stop)


def start() -> None:
    """Begin to import torch in the background, so that the first run need not wait for it."""
    threading.Thread(target=_shared().start, daemon=True).start()


class Pool:
    """Places where programs run, and a line in front of them. Any thread may call it."""

    def __init__(
        self,
        host: Callable[[], hosts.Host] = hosts.best,
        *,
        places: int = max(2, os.cpu_count() or 1),
        waiting: int = 32,
        patience: float = 30.0,
    ) -> None:
        self._make = host
        self._host: hosts.Host | None = None
        self._starting = threading.Lock()
        self._line = _Line(places, waiting, patience)

    def run(
        self,
        program: Program | str,
        *,
        seed: int = 0,
        ask: tuple[Ask, ...] = (),
        deadline: float = DEADLINE,
        limits: Limits | None = None,
        stop: Stop | None = None,
    ) -> Run:
        """As the `run` of this module; `limits`, if given, say all that the program may use."""
        if isinstance(program, str):
            program = Program(program, seed)
        limits, stop = limits or Limits(deadline=deadline), stop or Stop()
        if len(program.source) > MAX_SOURCE:
            words = later("A program may have {most:,} characters; this one has more.")
            words = words.format(most=MAX_SOURCE)
            return self._without(program, words, "RefusedError")
        try:
            request = wire.pack_request(Request(program, ask, limits))
        except UnicodeEncodeError as error:
            return self._without(
                program,
                later("This is no text: {words}.").format(words=error.reason),
                "SyntaxError",
            )
        with self._line.place(stop):
            if stop.pressed:
                return self._without(program, PRESSED)
            try:
                answer = self._ask(request, limits.deadline + limits.grace, stop)
                shown = wire.unpack(answer, program)
                return msgspec.structs.replace(shown, torch=self.start().torch)
            except hosts.Ended as ended:
                return self._without(program, PRESSED if stop.pressed else _words(ended, limits))
            except WireError as error:
                return self._without(program, str(error))

    def start(self) -> hosts.Host:
        """The host, started if it is not running."""
        with self._starting:
            if self._host is None:
                self._host = self._make()
            return self._host

    def close(self) -> None:
        """End every process; the next run starts anew."""
        with self._starting:
            if self._host is not None:
                self._host.close()
                self._host = None

    def _ask(self, request: bytes, seconds: float, stop: Stop) -> bytes:
        """Ask the host; one that has died is replaced and asked once more."""
        for _ in range(2):
            host = self.start()
            stop.begin()
            try:
                return host.ask(request, seconds, stop)
            except hosts.Gone:
                host.close()
                with self._starting:
                    if self._host is host:
                        self._host = None
        raise SandboxError(later("The process that runs programs has ended twice; try again."))

    def _without(self, program: Program, words: str, kind: str = "Stopped") -> Run:
        """The Run of a program of which nothing came back but why."""
        return wire.stopped(program, RunError(words, kind), torch=self.start().torch)


class _Line:
    """First come, first served; a full line, or a wait that is too long, raises BusyError."""

    def __init__(self, places: int, waiting: int, patience: float) -> None:
        self._places = self._free = places
        self._most = waiting
        self._patience = patience
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._seconds = 0.1  # what a run takes, on average of late

    @contextmanager
    def place(self, stop: Stop) -> Iterator[None]:
        """Wait for a place, and hold it; who presses `stop` waits no longer and holds none."""
        with stop.by(self._look_again):
            held = self._enter(stop)
        began = time.monotonic()
        try:
            yield
        finally:
            with self._changed:
                if held:
                    self._seconds += 0.2 * (time.monotonic() - began - self._seconds)
                    self._free += 1
                self._changed.notify_all()

    def _look_again(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _enter(self, stop: Stop) -> bool:
        """Wait; whether there is a place now, which there is not for who has pressed `stop`."""
        with self._changed:
            if self._free and not self._waiting:
                self._free -= 1
                return True
            if len(self._waiting) >= self._most:
                raise self._busy()
            ticket = object()
            self._waiting.append(ticket)
            mine = self._changed.wait_for(
                lambda: stop.pressed or (self._free > 0 and self._waiting[0] is ticket),
                self._patience,
            )
            self._waiting.remove(ticket)
            self._changed.notify_all()
            if stop.pressed:
                return False
            if not mine:
                raise self._busy()
            self._free -= 1
            return True

    def _busy(self) -> BusyError:
        seconds = max(1.0, self._seconds * (len(self._waiting) + 1) / self._places)
        return BusyError(
            later(
                "The explorer is busy: {count} programs are waiting. Try again in about "
                "{seconds:.0f} s."
            ).format(count=len(self._waiting), seconds=seconds),
            seconds=seconds,
        )


def _words(ended: hosts.Ended, limits: Limits) -> str:
    """Why a process ended that gave no answer."""
    xcpu = getattr(signal, "SIGXCPU", None)
    if ended.late or (xcpu is not None and ended.code == -xcpu):
        return later(
            "The program was stopped after {seconds:g} s, in the middle of one long computation; "
            "nothing that it showed could be kept."
        ).format(seconds=limits.deadline)
    if ended.code == -9:
        return later("The system ended the program: most likely it took too much memory.")
    if ended.code is not None and ended.code < 0:
        name = signal.Signals(-ended.code).name
        words = later("The program crashed torch ({name}); nothing that it showed could be kept.")
        return words.format(name=name)
    return later("The program used up what a run may take; nothing that it showed could be kept.")


_pool: Pool | None = None
_making = threading.Lock()


def _shared() -> Pool:
    """The pool of this process."""
    global _pool  # noqa: PLW0603 - one pool, made when it is first needed
    with _making:
        if _pool is None:
            _pool = Pool()
        return _pool
