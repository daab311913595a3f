"""The backward calls of a running program, each recorded while torch makes it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import msgspec
import torch
from torch import Tensor

from explorer.autograd import private
from explorer.autograd.recorder import Recording
from explorer.autograd.spans import Spans
from explorer.autograd.tape import Tape
from explorer.autograd.values import Copier
from explorer.autograd.watch import Watch
from explorer.data import MAX_RUN_CALLS, BackwardCall, BackwardError, Leaf, Span, Trace, Values
from explorer.language import later

_BATCHED = later(
    "torch ran this call for many vectors at once (is_grads_batched), which has no steps"
)
_FUNC = later(
    "torch ran this call inside a torch.func transform, where hooks and numbers are hidden"
)
_TOO_MANY = later("the steps of the first {most} calls are kept; this one came later").format(
    most=MAX_RUN_CALLS
)

STARTS: dict[Callable[..., Any], tuple[str, ...]] = {
    torch.autograd.grad: (
        "roots", "inputs", "gradient", "retain_graph", "create_graph",
        "only_inputs", "allow_unused", "is_grads_batched",
    ),
    torch.autograd.backward: (
        "roots", "gradient", "retain_graph", "create_graph", "grad_variables", "inputs",
    ),
    Tensor.backward: ("roots", "gradient", "retain_graph", "create_graph", "inputs"),
}  # fmt: skip
"""The three ways to start a backward, their parameters in order and under one set of names."""

_SYNONYMS = {
    "outputs": "roots", "tensors": "roots", "grad_outputs": "gradient", "grad_tensors": "gradient",
}  # fmt: skip


def arguments(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """What one of `STARTS` was given, under one set of names."""
    given = dict(zip(STARTS[func], args, strict=False))
    return given | {_SYNONYMS.get(name, name): value for name, value in kwargs.items()}


def roots_of(given: dict[str, Any]) -> list[Tensor]:
    """The tensors that a call begins at, from its `arguments`."""
    return [root for root in _listed(given.get("roots")) if isinstance(root, Tensor)]


class CallWatch(Watch):
    """A watch that also records every backward() and autograd.grad of the program.

    `leaves` is asked for the leaves that the program can name at the moment, `holders` for every
    tensor whose `.grad` a backward could fill, with the name of each. `begins` is told of
    each recorded call just before it is made: its number, the tape, and the nodes it leads to.
    """

    def __init__(self, spans: Spans, copier: Copier) -> None:
        super().__init__(spans, copier=copier)
        self.leaves: Callable[[], list[Tensor]] = list
        self.holders: Callable[[], list[tuple[str, Tensor]]] = list
        self.begins: Callable[[int, Tape, list[int]], None] = lambda *_: None
        self._calls: list[_LiveCall] = []

    @property
    def calls_begun(self) -> int:
        """Calls that the program has begun so far."""
        return len(self._calls)

    @property
    def call_roots(self) -> list[tuple[int, int]]:
        """Where the calls began, in their order, as (node index, output number)."""
        return [place for call in self._calls for place in call.places]

    def calls(self, trace: Trace, names: dict[int, str]) -> tuple[BackwardCall, ...]:
        """Every call so far, pointing into `trace`, the one of the whole program."""
        return tuple(call.plain(trace, names) for call in self._calls)

    def release(self) -> None:
        """Let go of every live tensor."""
        super().release()
        self._calls = []

    @contextmanager
    def muted(self) -> Iterator[None]:
        """While active, what we do ourselves is not noted."""
        before, self._muted = self._muted, True
        try:
            yield
        finally:
            self._muted = before

    def called(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Record a call that starts a backward; any other function is noted as ever."""
        if func not in STARTS or self._muted:
            return super().called(func, args, kwargs)
        above, frame = self.spans.frames()
        span = None if frame is None else self.spans.of_frame(frame)
        call = _LiveCall(func, args, kwargs or {}, span, above, len(self._ops))
        self._calls.append(call)
        if len(self._calls) > MAX_RUN_CALLS:
            call.note = call.note or _TOO_MANY
        with self.muted():
            return self._perform(call)

    def _perform(self, call: "_LiveCall") -> Any:
        """Make the call for the program, with hooks on its graph where torch runs hooks."""
        if call.note:
            return call.make(self.copier)
        with private.without_modes():
            holders = self.holders()
        names = {id(tensor): name for name, tensor in holders}
        others = [*(tensor for _, tensor in holders), *call.inputs]
        call.recording = Recording(self.tape, call.roots, others)
        self.begins(len(self._calls) - 1, self.tape, call.recording.nodes)
        before = private.next_sequence_nr()
        try:
            with call.recording:
                result = call.make(self.copier)
        finally:
            call.leaves = call.recording.leaves(names, self.place)
        if call.create_graph:
            self._mark_made(call, result, before)
        return result

    def _mark_made(self, call: "_LiveCall", result: Any, before: int) -> None:
        """With create_graph the call itself makes nodes: its span made them."""
        with private.without_modes():
            grads = [leaf.grad for leaf in self.leaves() if leaf.grad is not None]
            for tensor in [t for t in (*_listed(result), *grads) if isinstance(t, Tensor)]:
                if tensor.grad_fn is not None:
                    self.mark(tensor.grad_fn, before, call.span, None, [])


