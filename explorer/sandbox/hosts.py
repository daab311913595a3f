"""Where programs run: a warm process that forks a child for each, or warm processes that stay.

Both take a packed request and give back the packed answer, or raise `Ended`: the process that ran
the program ended without one.
"""

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Protocol

import explorer
from explorer.errors import SandboxError
from explorer.language import later
from explorer.sandbox import framing
from explorer.sandbox.framing import ENDED, ORDER, Reader
from explorer.sandbox.stopping import Stop

START = 120.0
"""Seconds that importing torch may take."""

SLACK = 5.0
"""Seconds after which a parent that has not killed a late child is taken for dead itself."""

PARTING = 1.0
"""Seconds that a run which is stopped has to say what it has shown."""

_NO_START = later("The process that runs programs does not start; the server's log says why.")

RUNS = 200
"""Programs that one process runs where there is no fork, before it makes room for a fresh one."""

_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
"""Environment variables that an interpreter may need to start; children see none at all."""


class Ended(Exception):  # noqa: N818 - it is what happened, not what went wrong
    """The process of a run ended without an answer. `code` is its exit code (negative: a signal,
    None: nobody knows), `late` whether it was killed for its time."""

    def __init__(self, code: int | None, *, late: bool = False) -> None:
        super().__init__(code, late)
        self.code = code
        self.late = late


class Gone(Exception):  # noqa: N818
    """The warm process is no more: start another one and ask again."""


class Host(Protocol):
    """Runs packed requests, many at a time, from any thread."""

    @property
    def torch(self) -> str:
        """The version of torch there."""

    def ask(self, request: bytes, seconds: float, stop: Stop) -> bytes:
        """The answer to a request whose process is killed after `seconds`, or by `stop`.

        Raises:
            Ended: its process ended without an answer.
            Gone: the host is no more.
            SandboxError: the host does not start.
        """

    def close(self) -> None:
        """End every process."""


def best() -> Host:
    """The host for this system: forked children where forking is safe with torch's threads."""
    return Forking() if sys.platform == "linux" else Staying()


# ------------------------------------------------------------------------------------ with fork


class Forking:
    """One warm process; it forks a fresh child for every run."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _start("--fork", stdin=theirs, stdout=subprocess.DEVNULL)
        self._control = ours
        self._numbers = itertools.count()
        self.close = weakref.finalize(self, _end, self._process, ours)
        ours.settimeout(START)
        try:
            version = ours.recv(100)
        except OSError:
            version = b""
        if not version:
            self.close()
            raise SandboxError(_NO_START)
        ours.settimeout(SLACK)
        self.torch = version.decode()

    def ask(self, request: bytes, seconds: float, stop: Stop) -> bytes:
        """As `Host.ask`."""
        number = next(self._numbers)
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(seconds + SLACK)
            with theirs:
                try:
                    order = ORDER.pack(number, seconds)
                    socket.send_fds(self._control, [order], [theirs.fileno()])
                except OSError as error:
                    self.close()
                    raise Gone from error
            try:
                with stop.by(lambda: self._end_now(number)):
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        ours.sendall(framing.framed(request))
                    return _answer(ours)
            except TimeoutError as error:
                self.close()
                raise Gone from error
            except ConnectionResetError as error:
                raise Gone from error

    def _end_now(self, number: int) -> None:
        """Have the child of a run stop, if there is still one."""
        with contextlib.suppress(OSError):  # the parent is gone, and its children with it
            self._control.send(ORDER.pack(number, PARTING))


def _answer(data: socket.socket) -> bytes:
    """What the child answered, or else how the parent says that it ended."""
    reader = Reader(data.recv)
    answer = reader.last()
    if answer is None:
        answer = reader.best
    if answer is not None:
        return answer
    if len(reader.rest) < ENDED.size:
        raise Gone
    code, late = ENDED.unpack(reader.rest[-ENDED.size :])
    raise Ended(code, late=late)


# --------------------------------------------------------------------------------- without fork


class Staying:
    """Warm processes, each of which runs one program after the other and is replaced when it had to
    be killed."""

    def __init__(self) -> None:
        self._idle: list[_Stayer] = []
        self._all: weakref.WeakSet[_Stayer] = weakref.WeakSet()
        self._closed = False
        self._idle.append(self._new())
        self.torch = self._idle[0].torch

    def _new(self) -> "_Stayer":
        stayer = _Stayer()
        self._all.add(stayer)
        return stayer

    def _waiting(self) -> "_Stayer | None":
        """A process that has nothing to do, and now has."""
        with contextlib.suppress(IndexError):  # another thread may take the last one
            while True:
                stayer = self._idle.pop()
                if stayer.alive:
                    return stayer
        return None

    def ask(self, request: bytes, seconds: float, stop: Stop) -> bytes:
        """As `Host.ask`."""
        stayer = self._waiting() or self._new()
        with stop.by(stayer.kill):
            answer = stayer.ask(request, seconds)
        if stayer.alive and stayer.runs < RUNS and not self._closed:
            self._idle.append(stayer)
        else:
            stayer.close()
        return answer

    def close(self) -> None:
        """End every process."""
        self._closed = True
        for stayer in list(self._all):
            stayer.close()


class _Stayer:
    """One warm process."""

    def __init__(self) -> None:
        self._process = _start("--stay", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asks, self._answers = self._process.stdin, self._process.stdout
        self.close = weakref.finalize(self, _end, self._process, self._asks, self._answers)
        self.runs = 0
        self._late = False
        try:
            self.torch = self._within(START, b"").decode()
        except Ended as ended:
            raise SandboxError(_NO_START) from ended

    @property
    def alive(self) -> bool:
        """Whether the process is there to run another program."""
        return self._process.poll() is None

    def ask(self, request: bytes, seconds: float) -> bytes:
        """As `Host.ask`."""
        self.runs += 1
        return self._within(seconds, request)

    def _within(self, seconds: float, request: bytes) -> bytes:
        """Send the request, if there is one, and wait for a message; kill the process if it is
        late."""
        timer = threading.Timer(seconds, self.kill)
        timer.daemon = True
        timer.start()
        reader = Reader(lambda size: os.read(self._answers.fileno(), size))
        try:
            if request:
                with contextlib.suppress(OSError):
                    framing.write(self._asks.fileno(), request)
            answer = reader.last()
        finally:
            timer.cancel()
        if answer is not None:
            return answer
        code = self._process.wait()
        self.close()
        if reader.best is not None:
            return reader.best
        raise Ended(code, late=self._late)

    def kill(self) -> None:
        """End the process, and what it is running."""
        self._late = True
        self._process.kill()


# --------------------------------------------------------------------------------- small parts


def _start(how: str, **files: object) -> "subprocess.Popen[bytes]":
    """A fresh interpreter that imports this very package, wherever it was imported from."""
    root = str(Path(explorer.__file__).parent.parent)
    path = os.pathsep.join(dict.fromkeys([root, *filter(None, sys.path)]))
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-P", "-m", "explorer.sandbox.parent", how]
    try:
        return subprocess.Popen(command, env=environment, **files)  # type: ignore[call-overload,no-any-return]
    except OSError as error:
        raise SandboxError(_NO_START) from error


def _end(process: "subprocess.Popen[bytes]", *files: object) -> None:
    """End a process and close our ends of what leads to it."""
    process.kill()
    process.wait()
    for file in files:
        with contextlib.suppress(OSError):
            file.close()  # type: ignore[attr-defined]
