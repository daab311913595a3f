"""Change one number of a leaf, run the program again, and see what becomes of the root.

The number is changed at the moment from which the leaf held it until its first use in the graph of
the call: where the leaf was made, or where it was edited last, as by an optimizer. So it is as if
the person had written another number there. Seed and v stay the same, and the run ends where the
call would begin.
"""

import math
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from time import perf_counter
from types import FrameType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from explorer.autograd import private
from explorer.autograd.calls import STARTS, arguments, roots_of
from explorer.autograd.language import FILENAME
from explorer.autograd.spans import Spans
from explorer.autograd.watch import Watch
from explorer.data import (
    Answer,
    BackwardCall,
    Nudge,
    NudgeAsk,
    NudgePoint,
    Op,
    Operand,
    Run,
    Values,
)
from explorer.language import later

LEVELS = (1.0, 0.1, 0.01)
"""Lengths of the longest step, in the size of the number itself."""

STEPS = 10
"""Steps to each side at each length."""

MAX_SECONDS = 3.0
"""What all runs of one nudge may take together; and a third of it, what the program may."""

_TOO_SLOW = later(
    "The program takes too long to be run again for each step: a nudge has {seconds:g} seconds."
)
_SHARED = later(
    "Several elements of {leaf} lie in one place of memory (it was expanded), so "
    "none of them can be changed alone."
)


class NudgeError(Exception):
    """A number cannot be nudged; the text says why."""


class Moment(NamedTuple):
    """When a leaf got the value that a call sees: tensor number `tensor` as an input of op `op`,
    or, where `made` is true, as its output."""

    op: int
    made: bool
    tensor: int


def moment(ops: Sequence[Op], tensor: int, nodes: AbstractSet[int]) -> Moment | None:
    """When `tensor` got the value with which it goes into the graph of `nodes`.

    None where no op that made one of `nodes` took it.
    """
    found: list[tuple[Moment, Operand]] = []
    for op in ops:
        found += [(Moment(op.index, False, tensor), o) for o in op.inputs if o.tensor == tensor]
        if found and not nodes.isdisjoint(op.nodes) and any(o.tensor == tensor for o in op.inputs):
            break
        found += [(Moment(op.index, True, tensor), o) for o in op.outputs if o.tensor == tensor]
    else:
        return None
    at, used = found.pop()
    while found and (found[-1][1].version, found[-1][1].values) == (used.version, used.values):
        at, _ = found.pop()
    return at


def lengths(value: float) -> tuple[float, ...]:
    """Every step to be tried, negative ones first; 0 is among them."""
    size = 10.0 ** max(-3, min(3, round(math.log10(abs(value))))) if value else 1.0
    each = {round(k * level * size / STEPS, 12) for level in LEVELS for k in range(1, STEPS + 1)}
    return tuple(sorted({*each, *(-step for step in each), 0.0}))


def answer(
    ask: NudgeAsk,
    shown: Run,
    tensor: int | None,
    seconds: float,
    again: Callable[[Watch], None],
) -> Answer:
    """What `again`, which runs the program of `shown` under a watch, gives at each step.

    `tensor` is the number of the leaf among the tensors of the forward, `seconds` what the program
    took when it was run for `shown`.
    """
    try:
        call, leaf = _asked(ask, shown)
        at = None
        if tensor is not None:
            at = moment(shown.forward, tensor, _reachable(call))
        if at is None:
            raise NudgeError(
                later(
                    "{leaf} goes into the graph by no function that was seen, so there is no "
                    "place at which to change it."
                ).format(leaf=leaf)
            )
        if seconds > MAX_SECONDS / 3:
            raise NudgeError(_TOO_SLOW.format(seconds=MAX_SECONDS))
        return Answer(ask, nudge=_measured(ask, call, leaf, at, again))
    except NudgeError as refused:
        return Answer(ask, error=str(refused))


