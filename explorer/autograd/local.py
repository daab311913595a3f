"""The local Jacobian of a live node: what it makes of the cotangents that come into it.

A node is called by itself, before the backward that would free its saved tensors. No `.grad`
changes, the graph stays usable, and no hook on a tensor runs.

- `local_jacobians(root)`: the matrix of every node and slot of a graph, where it is small enough.
- `Locals(tape).terms(node, slot, element)`: the weights behind one number, for a node of any size.

>>> x = torch.tensor([3.0, 4.0], requires_grad=True)
>>> square = (x * x).sum()
>>> [(one.node, one.slot, one.values.array.tolist()) for one in local_jacobians(square)]
[(0, 0, [[1.0, 1.0]]), (1, 0, [[3.0, 0.0], [0.0, 4.0]]), (1, 1, [[3.0, 0.0], [0.0, 4.0]])]
"""

import contextlib
import math
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node
from torch.utils.checkpoint import CheckpointFunction

from explorer.autograd import private
from explorer.autograd.modes import FunctionMode
from explorer.autograd.tape import Tape, as_tensors, gradient_edge, is_accumulate
from explorer.autograd.values import Copier
from explorer.data import LocalJacobian, Step, Terms
from explorer.language import later

MAX_ENTRIES = 4_096
"""Entries that one local Jacobian may have: 64 × 64."""

MAX_ONE_HOTS = 256
"""Rows up to which a node is called once a row, with a 1 in one element of the cotangents. Above,
a matrix is filled column by column: within `MAX_ENTRIES` it then has at most 16 columns."""

MAX_ONE_HOTS_FOR_TERMS = 4_096
"""Calls for the weights of one number where a node cannot be differentiated itself."""

MAX_CALLS = 20_000
"""Calls of nodes that one `Locals` makes, about a second's work; then it gives notes instead."""

MAX_BYTES = 64 * 2**20
"""Bytes of all matrices and weights that are given out, in a run to all asks together."""

