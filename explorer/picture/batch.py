"""Whether the samples of a batch influence one another, read from a Jacobian.

Where the first dimension of the outputs and of an input is the batch, entry (i, j) of the blocks
says what sample j of the input does to sample i of the outputs. Off the diagonal they are zero for
a network that treats each sample by itself, and filled where BatchNorm or attention mixes them.

>>> from explorer.data import Axis, AxisPart, Values
>>> axis = (AxisPart("y", (2, 1)),), (AxisPart("x", (2, 3)),)
>>> values = Values.of_array(np.array([[1.0, 2, 3, 0, 0, 0], [0, 0, 0, 4, 5, 6]]))
>>> found = Jacobian(Axis(axis[0]), Axis(axis[1]), values, (True,), "loop")
>>> samples_of(found), mixing(found, 0)
(2, Mixing(mixed=False, largest=0.0, output=0, input=0))
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from explorer.data import Jacobian


class Mixing(NamedTuple):
    """The largest entry off the diagonal blocks, and between which samples it stands."""

    mixed: bool
    largest: float
    output: int
    input: int


def samples_of(jacobian: Jacobian) -> int | None:
    """How many samples the outputs hold; None where they are no batch, as those of a Hessian."""
    if len(jacobian.rows.parts) != 1 or jacobian.rows.parts[0].name.startswith("∂"):
        return None
    shape = jacobian.rows.parts[0].shape
    return shape[0] if len(shape) > 1 and shape[0] > 1 else None


def blocks(jacobian: Jacobian, part: int) -> npt.NDArray[Any] | None:
    """The columns of input number `part` as (output sample, its elements, input sample, its).

    None where the first dimension of that input is not the batch of the outputs.
    """
    samples, shape = samples_of(jacobian), jacobian.columns.parts[part].shape
    if samples is None or not shape or shape[0] != samples or not jacobian.array.size:
        return None
    start = jacobian.columns.starts[part]
    window = jacobian.array[:, start : start + len(jacobian.columns.parts[part])]
    return window.reshape(samples, -1, samples, window.shape[1] // samples)


def mixing(jacobian: Jacobian, part: int) -> Mixing | None:
    """How strongly samples influence each other through input number `part`; None for no batch."""
    found = blocks(jacobian, part)
    if found is None:
        return None
    sizes = np.abs(found).max(axis=(1, 3))
    np.fill_diagonal(sizes, 0)
    output, input_ = np.unravel_index(sizes.argmax(), sizes.shape)
    largest = float(sizes[output, input_])
    return Mixing(largest != 0, largest, int(output), int(input_))