def _asked(ask: NudgeAsk, shown: Run) -> tuple[BackwardCall, str]:
    """The call that is meant and the leaf's name.

    Raises:
        NudgeError: there is no such call, leaf or element, or torch computed no gradient for it.
    """
    if not 0 <= ask.call < len(shown.calls):
        raise NudgeError(
            later("There is no call {call}: the program made {count}.").format(
                call=ask.call, count=len(shown.calls)
            )
        )
    call, nodes = shown.calls[ask.call], shown.trace.nodes
    if not 0 <= ask.node < len(nodes) or nodes[ask.node].leaf is None:
        raise NudgeError(later("Node {node} is no leaf.").format(node=ask.node))
    leaf = nodes[ask.node].leaf or ""
    size = math.prod(nodes[ask.node].outputs[0].shape)
    if not 0 <= ask.element < size:
        raise NudgeError(
            later("{leaf} has {size} elements, and no element {element}.").format(
                leaf=leaf, size=size, element=ask.element
            )
        )
    if call.error is not None:
        raise NudgeError(later("This call failed, so there is no gradient to compare with."))
    if "float" not in nodes[ask.node].outputs[0].dtype:
        raise NudgeError(
            later("{leaf} is not real, so a step has no single direction.").format(leaf=leaf)
        )
    if gradient_of(call, ask.node, ask.element) is None:
        raise NudgeError(later("This call computed no gradient for {leaf}.").format(leaf=leaf))
    return call, leaf


def gradient_of(call: BackwardCall, node: int, element: int) -> float | None:
    """What torch says that the call brought to an element of a leaf."""
    name = call.trace.nodes[node].leaf
    if call.kind == "grad":
        values = dict(zip(call.inputs, call.results, strict=False)).get(name or "")
    else:
        values = next((leaf.added for leaf in call.leaves if leaf.node == node), None)
    array = None if values is None else values.array
    return None if array is None else float(array.ravel()[element])


def _reachable(call: BackwardCall) -> frozenset[int]:
    targets: dict[int, list[int]] = {}
    for edge in call.trace.edges:
        targets.setdefault(edge.source, []).append(edge.target)
    seen, waiting = set(call.roots), list(call.roots)
    while waiting:
        for target in targets.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return frozenset(seen)


def _measured(
    ask: NudgeAsk,
    call: BackwardCall,
    leaf: str,
    at: Moment,
    again: Callable[[Watch], None],
) -> Nudge:
    begun = perf_counter()

    def changed(step: float | None) -> "_Nudged":
        watch = _Nudged(at, ask, call, step)
        try:
            again(watch)
        except _Enough:
            pass
        except Exception as raised:  # noqa: BLE001 - the program may raise anything
            watch.note = watch.note or later("the program raised {type}: {words}").format(
                type=type(raised).__name__, words=raised
            )
        finally:
            watch.release()
        if watch.shares_memory:
            raise NudgeError(_SHARED.format(leaf=leaf))
        return watch

    still = changed(None)
    if still.output is None or still.value is None:
        raise NudgeError(
            still.note or later("The program did not come to this call a second time.")
        )
    if not math.isfinite(still.value):
        raise NudgeError(
            later("The number is {number}, and a step from there leads nowhere.").format(
                number=still.value
            )
        )
    points = {0.0: NudgePoint(0.0, still.output)}
    done = 1
    for step in lengths(still.value):
        if step == 0:
            continue
        if (perf_counter() - begun) * (done + 1) / done > MAX_SECONDS:
            raise NudgeError(_TOO_SLOW.format(seconds=MAX_SECONDS))
        one = changed(step)
        done += 1
        moved = (one.value if one.value is not None else still.value) - still.value
        points.setdefault(moved, NudgePoint(moved, one.output, one.note))
    gradient = gradient_of(call, ask.node, ask.element)
    assert gradient is not None, "it was looked for before"
    return Nudge(
        value=still.value,
        gradient=gradient,
        output=still.output,
        rounding=still.rounding,
        points=tuple(points[step] for step in sorted(points)),
    )


