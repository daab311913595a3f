"""Note what a forward does: each torch function with its place in the program, its module, the
numbers that went in and came out, the nodes it made, and where the graph was cut.

>>> from explorer.autograd.tape import trace
>>> x = torch.ones(2, requires_grad=True)
>>> with watch() as watched:
...     y = (x * x).sum()
>>> [op.function for op in watched.forward]
['mul', 'sum']
>>> trace(y).nodes[1].span == watched.forward[0].span
True
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, Node
from torch.nn.modules import module as module_hooks

from explorer.autograd import private
from explorer.autograd.events import Events, kind_of, left_by
from explorer.autograd.modes import FunctionMode
from explorer.autograd.spans import Spans
from explorer.autograd.tape import MADE_BY, Names, Tape, is_accumulate, leaf_names
from explorer.autograd.values import Copier, dtype_name, version_of
from explorer.data import MAX_RUN_OPS, Event, Op, Operand, Span, Trace, Values
from explorer.language import later

_TORCH = Path(torch.__file__).parent
_OPTIMIZERS = f"{_TORCH / 'optim'}{os.sep}"
_MODULES = f"{_TORCH / 'nn' / 'modules'}{os.sep}"
_INITIALISERS = str(_TORCH / "nn" / "init.py")
_TORCH_ITSELF = (f"{_TORCH / 'autograd'}{os.sep}", f"{_TORCH / '_functorch'}{os.sep}")

_CONSTRUCTORS = frozenset({"__init__", "reset_parameters", "_reset_parameters"})
"""Functions of torch's modules that make parameters; what they run is no forward."""

_DIFFERENTIABLE = ("float", "bfloat", "complex")

_UNWRITTEN = frozenset(
    {"empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided"}
)
"""Functions whose result holds whatever was in memory before: numbers that mean nothing."""

_READERS = frozenset({"grad", "_grad", "grad_fn", "_base"})
"""Attributes that hand out a tensor without computing one."""


def watch(*, names: Names = None) -> "Watch":
    """A context manager that notes every torch function called in its `with` block.

    After the block, `.forward` holds the ops and `.trace` the graph of all nodes they made. While
    the graph lives, `trace` and `record` know the span and module of its nodes. `names` (a Module
    or a mapping) names modules and leaves. Spans are lines and columns of the file that holds the
    `with` statement.
    """
    return Watch(Spans(sys._getframe(1).f_code.co_filename), names=names)


class _LiveOp:
    """An op while tensors are alive: what `Op` becomes once nodes have numbers."""

    __slots__ = ("cut", "edited", "fns", "function", "inputs", "module", "outputs", "span")

    def __init__(self, function: str, span: Span | None, module: nn.Module | None) -> None:
        self.function = function
        self.span = span
        self.module = module
        self.inputs: list[_LiveOperand] = []
        self.outputs: list[_LiveOperand] = []
        self.fns: list[Node] = []
        self.cut: str | None = None
        self.edited: list[int] = []


class _LiveOperand:
    __slots__ = ("is_leaf", "place", "requires_grad", "tensor", "values", "version")

    def __init__(
        self, tensor: int, version: int, values: Values, requires_grad: bool, is_leaf: bool
    ) -> None:
        self.tensor = tensor
        self.version = version
        self.values = values
        self.requires_grad = requires_grad
        self.is_leaf = is_leaf
        self.place: GradientEdge | None = None


