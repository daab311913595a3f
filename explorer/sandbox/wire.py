"""What goes between the app and a child that runs a program: msgpack, decoded into typed structs.

A Run says the same numbers in many places. Where they are large each `Values` crosses once, in a
table, and stands elsewhere by its place in it, so a message is about as large as the Run is in
memory. Small numbers cross as often as they are said, which is several times faster.

>>> run = Run(Program("1 + 1"), "", (), (), (), Trace((), (), ()), (), torch="2.0")
>>> unpack(pack(run), run.program) == run
True
"""

from typing import Any

import msgspec

from explorer.collector import resting
from explorer.data import Ask, BackwardCall, Plain, Program, Run, RunError, Trace, Values
from explorer.errors import ExplorerError
from explorer.language import later

MAX_BYTES = 192 * 2**20
"""Size of the largest message that is read; a Run holds at most 64 MB of numbers."""

SMALL = 8 * 2**20
"""Bytes of the numbers of a forward, repetitions included, up to which they need no table."""

_VALUES = 1
"""Code of the msgpack extension that stands for a `Values` of the table."""

_NO_TRACE = Trace((), (), ())
_BARE_PROGRAM = Program("")


class WireError(ExplorerError):
    """A message is damaged, or larger than any message may be."""


class Limits(Plain, frozen=True):
    """What one run may use. Times in seconds, sizes in bytes.

    At `deadline` the program is stopped and what it showed so far comes back; after `grace` more
    seconds its process is killed. `memory` is what it may take beyond what torch takes by itself,
    `printed` is in characters.
    """

    deadline: float = 5.0
    grace: float = 3.0
    memory: int = 768 * 2**20
    printed: int = 200_000


class Request(Plain, frozen=True):
    """One program to run."""

    program: Program
    ask: tuple[Ask, ...] = ()
    limits: Limits = Limits()


class _Message(Plain, frozen=True):
    """A Run in two parts: its table of Values, if it has one, and the rest as msgpack."""

    values: tuple[Values, ...] | None
    rest: bytes


_request = msgspec.msgpack.Decoder(Request)
_message = msgspec.msgpack.Decoder(_Message)
_run = msgspec.msgpack.Decoder(Run)


def pack_request(request: Request) -> bytes:
    """A request as bytes."""
    return msgspec.msgpack.encode(request)


def unpack_request(data: bytes) -> Request:
    """The request that `pack_request` made."""
    return _request.decode(data)


@resting()
def pack(run: Run) -> bytes:
    """A Run as bytes. The program is left out: who asked knows it."""
    bare = msgspec.structs.replace(
        run, program=_BARE_PROGRAM, calls=tuple(_with_trace(c, _NO_TRACE) for c in run.calls)
    )
    if _said_bytes(bare) <= SMALL:
        return msgspec.msgpack.encode(_Message(None, msgspec.msgpack.encode(bare)))
    table: dict[tuple[Any, ...], int] = {}
    tree = _by_place(msgspec.to_builtins(bare, builtin_types=(bytes,)), table)
    values = [dict(zip(Values.__struct_fields__, fields, strict=True)) for fields in table]
    rest = msgspec.msgpack.encode(tree)
    return msgspec.msgpack.encode({"values": values, "rest": rest})


@resting()
def unpack(data: bytes, program: Program) -> Run:
    """The Run of `program` that `pack` made.

    Raises:
        WireError: this is no Run.
    """
    try:
        message = _message.decode(data)
        if message.values is None:
            run = _run.decode(message.rest)
        else:
            run = _with_values(message.rest, message.values)
    except (msgspec.MsgspecError, ValueError, IndexError, RecursionError) as error:
        raise WireError(
            later("What came back from a run cannot be read: {words}").format(words=error)
        ) from error
    calls = tuple(_with_trace(call, run.trace) for call in run.calls)
    return msgspec.structs.replace(run, program=program, calls=calls)


def stopped(program: Program, error: RunError, printed: str = "", torch: str = "") -> Run:
    """The Run of a program of which no more is known than what it printed and how it ended."""
    return Run(
        program=program,
        printed=printed,
        tensors=(),
        leaves=(),
        forward=(),
        trace=_NO_TRACE,
        calls=(),
        error=error,
        torch=torch,
    )


def _said_bytes(run: Run) -> int:
    """Bytes of the numbers that go through the forward, counted each time that they are said."""
    return sum(
        len(operand.values.data or b"")
        for op in run.forward
        for operand in (*op.inputs, *op.outputs)
    )


def _with_values(rest: bytes, values: tuple[Values, ...]) -> Run:
    """The Run in `rest`, whose Values stand in a table.

    Raises:
        ValueError, IndexError: it names what is not in the table.
        msgspec.MsgspecError: it is no Run.
    """

    def value(code: int, place: memoryview) -> Values:
        if code != _VALUES:
            raise ValueError(code)
        return values[int.from_bytes(place, "big")]

    return msgspec.convert(msgspec.msgpack.decode(rest, ext_hook=value), Run)


def _with_trace(call: BackwardCall, trace: Trace) -> BackwardCall:
    return msgspec.structs.replace(call, trace=trace)


def _by_place(tree: Any, table: dict[tuple[Any, ...], int]) -> Any:
    """`tree` with each dict that is a Values replaced by its place in `table`."""
    if isinstance(tree, dict):
        if tree.keys() == _VALUES_KEYS:
            place = table.setdefault(_key(tree), len(table))
            return msgspec.msgpack.Ext(_VALUES, place.to_bytes(4, "big"))
        return {name: _by_place(part, table) for name, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_by_place(part, table) for part in tree]
    return tree


_VALUES_KEYS = frozenset(Values.__struct_fields__)


def _key(values: dict[str, Any]) -> tuple[Any, ...]:
    """A Values as a key: its fields in their order, made hashable."""
    return tuple(
        tuple(field)
        if isinstance(field, (list, tuple))
        else _Statistics(field)
        if isinstance(field, dict)
        else field
        for field in values.values()
    )


class _Statistics(dict[str, Any]):
    """A dict that is never changed, and so may be hashed."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))
