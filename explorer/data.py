"""Plain data: everything that running a program shows, frozen and without a live tensor.

Equality, hashing, pickling and JSON work on all of it, because a field is only ever a number, a
string, bytes, a tuple, or another of these structs. What is derived from the fields (an array, a
summary, a label) is a property and computed when asked for.

>>> import numpy
>>> two = Values.of_array(numpy.array([[1.0, -2.0]]))
>>> two.shape, two.dtype, two.summary
((1, 2), 'float64', '1×2 float64, -2 to 1')
>>> two == Values.of_array(numpy.array([[1.0, -2.0]]))
True
"""

import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, overload

import msgspec
import numpy as np
import numpy.typing as npt

from explorer import files
from explorer.language import _, retold

MAX_ELEMENTS = 65_536
"""Elements that one `Values` keeps; above it, shape and statistics only."""

MAX_RUN_BYTES = 64 * 2**20
"""Bytes of tensor data that one `Run` keeps; above it, shape and statistics only."""

MAX_RUN_OPS = 20_000
"""Ops of the forward that one `Run` keeps; later ones run, and are not listed."""

MAX_RUN_CALLS = 100
"""Backward calls whose steps one `Run` keeps; later ones are listed without steps."""


class Plain(msgspec.Struct, frozen=True, gc=False):
    """Base of all plain data: a frozen struct that goes to strict JSON and back."""

    pictures: ClassVar[dict[type, Callable[[Any], dict[str, Any]]]] = {}
    """How a notebook draws a kind of data: to a dict from MIME type to content."""

    def to_dict(self) -> dict[str, Any]:
        """This value as JSON-ready dicts, lists, strings and numbers (bytes as base64)."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    @classmethod
    def from_dict(cls, built: dict[str, Any]) -> Self:
        """The value that `to_dict` took apart.

        Raises:
            msgspec.ValidationError: a field is missing or has the wrong type.
        """
        return msgspec.convert(built, cls)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """What a notebook shows; the plain text where no picture is known."""
        draw = self.pictures.get(type(self))
        return draw(self) if draw else {"text/plain": repr(self)}

    def save(self, path: str | Path) -> None:
        """Write this value to a JSON file that `explorer.load` opens again."""
        files.write(path, type(self).__name__, self.to_dict())


# --------------------------------------------------------------------------------------- values


class Statistics(Plain, frozen=True):
    """What is known of a tensor's elements; extremes and norm are over the finite ones.

    `minimum`, `maximum` and `norm` are None where no element is finite (or the norm overflows).
    For complex tensors they describe the absolute values.
    """

    minimum: float | None
    maximum: float | None
    norm: float | None
    nans: int = 0
    infinities: int = 0
    zeros: int = 0


# torch's dtypes that numpy lacks, and the wider dtype that holds their numbers exactly.
_WIDENED = {"bfloat16": "float32", "complex32": "complex64"}


@cache
def storage_dtype(dtype: str) -> np.dtype[Any]:
    """The numpy dtype in which values of torch's `dtype` are kept, always exact.

    bfloat16 and every float8 are widened to float32, complex32 to complex64; the rest keep their
    own type.
    """
    if dtype.startswith(("float8", "float4")):
        return np.dtype(np.float32)
    return np.dtype(_WIDENED.get(dtype, dtype)).newbyteorder("<")


class Values(Plain, frozen=True):
    """The numbers of one tensor at one moment.

    `dtype` is torch's name without the `torch.` (`float32`). `data` holds the elements in C order,
    little endian, in `storage_dtype(dtype)`; it is None above the cap or where the elements cannot
    be read, and then `statistics` (if they could be read) and `note` say what is known and why.
    """

    shape: tuple[int, ...]
    dtype: str
    data: bytes | None = None
    statistics: Statistics | None = None
    note: str = ""

    @classmethod
    def of_array(cls, array: npt.NDArray[Any], dtype: str | None = None) -> Self:
        """Values holding a copy of `array`; `dtype` is torch's name if numpy lacks the type."""
        name = dtype or array.dtype.name
        kept = np.ascontiguousarray(array, dtype=storage_dtype(name))
        return cls(shape=array.shape, dtype=name, data=kept.tobytes())

    @property
    def size(self) -> int:
        """Number of elements; 1 for a scalar."""
        return math.prod(self.shape)

    @property
    def array(self) -> npt.NDArray[Any] | None:
        """The elements as a read-only array of `shape`, or None where `data` is None."""
        if self.data is None:
            return None
        return np.frombuffer(self.data, dtype=storage_dtype(self.dtype)).reshape(self.shape)

    @property
    def described(self) -> Statistics | None:
        """The statistics that were kept, else those of the elements; None if neither is known."""
        if self.statistics is not None or self.data is None:
            return self.statistics
        array = self.array
        assert array is not None
        return statistics_of(array)

    @property
    def summary(self) -> str:
        """Shape, dtype and range in one short line: `2×2 float32, all 4.5`."""
        shape = "×".join(map(str, self.shape)) if self.shape else _("scalar")
        head = f"{shape} {self.dtype}"
        known = self.described
        if self.size == 0:
            return ", ".join([head, _("no elements")])
        if known is None:
            return ", ".join([head, retold(self.note) or _("not readable")])
        odd = [f"{n} {what}" for n, what in ((known.nans, "nan"), (known.infinities, "inf")) if n]
        parts = odd[:]
        if known.minimum is not None and known.maximum is not None:
            low, high = f"{known.minimum:.4g}", f"{known.maximum:.4g}"
            finite = low if low == high else _("{low} to {high}").format(low=low, high=high)
            if odd:
                finite = _("else {number}").format(number=finite)
            elif low == high and self.size > 1:
                finite = _("all {number}").format(number=finite)
            parts.append(finite)
        return ", ".join([head, *parts])


