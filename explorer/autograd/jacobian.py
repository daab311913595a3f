"""Jacobians of a live graph, computed by torch and checked against torch.

Two questions can be asked:

- `jacobian(outputs, wrt)`: how every element of `outputs` answers to every element of `wrt`.
- `weight_jacobian(module, batch)`: how every element of a module's output answers to its weights.

Rows are outputs, columns are inputs, each laid out in C order. There are three ways to fill the
matrix; all give the same numbers, and `Jacobian.method` says which one did.

- `loop`: one call of `autograd.grad` a row, its cotangent 1 at one output and 0 elsewhere.
- `batched`: the same rows by `is_grads_batched`, many to a call. Some backward functions refuse it.
- `per_sample`: `vmap(jacrev(...))` over the samples of a batch. Right only where no sample
  influences another, so it is always checked.

`auto` takes the fastest of them that works. A fast result counts only if, for a random v, vᵀJ
equals one real VJP of the graph, to within half of the digits of the dtype. Numbers that are not
finite cannot be confirmed so, and are left to the loop.

Hooks on tensors run as in any `autograd.grad`, and what they change is in the result. Of the
warnings, only torch's note that an op batches slowly is dropped.

>>> import torch
>>> x = torch.tensor([3.0, 4.0], requires_grad=True)
>>> b = torch.tensor(1.0, requires_grad=True)
>>> answer = jacobian(x * x + b, {"x": x, "b": b})
>>> answer.array.tolist()
[[6.0, 0.0, 1.0], [0.0, 8.0, 1.0]]
>>> list(answer.rows), list(answer.columns), answer.reached
(['y[0]', 'y[1]'], ['x[0]', 'x[1]', 'b'], (True, True))
"""

import contextlib
import copy
import io
import math
import random
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.func import functional_call, jacrev, vmap

from explorer.data import Axis, AxisPart, Jacobian, Values, storage_dtype
from explorer.errors import JacobianError
from explorer.language import later

METHODS = ("auto", "batched", "loop")
"""What `jacobian` accepts as `method`."""

WEIGHT_METHODS = ("auto", "per_sample", "batched", "loop")
"""What `weight_jacobian` accepts as `method`."""

MAX_BYTES = 2**30
"""Bytes that one Jacobian may have; a larger one is refused before any work is done."""

BATCH_BYTES = 2**20
"""Bytes of cotangents and rows in one batched call. More of them at once leave the processor's
cache, and then a call is slower than the loop."""

SAMPLE_BYTES = 2**23
"""Bytes of rows that one per-sample call makes."""

LOOP_ROWS = 4
"""Up to so many rows `auto` takes the loop: a batched call and its check cost as much."""

PER_SAMPLE_ELEMENTS = 200_000
"""Elements of the matrix from which `auto` tries per_sample, which costs about 2 ms to set up."""

_CURES = (
    (
        "through the graph a second time",
        later("{words} Pass retain_graph=True to the backward before, or take the Jacobian first."),
    ),
    (
        "modified by an inplace operation",
        later("{words} Edit a clone instead, or take the Jacobian before the edit."),
    ),
    ("use_reentrant=True", later("{words} Call checkpoint with use_reentrant=False.")),
)


def jacobian(
    outputs: Tensor | Mapping[str, Tensor],
    wrt: Mapping[str, Tensor],
    *,
    method: str = "auto",
) -> Jacobian:
    """The derivatives of every element of `outputs` by every element of the tensors in `wrt`.

    `outputs` is a tensor, labelled `y`, or several by name: their rows follow one another. `wrt`
    holds leaves or intermediate tensors by name; the same tensor may stand under two names. The
    numbers have the dtype of the outputs (promoted if they differ). The graph stays usable, and no
    `.grad`, nor the random state, changes.

    `reached` is False for a part that no path leads to from any output; its columns are zero.

    Raises:
        JacobianError: `method` is not one of `METHODS`; a tensor is complex, integer or boolean,
            not dense, or requires no grad; `wrt` or `outputs` is empty; the matrix would exceed
            `MAX_BYTES`; or the backward raises (the message then holds torch's words).
    """
    _check_method(method, METHODS)
    rows = _checked_outputs({"y": outputs} if isinstance(outputs, Tensor) else outputs)
    columns = _checked_inputs(wrt)
    with _as_before(), torch.no_grad():
        return _Problem(rows, columns).solve(method)


