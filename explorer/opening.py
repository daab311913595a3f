"""Open a file that `.save(...)` wrote, believing nothing in it.

What a file holds is checked before anybody draws it: every index points at something, every value
has as many bytes as its shape says.

>>> import tempfile, pathlib
>>> from explorer.data import Edge, Node, TensorMeta, Trace
>>> nodes = (Node(0, "ExpBackward0", None, (TensorMeta((2,), "float32"),)),)
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder) / "graph.json"
...     Trace(nodes, (), (0,)).save(path)
...     load(path)
Trace(1 nodes, 0 edges, roots (0,))
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from explorer import files
from explorer.data import BackwardCall, Edge, Jacobian, Run, Trace, Values, storage_dtype
from explorer.errors import FileError
from explorer.language import _, ngettext

Opened = Trace | BackwardCall | Jacobian | Run

KINDS: dict[str, type[Opened]] = {
    kind.__name__: kind for kind in (Trace, BackwardCall, Jacobian, Run)
}
"""What a file may hold."""

MAX_NODES = 50_000
"""Nodes of the largest graph that is opened."""


def load(path: str | Path) -> Opened:
    """The Trace, BackwardCall, Jacobian or Run in the file at `path`.

    Raises:
        FileError: the file is damaged, foreign, too large, of another format, or holds values that
            contradict one another.
        OSError: there is no such file.
    """
    return _opened(*files.read(path))


def loads(whole: bytes) -> Opened:
    """As `load`, from the bytes of a file."""
    return _opened(*files.decode(whole))


def lacks(value: Opened) -> tuple[str, ...]:
    """What a reader may miss in `value`, one phrase for each thing, and how to record it."""
    if isinstance(value, Jacobian):
        return ()
    trace = value if isinstance(value, Trace) else value.trace
    found = []
    if isinstance(value, Trace):
        found.append(_("a backward pass: a Trace is the graph and what it saved"))
    if not isinstance(value, Run):
        found.append(_("the program's text, so cards carry the names of modules or of torch"))
        if not any(node.module for node in trace.nodes):
            found.append(
                _("the modules: run the forward inside `with explorer.watch(names=model):`")
            )
    if isinstance(value, BackwardCall) or (isinstance(value, Run) and not value.answers):
        found.append(_("local Jacobians, so its numbers are not explained term by term"))
    bare = len({v for v in _every_values(value) if v.data is None and v.size})
    if bare:
        words = ngettext(
            "the numbers of {count} tensor, which was too large: its shape and range only",
            "the numbers of {count} tensors, which were too large: their shapes and ranges only",
            bare,
        )
        found.append(words.format(count=bare))
    return tuple(found)


def _opened(kind: str, content: dict[str, Any]) -> Opened:
    if kind not in KINDS:
        raise FileError(
            _("The file holds a {kind!r}; allowed are {kinds}.").format(
                kind=kind, kinds=", ".join(KINDS)
            )
        )
    try:
        value = KINDS[kind].from_dict(content)
    except (msgspec.ValidationError, TypeError, ValueError, OverflowError) as error:
        raise FileError(
            _("The {kind} in the file is damaged: {error}.").format(kind=kind, error=error)
        ) from error
    for complaint in _complaints(value):
        raise FileError(
            _("The {kind} in the file is damaged: {complaint}.").format(
                kind=kind, complaint=complaint
            )
        )
    return value


def _complaints(value: Opened) -> Iterator[str]:
    """Everything in `value` that contradicts itself."""
    for values in _every_values(value):
        yield from _wrong_values(values)
    if isinstance(value, Jacobian):
        if value.values.shape != (len(value.rows), len(value.columns)):
            yield _("the matrix has another shape than its labels")
        if value.values.data is None:
            yield _("the matrix has no numbers")
        if len(value.reached) != len(value.columns.parts):
            yield _("`reached` does not fit the columns")
        return
    trace = value if isinstance(value, Trace) else value.trace
    yield from _wrong_trace(trace)
    calls = value.calls if isinstance(value, Run) else ()
    for call in (value,) if isinstance(value, BackwardCall) else calls:
        yield from _wrong_call(call, len(trace.nodes))
    for place in _places(value):
        if not 0 <= place < len(trace.nodes):
            yield _("node {place} is not in the graph").format(place=place)


def _wrong_values(values: Values) -> Iterator[str]:
    if any(size < 0 for size in values.shape):
        yield _("a tensor has shape {shape}").format(shape=values.shape)
        return
    try:
        stored = storage_dtype(values.dtype)
    except TypeError:
        stored = None
    if stored is None or stored.kind not in "biufc":
        yield _("{dtype!r} is no dtype of numbers").format(dtype=values.dtype)
        return
    if values.data is not None and len(values.data) != values.size * stored.itemsize:
        yield _("a tensor of shape {shape} has {count} bytes").format(
            shape=values.shape, count=len(values.data)
        )


def _wrong_trace(trace: Trace) -> Iterator[str]:
    count = len(trace.nodes)
    if [node.index for node in trace.nodes] != list(range(count)):
        yield _("the nodes are not numbered from 0")
    for edge in trace.edges:
        if not (0 <= edge.source < count and 0 <= edge.target < count and edge.slot >= 0):
            yield _("an edge leads from node {source} to node {target} of {count}").format(
                source=edge.source, target=edge.target, count=count
            )
            return
    if _has_a_cycle(count, trace.edges):
        yield _("its edges run in a circle, which no graph of autograd does")
    if count > MAX_NODES:
        yield _("it has {count:,} nodes, and at most {most:,} are drawn").format(
            count=count, most=MAX_NODES
        )
    if not all(0 <= root < count for root in trace.roots):
        yield _("the roots {roots} are not in the graph").format(roots=trace.roots)


def _has_a_cycle(count: int, edges: Sequence[Edge]) -> bool:
    """Whether some node leads back to itself."""
    onward: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for edge in edges:
        onward[edge.source].append(edge.target)
        waiting[edge.target] += 1
    ready = [node for node in range(count) if not waiting[node]]
    for node in ready:  # grows while it is walked
        for target in onward[node]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return len(ready) < count


def _wrong_call(call: BackwardCall, count: int) -> Iterator[str]:
    error = () if call.error is None or call.error.node is None else (call.error.node,)
    leaves = tuple(leaf.node for leaf in call.leaves if leaf.node is not None)
    for place in (*call.roots, *leaves, *call.freed, *error, *(s.node for s in call.steps)):
        if not 0 <= place < count:
            yield _("node {place} is not in the graph").format(place=place)


def _places(value: Opened) -> Iterator[int]:
    """Node numbers of a Run's variables and ops."""
    if isinstance(value, Run):
        named = (variable.node for variable in (*value.tensors, *value.leaves))
        operands = (o.node for op in value.forward for o in (*op.inputs, *op.outputs))
        yield from (node for node in (*named, *operands) if node is not None)
        yield from (node for op in value.forward for node in op.nodes)


def _every_values(value: object) -> Iterator[Values]:
    """Every `Values` inside `value`, however deep."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Values):
            yield one
        elif isinstance(one, tuple):
            stack += one
        elif isinstance(one, msgspec.Struct):
            stack += [getattr(one, field) for field in one.__struct_fields__]
