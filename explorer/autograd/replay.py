"""Run a program again as a function of some of its tensors.

>>> from explorer.autograd.language import PYTHON
>>> program = Program("import torch\\nx = torch.ones(2, requires_grad=True)\\ny = 3 * x\\nprint(y)")
>>> replay = Replay(program, PYTHON, output=("y", 1), wrt={"x": 1})
>>> replay.run(lambda name, tensor: tensor * 10)
tensor([30., 30.], grad_fn=<MulBackward0>)
"""

import io
import random
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from explorer.autograd.language import Language
from explorer.autograd.modules import inside, parts_of
from explorer.autograd.names import ProgramNames
from explorer.data import Program
from explorer.errors import JacobianError
from explorer.language import later

Put = Callable[[str, Tensor], Tensor | None]
"""Told of a tensor when the program has just made it; gives what to put in its place, or None."""

Told = Callable[[str, int, Tensor | None], None]
"""Told of each assignment: the name, how often it was assigned a tensor, and the tensor."""


class Replay:
    """A program up to a variable, with others exchanged on the way.

    `output` is the variable and the number of its value, counted from 1. `wrt` holds the tensors
    to exchange by the name that the program has for them: a variable with the number of its value,
    or a parameter or an item of a list (`Layer_1.weight`, `parts[0]`) with 0.
    """

    def __init__(
        self,
        program: Program,
        language: Language,
        *,
        output: tuple[str, int],
        wrt: Mapping[str, int],
    ) -> None:
        self.language, self.output, self.wrt = language, output, dict(wrt)
        self._code = language.compile(program.source)
        self._seed = program.seed

    @classmethod
    def like(cls, other: "Replay", wrt: Mapping[str, int]) -> "Replay":
        """The same program up to the same output, with other tensors exchanged."""
        made = cls.__new__(cls)
        made.__dict__.update(other.__dict__)
        made.wrt = dict(wrt)
        return made

    def run(self, put: Put, told: Told = lambda *_: None) -> Tensor:
        """The output, with every tensor of `wrt` exchanged for what `put` gives for it.

        What the program prints is dropped, and it is run no further than needed.

        Raises:
            JacobianError: the program did not come to the output, or one of `wrt` was not met.
            Exception: the program raised it.
        """
        reseed(self._seed)
        names = _Exchanging(self, put, told)
        with redirect_stdout(io.StringIO()), torch.enable_grad():
            try:
                exec(self._code, names.globals, names)
            except _ReachedError as reached:
                if names.missing:
                    missing = ", ".join(map(repr, names.missing))
                    raise JacobianError(
                        later("The program cannot be run with another {missing}.").format(
                            missing=missing
                        )
                    ) from None
                return reached.tensor
        raise JacobianError(
            later("Run again, the program does not come to {name!r}.").format(name=self.output[0])
        )


def reseed(number: int) -> None:
    """Begin all random numbers anew, as a run does."""
    torch.manual_seed(number)
    random.seed(number)
    np.random.seed(number % 2**32)


class _ReachedError(BaseException):
    """Ends the program where the output has been computed."""

    def __init__(self, tensor: Tensor) -> None:
        super().__init__()
        self.tensor = tensor


class _Exchanging(ProgramNames):
    """The program's module namespace, which exchanges tensors as they are assigned."""

    def __init__(self, replay: Replay, put: Put, told: Told) -> None:
        super().__init__(replay.language.names)
        self._replay, self._put, self._told = replay, put, told
        self.missing = dict.fromkeys(replay.wrt)

    def __setitem__(self, name: str, value: Any) -> None:
        count = self._counts.get(name, 0)
        if isinstance(value, Tensor):
            count = self._counted(name)
            for path, number in self._replay.wrt.items():
                if number and (path.partition("#")[0], number) == (name, count):
                    value = self._exchanged(path, value)
        super().__setitem__(name, value)
        for path in [path for path in self.missing if not self._replay.wrt[path]]:
            self._look_inside(path)
        self._told(name, count, value if isinstance(value, Tensor) else None)
        if isinstance(value, Tensor) and (name, count) == self._replay.output:
            raise _ReachedError(value)

    def _exchanged(self, path: str, tensor: Tensor) -> Tensor:
        self.missing.pop(path, None)
        found = self._put(path, tensor)
        return tensor if found is None else found

    def _look_inside(self, path: str) -> None:
        """Exchange the parameter or item that `path` names, if it is there by now."""
        parts = list(parts_of(self.globals, self._order))
        for name, part in parts:
            for parameter, tensor in part._parameters.items():
                if tensor is not None and f"{name}.{parameter}" == path:
                    self._exchange_everywhere(tensor, self._exchanged(path, tensor))
                    return
        for name in self._order:
            for item, box, key in inside(name, self.globals[name]):
                if item == path and isinstance(box, (list, dict)):
                    box[key] = self._exchanged(path, box[key])
                    return

    def _exchange_everywhere(self, old: Tensor, new: Tensor) -> None:
        """A parameter may be shared: put `new` wherever the program has `old`."""
        if new is old:
            return
        modules = {id(m): m for n in self._order if isinstance(m := self.globals[n], nn.Module)}
        for module in modules.values():
            for part in module.modules():
                for name, tensor in list(part._parameters.items()):
                    if tensor is old:
                        del part._parameters[name]
                        object.__setattr__(part, name, new)
        for name in self._order:
            if self.globals[name] is old:
                self.globals[name] = new