def weight_jacobian(
    module: nn.Module, batch: Tensor | tuple[Any, ...], *, method: str = "auto"
) -> Jacobian:
    """The derivatives of every element of `module(batch)` by every parameter that requires grad.

    `batch` is a tensor, or a tuple of positional arguments. Columns carry the names of
    `named_parameters()`; a shared parameter appears once, by its first name. Rows are labelled
    `y[i,j]`.

    Afterwards the module's buffers and the random state are as after one forward, and every number
    belongs to that one forward, the mask of a dropout included. `per_sample` has to run the forward
    again: it does so on a copy of the module, drops what the copy prints, and is not used if the
    module has hooks.

    Raises:
        JacobianError: as `jacobian`, with `WEIGHT_METHODS`; also if the forward raises, if its
            result is not one tensor, or if `per_sample` was asked for and is not right here.
    """
    _check_method(method, WEIGHT_METHODS)
    if not isinstance(module, nn.Module):
        raise JacobianError(
            later("module is {thing}; allowed: an nn.Module.").format(thing=_kind(module))
        )
    arguments = batch if isinstance(batch, tuple) else (batch,)
    kind = type(module).__name__
    try:
        with torch.enable_grad():
            output = module(*arguments)
    except Exception as error:
        raise JacobianError(
            later("The forward of {kind} raised {words}").format(kind=kind, words=_words(error))
        ) from error
    if not isinstance(output, Tensor):
        raise JacobianError(
            later("{kind} returned {thing}; allowed: a single tensor.").format(
                kind=kind, thing=_kind(output)
            )
        )
    weights = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
    if not weights:
        raise JacobianError(
            later("{kind} has no parameter that requires grad; at least one is needed.").format(
                kind=kind
            )
        )

    rows, columns = _checked_outputs({"y": output}), _checked_inputs(weights)
    with _as_before(), torch.no_grad():
        problem = _Problem(rows, columns)
        if method == "per_sample" or (method == "auto" and problem.size >= PER_SAMPLE_ELEMENTS):
            try:
                sheet = _per_sample(module, arguments, problem)
                if problem.confirms(sheet):
                    return problem.answer(sheet, "per_sample")
                why = later(
                    "the samples influence one another, for vᵀJ is not the VJP of the batch"
                )
            except Exception as error:  # noqa: BLE001 - a module may refuse vmap in any way
                why = _words(error)
            if method == "per_sample":
                raise JacobianError(
                    later(
                        "The method 'per_sample' does not fit {kind} on this batch: {why}. Allowed "
                        "here: 'auto', 'batched', 'loop'."
                    ).format(kind=kind, why=why)
                )
        return problem.solve(method, sure=not _runs_python(output))


