"""Read the live graph of `grad_fn` nodes into a `Trace`.

A `Tape` holds the live nodes and grows as more roots are added; `trace` is the whole of it for one
root. Nodes are numbered in order of discovery (breadth first from the roots), so equal graphs give
equal traces. Nothing of the program runs: saved tensors are read past their hooks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, Node, get_gradient_edge

from explorer import data, errors
from explorer.autograd import private
from explorer.autograd.values import Copier, dtype_name, version_of
from explorer.data import Edge, Saved, TensorMeta, Trace, Values
from explorer.language import later

Names = nn.Module | Mapping[str, Tensor | nn.Module] | None

MADE_BY = "explorer.made_by"
"""Key in a node's metadata under which a watched forward notes (span, module)."""


def trace(root: Tensor | Sequence[Tensor], *, names: Names = None) -> Trace:
    """Read the autograd graph that ends in `root` (a tensor or several, leaves too).

    `names` (a Module, or a mapping from name to tensor or Module) gives leaves their names; a leaf
    without one is called `leaf_` and its index.

    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> square = trace(x * x, names={"x": x})
    >>> [(node.name, node.leaf) for node in square.nodes]
    [('MulBackward0', None), ('AccumulateGrad', 'x')]
    >>> [(edge.source, edge.slot, edge.target) for edge in square.edges]
    [(0, 0, 1), (0, 1, 1)]

    Raises:
        TraceError: a root has no `grad_fn` and requires no grad, or something is not a tensor.
    """
    roots = as_tensors(root, "root")
    for number, tensor in enumerate(roots):
        if not tensor.requires_grad:
            which = "root" if len(roots) == 1 else f"root {number}"
            raise errors.TraceError(
                f"{which} ({shape_text(tensor)}) has no grad_fn and requires no grad, so there is "
                "no graph to read. Give a tensor that was computed from one with "
                "requires_grad=True, outside of no_grad()."
            )
    with private.without_modes():
        tape = Tape(Copier())
        places = tape.add(map(gradient_edge, roots))
        return tape.trace(places, leaf_names(names))


class Tape:
    """Live nodes in order of discovery, kept alive so that none is numbered twice."""

    def __init__(self, copier: Copier, module_name: Callable[[Any], str | None] | None = None):
        self.fns: list[Node] = []
        self.edges: list[Edge] = []
        self.copier = copier
        self._module_name = module_name or _plain_name
        self._index: dict[Node, int] = {}
        self._outputs: list[tuple[TensorMeta, ...]] = []
        self._saved: list[tuple[Saved, ...]] = []

    def __len__(self) -> int:
        return len(self.fns)

    def index(self, fn: Node) -> int | None:
        """The number of a node that was discovered, or None."""
        return self._index.get(fn)

    def saved(self, number: int) -> tuple[Saved, ...]:
        """What node `number` had saved when it was discovered."""
        return self._saved[number]

    def add(self, roots: Iterable[GradientEdge]) -> list[tuple[int, int]]:
        """Discover all that `roots` lead to, themselves first; return their (index, output number).

        What the new nodes have saved is copied now, before a backward can free it.
        """
        first = at = len(self.fns)
        places = [(self._number(root.node), root.output_nr) for root in roots]
        while at < len(self.fns):
            for slot, (target, input_nr) in enumerate(self.fns[at].next_functions):
                if target is not None:
                    self.edges.append(Edge(at, slot, self._number(target), input_nr))
            at += 1
        reader = _SavedReader(self.copier)
        for fn in self.fns[first:]:
            self._outputs.append(_outputs(fn))
            self._saved.append(reader.read(fn))
        return places

    def _number(self, fn: Node) -> int:
        number = self._index.get(fn)
        if number is None:
            number = self._index[fn] = len(self.fns)
            self.fns.append(fn)
        return number

    def holds(self, number: int) -> bool:
        """Whether torch says that the node holds a saved tensor now."""
        fn = self.fns[number]
        return any(
            private.holds(fn, name)
            for name, is_tensor in private.saved_names(type(fn))
            if is_tensor
        )

    def reachable(self, roots: Iterable[int]) -> list[int]:
        """Indices of all nodes that `roots` lead to, themselves included, ascending."""
        seen = set(roots)
        queue = list(seen)
        while queue:
            for target, _ in self.fns[queue.pop()].next_functions:
                if target is not None and (number := self._index[target]) not in seen:
                    seen.add(number)
                    queue.append(number)
        return sorted(seen)

    def trace(self, roots: Iterable[tuple[int, int]], names: Mapping[int, str]) -> Trace:
        """All that was discovered, as plain data. `names` maps id(leaf tensor) to its name."""
        places = tuple(roots)
        nodes = []
        for number, fn in enumerate(self.fns):
            leaf = None
            span, module = private.notes(fn).get(MADE_BY, (None, None))
            if is_accumulate(fn):
                leaf = names.get(id(fn.variable), f"leaf_{number}")  # type: ignore[attr-defined]
            nodes.append(
                data.Node(
                    number,
                    type(fn).__name__,
                    leaf,
                    self._outputs[number],
                    self._saved[number],
                    self._module_name(module),
                    span,
                )
            )
        return Trace(
            tuple(nodes),
            tuple(self.edges),
            tuple(index for index, _ in places),
            tuple(nr for _, nr in places),
            torch=str(torch.__version__),
        )