TOO_LARGE = later("over {most:,} entries").format(most=MAX_ENTRIES)
TOO_MANY = later("over {most:,} calls of nodes in all").format(most=MAX_CALLS)
NO_BYTES = later("over {most} MB in all").format(most=MAX_BYTES // 2**20)
PACKED = later("its saved tensors are packed, and unpacking them would run the program's own hooks")
PERHAPS_PACKED = later(
    "it may hold packed saved tensors, and unpacking them would run the program's own hooks"
)
REENTRANT = later("it runs a backward of its own, which would change .grad")
COMPLEX = later("complex numbers: the derivative is no single matrix")
NOT_LINEAR = later("what it sends is not linear in what comes in, so it has no Jacobian")
NOT_SENT = later("what it sent is not gᵀJ: it is not linear in g, or a hook changed what it sent")
HOOKED = later("what it sent is not gᵀJ: a hook on the node changed what it sent")


class NoLocalError(Exception):
    """A node has no local Jacobian that could be found; the text says why."""


def local_jacobians(root: Tensor | Sequence[Tensor]) -> tuple[LocalJacobian, ...]:
    """The local Jacobian of every node and slot of the graph that ends in `root`.

    Nodes are numbered as `trace(root)` numbers them. AccumulateGrad sends nothing and has none. A
    root that requires no grad has no graph and adds nothing.

    Raises:
        TraceError: `root` is no tensor, or no sequence of tensors.
    """
    roots = as_tensors(root, "root")
    with private.without_modes():
        tape = Tape(Copier())
        tape.add(gradient_edge(tensor) for tensor in roots if tensor.requires_grad)
    locals_ = Locals(tape)
    return tuple(one for number in range(len(tape)) for one in locals_.of(number))


class Locals:
    """Local Jacobians of the nodes of `tape`, within the caps above.

    `copier` holds what is given out, and its budget of bytes may be shared with other askers.
    `custom` holds the numbers of the nodes whose backward, written by the program, has run.
    """

    def __init__(self, tape: Tape, copier: Copier | None = None) -> None:
        self.tape = tape
        self.custom: set[int] = set()
        self._copier = copier or Copier(MAX_BYTES)
        self._calls = 0
        self._nodes: dict[int, _LiveNode] = {}

    def of(self, number: int) -> tuple[LocalJacobian, ...]:
        """One local Jacobian for each slot of node `number` that leads somewhere, by slot."""
        if is_accumulate(self.tape.fns[number]):
            return ()
        slots = tuple(_targets(self.tape.fns[number]))
        try:
            with quietly():
                matrices = self._matrices(self._live(number))
        except NoLocalError as refused:
            return tuple(LocalJacobian(number, slot, note=str(refused)) for slot in slots)
        return tuple(self._plain(number, slot, matrices[slot]) for slot in slots)

    def terms(self, number: int, slot: int, element: int) -> Terms:
        """The weight of every incoming element in element `element` of what goes out on `slot`."""
        try:
            with quietly():
                weights = self._terms(self._live(number), slot, element)
        except NoLocalError as refused:
            return Terms(number, slot, element, note=str(refused))
        kept = self._copier.copy_all(weights)
        return Terms(number, slot, element, kept, next((v.note for v in kept if v), ""))

    # ----------------------------------------------------------------------------------- within

    def _live(self, number: int) -> "_LiveNode":
        """The node, ready to be called.

        Raises:
            NoLocalError: it must not be called.
        """
        node = self._nodes.get(number)
        if node is not None:
            return node
        fn = self.tape.fns[number]
        if is_accumulate(fn):
            raise NoLocalError(later("AccumulateGrad adds into .grad and sends nothing on"))
        if any(saved.state == "packed" for saved in self.tape.saved(number)):
            raise NoLocalError(PACKED)
        if type(fn).__name__ == "CopySlices" and self._any_packed():
            raise NoLocalError(PERHAPS_PACKED)
        if _is_custom(fn):
            self.custom.add(number)
        node = _LiveNode(fn, self._called)
        self._nodes = {number: node}
        return node

    def _any_packed(self) -> bool:
        every = (saved for n in range(len(self.tape)) for saved in self.tape.saved(n))
        return any(saved.state == "packed" for saved in every)

    def _called(self) -> None:
        self._calls += 1
        if self._calls > MAX_CALLS:
            raise NoLocalError(TOO_MANY)

    def _matrices(self, node: "_LiveNode") -> dict[int, Tensor | str]:
        """For each slot its matrix, or the reason why there is none."""
        sizes = {slot: math.prod(meta.shape) for slot, meta in node.targets.items()}
        small = [slot for slot, size in sizes.items() if size * node.height <= MAX_ENTRIES]
        found: dict[int, Tensor | str] = dict.fromkeys(sizes, TOO_LARGE)
        if not small:
            return found
        if node.height <= MAX_ONE_HOTS:
            rows = [node(node.one_hot(row)) for row in range(node.height)]
            for slot in small:
                found[slot] = node.stacked([row[slot] for row in rows], slot)
            return found
        for slot in small:
            columns = [self._weights(node, slot, column) for column in range(sizes[slot])]
            found[slot] = (
                torch.stack([_side_by_side(column) for column in columns], 1)
                if columns
                else node.stacked([], slot)
            )
        return found

    def _terms(self, node: "_LiveNode", slot: int, element: int) -> tuple[Tensor | None, ...]:
        if slot not in node.targets:
            raise NoLocalError(later("it sends nothing on slot {slot}").format(slot=slot))
        size = math.prod(node.targets[slot].shape)
        if not 0 <= element < size:
            raise NoLocalError(
                later("slot {slot} has {size} elements, and no element {element}").format(
                    slot=slot, size=size, element=element
                )
            )
        return self._weights(node, slot, element)

    def _weights(self, node: "_LiveNode", slot: int, element: int) -> tuple[Tensor | None, ...]:
        try:
            return node.weights(slot, element)
        except _NotDifferentiableError:
            if node.height > MAX_ONE_HOTS_FOR_TERMS:
                raise NoLocalError(
                    later(
                        "torch cannot differentiate this node's own call, and {count:,} calls "
                        "would be needed instead"
                    ).format(count=node.height)
                ) from None
        column = torch.zeros(node.height, dtype=node.targets[slot].dtype)
        for row in range(node.height):
            sent = node(node.one_hot(row))[slot]
            if sent is not None:
                column[row] = sent.flatten()[element]
        return node.apart(column)

    def _plain(self, number: int, slot: int, matrix: Tensor | str) -> LocalJacobian:
        if isinstance(matrix, str):
            return LocalJacobian(number, slot, note=matrix)
        values = self._copier.copy(matrix)
        if values.data is None:
            return LocalJacobian(number, slot, note=NO_BYTES)
        return LocalJacobian(number, slot, values)


# ------------------------------------------------------------------------------------ live nodes


class _NotDifferentiableError(Exception):
    """torch could not differentiate a node's call, or gave weights that do not add up."""


class _LiveNode:
    """A node as a function from the cotangents coming in to those going out.

    `height` counts the elements coming in, `targets` holds shape and dtype of what goes out by
    slot. `called` is told of each call before it is made.

    Raises:
        NoLocalError: the node must not be called, or torch refuses to.
    """

    def __init__(self, fn: Node, called: Callable[[], None]) -> None:
        self.fn = fn
        self.is_custom = _is_custom(fn)
        if self.is_custom and issubclass(type(fn)._forward_cls, CheckpointFunction):  # type: ignore[attr-defined]
            raise NoLocalError(REENTRANT)
        self.inputs = private.input_metadata(fn)
        self.targets = _targets(fn)
        metas = (*self.inputs, *self.targets.values())
        if any(meta.dtype.is_complex for meta in metas):
            raise NoLocalError(COMPLEX)
        self._carrying = [k for k, meta in enumerate(self.inputs) if meta.dtype.is_floating_point]
        self._shapes = [tuple(meta.shape) for meta in self.inputs]
        self.height = sum(math.prod(self._shapes[k]) for k in self._carrying)
        self._called = called
        if self.is_custom and not self._is_linear():
            raise NoLocalError(NOT_LINEAR)

    def __call__(
        self, cotangents: Sequence[Tensor | None], *, grad: bool = False
    ) -> dict[int, Tensor | None]:
        """What the node sends on each slot, fitted to the edge as the engine does it."""
        self._called()
        try:
            with torch.inference_mode(False), torch.set_grad_enabled(grad):
                if self.is_custom:
                    sent = self._python(cotangents)
                else:
                    with private.without_modes():
                        sent = _by_slot(self.fn(*cotangents))  # type: ignore[operator]
                return {
                    slot: None if sent[slot] is None else _fitted(sent[slot], meta)
                    for slot, meta in self.targets.items()
                }
        except NoLocalError:
            raise
        except Exception as error:  # a backward of the program may raise anything
            raise NoLocalError(later("calling it raised: {error}").format(error=error)) from error

    def _python(self, cotangents: Sequence[Tensor | None]) -> list[Any]:
        """A custom Function's backward gives one result for each argument of its forward.

        Slots are only the tensors among them; those that lead somewhere follow in the same order.
        """
        whole = [
            torch.zeros(shape, dtype=meta.dtype) if given is None else given
            for given, meta, shape in zip(cotangents, self.inputs, self._shapes, strict=True)
        ]
        with _undisturbed(), _NoBackward():
            results = _by_slot(self.fn.apply(*whole))  # type: ignore[attr-defined]
        needed = [k for k, need in enumerate(self.fn.needs_input_grad) if need]  # type: ignore[attr-defined]
        sent: list[Any] = [None] * len(self.fn.next_functions)
        for slot, k in zip(self.targets, needed, strict=True):
            sent[slot] = results[k]
        return sent

    def one_hot(self, row: int) -> list[Tensor | None]:
        """Cotangents that are 1 in element `row` and 0 elsewhere; None where all would be 0."""
        cotangents: list[Tensor | None] = [None] * len(self.inputs)
        for k in self._carrying:
            size = math.prod(self._shapes[k])
            if 0 <= row < size:
                flat = torch.zeros(size, dtype=self.inputs[k].dtype)
                flat[row] = 1
                cotangents[k] = flat.view(self._shapes[k])
            row -= size
        return cotangents

    def probe(self, scale: float = 1.0) -> list[Tensor | None]:
        """Random cotangents of either sign, the same for each call."""
        generator = torch.Generator().manual_seed(0)
        cotangents: list[Tensor | None] = [None] * len(self.inputs)
        for k in self._carrying:
            drawn = torch.randn(self._shapes[k], generator=generator, dtype=torch.float64)
            cotangents[k] = (drawn * scale).to(self.inputs[k].dtype)
        return cotangents

    def _is_linear(self) -> bool:
        """Whether the same cotangents, small and large, give the same but for their size."""
        sent = [self(self.probe(scale)) for scale in (1 / 64, 4.0)]
        for slot in self.targets:
            low, high = (one[slot] for one in sent)
            if (low is None) != (high is None):
                return False
            if low is None or high is None:
                continue
            scaled, real = low.double() * 256, high.double()
            eps = max(torch.finfo(low.dtype).eps, *self._eps())
            most = float(torch.nan_to_num(real, 0, 0, 0).abs().max()) if real.numel() else 0.0
            if not torch.allclose(scaled, real, 64 * eps, 64 * eps * most, equal_nan=True):
                return False
        return True

    def _eps(self) -> list[float]:
        return [torch.finfo(self.inputs[k].dtype).eps for k in self._carrying]

    def weights(self, slot: int, element: int) -> tuple[Tensor | None, ...]:
        """The weight of each incoming element, by differentiating the node's own call.

        Raises:
            _NotDifferentiableError: torch cannot, or the weights do not give what the node sends.
        """
        probe = self.probe()
        given = [cotangent.requires_grad_() for cotangent in probe if cotangent is not None]
        try:
            with torch.enable_grad():
                sent = self(probe, grad=True)[slot]
                if sent is None:
                    return self.apart(torch.zeros(self.height, dtype=self.targets[slot].dtype))
                number = sent.flatten()[element]
                grads = torch.autograd.grad(number, given, allow_unused=True)
        except NoLocalError as refused:
            if str(refused) == TOO_MANY:
                raise
            raise _NotDifferentiableError from refused
        except RuntimeError as error:
            raise _NotDifferentiableError from error
        flat = [
            torch.zeros(v.numel(), dtype=v.dtype) if grad is None else grad.detach().flatten()
            for v, grad in zip(given, grads, strict=True)
        ]
        column = torch.cat([one.double() for one in flat])
        g = torch.cat([v.detach().flatten().double() for v in given])
        eps = max(torch.finfo(number.dtype).eps, *self._eps())
        products = column * g
        if not _near(float(products.sum()), number.item(), float(products.abs().sum()), eps):
            raise _NotDifferentiableError
        return self.apart(column.to(self.targets[slot].dtype))

    def apart(self, column: Tensor) -> tuple[Tensor | None, ...]:
        """A column of weights as one tensor for each cotangent that comes in."""
        parts: list[Tensor | None] = [None] * len(self.inputs)
        at = 0
        for k in self._carrying:
            size = math.prod(self._shapes[k])
            parts[k] = column[at : at + size].view(self._shapes[k])
            at += size
        return tuple(parts)

    def stacked(self, rows: Sequence[Tensor | None], slot: int) -> Tensor:
        """Rows of the matrix of one slot under one another, zeros for None."""
        meta = self.targets[slot]
        width = math.prod(meta.shape)
        matrix = torch.zeros(self.height, width, dtype=meta.dtype)
        for number, row in enumerate(rows):
            if row is not None:
                matrix[number] = row.flatten()
        return matrix


class _NoBackward(FunctionMode):
    """While active, a backward() inside a custom Function's backward is refused, not run."""

    def called(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if func in (Tensor.backward, torch.autograd.backward):
            raise NoLocalError(REENTRANT)
        return func(*args, **kwargs)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A backward that the program wrote may print and draw random numbers: undo both."""
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    try:
        with contextlib.redirect_stdout(StringIO()):
            yield
    finally:
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """On one thread, for many small calls are slower on several; and without warnings, which would
    seem to be about the program."""
    threads = torch.get_num_threads()
    try:
        if threads > 1:
            torch.set_num_threads(1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if threads > 1:
            torch.set_num_threads(threads)


def _is_custom(fn: Any) -> bool:
    """Whether the backward of `fn` was written in Python: a custom Function's."""
    return isinstance(fn, BackwardCFunction)


def _targets(fn: Node) -> dict[int, Any]:
    """Shape and dtype of what goes out on each slot that leads somewhere."""
    return {
        slot: private.input_metadata(target)[input_nr]
        for slot, (target, input_nr) in enumerate(fn.next_functions)
        if target is not None
    }


def _by_slot(sent: Any) -> list[Any]:
    return list(sent) if isinstance(sent, (tuple, list)) else [sent]


def _fitted(sent: Tensor, meta: Any) -> Tensor:
    """What the engine makes of a cotangent before it passes it on."""
    dense = sent if sent.layout == torch.strided else sent.to_dense()
    shape = tuple(meta.shape)
    if dense.shape != shape:
        dense = dense.sum_to_size(shape)
    return dense if dense.dtype == meta.dtype else dense.to(meta.dtype)


def _side_by_side(parts: Sequence[Tensor | None]) -> Tensor:
    return torch.cat([part.flatten() for part in parts if part is not None])


# -------------------------------------------------------------------- what the engine really sent


def confirmed(local: LocalJacobian, step: Step | None, *, custom: bool) -> LocalJacobian:
    """`local` if gᵀJ is what the node sent in `step`; without a matrix and with a note if not.

    Without a step, nothing was sent that could contradict it.
    """
    J = None if local.values is None else local.values.array
    sent = None if step is None else _sent(step, local.slot)
    if step is None or J is None or sent is None or _explains(J, step, sent):
        return local
    note = NOT_SENT if custom else HOOKED
    return msgspec.structs.replace(local, values=None, note=note)


def confirmed_terms(terms: Terms, step: Step | None, *, custom: bool) -> Terms:
    """`terms` if they add up to what the node sent in `step`; without weights and with a note if
    not."""
    weights = [one.array for one in terms.weights if one is not None]
    sent = None if step is None else _sent(step, terms.slot)
    if step is None or sent is None or not terms.weights or any(w is None for w in weights):
        return terms
    column = np.concatenate([w.ravel() for w in weights if w is not None])
    number = sent.ravel()[terms.element : terms.element + 1]
    if _explains(column[:, None], step, number):
        return terms
    note = NOT_SENT if custom else HOOKED
    return msgspec.structs.replace(terms, weights=(), note=note)


def _sent(step: Step, slot: int) -> npt.NDArray[Any] | None:
    """What went out on `slot`, as far as its numbers were kept."""
    sent = step.cotangents_out[slot] if slot < len(step.cotangents_out) else None
    return None if sent is None else sent.array


def _explains(J: npt.NDArray[Any], step: Step, sent: npt.NDArray[Any]) -> bool:
    """Whether gᵀJ is what was sent; numbers that are not finite, or were not kept, say nothing."""
    g = _incoming(step, J.shape[0])
    if g is None:
        return True
    with np.errstate(all="ignore"):
        products = g[:, None] * J.astype(np.float64)
        found, size = products.sum(0), np.abs(products).sum(0)
    dtypes = [v.dtype for v in (*step.cotangents_in, *step.cotangents_out) if v is not None]
    eps = max(map(_eps, dtypes), default=0.0)
    real = sent.astype(np.float64).ravel()
    return all(_near(f, r, s, eps) for f, r, s in zip(found, real, size, strict=True))


def _incoming(step: Step, height: int) -> npt.NDArray[np.float64] | None:
    """g as one vector; None where its numbers were not kept or a part of it was None."""
    arrays = [v.array for v in step.cotangents_in if v is not None and "float" in v.dtype]
    if any(array is None for array in arrays):
        return None
    flat = [array.astype(np.float64).ravel() for array in arrays if array is not None]
    g = np.concatenate(flat) if flat else np.zeros(0)
    return g if len(g) == height else None


def _eps(dtype: str) -> float:
    return float(torch.finfo(getattr(torch, dtype)).eps) if "float" in dtype else 0.0


_HALF = float(torch.finfo(torch.float16).eps)


def _near(found: float, real: float, size: float, eps: float) -> bool:
    """Whether a sum of terms of total size `size` equals `real` up to rounding."""
    if not (math.isfinite(found) and math.isfinite(real)):
        return True
    allowed = 32 if eps < _HALF else 4  # torch sums half precision in float32
    return abs(found - real) <= allowed * eps * max(size, abs(real))
