"""What a rule is: for each slot of a node, symbols for people and the same as a numpy function.

The functions read the cotangents that came in and what the node had saved, both as recorded from
torch, and nothing else. They work in float64; `evaluate` then does what the engine does between two
nodes: it sums over broadcast dimensions, and drops the imaginary part of what goes to real numbers.
"""

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from explorer.data import Edge, Saved, Step, TensorMeta, Trace, Values
from explorer.language import _, later, retold

Array = npt.NDArray[Any]
Numbers = Any
"""What a formula makes: an array, or one number."""


STATES = (later("freed"), later("packed"), later("edited"))
"""States of a saved tensor in which its numbers are not there, or not as they were."""


class FormulaError(Exception):
    """A formula cannot be put into numbers here; the text says why."""


def edges_from(trace: Trace, node: int) -> tuple[Edge, ...]:
    """The edges that leave `node`, by slot. A trace keeps its edges sorted by source."""
    first = bisect_left(trace.edges, node, key=_source)
    return trace.edges[first : bisect_right(trace.edges, node, lo=first, key=_source)]


def _source(edge: Edge) -> int:
    return edge.source


class Fired:
    """A node as it ran in one step, as a formula sees it.

    `n.g` is the cotangent that came in, `n.gs` all of them where the forward op had several
    outputs. Everything that the node saved has its own name: `n.result`, `n.exponent`. `n.shape` is
    the shape of what goes out on `n.slot`.

    Raises:
        FormulaError: the numbers were not kept (a tensor above the cap, packed or not saved).
    """

    def __init__(self, trace: Trace, step: Step, slot: int) -> None:
        self.slot = slot
        self._node = trace.nodes[step.node]
        self._step = step
        self._saved = {saved.name: saved for saved in self._node.saved}
        self._targets = {
            edge.slot: trace.nodes[edge.target].outputs[edge.input_nr]
            for edge in edges_from(trace, step.node)
        }

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the cotangent that goes out on this slot."""
        return self.shape_of(self.slot)

    def shape_of(self, slot: int) -> tuple[int, ...]:
        """Shape of the cotangent that goes out on `slot`."""
        return self.meta_of(slot).shape

    def meta_of(self, slot: int) -> TensorMeta:
        """Shape and dtype of the cotangent that goes out on `slot`."""
        if slot not in self._targets:
            raise FormulaError(
                _("the shape of input {slot}, which requires no grad, is not known").format(
                    slot=slot
                )
            )
        return self._targets[slot]

    @cached_property
    def gs(self) -> tuple[Array, ...]:
        """Every cotangent that came in; where none came, zeros."""
        return tuple(
            np.zeros(output.shape) if values is None else _wide(values, _("the incoming cotangent"))
            for values, output in zip(self._step.cotangents_in, self._node.outputs, strict=False)
        )

    @property
    def g(self) -> Array:
        """The cotangent of the forward op's first (and mostly only) output."""
        return self.gs[0]

    def has(self, name: str) -> bool:
        """Whether the node saved a tensor under `name`."""
        return name in self._saved and self._saved[name].state != "none"

    def several(self, name: str) -> tuple[Array | None, ...]:
        """The tensors of a list that was saved under `name`; None where there was none."""
        found = []
        for number in range(len(self._saved)):
            one = self._saved.get(f"{name}[{number}]")
            if one is not None:
                found.append(None if one.state == "none" else _numbers(one))
        return tuple(found)

    def __getattr__(self, name: str) -> Any:
        saved = self.__dict__.get("_saved", {}).get(name)
        if saved is None:
            raise FormulaError(_("{name} was not saved").format(name=name))
        return _constant(saved.text) if saved.state == "constant" else _numbers(saved)


class Part(NamedTuple):
    """What a node sends on one slot: in symbols, and as a function of the node as it ran."""

    symbols: str
    formula: Callable[[Fired], Numbers]