class _Enough(BaseException):
    """Ends a run where the call would begin. No `except Exception` of the program catches it."""


_UNSEEN = Values((), "float32")


class _Unplaced(Spans):
    """Tells the program's frames from others, and does not ask where in its text they are."""

    def of_frame(self, frame: FrameType) -> None:  # noqa: ARG002
        """Nothing."""
        return


class _Nudged(Watch):
    """Counts as the watch of the first run did, copies nothing, and changes one number on the way.

    Afterwards `value` is what the element then was, `output` is vᵀ·root (None where `note` says
    why), and `rounding` how far off the root's own precision may be.
    """

    def __init__(self, at: Moment, ask: NudgeAsk, call: BackwardCall, step: float | None) -> None:
        super().__init__(_Unplaced(FILENAME))
        self.value: float | None = None
        self.output: float | None = None
        self.rounding = 0.0
        self.note = ""
        self.shares_memory = False
        self._at, self._ask, self._call, self._step = at, ask, call, step
        self._made = 0
        self._in_output = False

    def values(self, tensor: Tensor) -> Values:  # noqa: ARG002 - nobody looks at them
        """Nothing: only the order of ops and tensors counts here."""
        return _UNSEEN

    def _operand(self, tensor: Tensor) -> Any:
        if not self._in_output and not self._at.made:
            self._perhaps(tensor)
        return super()._operand(tensor)

    def _output(self, op: Any, tensor: Tensor, before: int) -> None:
        self._in_output = True
        super()._output(op, tensor, before)
        self._in_output = False
        if self._at.made:
            self._perhaps(tensor)

    def _perhaps(self, tensor: Tensor) -> None:
        """Change the number if this is the tensor and the moment."""
        if self.value is not None or len(self._ops) != self._at.op:
            return
        if self._number(tensor) != self._at.tensor or self._ask.element >= tensor.numel():
            return
        pairs = zip(tensor.shape, tensor.stride(), strict=True)
        if any(size > 1 and stride == 0 for size, stride in pairs):
            self.shares_memory = True
            raise _Enough
        place = _place(self._ask.element, tuple(tensor.shape))
        whole = tensor.data  # an edit of it does not count as one: the version stays
        if self._step is not None:
            whole[place] = float(whole[place]) + self._step
        self.value = float(whole[place])

    def called(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if func not in STARTS or self._muted:
            if self.value is not None:  # from here on there is nothing to be found
                return func(*args, **kwargs)
            return super().called(func, args, kwargs)
        number, self._made = self._made, self._made + 1
        if number == self._ask.call:
            with private.without_modes():
                self._read(roots_of(arguments(func, args, kwargs)))
            raise _Enough
        self._muted = True
        try:
            return func(*args, **kwargs)
        finally:
            self._muted = False

    def _read(self, roots: Sequence[Tensor]) -> None:
        """vᵀ·root of all roots, with the v of the first run."""
        vectors = self._call.gradient or (None,) * len(roots)
        if len(vectors) != len(roots):
            self.note = later("this call then begins at other tensors")
            return
        total, size, eps = 0.0, 0.0, 0.0
        for root, v in zip(roots, vectors, strict=True):
            numbers = root.detach().double().flatten()
            weights = torch.ones(1, dtype=torch.float64)
            if v is not None:
                if v.array is None:
                    self.note = later("v has more numbers than are kept")
                    return
                weights = torch.tensor(v.array.astype("float64")).flatten()
            if weights.numel() != numbers.numel():
                self.note = later("the root then has another shape")
                return
            terms = weights * numbers
            total += float(terms.sum())
            size += float(terms.abs().sum())
            eps = max(eps, torch.finfo(root.dtype).eps)
        self.output, self.rounding = total, 2 * eps * size


def _place(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    place: list[int] = []
    for size in reversed(shape):
        place.append(flat % size)
        flat //= size
    return tuple(reversed(place))
