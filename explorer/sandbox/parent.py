"""The process that has imported torch once, and where programs run.

It is started by `hosts` as an interpreter of its own. Called with `--fork`, its standard input is a
socket over which it is sent, for each run, its number, seconds and an open socket: it forks a child
that reads its request from that socket and answers on it, kills the child when its seconds are
over, and says at the end how it ended. A number that is sent again, without a socket, is told to
stop. It never looks at a program itself, and lives as long as the other end of its
standard input. Called with `--stay`, it runs one program after the other itself.
"""

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import time
from functools import partial
from typing import NamedTuple

from explorer.autograd import warm
from explorer.sandbox import framing, limits, wire, worker
from explorer.sandbox.framing import ENDED, ORDER

RARELY = (50_000, 20, 100)
"""Thresholds of the cycle collector in a child, which lives for seconds and keeps all it notes."""


def main() -> None:
    """Get warm, say which torch this is, and run programs until nobody asks any more."""
    if "--fork" in sys.argv:
        fork_for_each()
    else:
        stay()


# ------------------------------------------------------------------------------------ with fork


def fork_for_each() -> None:
    """Make a child for each order that comes in over standard input."""
    control = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the app, whose end ends us
    _let_go(0, 1)
    version = worker.get_ready()
    gc.collect()
    gc.freeze()  # so that children do not copy pages only to count references
    control.send(version.encode())
    children = _Children(control)
    while True:
        if not children.wait():
            continue
        order, files, _, _ = socket.recv_fds(control, ORDER.size, 1)
        if not order:
            break
        number, seconds = ORDER.unpack(order)
        if not files:
            children.stop(number, seconds)
            continue
        pid = os.fork()
        if not pid:
            _child(children, files[0])
        children.add(pid, number, seconds, socket.socket(fileno=files[0]))
    children.kill()


def _child(children: "_Children", data: int) -> None:
    """Run one program and end, without going back to what the parent had set up."""
    try:
        limits.die_with_parent()
        gc.set_threshold(*RARELY)
        children.forget()
        asked = framing.read(data)
        if asked is not None:
            request = wire.unpack_request(asked)
            _let_go(0, 1, 2)
            limits.confine(request.limits)
            told = partial(framing.write, data, last=False)
            framing.write(data, worker.answer(request, told))
        os._exit(0)
    finally:
        os._exit(1)


class _Running(NamedTuple):
    """A child at work: the number of its run, when it is killed, and whom to tell of its end."""

    number: int
    moment: float
    data: socket.socket


class _Children:
    """The running children, by their process numbers."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[int, _Running] = {}
        self._woken, self._wake = os.pipe()
        for file in (self._woken, self._wake):
            os.set_blocking(file, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def add(self, pid: int, number: int, seconds: float, data: socket.socket) -> None:
        """A child has begun: kill it after `seconds`, and say on `data` how it has ended."""
        self._running[pid] = _Running(number, time.monotonic() + seconds, data)

    def stop(self, number: int, seconds: float) -> None:
        """Tell the child of run `number` to stop, and kill it where it has not after `seconds`."""
        for pid, child in self._running.items():
            if child.number == number:
                os.kill(pid, worker.STOP)
                self._running[pid] = child._replace(moment=time.monotonic() + seconds)

    def wait(self) -> bool:
        """Wait for an order, a child's end or a deadline; see to the last two. True at an order."""
        moments = [child.moment for child in self._running.values()]
        left = max(0.0, min(moments) - time.monotonic()) if moments else None
        ready = {key.fileobj for key, _ in self._selector.select(left)}
        if self._woken in ready:
            os.read(self._woken, 4096)
        for pid, child in list(self._running.items()):
            self._look_after(pid, late=time.monotonic() >= child.moment)
        return self._control in ready

    def _look_after(self, pid: int, *, late: bool) -> None:
        if late:
            os.kill(pid, signal.SIGKILL)
        ended, status = os.waitpid(pid, 0 if late else os.WNOHANG)
        if not ended:
            return
        data = self._running.pop(pid).data
        with data, contextlib.suppress(OSError):  # nobody may be listening any more
            words = ENDED.pack(os.waitstatus_to_exitcode(status), late)
            data.send(words, socket.MSG_DONTWAIT)

    def kill(self) -> None:
        """Kill every child."""
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)

    def forget(self) -> None:
        """In a child: let go of everything that belongs to the parent."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        self._control.close()
        for child in self._running.values():
            child.data.close()
        os.close(self._woken)
        os.close(self._wake)


# --------------------------------------------------------------------------------- without fork


def stay() -> None:
    """Run program after program in this process; who asks kills it when one takes too long."""
    asks, answers = os.dup(0), os.dup(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _let_go(0, 1)
    framing.write(answers, worker.get_ready().encode())
    confined = False
    while (asked := framing.read(asks)) is not None:
        request = wire.unpack_request(asked)
        if not confined:
            _let_go(2)
            limits.confine(request.limits, stays=True)
            confined = True
        framing.write(answers, worker.answer(request, partial(framing.write, answers, last=False)))
        warm.refresh()


def _let_go(*files: int) -> None:
    """Let standard input (0), output (1) or errors (2) lead nowhere."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in files:
        os.dup2(nothing, file)
    os.close(nothing)


if __name__ == "__main__":
    main()