class Rule(NamedTuple):
    """How a node turns what comes in into what it sends.

    In symbols, g is the cotangent that comes in, other names are what the node saved. The last of
    `parts` also holds for all further slots (a stack has as many as it had inputs).
    """

    sentence: str
    parts: tuple[Part, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols of each slot."""
        return tuple(part.symbols for part in self.parts)

    def part(self, slot: int) -> Part:
        """What is sent on `slot`."""
        return self.parts[min(slot, len(self.parts) - 1)]

    def evaluate(self, trace: Trace, step: Step, slot: int) -> Array:
        """The cotangent that goes out on `slot` in `step`, by the formula.

        Raises:
            FormulaError: it needs numbers that were not kept, or is not written for this case.
        """
        fired = Fired(trace, step, slot)
        try:
            with np.errstate(all="ignore"):
                made = np.asarray(self.part(slot).formula(fired))
            fitted = summed_to(made, fired.shape)
        except (ArithmeticError, IndexError, TypeError, ValueError) as error:
            raise FormulaError(_("the formula is not written for this case")) from error
        if fired.meta_of(slot).dtype.startswith("complex"):
            return fitted.astype(np.complex128)
        return fitted.real


def rule(sentence: str, *slots: tuple[str, Callable[[Fired], Numbers]]) -> Rule:
    """A rule from one (symbols, formula) a slot."""
    return Rule(sentence, tuple(Part(*slot) for slot in slots))


def summed_to(array: Array, shape: tuple[int, ...]) -> Array:
    """`array` summed over the dimensions along which a tensor of `shape` was broadcast to it."""
    lead = array.ndim - len(shape)
    if lead < 0:
        raise ValueError(f"shape {array.shape} is no broadcast of {shape}")
    axes = [*range(lead)]
    axes += [lead + k for k, size in enumerate(shape) if size == 1 and array.shape[lead + k] != 1]
    summed = array.sum(axis=tuple(axes)) if axes else array
    return summed.reshape(shape)


def _wide(values: Values, what: str) -> Array:
    array = values.array
    if array is None:
        raise FormulaError(
            _("the numbers of {what} were not kept ({note})").format(
                what=what, note=retold(values.note)
            )
        )
    if np.iscomplexobj(array):
        return array.astype(np.complex128)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _numbers(saved: Saved) -> Array:
    if saved.values is None and saved.state == "none":
        raise FormulaError(_("{name} was not saved").format(name=saved.name))
    if saved.values is None:
        raise FormulaError(_("{name} is {state}").format(name=saved.name, state=_(saved.state)))
    return _wide(saved.values, saved.name)


_NAMED = {"inf": np.inf, "-inf": -np.inf, "nan": np.nan}


def _constant(text: str) -> Any:
    return _NAMED[text] if text in _NAMED else ast.literal_eval(text)


def axes_of(dim: Any, ndim: int) -> tuple[int, ...]:
    """The dimensions that a reduction went over: None and () stand for all."""
    if dim is None or dim == ():
        return tuple(range(ndim))
    listed = (dim,) if isinstance(dim, int) else dim
    return tuple(one % ndim for one in listed) if ndim else ()


def kept(array: Array, n: Fired, axes: tuple[int, ...]) -> Array:
    """A reduced array with its lost dimensions back, as size 1."""
    if n.keepdim or not axes or array.ndim == len(n.shape):
        return array
    return np.expand_dims(array, axes)


def placed(n: Fired, place: Any, array: Array | None = None) -> Array:
    """Zeros of the shape that goes out, with `array` (else g) in `place`."""
    whole = np.zeros(n.shape, dtype=n.g.dtype)
    whole[place] = n.g if array is None else array
    return whole


def along(dim: int, ndim: int, part: Any) -> tuple[Any, ...]:
    """An index that is `part` in dimension `dim` and everything elsewhere."""
    return tuple(part if k == dim % ndim else slice(None) for k in range(ndim))


def every(table: dict[str, Rule]) -> Iterator[tuple[str, Rule]]:
    """The entries of a table by the nodes they are for: a key may list several, with spaces."""
    for names, entry in table.items():
        for name in names.split():
            yield name, entry
