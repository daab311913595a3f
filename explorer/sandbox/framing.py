"""Messages over open files: how long, whether it is the last one, then that many bytes.

A run may send what it has before it is done, so that something is left when it has to be killed.
"""

import os
import struct
from collections.abc import Callable

from explorer.language import later
from explorer.sandbox.wire import MAX_BYTES, WireError

HEAD = struct.Struct("!Q?")
"""Length of a message, and whether it is the last of its answer."""

ORDER = struct.Struct("!Qd")
"""What the parent is told: the number of a run, and the seconds after which its child is killed.

With an open file it is a new run; without one, the run of that number is to stop by itself now, and
has these seconds to say what it has shown.
"""

ENDED = struct.Struct("!i?")
"""What the parent says of a child's end: its exit code (negative: the signal), and whether it was
killed for being late."""

Read = Callable[[int], bytes]
"""Reads up to a number of bytes; none where the other end is closed."""


def framed(data: bytes, *, last: bool = True) -> bytes:
    """One message as it is sent."""
    return HEAD.pack(len(data), last) + data


def write(file: int, data: bytes, *, last: bool = True) -> None:
    """Write one message."""
    view = memoryview(framed(data, last=last))
    while view:
        view = view[os.write(file, view) :]


class Reader:
    """Reads an answer: `.best` is the last whole message of it, `.rest` what came after."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.best: bytes | None = None
        self.rest = bytearray()

    def last(self) -> bytes | None:
        """The last message of the answer; None where the other end was closed before.

        Raises:
            WireError: a message is longer than any may be.
        """
        while True:
            head = self._take(HEAD.size)
            if head is None:
                return None
            size, last = HEAD.unpack(head)
            if size > MAX_BYTES:
                raise WireError(
                    later("A run showed more than {most} MB: too much.").format(
                        most=MAX_BYTES // 2**20
                    )
                )
            message = self._take(size)
            if message is None:
                return None
            self.best = message
            if last:
                return message

    def _take(self, size: int) -> bytes | None:
        while len(self.rest) < size:
            part = self._read(min(size - len(self.rest), 2**20))
            if not part:
                return None
            self.rest += part
        taken, self.rest = self.rest, bytearray()
        return bytes(taken)


def read(file: int) -> bytes | None:
    """The last message of an answer, or the one that asks; None at the end of the file."""
    return Reader(lambda size: os.read(file, size)).last()