class _LiveCall:
    """One backward call while its tensors are alive."""

    def __init__(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        span: Span | None,
        above: list[FrameType],
        ops_before: int,
    ) -> None:
        self._func, self._args, self._kwargs = func, args, kwargs
        self.ops_before = ops_before
        given = arguments(func, args, kwargs)
        keep = given.get("retain_graph")
        self.span = span
        self.roots = roots_of(given)
        self.vectors = [
            v if isinstance(v, Tensor) else None for v in _listed(given.get("gradient"))
        ]
        self.inputs = [i for i in _listed(given.get("inputs")) if isinstance(i, Tensor)]
        self.create_graph = bool(given.get("create_graph"))
        self.retain_graph = self.create_graph if keep is None else bool(keep)
        self.kind = _kind(func, above, batched=bool(given.get("is_grads_batched")))
        self.note = {"batched": _BATCHED, "func": _FUNC}.get(self.kind, "")
        self.recording: Recording | None = None
        self.error: BackwardError | None = None
        self.gradient: tuple[Values | None, ...] = ()
        self.results: tuple[Values | None, ...] = ()
        self.leaves: tuple[Leaf, ...] = ()

    @property
    def places(self) -> list[tuple[int, int]]:
        return self.recording.places if self.recording else []

    def make(self, copier: Copier) -> Any:
        """Make the real call; note v before it and its results or its error after it."""
        with private.without_modes():
            self.gradient = copier.copy_all(tuple(self.vectors) or (None,) * len(self.roots))
        try:
            result = self._func(*self._args, **self._kwargs)
        except Exception as raised:
            self.error = BackwardError(str(raised), type=type(raised).__name__)
            if self.recording:
                self.error = self.recording.error(raised)
            raise
        with private.without_modes():
            self.results = copier.copy_all(tuple(_listed(result)))
        return result

    def plain(self, trace: Trace, names: dict[int, str]) -> BackwardCall:
        return BackwardCall(
            trace=trace,
            roots=tuple(index for index, _ in self.places),
            steps=tuple(self.recording.steps) if self.recording else (),
            leaves=tuple(_named(leaf, trace) for leaf in self.leaves),
            error=self.error,
            kind=self.kind,
            span=self.span,
            gradient=self.gradient,
            retain_graph=self.retain_graph,
            create_graph=self.create_graph,
            results=self.results,
            root_nrs=tuple(nr for _, nr in self.places),
            inputs=tuple(names.get(id(tensor), "") for tensor in self.inputs),
            note=self.note,
            freed=self.recording.freed if self.recording else (),
            ops_before=self.ops_before,
        )


def _named(leaf: Leaf, trace: Trace) -> Leaf:
    name = None if leaf.node is None else trace.nodes[leaf.node].leaf
    return msgspec.structs.replace(leaf, name=name or leaf.name)


def _kind(func: Callable[..., Any], above: list[FrameType], *, batched: bool) -> str:
    """Which part of torch, if any, made the call on the program's behalf."""
    files = [frame.f_code.co_filename.replace("\\", "/") for frame in above]
    if private.transforms_active() or any("/torch/_functorch/" in file for file in files):
        return "func"
    if batched:
        return "batched"
    if any(file.endswith("/torch/autograd/gradcheck.py") for file in files):
        return "gradcheck"
    if any(file.endswith("/torch/autograd/functional.py") for file in files):
        return "functional"
    return "grad" if func is torch.autograd.grad else "backward"


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