class Watch(FunctionMode):
    """Sees every torch function of one thread between `__enter__` and `__exit__`."""

    def __init__(self, spans: Spans, *, names: Names = None, copier: Copier | None = None) -> None:
        super().__init__()
        self.spans = spans
        self.copier = copier or Copier()
        self.tape = Tape(self.copier, self.module_name)
        self.forward: tuple[Op, ...] = ()
        self.trace: Trace = Trace((), (), ())
        self._names = names
        self._ops: list[_LiveOp] = []
        self._modules: list[nn.Module] = []
        self._module_names: dict[int, str] = {}
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []
        self._places: dict[tuple[int, int], GradientEdge] = {}
        self._unwritten: set[tuple[int, int]] = set()
        self._events = Events()
        self._muted = False
        self._exits = ExitStack()
        self.name_modules(_parts(names))

    # ------------------------------------------------------------------------------ in and out

    def __enter__(self) -> Self:
        super().__enter__()  # type: ignore[no-untyped-call]
        self._exits.enter_context(private.around_function_apply(self._around_apply))
        before = module_hooks.register_module_forward_pre_hook(self._enter_module)
        after = module_hooks.register_module_forward_hook(self._leave_module, always_call=True)
        self._exits.callback(before.remove)
        self._exits.callback(after.remove)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exits.close()
        super().__exit__(exc_type, exc_value, traceback)  # type: ignore[no-untyped-call]
        if type(self) is Watch:
            self._finish()

    def _finish(self) -> None:
        """Number what was seen, then let go of everything live."""
        roots = self.add_tops()
        self.forward = self.ops()
        self.trace = self.tape.trace(roots, leaf_names(self._names))
        self.release()

    def release(self) -> None:
        """Let go of every live tensor, module and node; the nodes keep only words about them."""
        for op in self._ops:
            for fn in op.fns:
                private.notes(fn)[MADE_BY] = (op.span, self.module_name(op.module))
        self.tape = Tape(self.copier)
        self._ops, self._alive, self._places, self._numbers = [], [], {}, {}
        self._modules, self._names = [], None

    def add_tops(self) -> list[tuple[int, int]]:
        """Discover the nodes that no discovered node leads to, the latest first; return them."""
        tops = []
        for op in reversed(self._ops):
            for operand in op.outputs:
                place = operand.place
                if place is not None and self.tape.index(place.node) is None:
                    tops += self.tape.add([place])
        return tops

    @property
    def calls_begun(self) -> int:
        """Backward calls that the program has made so far; only a `CallWatch` knows them."""
        return 0

    def events(self) -> tuple[Event, ...]:
        """What the program did to gradients and parameters beside the graph."""
        return self._events.all()

    def ops(self) -> tuple[Op, ...]:
        """Everything seen so far, as plain data; nodes are numbered by the tape."""
        return tuple(self._plain(number, op) for number, op in enumerate(self._ops))

    def _plain(self, number: int, op: _LiveOp) -> Op:
        nodes = [self.tape.index(fn) for fn in op.fns]
        return Op(
            number,
            op.function,
            op.span,
            self.module_name(op.module),
            tuple(map(self._plain_operand, op.inputs)),
            tuple(map(self._plain_operand, op.outputs)),
            tuple(sorted(node for node in nodes if node is not None)),
            op.cut,
            tuple(op.edited),
        )

    def _plain_operand(self, operand: _LiveOperand) -> Operand:
        place = operand.place
        node = None if place is None else self.tape.index(place.node)
        return Operand(
            operand.tensor,
            operand.version,
            operand.values,
            operand.requires_grad,
            operand.is_leaf,
            node,
            0 if place is None else place.output_nr,
        )

    @property
    def full(self) -> bool:
        """Whether as many ops and events were seen as a Run keeps; later ones are not noted."""
        return len(self._ops) + len(self._events) >= MAX_RUN_OPS

    # ----------------------------------------------------------------------------------- modules

    def name_modules(self, parts: Iterable[tuple[str, nn.Module]]) -> None:
        """Give modules their names: the first name of each wins."""
        for name, module in parts:
            self._module_names.setdefault(id(module), name)

    def module_name(self, module: nn.Module | None) -> str | None:
        """The path of a module; the name of its class where it has no path."""
        if module is None:
            return None
        return self._module_names.get(id(module)) or type(module).__name__

    def _enter_module(self, module: nn.Module, _: Any) -> None:
        self._modules.append(module)

    def _leave_module(self, module: nn.Module, *_: Any) -> None:
        if self._modules and self._modules[-1] is module:
            self._modules.pop()

    # --------------------------------------------------------------------------------------- ops

    def called(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Note a function that the watched file called, if it made or edited a tensor."""
        if self._muted or self.full or private.transforms_active():
            return func(*args, **kwargs)
        name = _function_name(func)
        if name in _READERS and name != "grad":
            return func(*args, **kwargs)
        above, frame = self.spans.frames()
        kind = kind_of(func, name, above)
        if kind is not None and frame is not None:
            left = "" if kind == "step" else left_by(func, name, args)
            span = self.spans.of_frame(frame)
            self._events.note(kind, span, len(self._ops), self.calls_begun, left)
            return func(*args, **kwargs)
        if name in _READERS or frame is None or _is_no_forward(above):
            return func(*args, **kwargs)
        return self._note(name, frame, above, lambda: func(*args, **kwargs), args, kwargs)

    def _around_apply(
        self, cls: type, call: Callable[[], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """A custom Function is one op; what its own forward runs is not part of the graph."""
        if self._muted or self.full or private.transforms_active():
            return call()
        above, frame = self.spans.frames()
        if frame is None:
            return call()
        self._muted = True
        try:
            return self._note(cls.__name__, frame, above, call, args, kwargs)
        finally:
            self._muted = False

    def _note(
        self,
        name: str,
        frame: FrameType,
        above: list[FrameType],
        call: Callable[[], Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Run `call` and note it as an op if it made or edited a tensor."""
        module = self._modules[-1] if self._modules else None
        op = _LiveOp(name, self.spans.of_frame(frame), module)
        with private.without_modes():
            inputs = _tensors((args, kwargs))
            op.inputs = [self._operand(tensor) for tensor in inputs]
            edges = [self._places.get((id(t), version_of(t))) for t in inputs]
        before = private.next_sequence_nr()
        result = call()
        with private.without_modes():
            outputs = [t for t in _tensors(result) if not private.is_wrapped(t)]
            edited = _edited(name, op, inputs, kwargs)
            ids = {id(tensor) for tensor in inputs}
            fresh = [tensor for tensor in outputs if id(tensor) not in ids]
            op.edited = [self._number(tensor) for tensor in edited]
            if not fresh and not edited:
                return result
            for tensor in _once([*fresh, *edited]):
                self._output(op, tensor, before)
            for operand, edge in zip(op.inputs, edges, strict=True):
                operand.place = edge
            op.cut = _cut(name, inputs, op, above)
            self._ops.append(op)
        return result

    def _output(self, op: _LiveOp, tensor: Tensor, before: int) -> None:
        if op.function in _UNWRITTEN:
            self._number(tensor)
            self._unwritten.add((id(tensor), version_of(tensor)))
        operand = self._operand(tensor)
        if tensor.requires_grad and not tensor.is_leaf and tensor.grad_fn is not None:
            place = GradientEdge(tensor.grad_fn, tensor.output_nr)
            operand.place = self._places[id(tensor), version_of(tensor)] = place
            self.mark(place.node, before, op.span, op.module, op.fns)
        op.outputs.append(operand)

    def mark(
        self,
        top: Node,
        before: int,
        span: Span | None,
        module: nn.Module | None,
        fns: list[Node],
    ) -> None:
        """Note on every node made since sequence number `before`, from `top` on, who made it."""
        queue = [top]
        while queue:
            fn = queue.pop()
            if is_accumulate(fn):
                continue
            if private.sequence_nr(fn) < before or MADE_BY in private.notes(fn):
                continue
            private.notes(fn)[MADE_BY] = (span, module)
            fns.append(fn)
            queue += [target for target, _ in fn.next_functions if target is not None]

    def _operand(self, tensor: Tensor) -> _LiveOperand:
        return _LiveOperand(
            self._number(tensor),
            version_of(tensor),
            self.values(tensor),
            tensor.requires_grad,
            tensor.is_leaf,
        )

    def _number(self, tensor: Tensor) -> int:
        number = self._numbers.get(id(tensor))
        if number is None:
            number = self._numbers[id(tensor)] = len(self._numbers)
            self._alive.append(tensor)  # an id names a tensor only while it lives
        return number

    def number_of(self, tensor: Tensor) -> int | None:
        """The number of a tensor that some op has met, else None."""
        return self._numbers.get(id(tensor))

    def values(self, tensor: Tensor) -> Values:
        """The numbers of `tensor` now, unless nobody has written them yet."""
        if self._unwritten and (id(tensor), version_of(tensor)) in self._unwritten:
            shape, dtype = tuple(tensor.shape), dtype_name(tensor.dtype)
            return Values(shape, dtype, note=later("memory that was not written yet"))
        return self.copier.copy(tensor)

    def place(self, tensor: Tensor) -> GradientEdge | None:
        """Where in the graph `tensor` stands at its present version, as the watch saw it."""
        return self._places.get((id(tensor), version_of(tensor)))


# ------------------------------------------------------------------------------------ small rules


def _function_name(func: Callable[..., Any]) -> str:
    """torch's name of a function; for an attribute such as `.T`, the attribute's."""
    name = getattr(func, "__name__", type(func).__name__)
    if name in ("__get__", "__set__"):
        return str(func.__self__.__name__)  # type: ignore[attr-defined]
    return name


def _edited(name: str, op: _LiveOp, inputs: list[Tensor], kwargs: dict[str, Any]) -> list[Tensor]:
    """Inputs that the op changed in place.

    All views of one memory share a version, so a changed version alone does not say which was
    edited: it is the first input of an in-place op, or what was passed as `out`.
    """
    by_name = name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
    in_place = by_name or kwargs.get("inplace") is True  # as in functional.relu
    targets = inputs[:1] if in_place else _tensors(kwargs.get("out"))
    before = {
        id(tensor): operand.version for tensor, operand in zip(inputs, op.inputs, strict=True)
    }
    return [t for t in targets if version_of(t) != before[id(t)] or name == "detach_"]


def _is_no_forward(above: list[FrameType]) -> bool:
    """Whether torch itself is at work here on something that is no part of the forward: an
    optimizer's step, or a module making its parameters."""
    for frame in above:
        code = frame.f_code
        if code.co_filename.startswith(_OPTIMIZERS) or code.co_filename == _INITIALISERS:
            return True
        if code.co_name in _CONSTRUCTORS and code.co_filename.startswith(_MODULES):
            return True
    return False


_CUTTING = {
    "detach": "detach", "detach_": "detach", "data": "data", "tensor": "torch.tensor",
    "argmax": "argmax", "argmin": "argmin",
}  # fmt: skip
"""Functions that leave the graph in every mode -> what the cut is called.

Of those that give whole numbers, only what is often taken for the value itself.
"""


def _cut(name: str, inputs: list[Tensor], op: _LiveOp, above: list[FrameType]) -> str | None:
    """Why no node was made where one may be expected; None if one was, or if none could be."""
    if op.fns or any(operand.requires_grad for operand in op.outputs):
        return None
    if any(f.f_code.co_filename.startswith(_TORCH_ITSELF) for f in above):
        return None
    recorded = any(operand.requires_grad for operand in op.inputs)
    if recorded and name in _CUTTING:
        return _CUTTING[name]
    if not any(operand.values.dtype.startswith(_DIFFERENTIABLE) for operand in op.outputs):
        return None
    if recorded:
        if torch.is_inference_mode_enabled():
            return "inference_mode"
        return None if torch.is_grad_enabled() else "no_grad"
    frozen = any(isinstance(tensor, nn.Parameter) for tensor in inputs)
    return "frozen" if frozen and torch.is_grad_enabled() else None


def _parts(names: Names) -> Iterator[tuple[str, nn.Module]]:
    """Every Module that `names` leads to, with its path."""
    roots = {"": names} if isinstance(names, nn.Module) else names or {}
    for prefix, root in roots.items():
        if isinstance(root, nn.Module):
            for path, module in root.named_modules():
                yield ".".join(filter(None, (prefix, path))), module


def _tensors(value: Any) -> list[Tensor]:
    """Every tensor in nested tuples, lists and dicts, in order."""
    found: list[Tensor] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[Tensor]) -> None:
    if isinstance(value, Tensor):
        found.append(value)
    elif isinstance(value, (tuple, list)):
        for item in value:
            _collect(item, found)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, found)


def _once(tensors: list[Tensor]) -> list[Tensor]:
    return list({id(tensor): tensor for tensor in tensors}.values())
