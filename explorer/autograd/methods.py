"""The ways that torch has to a Jacobian, each tried on one program and measured.

`measured(replay, how, wrt, reference)` runs one of `HOWS` and says what shape comes out, how far it
is from `reference`, how many passes it took, how long, and how much memory its tensors took at
most. Every time includes one run of the program up to the output, since torch.func and
torch.autograd.functional need a function and run it themselves.
"""

import sys
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import jacfwd, jacrev, vmap
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from explorer.autograd import private
from explorer.autograd.language import FILENAME
from explorer.autograd.modes import FunctionMode
from explorer.autograd.replay import Replay
from explorer.data import Jacobian, Measured
from explorer.errors import JacobianError
from explorer.language import later

HOWS = (
    "loop", "is_grads_batched", "functional.jacobian", "functional.jacobian, vectorize",
    "jacrev", "jacfwd", "vmap(jacrev)",
)  # fmt: skip
"""The methods, from the plainest on."""

ENOUGH = 0.25
"""Seconds after which a method is not run once more; the fastest of its runs counts."""

MOST_RUNS = 5
"""Runs of one method at most."""

Blocks = Sequence[Tensor]
"""One tensor for each input, shaped as torch shapes it."""


def measured(replay: Replay, how: str, reference: Jacobian) -> Measured:
    """How the method `how` fares on the program of `replay`, whose `wrt` are the inputs.

    Raises:
        JacobianError: `how` is none of `HOWS`.
        Exception: the method does not work on this program, in torch's words.
    """
    if how not in HOWS:
        raise JacobianError(
            later("how is {how!r}; allowed: {listed}.").format(
                how=how, listed=", ".join(map(repr, HOWS))
            )
        )
    subject = _Subject(replay)
    run: Callable[[], Blocks] = {
        "loop": subject.loop,
        "is_grads_batched": subject.batched,
        "functional.jacobian": lambda: subject.functional(vectorize=False),
        "functional.jacobian, vectorize": lambda: subject.functional(vectorize=True),
        "jacrev": subject.jacrev,
        "jacfwd": subject.jacfwd,
        "vmap(jacrev)": subject.per_sample,
    }[how]
    fastest, total, runs = float("inf"), 0.0, 0
    while runs < MOST_RUNS and (runs < 2 or total < ENOUGH) and total < 1:
        start = time.perf_counter()
        found = run()
        took = time.perf_counter() - start
        fastest, total, runs = min(fastest, took), total + took, runs + 1
    shapes = tuple(tuple(block.shape) for block in found)
    matrix = subject.flat(found, per_sample=how == "vmap(jacrev)")
    gap = np.abs(matrix - reference.array.astype(np.float64))
    difference = float(np.nanmax(gap)) if gap.size else 0.0
    del found, matrix, gap
    passes, width = subject.passes(how)
    with _Peak() as peak:
        run()
    return Measured(how, shapes, difference, passes, width, fastest, peak.most)