def statistics_of(array: npt.NDArray[Any]) -> Statistics:
    """Statistics of any real, complex, integer or boolean array, computed in float64."""
    flat = np.abs(array) if np.iscomplexobj(array) else array
    flat = flat.astype(np.float64, copy=False).ravel()
    finite = flat[np.isfinite(flat)]
    with np.errstate(over="ignore"):
        norm = float(np.linalg.norm(finite)) if finite.size else None
    return Statistics(
        minimum=float(finite.min()) if finite.size else None,
        maximum=float(finite.max()) if finite.size else None,
        norm=norm if norm is not None and math.isfinite(norm) else None,
        nans=int(np.isnan(flat).sum()),
        infinities=int(np.isinf(flat).sum()),
        zeros=int((flat == 0).sum()),
    )


# ---------------------------------------------------------------------------------------- graph


class Span(Plain, frozen=True):
    """A stretch of the program's text: lines from 1, columns in characters from 0, end excluded."""

    line: int
    column: int
    end_line: int
    end_column: int


class TensorMeta(Plain, frozen=True):
    """Shape and dtype of one output of a forward op, as its node remembers them."""

    shape: tuple[int, ...]
    dtype: str


class Saved(Plain, frozen=True):
    """One thing that a node kept for its backward.

    `state` is one of
    `held` (a tensor, its numbers in `values`),
    `edited` (a tensor that was changed in place after it was saved: backward will refuse it; the
    numbers are the edited ones, `version` is the one found),
    `freed` (a backward without retain_graph has let it go),
    `packed` (a saved-tensor hook or a checkpoint holds something else in its place),
    `none` (the op had no tensor to keep here), or
    `constant` (not a tensor: `text` is its Python repr).
    """

    name: str
    state: str
    values: Values | None = None
    text: str = ""
    version: int | None = None


class Node(Plain, frozen=True):
    """One `grad_fn`. `index` is its place in `Trace.nodes`, `name` is `type(fn).__name__`.

    `leaf` is a string on AccumulateGrad and None elsewhere. `module` (path of the innermost
    nn.Module whose forward made the node) and `span` (innermost expression of the program that made
    it) are None unless the forward was watched.
    """

    index: int
    name: str
    leaf: str | None
    outputs: tuple[TensorMeta, ...]
    saved: tuple[Saved, ...] = ()
    module: str | None = None
    span: Span | None = None


