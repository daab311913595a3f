"""Messages over open files: eight bytes that say how long, then that many bytes."""

import os
import struct

from explorer.sandbox.wire import MAX_BYTES, WireError

HEAD = struct.Struct("!Q")
ORDER = struct.Struct("!d")
"""What the parent is told with each open file: the seconds after which it kills the child."""

ENDED = struct.Struct("!i?")
"""What the parent says of a child's end: its exit code (negative: the signal), and whether it was
killed for being late."""


def write(file: int, data: bytes) -> None:
    """Write one message."""
    view = memoryview(HEAD.pack(len(data)) + data)
    while view:
        view = view[os.write(file, view) :]


def read(file: int) -> bytes | None:
    """One message; None where the other end was closed before it was complete.

    Raises:
        WireError: it is longer than any message may be.
    """
    head = _exactly(file, HEAD.size)
    return None if head is None else _exactly(file, length(head))


def length(head: bytes) -> int:
    """How long the message after `head` is.

    Raises:
        WireError: longer than any message may be.
    """
    size: int = HEAD.unpack(head)[0]
    if size > MAX_BYTES:
        raise WireError(f"A run showed more than {MAX_BYTES // 2**20} MB, which is not sent.")
    return size


def _exactly(file: int, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(file, min(size - len(parts), 2**20))
        if not part:
            return None
        parts += part
    return bytes(parts)