class _Problem:
    """A matrix to fill: outputs down, inputs across."""

    def __init__(self, outputs: dict[str, Tensor], inputs: dict[str, Tensor]) -> None:
        self.outputs, self.inputs = tuple(outputs.values()), tuple(inputs.values())
        self.rows, self.columns = _axis(outputs), _axis(inputs)
        self.sizes = [tensor.numel() for tensor in self.inputs]
        self.height, self.width = len(self.rows), len(self.columns)
        self.size = self.height * self.width
        dtype = self.outputs[0].dtype
        for output in self.outputs[1:]:
            dtype = torch.promote_types(dtype, output.dtype)
        self.dtype = str(dtype).removeprefix("torch.")
        self.storage = storage_dtype(self.dtype)
        self.reached = [False] * len(self.inputs)
        if self.size * self.storage.itemsize > MAX_BYTES:
            raise JacobianError(
                later(
                    "The Jacobian would be {rows} × {columns} {dtype}, more than {most} MB; "
                    "allowed: fewer outputs or inputs."
                ).format(
                    rows=self.height, columns=self.width, dtype=self.dtype, most=MAX_BYTES >> 20
                )
            )

    def pull(
        self, output: Tensor, cotangent: Tensor, batched: bool = False
    ) -> tuple[Tensor | None, ...]:
        """vᵀJ of one output for every input, None where no path leads."""
        try:
            grads = torch.autograd.grad(
                output,
                self.inputs,
                cotangent,
                retain_graph=True,
                allow_unused=True,
                is_grads_batched=batched,
            )
        except Exception as error:
            raise JacobianError(_with_cure(error)) from error
        for k, grad in enumerate(grads):
            if grad is not None:
                self.reached[k] = True
        return grads

    @cached_property
    def checks(self) -> list[tuple[Tensor, Tensor]]:
        """A random v and the real VJP with it, for each output."""
        probes = [_probe(output) for output in self.outputs]
        return [
            (v, self.lay(self.pull(output, v), 1)[0])
            for output, v in zip(self.outputs, probes, strict=True)
        ]

    def lay(self, grads: Sequence[Tensor | None], count: int, out: Tensor | None = None) -> Tensor:
        """`count` rows with the gradients side by side, zeros for None."""
        flat = [
            torch.zeros(count, size) if grad is None else _dense(grad).reshape(count, size)
            for grad, size in zip(grads, self.sizes, strict=True)
        ]
        return torch.cat(flat, 1, out=out)

    def fill(self, *, batched: bool) -> "_Sheet":
        """The matrix, by batched calls or by one call a row."""
        sheet = _Sheet(self.height, self.width, self.storage)
        target = sheet.tensor()
        at = 0
        for output in self.outputs:
            count = output.numel()
            each = max(1, (count + self.width) * output.element_size())
            step = max(1, BATCH_BYTES // each) if batched else 1
            for start in range(0, count, step):
                stop = min(start + step, count)
                cotangents = _one_hots(output, start, stop)
                grads = self.pull(output, cotangents if batched else cotangents[0], batched)
                self.lay(grads, stop - start, out=target[at + start : at + stop])
            at += count
        return sheet

    def confirms(self, sheet: "_Sheet") -> bool:
        """Whether vᵀJ equals the real VJP of every output."""
        matrix = sheet.array()
        wide = np.promote_types(matrix.dtype, np.float32)
        at = 0
        for output, (v, vjp) in zip(self.outputs, self.checks, strict=True):
            block = matrix[at : at + output.numel()].astype(wide, copy=False)
            at += len(block)
            if block.size == 0:
                continue
            real = _numbers(vjp, wide)
            largest = float(np.abs(real).max())
            if not math.isfinite(largest):
                return False
            with np.errstate(invalid="ignore", over="ignore"):
                found = _numbers(v.flatten(), wide) @ block
            eps = max(torch.finfo(tensor.dtype).eps for tensor in (output, *self.inputs))
            allowed = math.sqrt(eps) * np.abs(real) + 30 * eps * largest
            if not (np.abs(found - real) <= allowed).all():
                return False
        return True

    def solve(self, method: str, *, sure: bool = False) -> Jacobian:
        """The Jacobian by `batched` or `loop`; `sure` leaves out the check of a batched result."""
        if method == "batched" or (method == "auto" and self.height > LOOP_ROWS):
            try:
                sheet = self.fill(batched=True)
                if method == "batched" or sure or self.confirms(sheet):
                    return self.answer(sheet, "batched")
            except JacobianError as error:
                if method == "batched":
                    _ = self.checks  # a graph that cannot be run at all says so here
                    raise JacobianError(
                        later(
                            "The method 'batched' does not fit this graph: {why} Allowed here: "
                            "'auto', 'loop'."
                        ).format(why=error)
                    ) from error
        return self.answer(self.fill(batched=False), "loop")

    def answer(self, sheet: "_Sheet", method: str) -> Jacobian:
        if self.height == 0:
            _ = self.checks  # without a row, only these have asked what is reached
        values = Values((self.height, self.width), self.dtype, sheet.bytes())
        return Jacobian(self.rows, self.columns, values, tuple(self.reached), method)


class _Sheet:
    """Room for a matrix, written through `tensor()` or `array()`, whose `bytes()` are not a copy.

    `BytesIO` gives its buffer away as bytes if nobody views it any more. For a matrix of 56 MB this
    halves the time that is spent on memory.
    """

    def __init__(self, height: int, width: int, dtype: np.dtype[Any]) -> None:
        self._shape, self._dtype, self._room = (height, width), dtype, io.BytesIO()
        if size := height * width * dtype.itemsize:
            self._room.seek(size - 1)
            self._room.write(b"\0")

    def array(self) -> npt.NDArray[Any]:
        return np.ndarray(self._shape, self._dtype, self._room.getbuffer())

    def tensor(self) -> Tensor:
        return torch.from_numpy(self.array())

    def bytes(self) -> bytes:
        return self._room.getvalue()


def _per_sample(module: nn.Module, arguments: tuple[Any, ...], problem: _Problem) -> _Sheet:
    """The weights' Jacobian of each sample by itself, stacked.

    Raises:
        Exception: the module cannot be run so; whatever it is, another method is needed.
    """
    (output,) = problem.outputs
    count = output.shape[0] if output.dim() else None
    if any(
        not isinstance(part, Tensor) or part.dim() == 0 or part.shape[0] != count
        for part in arguments
    ):
        raise ValueError(
            later("the first dimension of the output and of every argument must be the batch")
        )
    if _has_hooks(module):
        raise ValueError(later("it has hooks, and they would run a second time"))

    names = [part.name for part in problem.columns.parts]
    # The copy takes all that a forward may change, except the weights, which it is given.
    twin = copy.deepcopy(module, {id(weight): weight for weight in problem.inputs})
    weights = {name: weight.detach() for name, weight in zip(names, problem.inputs, strict=True)}

    def one(weights: dict[str, Tensor], *sample: Tensor) -> Tensor:
        result: Tensor = functional_call(twin, weights, tuple(part[None] for part in sample))
        if result.shape != (1, *output.shape[1:]):
            raise ValueError(later("one sample alone gives an output of another shape"))
        return result[0]

    each = vmap(jacrev(one), in_dims=(None, *(0 for _ in arguments)), randomness="error")
    sheet = _Sheet(problem.height, problem.width, problem.storage)
    target = sheet.tensor()
    per_sample = problem.height // count if count else 0
    step = max(1, SAMPLE_BYTES // max(1, per_sample * problem.width * problem.storage.itemsize))
    with _python_randomness_kept(), contextlib.redirect_stdout(io.StringIO()):
        for start in range(0, count or 0, step):
            samples = [part.detach()[start : start + step] for part in arguments]
            blocks = each(weights, *samples)
            rows = slice(start * per_sample, (start + len(samples[0])) * per_sample)
            height = rows.stop - rows.start
            problem.lay([blocks[name] for name in names], height, out=target[rows])
    return sheet


def _has_hooks(module: nn.Module) -> bool:
    """Whether any hook is registered on the module, on one inside it, or on all modules."""
    places = (nn.modules.module, *module.modules())
    return any(
        kept
        for place in places
        for name, kept in vars(place).items()
        if name.endswith("_hooks") and isinstance(kept, dict)
    )


def _runs_python(output: Tensor) -> bool:
    """Whether a custom Function is in the graph.

    Only such a node can batch wrongly without raising; all others have torch's own batching rules.
    """
    ahead: list[Any] = [node for node in (output.grad_fn,) if node is not None]
    seen = set(ahead)
    while ahead:
        node = ahead.pop()
        if isinstance(node, BackwardCFunction):
            return True
        for target, _ in node.next_functions:
            if target is not None and target not in seen:
                seen.add(target)
                ahead.append(target)
    return False


def _probe(output: Tensor) -> Tensor:
    """A random cotangent between 0.5 and 1.5; the same for every output of one shape."""
    generator = torch.Generator().manual_seed(0)
    v = torch.rand(output.shape, generator=generator).add_(0.5)
    return v.to(output.device, output.dtype)


def _one_hots(output: Tensor, start: int, stop: int) -> Tensor:
    """Cotangents of `output`, stacked: the k-th is 1 at element `start + k` and 0 elsewhere."""
    if start == 0:
        whole = torch.eye(stop, output.numel(), dtype=output.dtype, device=output.device)
        return whole.view(-1, *output.shape)
    cotangents = torch.zeros(stop - start, output.numel(), dtype=output.dtype, device=output.device)
    cotangents.diagonal(start).fill_(1)
    return cotangents.view(-1, *output.shape)


def _dense(grad: Tensor) -> Tensor:
    """A gradient as a dense tensor in main memory: that of a sparse embedding is neither."""
    return (grad if grad.layout == torch.strided else grad.to_dense()).cpu()


def _numbers(tensor: Tensor, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A tensor's elements as an array, also where numpy lacks the tensor's dtype."""
    wide = torch.float64 if dtype == np.float64 else torch.float32
    return tensor.to("cpu", wide).numpy()


def _axis(tensors: dict[str, Tensor]) -> Axis:
    return Axis(tuple(AxisPart(name, tuple(tensor.shape)) for name, tensor in tensors.items()))


# ------------------------------------------------------------------------------ what is allowed


def _check_method(method: str, allowed: Sequence[str]) -> None:
    if method not in allowed:
        listed = ", ".join(map(repr, allowed))
        raise JacobianError(
            later("method is {method!r}; allowed: {listed}.").format(method=method, listed=listed)
        )


def _checked_outputs(outputs: Any) -> dict[str, Tensor]:
    if not isinstance(outputs, Mapping) or not outputs:
        raise JacobianError(
            later(
                "outputs is {thing}; allowed: a tensor, or a mapping of names to tensors with "
                "at least one entry."
            ).format(thing=_kind(outputs))
        )
    for name, tensor in outputs.items():
        _check_tensor(later("The output {name!r}").format(name=name), tensor)
        if not tensor.requires_grad:
            raise JacobianError(
                later(
                    "The output {name!r} has no graph: it has no grad_fn and requires no grad. "
                    "Compute it from a tensor that requires grad, outside no_grad and without "
                    "detach."
                ).format(name=name)
            )
    return dict(outputs)


def _checked_inputs(wrt: Any) -> dict[str, Tensor]:
    if not isinstance(wrt, Mapping) or not wrt:
        raise JacobianError(
            later(
                "wrt is {thing}; allowed: a mapping of names to tensors with at least one entry."
            ).format(thing=_kind(wrt))
        )
    for name, tensor in wrt.items():
        _check_tensor(later("{name!r} in wrt").format(name=name), tensor)
        if not tensor.requires_grad:
            raise JacobianError(
                later(
                    "{name!r} in wrt requires no grad, so no graph leads to it. Call "
                    "requires_grad_() on it before the forward."
                ).format(name=name)
            )
    return dict(wrt)


def _check_tensor(what: str, tensor: Any) -> None:
    if not isinstance(tensor, Tensor):
        raise JacobianError(
            later("{what} is {thing}; allowed: a tensor.").format(what=what, thing=_kind(tensor))
        )
    if tensor.is_complex():
        raise JacobianError(
            later(
                "{what} is {dtype}; allowed: a real floating dtype. A complex number has no "
                "single derivative here: use torch.view_as_real on an output, and begin with "
                "real tensors."
            ).format(what=what, dtype=tensor.dtype)
        )
    if not tensor.is_floating_point():
        raise JacobianError(
            later("{what} is {dtype}; allowed: a floating dtype such as torch.float32.").format(
                what=what, dtype=tensor.dtype
            )
        )
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_nested:
        nested = later("a nested tensor") if tensor.is_nested else f"{tensor.layout}"
        where = later("on the meta device") if tensor.is_meta else nested
        raise JacobianError(
            later("{what} is {where}; allowed: a dense tensor that holds numbers.").format(
                what=what, where=where
            )
        )


def _kind(thing: Any) -> str:
    """What something is, for a sentence: `an empty dict`, `None`, `of type list`."""
    if thing is None:
        return "None"
    if isinstance(thing, Mapping) and not thing:
        return later("an empty {type}").format(type=type(thing).__name__)
    return later("of type {type}").format(type=type(thing).__name__)


def _words(error: Exception) -> str:
    """An exception in its own words; the type is added where it is not torch's usual one."""
    text = str(error).strip().rstrip(".")
    if isinstance(error, RuntimeError | JacobianError):
        return text or type(error).__name__
    return f"{type(error).__name__}: {text}"


def _with_cure(error: Exception) -> str:
    words = _words(error) + "."
    for fragment, cure in _CURES:
        if fragment in words:
            return cure.format(words=words)
    return words


# ----------------------------------------------------------------------------- what stays as is


@contextlib.contextmanager
def _as_before() -> Iterator[None]:
    """Leave torch as it was found, while working on one thread and without one warning.

    A custom backward may draw random numbers. A Jacobian is many small operations: to share them
    out costs more than it gains, and on a busy machine each can wait a scheduler's turn for its
    second thread. The warning tells torch's developers which batching rules are missing; it is
    about speed alone, and would seem to be about the person's program.
    """
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    try:
        if threads > 1:
            torch.set_num_threads(1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
            yield
    finally:
        if threads > 1:
            torch.set_num_threads(threads)
        torch.set_rng_state(state)


@contextlib.contextmanager
def _python_randomness_kept() -> Iterator[None]:
    """Keep the random states of Python and numpy."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
