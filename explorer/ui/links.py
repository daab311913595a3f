"""A network in a link: its spec as JSON, packed, in letters that a URL keeps.

>>> code = pack(NetworkSpec(inputs=3))
>>> unpack(code) == NetworkSpec(inputs=3)
True
>>> unpack(code[:-4])
Traceback (most recent call last):
    ...
explorer.errors.ProgramError: This link is damaged: ask for it again, or copy all of it.
"""

import base64
import zlib
from typing import Final

import msgspec

from explorer.builder import NetworkSpec
from explorer.errors import ProgramError

MAX_JSON: Final = 256 * 1024
"""Bytes that a link may unpack to; more is refused before it is held in memory."""

_DAMAGED: Final = "This link is damaged: ask for it again, or copy all of it."


def pack(spec: NetworkSpec) -> str:
    """The spec in letters, digits, `-` and `_`."""
    packed = zlib.compress(msgspec.json.encode(spec), level=9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unpack(code: str) -> NetworkSpec:
    """The spec that `pack` wrote.

    Raises:
        ProgramError: the code is cut short, altered, or holds something else.
    """
    try:
        packed = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MAX_JSON)
        if not unpacker.eof:
            raise ProgramError(_DAMAGED)
        return msgspec.json.decode(text, type=NetworkSpec)
    except (ValueError, zlib.error, msgspec.DecodeError) as error:
        raise ProgramError(_DAMAGED) from error