class Edge(Plain, frozen=True):
    """One entry of `next_functions`: it points the way the backward pass flows.

    `slot` is its position at the source, `input_nr` the output of the target's forward op whose
    cotangent it carries.
    """

    source: int
    slot: int
    target: int
    input_nr: int


class Trace(Plain, frozen=True):
    """The autograd graph as plain data: nodes in order of discovery, edges by source and slot.

    `roots` are node indices; `root_nrs` says, for each root, which output of the node it is.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    roots: tuple[int, ...]
    root_nrs: tuple[int, ...] = ()
    torch: str = ""
    format: int = files.FORMAT

    def __repr__(self) -> str:
        return f"Trace({len(self.nodes)} nodes, {len(self.edges)} edges, roots {self.roots})"


# -------------------------------------------------------------------------------------- forward


class Operand(Plain, frozen=True):
    """A tensor as an op met it.

    `tensor` numbers the tensor objects of a forward in order of appearance, `version` is torch's
    in-place counter, `node` the index of its `grad_fn` in the trace (None where it has none).
    """

    tensor: int
    version: int
    values: Values
    requires_grad: bool
    is_leaf: bool
    node: int | None = None
    output_nr: int = 0


class Op(Plain, frozen=True):
    """One torch function that the program called during its forward.

    `function` is its name as torch spells it (`mul`, `linear`), `nodes` the grad_fn nodes it made,
    `cut` why nothing was recorded where something could have been: `no_grad`, `inference_mode`,
    `detach`, `data`, `frozen` (every floating input has requires_grad=False) or None.
    `edited` lists the numbers of the tensors it changed in place.
    """

    index: int
    function: str
    span: Span | None
    module: str | None
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    nodes: tuple[int, ...] = ()
    cut: str | None = None
    edited: tuple[int, ...] = ()


class Event(Plain, frozen=True):
    """Something that the program did to gradients or parameters beside the graph.

    `kind` is `step` (an optimizer's), `zero_grad`, or `grad` (something was put into `.grad`).
    `left` says what `.grad` was left as: `none`, `zeros` or `tensor`; it is empty for a step, and
    for a `zero_grad` that found nothing to clear. It came after `ops_before` ops of the forward
    and `calls_before` backward calls.
    """

    kind: Literal["step", "zero_grad", "grad"]
    span: Span | None
    ops_before: int
    calls_before: int
    left: Literal["", "none", "zeros", "tensor"] = ""


# ------------------------------------------------------------------------------------- backward


class Step(Plain, frozen=True):
    """One node executed by the engine.

    `cotangents_in` has one entry per output of the node's forward op, `cotangents_out` one per
    slot, both as the engine passed them: after hooks, reduction and cast. None is what torch passed
    as None. AccumulateGrad sends nothing out.
    """

    node: int
    cotangents_in: tuple[Values | None, ...]
    cotangents_out: tuple[Values | None, ...]


class Leaf(Plain, frozen=True):
    """What one call did to one leaf: `.grad` before, what arrived at AccumulateGrad, `.grad` after.

    `node` is its AccumulateGrad in the trace; None if the call filled it from outside the graph, or
    if it is no leaf but a tensor that retains its grad: then what arrived at the node that made it
    was added.
    """

    name: str
    before: Values | None
    added: Values | None
    after: Values | None
    node: int | None = None


class BackwardError(Plain, frozen=True):
    """A backward that raised: torch's words, the node that was running (None if none had started),
    and the cotangents that had reached it."""

    message: str
    node: int | None = None
    cotangents_in: tuple[Values | None, ...] = ()
    type: str = "RuntimeError"


class BackwardCall(Plain, frozen=True):
    """One real call of backward() or autograd.grad.

    `kind` is `backward`, `grad`, `functional` (inside torch.autograd.functional), `func` (inside
    torch.func), `gradcheck` or `batched` (is_grads_batched). `roots` are node indices in `trace`.
    `gradient` is v, one entry per root (None where torch filled in 1). `results` are what
    autograd.grad returned. `steps` is empty where `note` says why. `freed` are the nodes that held
    saved tensors before the call and none after it, as torch says. `ops_before` is how many ops of
    the Run's forward came before the call, None where nobody counted them.
    """

    trace: Trace
    roots: tuple[int, ...]
    steps: tuple[Step, ...]
    leaves: tuple[Leaf, ...]
    error: BackwardError | None = None
    kind: str = "backward"
    span: Span | None = None
    gradient: tuple[Values | None, ...] = ()
    retain_graph: bool = False
    create_graph: bool = False
    results: tuple[Values | None, ...] = ()
    root_nrs: tuple[int, ...] = ()
    inputs: tuple[str, ...] = ()
    note: str = ""
    freed: tuple[int, ...] = ()
    ops_before: int | None = None


# ------------------------------------------------------------------------------------- Jacobian


class AxisPart(Plain, frozen=True):
    """One tensor laid along an axis, in C order."""

    name: str
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return math.prod(self.shape)

    def label(self, flat: int) -> str:
        """Name of element `flat` (counted in C order): `y[3]`, `W[0,2]`, or `loss` for a scalar."""
        if not self.shape:
            return self.name
        index = np.unravel_index(flat, self.shape)
        return f"{self.name}[{','.join(str(int(i)) for i in index)}]"


class Axis(Plain, frozen=True):
    """Tensors side by side along one axis of a matrix. Labels are made when asked for.

    >>> axis = Axis((AxisPart("b", (2,)), AxisPart("W", (2, 2))))
    >>> len(axis), axis[1], axis[4], axis[-1]
    (6, 'b[1]', 'W[1,0]', 'W[1,1]')
    """

    parts: tuple[AxisPart, ...]

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[str, ...]: ...
    def __getitem__(self, i: int | slice) -> str | tuple[str, ...]:
        if isinstance(i, slice):
            return tuple(self[k] for k in range(*i.indices(len(self))))
        place = i if i >= 0 else i + len(self)
        if place >= 0:
            for part in self.parts:
                if place < len(part):
                    return part.label(place)
                place -= len(part)
        raise IndexError(f"{i} is outside an axis of {len(self)} elements")

    def __iter__(self) -> Iterator[str]:
        for part in self.parts:
            for flat in range(len(part)):
                yield part.label(flat)

    @property
    def starts(self) -> tuple[int, ...]:
        """Where each part begins."""
        starts, at = [], 0
        for part in self.parts:
            starts.append(at)
            at += len(part)
        return tuple(starts)


class Jacobian(Plain, frozen=True):
    """Partial derivatives: `.array[i, j]` is the derivative of `rows[i]` by `columns[j]`.

    `reached` has one entry per part of `columns`: False where no path leads from the outputs to it
    (torch's None), which is not the same as a derivative of zero. `cut` lists single blocks that no
    path leads to, as (part of rows, part of columns). `method` is what was used.
    """

    rows: Axis
    columns: Axis
    values: Values
    reached: tuple[bool, ...]
    method: str
    cut: tuple[tuple[int, int], ...] = ()

    @property
    def array(self) -> npt.NDArray[Any]:
        """Read-only array of shape (len(rows), len(columns))."""
        array = self.values.array
        assert array is not None, "a Jacobian always keeps its numbers"
        return array


# ------------------------------------------------------------------------------- local Jacobian


class LocalJacobian(Plain, frozen=True):
    """The Jacobian of one node: what it sends on `slot` is gᵀJ, with g what came in.

    Rows are the elements of all floating-point cotangents coming in, side by side; columns are the
    elements of the cotangent that goes out on `slot`. `values` is None where `note` says why.
    """

    node: int
    slot: int
    values: Values | None = None
    note: str = ""


class Terms(Plain, frozen=True):
    """The weights behind one number: element `element` (in C order) of what `node` sends on `slot`.

    It is the sum of each incoming cotangent's elements times their weight. `weights` has one entry
    per output of the node's forward op, None for one that carries no floating-point numbers. It is
    empty where `note` says why.
    """

    node: int
    slot: int
    element: int
    weights: tuple[Values | None, ...] = ()
    note: str = ""


# ---------------------------------------------------------------------------------------- nudge


class NudgePoint(Plain, frozen=True):
    """What vᵀ·root was when a number had been changed by `step`; None where `note` says why."""

    step: float
    output: float | None
    note: str = ""


class Nudge(Plain, frozen=True):
    """One number of a leaf, and what becomes of the root when it is changed by small steps.

    `value` is the number, `gradient` what torch's call says for it, `output` is vᵀ·root with the
    number as it is, `rounding` how far off the root's own precision may be. `points` are measured
    by running the program; they are sorted by step, and 0 is among them.
    """

    value: float
    gradient: float
    output: float
    rounding: float
    points: tuple[NudgePoint, ...]


# ------------------------------------------------------------------------------------------ run


class Variable(Plain, frozen=True):
    """A tensor that a name of the program stood for.

    `number` counts the values of a name that was assigned again, from 1 (`y` #1 … #9); `last` marks
    the final one. `node` and `output_nr` place its `grad_fn` in the Run's trace.
    """

    name: str
    number: int
    last: bool
    values: Values
    requires_grad: bool
    is_leaf: bool
    grad_fn: str | None = None
    node: int | None = None
    output_nr: int = 0
    grad: Values | None = None
    span: Span | None = None


class JacobianAsk(Plain, frozen=True, tag="jacobian"):
    """Ask a run for the Jacobian of a variable with respect to leaves or other variables.

    Names are those of the program: `y`, `y#3` for the third value of `y`, `Layer_1.weight`. `order`
    2 asks for the Hessian of a scalar. `rows` asks for a part of the rows only, from and to.
    """

    outputs: str
    wrt: tuple[str, ...]
    method: str = "auto"
    order: int = 1
    rows: tuple[int, int] | None = None


class VjpAsk(Plain, frozen=True, tag="vjp"):
    """Ask a run what `outputs.backward(v)` leaves in the `.grad` of each of `wrt`.

    `v` holds one number for each element of `outputs`, in C order. With `order` 2 it is the
    gradient of `outputs` by `wrt` that is walked back from, and v has the elements of `wrt`.
    """

    outputs: str
    wrt: tuple[str, ...]
    v: tuple[float, ...]
    order: int = 1


class JvpAsk(Plain, frozen=True, tag="jvp"):
    """Ask a run for J u by torch's forward mode, with `outputs` and `wrt` as in a JacobianAsk.

    `u` holds one number for each element of `wrt`, laid side by side in C order. With `order` 2 it
    is the gradient of `outputs` by `wrt` that is differentiated: forward over reverse.
    """

    outputs: str
    wrt: tuple[str, ...]
    u: tuple[float, ...]
    order: int = 1


class SumAsk(Plain, frozen=True, tag="sum"):
    """Ask a run what `J.sum().backward()` leaves in the `.grad` of each of `wrt`, where J is the
    Jacobian of `outputs` by the tensors `by`, built with create_graph."""

    outputs: str
    by: tuple[str, ...]
    wrt: tuple[str, ...]


class MethodAsk(Plain, frozen=True, tag="method"):
    """Ask a run how one of torch's ways to a Jacobian fares on it; `how` names the way."""

    outputs: str
    wrt: tuple[str, ...]
    how: str


class LocalAsk(Plain, frozen=True, tag="local"):
    """Ask a run for the local Jacobians of all nodes that call number `call` (from 0) leads to."""

    call: int


class TermsAsk(Plain, frozen=True, tag="terms"):
    """Ask a run for the weights behind one number that `node` sends on `slot` in one call.

    `call` counts the calls of the Run from 0, `node` is an index in its trace, `element` counts the
    elements of the cotangent going out in C order.
    """

    call: int
    node: int
    slot: int
    element: int


class NudgeAsk(Plain, frozen=True, tag="nudge"):
    """Ask a run what its root does when one number of a leaf is changed by small steps.

    The program is run again for each step, up to call number `call` (from 0), which leads to the
    leaf's AccumulateGrad `node`. `element` counts the leaf's elements in C order.
    """

    call: int
    node: int
    element: int


Ask = JacobianAsk | VjpAsk | JvpAsk | SumAsk | MethodAsk | LocalAsk | TermsAsk | NudgeAsk


class Tangent(Plain, frozen=True):
    """What forward mode carried at one variable: `values` is None where nothing depends on u."""

    name: str
    number: int
    values: Values | None
    span: Span | None = None


class Measured(Plain, frozen=True):
    """How one way to a Jacobian fared.

    `shapes` are those that came out, one for each input; `difference` is the largest to the matrix
    of the explorer; `passes` were made for `width` vectors at once; `seconds` the fastest run took,
    the forward included; `bytes` its tensors held at most. Times differ from run to run.
    """

    how: str
    shapes: tuple[tuple[int, ...], ...]
    difference: float
    passes: int
    width: int
    seconds: float
    bytes: int


class Pushed(Plain, frozen=True):
    """J u, and the tangent of each variable on the way to it, in the order of the program."""

    values: Values
    tangents: tuple[Tangent, ...]


class Answer(Plain, frozen=True):
    """What came of one `ask`, or in `error` a sentence saying why nothing did.

    `jacobian` answers a JacobianAsk, `locals` a LocalAsk, `terms` a TermsAsk, `pushed` a JvpAsk,
    `nudge` a NudgeAsk, `measured` a MethodAsk, and `grads` (one entry for each of `wrt`, None where
    no path leads) a VjpAsk or a SumAsk.
    """

    ask: Ask
    jacobian: Jacobian | None = None
    error: str | None = None
    locals: tuple[LocalJacobian, ...] = ()
    terms: Terms | None = None
    grads: tuple[Values | None, ...] = ()
    pushed: Pushed | None = None
    nudge: Nudge | None = None
    measured: Measured | None = None


_OWN_ERRORS = frozenset({"RefusedError", "Stopped"})
"""Types of errors whose message the sandbox wrote, and not torch or Python."""


class RunError(Plain, frozen=True):
    """What the program raised, in Python's words, and where in the program (None if unknown)."""

    message: str
    type: str
    line: int | None = None
    span: Span | None = None

    @property
    def words(self) -> str:
        """The message for a person: in the language now spoken where it is the explorer's own."""
        return retold(self.message) if self.type in _OWN_ERRORS else self.message


class RunWarning(Plain, frozen=True):
    """A warning that torch or Python gave while the program ran."""

    message: str
    type: str
    line: int | None = None


class Program(Plain, frozen=True):
    """A short PyTorch script and the seed it starts from: the whole state of the explorer."""

    source: str
    seed: int = 0


class Run(Plain, frozen=True):
    """Everything that running a program showed. The same program always gives an equal Run.

    `tensors` are the program's variables; `leaves` is every leaf that its names lead to and that
    requires grad (parameters of its modules too), with its `.grad` at the end. `events` are what
    the program did to gradients and parameters beside the graph, in their order.
    """

    program: Program
    printed: str
    tensors: tuple[Variable, ...]
    leaves: tuple[Variable, ...]
    forward: tuple[Op, ...]
    trace: Trace
    calls: tuple[BackwardCall, ...]
    answers: tuple[Answer, ...] = ()
    error: RunError | None = None
    warnings: tuple[RunWarning, ...] = ()
    notes: tuple[str, ...] = ()
    torch: str = ""
    format: int = files.FORMAT
    events: tuple[Event, ...] = ()

    _NO_TRACE: ClassVar[Trace] = Trace((), (), ())

    def to_dict(self) -> dict[str, Any]:
        """As `Plain.to_dict`; the one trace that all calls share is written once."""
        bare = tuple(msgspec.structs.replace(c, trace=self._NO_TRACE) for c in self.calls)
        built: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(self, calls=bare))
        return built

    @classmethod
    def from_dict(cls, built: dict[str, Any]) -> Self:
        """The Run that `to_dict` took apart; its calls point into its trace again."""
        run = msgspec.convert(built, cls)
        calls = tuple(msgspec.structs.replace(c, trace=run.trace) for c in run.calls)
        return msgspec.structs.replace(run, calls=calls)