class _Subject:
    """A program as a function of its inputs, with what is known of it from one run."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.names = list(replay.wrt)
        self.live: dict[str, Tensor] = {}
        self.numbers: dict[str, tuple[int, Tensor]] = {}
        self.output = self._run()
        self.values = {name: self.live[name].detach().clone() for name in self.names}

    def _run(self) -> Tensor:
        """The output, computed anew, with the inputs of this graph in `live`."""
        self.live = {}
        self.numbers = {}

        def told(name: str, number: int, tensor: Tensor | None) -> None:
            if tensor is not None:
                self.numbers[name] = (number, tensor)

        self.output = self.replay.run(self.live.__setitem__, told)
        return self.output

    # ---------------------------------------------------------------------------- on the graph

    def loop(self) -> Blocks:
        """One backward a row."""
        output = self._run()
        rows = []
        for place in range(output.numel()):
            v = torch.zeros_like(output)
            v.view(-1)[place] = 1
            rows.append(self._grad(output, v, batched=False))
        return self._stacked([torch.stack(parts) for parts in zip(*rows, strict=True)])

    def batched(self) -> Blocks:
        """All rows in one backward."""
        output = self._run()
        size = output.numel()
        v = torch.eye(size, dtype=output.dtype).view(size, *output.shape)
        return self._stacked(self._grad(output, v, batched=True))

    def _grad(self, output: Tensor, v: Tensor, *, batched: bool) -> list[Tensor]:
        inputs = [self.live[name] for name in self.names]
        return list(
            torch.autograd.grad(
                output, inputs, v, retain_graph=True, allow_unused=True, materialize_grads=True,
                is_grads_batched=batched,
            )
        )  # fmt: skip

    def _stacked(self, parts: Sequence[Tensor]) -> Blocks:
        shape = self.output.shape
        return [
            part.reshape(*shape, *self.live[name].shape)
            for part, name in zip(parts, self.names, strict=True)
        ]

    # ---------------------------------------------------------------------------- as a function

    def function(self, *values: Tensor) -> Tensor:
        """The output for other values of the inputs."""
        given = dict(zip(self.names, values, strict=True))
        with _Flags():
            return self.replay.run(lambda name, tensor: _exchanged(given[name], tensor))

    def functional(self, *, vectorize: bool) -> Blocks:
        """torch.autograd.functional.jacobian."""
        found: Blocks = torch.autograd.functional.jacobian(  # type: ignore[no-untyped-call]
            self.function, tuple(self.values.values()), vectorize=vectorize
        )
        return found

    def jacrev(self) -> Blocks:
        """torch.func.jacrev: rows, by reverse mode."""
        found: Blocks = jacrev(self.function, self._places())(*self.values.values())
        return found

    def jacfwd(self) -> Blocks:
        """torch.func.jacfwd: columns, by forward mode."""
        found: Blocks = jacfwd(self.function, self._places(), randomness="same")(
            *self.values.values()
        )
        return found

    def _places(self) -> tuple[int, ...]:
        return tuple(range(len(self.names)))

    def per_sample(self) -> Blocks:
        """vmap over the samples of a batch, and jacrev for each of them."""
        batch = self._batch()
        replay = Replay.like(self.replay, self.replay.wrt | {n: batch[n][0] for n in batch})
        shape = self.output.shape[1:]

        def one(inputs: tuple[Tensor, ...], samples: Mapping[str, Tensor]) -> Tensor:
            given = dict(zip(self.names, inputs, strict=True)) | dict(samples)

            def put(name: str, tensor: Tensor) -> Tensor:
                value = given[name]
                return _exchanged(value[None] if name in batch else value, tensor)

            with _Flags():
                found = replay.run(put)
            if found.shape != (1, *shape):
                raise JacobianError(later("One sample alone gives an output of another shape."))
            return found[0]

        inputs = tuple(self.values.values())
        others = {n: t.detach() for n, (_, t) in batch.items() if n not in self.values}
        in_dims = (
            tuple(0 if name in batch else None for name in self.names),
            dict.fromkeys(others, 0),
        )
        found: Blocks = vmap(jacrev(one), in_dims=in_dims, randomness="same")(inputs, others)
        return found

    def _batch(self) -> dict[str, tuple[int, Tensor]]:
        """The variables whose first dimension is the batch: not computed, as long as the output."""
        if self.output.dim() == 0:
            raise JacobianError(later("A scalar has no samples."))
        count = self.output.shape[0]
        found = {
            name: (number, tensor)
            for name, (number, tensor) in self.numbers.items()
            if tensor.is_leaf and tensor.dim() > 0 and tensor.shape[0] == count
        }
        if not found:
            raise JacobianError(
                later("No variable of the program holds the {count} samples.").format(count=count)
            )
        self.batch = set(found)
        return found

    # ------------------------------------------------------------------------------ afterwards

    def flat(self, found: Blocks, *, per_sample: bool) -> Any:
        """The blocks side by side as one matrix in float64. Per sample, what one sample does to
        another is not in it, and is zero."""
        height = self.output.numel()
        parts = []
        for name, block in zip(self.names, found, strict=True):
            width = self.values[name].numel()
            numbers = block.detach().to(torch.float64)
            if per_sample and name in self.batch:
                count = self.output.shape[0]
                whole = torch.zeros(count, height // count, count, width // count).double()
                for k in range(count):
                    whole[k, :, k] = numbers[k].reshape(height // count, width // count)
                numbers = whole
            parts.append(numbers.reshape(height, width))
        return torch.cat(parts, 1).numpy()

    def passes(self, how: str) -> tuple[int, int]:
        """How many passes a method makes, and for how many vectors at once."""
        rows, columns = self.output.numel(), sum(v.numel() for v in self.values.values())
        if how in ("loop", "functional.jacobian"):
            return rows, 1
        if how == "jacfwd":
            return len(self.names), columns
        return 1, rows


def _exchanged(value: Tensor, tensor: Tensor) -> Tensor:
    """`value` in place of a leaf; a computed tensor keeps its numbers and takes the derivative."""
    return value if tensor.is_leaf else tensor + (value - value.detach())


class _Flags(FunctionMode):
    """Lets the program's own requires_grad_() do nothing inside a transform, which refuses it.

    What it makes a leaf is an input here, and is exchanged anyway, or is held constant.
    """

    def called(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if func is Tensor.requires_grad_ and private.transforms_active():
            caller = sys._getframe(2)  # one is __torch_function__
            if caller.f_code.co_filename == FILENAME:
                return args[0]
        return func(*args, **kwargs)


class _Peak(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The largest sum of bytes that tensors made inside have held at one time."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most = self._now = 0
        self._seen: weakref.WeakSet[Any] = weakref.WeakSet()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.layout == torch.strided:
                self._note(tensor.untyped_storage())
        return result

    def _note(self, storage: Any) -> None:
        if storage in self._seen:
            return
        self._seen.add(storage)
        size = storage.nbytes()
        self._now += size
        self.most = max(self.most, self._now)
        weakref.finalize(storage, self._gone, size).atexit = False

    def _gone(self, size: int) -> None:
        self._now -= size