def _plain_name(module: Any) -> str | None:
    """The name that a finished watch left; the class while the watch is still on."""
    return module if module is None or isinstance(module, str) else type(module).__name__


# ---------------------------------------------------------------------------------------- names


def leaf_names(names: Names) -> dict[int, str]:
    """id(tensor) -> name; where a tensor has several names, the first wins.

    Raises:
        TraceError: `names` is neither a Module nor a mapping to tensors and Modules.
    """
    if names is None:
        return {}
    if isinstance(names, nn.Module):
        return _first_names(names.named_parameters(remove_duplicate=False))
    if not isinstance(names, Mapping):
        raise errors.TraceError(
            f"names is a {type(names).__name__}; allowed are an nn.Module or a mapping from name "
            "to tensor, such as {'x': x}."
        )
    pairs: list[tuple[str, Tensor]] = []
    for name, value in names.items():
        if isinstance(value, nn.Module):
            parameters = value.named_parameters(remove_duplicate=False)
            pairs += [(f"{name}.{path}", tensor) for path, tensor in parameters]
        elif isinstance(value, Tensor):
            pairs.append((name, value))
        else:
            raise errors.TraceError(
                f"names[{name!r}] is a {type(value).__name__}; allowed are a tensor or an "
                "nn.Module."
            )
    return _first_names(pairs)


def _first_names(pairs: Iterable[tuple[str, Tensor]]) -> dict[int, str]:
    names: dict[int, str] = {}
    for name, tensor in pairs:
        names.setdefault(id(tensor), name)
    return names


# ---------------------------------------------------------------------------------------- roots


def as_tensors(value: Any, what: str) -> tuple[Tensor, ...]:
    """`value` as a tuple of tensors.

    Raises:
        TraceError: it is neither a tensor nor a non-empty sequence of tensors.
    """
    tensors = (value,) if isinstance(value, Tensor) else value
    if not isinstance(tensors, Sequence) or isinstance(tensors, str):
        raise errors.TraceError(
            f"{what} is a {type(value).__name__}; allowed are a tensor or a sequence of tensors."
        )
    if not tensors:
        raise errors.TraceError(f"{what} is empty; give at least one tensor.")
    for number, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise errors.TraceError(
                f"{what}[{number}] is a {type(tensor).__name__}; allowed are tensors."
            )
    return tuple(tensors)


def gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge on which cotangents enter the graph at `tensor`; of a leaf, its AccumulateGrad."""
    return get_gradient_edge(tensor)


def is_accumulate(fn: Node) -> bool:
    """Whether `fn` adds into a leaf's `.grad`."""
    return type(fn).__name__ == "AccumulateGrad"


def shape_text(tensor: Tensor) -> str:
    """Shape and dtype for an error message: `shape (2, 3), float32`."""
    return f"shape {tuple(tensor.shape)}, {dtype_name(tensor.dtype)}"


# --------------------------------------------------------------------------------- saved tensors


def _outputs(fn: Node) -> tuple[TensorMeta, ...]:
    return tuple(
        TensorMeta(tuple(meta.shape), dtype_name(meta.dtype)) for meta in private.input_metadata(fn)
    )


class _SavedReader:
    """Reads what nodes saved, at one moment: equal memory is copied once."""

    def __init__(self, copier: Copier) -> None:
        self.copier = copier
        self._copied: dict[tuple[Any, ...], Values] = {}
        self._alive: list[Tensor] = []

    def read(self, fn: Node) -> tuple[Saved, ...]:
        saved: list[Saved] = []
        for name, is_tensor in private.saved_names(type(fn)):
            if not is_tensor:
                saved.append(Saved(name, "constant", text=_constant(fn, name)))
                continue
            try:
                raw = private.raw_saved(fn, name)
            except RuntimeError:  # several tensors in one place, and they were freed
                saved.append(Saved(name, "freed"))
                continue
            if isinstance(raw, tuple):
                saved += [self._tensor(f"{name}[{i}]", r, r.unpack) for i, r in enumerate(raw)]
            else:
                unpack = partial(private.saved_tensor, fn, name)
                scratch = (type(fn).__name__, name) in private.SCRATCH
                saved.append(self._tensor(name, raw, unpack, scratch=scratch))
        return tuple(saved)

    def _tensor(
        self, name: str, raw: Any, unpack: Callable[[], Any], *, scratch: bool = False
    ) -> Saved:
        if private.has_unpack_hook(raw):
            return Saved(name, "packed")
        tensor = raw.data
        if tensor is None:
            # Both a freed tensor and one that was never saved read as None; only unpacking tells.
            return Saved(name, "none" if _refusal(unpack) is None else "freed")
        version = version_of(tensor)
        if scratch:
            note = later("scratch memory of the kernel: its bytes have no meaning")
            values = Values(tuple(tensor.shape), dtype_name(tensor.dtype), note=note)
            return Saved(name, "held", values, version=version)
        # Only unpacking compares versions, and a tensor at version 0 was never edited.
        edited = version > 0 and "modified by an inplace operation" in (_refusal(unpack) or "")
        return Saved(name, "edited" if edited else "held", self._values(tensor), version=version)

    def _values(self, tensor: Tensor) -> Values:
        if tensor.layout != torch.strided or private.is_wrapped(tensor) or tensor.is_meta:
            return self.copier.copy(tensor)
        key = (
            tensor.data_ptr(),
            tensor.shape,
            tensor.stride(),
            tensor.dtype,
            tensor.is_conj(),
            tensor.is_neg(),
        )
        values = self._copied.get(key)
        if values is None:
            values = self._copied[key] = self.copier.copy(tensor)
            self._alive.append(tensor)  # so that its memory, which is the key, is not given away
        return values


def _refusal(unpack: Callable[[], Any]) -> str | None:
    """torch's words when it will not give a saved tensor back, else None."""
    try:
        unpack()
    except RuntimeError as error:
        return str(error)
    return None


def _constant(fn: Node, name: str) -> str:
    return repr(_signed(private.saved_constant(fn, name)))


def _signed(value: Any) -> Any:
    """torch gives a saved dim of -1 as an unsigned number."""
    if isinstance(value, tuple):
        return tuple(_signed(one) for one in value)
    wrapped = isinstance(value, int) and value >= 2**63
    return value - 2**64 if wrapped else value
