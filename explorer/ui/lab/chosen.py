"""What a person chooses in the lab: v and u, what of the matrix is seen, and how it is drawn."""

import numpy as np

from explorer.data import Plain


class Vector(Plain, frozen=True):
    """A v or a u as it was chosen: `kind` is ones, random, hot, program or typed.

    `at` is the element that is 1 of a one-hot vector, or the seed of a random one; `values` are the
    numbers of a typed one.
    """

    kind: str = "ones"
    at: int = 0
    values: tuple[float, ...] = ()

    def numbers(self, size: int, program: tuple[float, ...] | None = None) -> tuple[float, ...]:
        """Its `size` numbers; ones where it was chosen for another size.

        >>> Vector("hot", 1).numbers(3), Vector("typed", values=(2.0,)).numbers(2)
        ((0.0, 1.0, 0.0), (1.0, 1.0))
        """
        if self.kind == "hot" and self.at < size:
            return tuple(float(place == self.at) for place in range(size))
        if self.kind == "random":
            drawn = np.random.default_rng(self.at).uniform(-1, 1, size)
            return tuple(np.round(drawn, 2).tolist())
        if self.kind == "typed" and len(self.values) == size:
            return self.values
        if self.kind == "program" and program is not None and len(program) == size:
            return program
        return (1.0,) * size


class Window(Plain, frozen=True):
    """What of a matrix is shown: only the columns of one input, only the rows of one sample."""

    part: int | None = None
    sample: int | None = None


class Look(Plain, frozen=True):
    """How a matrix is drawn: `colours` is picture, tensor or log, `layout` matrix or full."""

    colours: str = "picture"
    layout: str = "matrix"
    numbers: bool = False
