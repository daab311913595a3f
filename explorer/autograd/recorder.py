"""Run a real backward under hooks and note what the engine passed from node to node.

>>> x = torch.tensor(3.0, requires_grad=True)
>>> call = record(x * x, names={"x": x})
>>> [call.trace.nodes[step.node].name for step in call.steps]
['MulBackward0', 'AccumulateGrad']
>>> leaf = call.leaves[0]
>>> leaf.name, leaf.before, leaf.added.summary, leaf.after.summary
('x', None, 'scalar float32, 6', 'scalar float32, 6')
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge
from torch.utils.hooks import RemovableHandle

from explorer.autograd import private
from explorer.autograd.tape import (
    Names,
    Tape,
    as_tensors,
    gradient_edge,
    is_accumulate,
    leaf_names,
)
from explorer.autograd.values import Copier
from explorer.data import BackwardCall, BackwardError, Leaf, Step, Values

Cotangents = tuple[Values | None, ...]


def record(
    root: Tensor | Sequence[Tensor],
    gradient: Tensor | Sequence[Tensor | None] | None = None,
    *,
    inputs: Tensor | Sequence[Tensor] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    names: Names = None,
) -> BackwardCall:
    """Run `torch.autograd.backward(root, gradient, ...)` and note every step of the engine.

    The arguments are torch's own; `gradient` is v, of the shape of `root`, one for each root. The
    leaves' `.grad` ends as without recording, and no hook stays behind. A backward that raises
    gives everything up to there and `.error`; it is not raised again.

    Raises:
        TraceError: `root` is no tensor (or sequence of tensors).
    """
    roots = as_tensors(root, "root")
    known = leaf_names(names)
    with private.without_modes():
        tape = Tape(Copier())
        wanted = () if inputs is None else as_tensors(inputs, "inputs")
        recording = Recording(tape, roots, [*_named_leaves(names), *wanted])
        gradients = _per_root(gradient, len(roots))
        error: Exception | None = None
        with recording:
            try:
                torch.autograd.backward(
                    roots,
                    gradients if any(g is not None for g in gradients) else None,
                    retain_graph=retain_graph,
                    create_graph=create_graph,
                    inputs=inputs,
                )
            except Exception as raised:
                if not isinstance(raised, RuntimeError) and not recording.started:
                    raise
                error = raised
        return BackwardCall(
            trace=tape.trace(recording.places, known),
            roots=tuple(index for index, _ in recording.places),
            steps=tuple(recording.steps),
            leaves=recording.leaves(known),
            error=recording.error(error),
            gradient=tape.copier.copy_all(gradients),
            retain_graph=create_graph if retain_graph is None else retain_graph,
            create_graph=create_graph,
            root_nrs=tuple(nr for _, nr in recording.places),
            freed=recording.freed,
        )


class Recording:
    """Hooks on every node that `roots` lead to, while the context is open.

    `others` are further tensors to look after: a reentrant checkpoint fills leaves that are not in
    the graph, and with `inputs` torch fills tensors that are no leaves.
    """

    def __init__(self, tape: Tape, roots: Iterable[Tensor], others: Iterable[Tensor] = ()) -> None:
        self.tape = tape
        self.places = tape.add(gradient_edge(t) for t in roots if t.requires_grad)
        self.steps: list[Step] = []
        self.started = False
        self._copier = tape.copier
        self.nodes = tape.reachable(index for index, _ in self.places)
        self._open: list[tuple[int, Cotangents]] = []
        self._arrived: dict[int, Values | None] = {}
        self._hooks: list[RemovableHandle] = []
        self._leaves = [
            (number, tape.fns[number].variable)  # type: ignore[attr-defined]
            for number in self.nodes
            if is_accumulate(tape.fns[number])
        ]
        inside = {id(tensor) for _, tensor in self._leaves}
        outside = {id(tensor): tensor for tensor in others if id(tensor) not in inside}
        self._outside = list(outside.values())
        self.freed: tuple[int, ...] = ()
        self._holding = [number for number in self.nodes if tape.holds(number)]
        self._before = [self._grad(tensor) for _, tensor in self._leaves]
        self._before_outside = [self._grad(tensor) for tensor in self._outside]

    def __enter__(self) -> Self:
        # A list and no ExitStack, which would take a fifth of the time that recording takes.
        try:
            for number in self.nodes:
                fn = self.tape.fns[number]
                self._hooks.append(fn.register_prehook(partial(self._arrive, number)))
                self._hooks.append(fn.register_hook(partial(self._leave, number)))
        except BaseException:
            self._remove_hooks()
            raise
        return self

    def _remove_hooks(self) -> None:
        while self._hooks:
            self._hooks.pop().remove()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._remove_hooks()
        self.freed = tuple(number for number in self._holding if not self.tape.holds(number))

    def _arrive(self, number: int, cotangents: tuple[Tensor | None, ...]) -> None:
        self.started = True
        with private.without_modes():
            self._open.append((number, self._copier.copy_all(cotangents)))

    def _leave(self, number: int, sent: tuple[Tensor | None, ...], _: Any) -> None:
        with private.without_modes():
            arrived = self._close(number)
            out = self._copier.copy_all(sent)
        if is_accumulate(self.tape.fns[number]):
            self._arrived[number] = arrived[0] if arrived else None
            out = ()
        self.steps.append(Step(number, arrived, out))

    def _close(self, number: int) -> Cotangents:
        """What had arrived at the node that ends now. Nested backward calls nest here too."""
        while self._open:
            node, arrived = self._open.pop()
            if node == number:
                return arrived
        return ()

    def leaves(
        self,
        names: Mapping[int, str],
        place: Callable[[Tensor], GradientEdge | None] = lambda _: None,
    ) -> tuple[Leaf, ...]:
        """What the call did to each leaf, as its `.grad` is now; `names` maps id to name.

        `place` knows where in the graph a tensor stands that is no leaf and retains its grad: what
        arrived there is what was added.
        """
        leaves = [
            Leaf(
                names.get(id(tensor), f"leaf_{number}"),
                before,
                self._arrived.get(number),
                self._grad(tensor),
                number,
            )
            for (number, tensor), before in zip(self._leaves, self._before, strict=True)
        ]
        for tensor, before in zip(self._outside, self._before_outside, strict=True):
            after = self._grad(tensor)
            if after != before:
                name = names.get(id(tensor), "leaf outside the graph")
                edge = place(tensor) if tensor.retains_grad else None
                leaves.append(Leaf(name, before, self._arrived_at(edge), after))
        return tuple(leaves)

    def _arrived_at(self, edge: GradientEdge | None) -> Values | None:
        """The cotangent that came in at one output of a node, if the node ran."""
        number = None if edge is None else self.tape.index(edge.node)
        if edge is None or number is None:
            return None
        step = next((step for step in self.steps if step.node == number), None)
        return None if step is None else step.cotangents_in[edge.output_nr]

    def error(self, raised: Exception | None) -> BackwardError | None:
        """The error with the node that was running, if one was."""
        if raised is None:
            return None
        node, arrived = self._open[-1] if self._open else (None, ())
        return BackwardError(str(raised), node, arrived, type(raised).__name__)

    def _grad(self, tensor: Tensor) -> Values | None:
        with warnings.catch_warnings():
            # With `inputs` torch fills tensors that are no leaves and retain no grad.
            warnings.simplefilter("ignore")
            grad = tensor.grad
        return None if grad is None else self._copier.copy(grad)


def _per_root(gradient: Any, count: int) -> tuple[Tensor | None, ...]:
    if gradient is None:
        return (None,) * count
    if isinstance(gradient, Tensor):
        return (gradient,)
    return tuple(gradient)


def _named_leaves(names: Names) -> list[Tensor]:
    if names is None:
        return []
    if isinstance(names, Mapping):
        flat: list[Tensor] = []
        for value in names.values():
            flat += [value] if isinstance(value, Tensor) else list(value.parameters())
        return [tensor for tensor in flat if tensor.is_leaf and tensor.requires_grad]
    return [tensor for tensor in names.parameters() if tensor.requires_grad]
