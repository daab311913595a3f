"""A network or a typed program in a link: as JSON, packed, in letters that a URL keeps.

>>> code = pack(NetworkSpec(inputs=3))
>>> unpack(code) == NetworkSpec(inputs=3)
True
>>> unpack(code[:-4])
Traceback (most recent call last):
    ...
explorer.errors.ProgramError: This link is damaged: ask for it again, or copy all of it.

>>> unpack_program(pack_program(Program("x = 1", seed=7)))
Program(source='x = 1', seed=7)
"""

import base64
import zlib
from typing import Any, Final, TypeVar

import msgspec

from explorer.builder import MAX_SEED, NetworkSpec
from explorer.data import Program
from explorer.errors import ProgramError
from explorer.language import _, later

MAX_JSON: Final = 256 * 1024
"""Bytes that a link may unpack to; more is refused before it is held in memory."""

MAX_LINK: Final = 30_000
"""Characters of the longest program that is put into a link: beyond, browsers and servers balk."""

_DAMAGED: Final = later("This link is damaged: ask for it again, or copy all of it.")

_T = TypeVar("_T")


def pack(value: Any) -> str:
    """A spec, or any other plain data, in letters, digits, `-` and `_`."""
    packed = zlib.compress(msgspec.json.encode(value), level=9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unpack(code: str) -> NetworkSpec:
    """The spec that `pack` wrote.

    Raises:
        ProgramError: the code is cut short, altered, or holds something else.
    """
    return unpack_as(code, NetworkSpec)


def pack_program(program: Program) -> str | None:
    """The source and the seed, written as `pack` does; None where no link could hold them."""
    code = pack(program)
    return code if len(code) <= MAX_LINK else None


def unpack_program(code: str) -> Program:
    """The program that `pack_program` wrote; nobody says that we wrote it ourselves.

    Raises:
        ProgramError: the code is cut short, altered, or holds something else.
    """
    program = unpack_as(code, Program)
    if not 0 <= program.seed <= MAX_SEED:
        raise ProgramError(_(_DAMAGED))
    return program


def unpack_as(code: str, kind: type[_T]) -> _T:
    """What `pack` wrote, as `kind`.

    Raises:
        ProgramError: the code is cut short, altered, or holds something else.
    """
    try:
        packed = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MAX_JSON)
        if not unpacker.eof:
            raise ProgramError(_(_DAMAGED))
        return msgspec.json.decode(text, type=kind)
    except (ValueError, zlib.error, msgspec.DecodeError) as error:
        raise ProgramError(_(_DAMAGED)) from error
