"""The chain rule along paths: local Jacobians multiplied from a root to a leaf, in either order.

- `Chains(call, locals).count(leaf)`: how many paths lead from the call's roots to a leaf.
- `.paths(leaf, most)`: the first of them, each a tuple of edges, in the order of their slots.
- `.factors(path)`: the local Jacobians J_n … J_1 along a path, root first.
- `.total(leaf)`: the sum over all paths, however many there are, of vᵀ J_n ⋯ J_1.
- `from_left(factors)` and `from_right(factors)`: the running products in both orders.
- `multiplications(shapes)`: what each order costs.

For y = A(B x) with A 1 × 3 and B 3 × 4, a row from the left costs 3 + 12; from the right the
product costs 12 before v comes in.

>>> multiplications([(1, 3), (3, 4)])
Multiplications(row_from_left=15, row_from_right=16, matrix_from_left=12, matrix_from_right=12)
>>> from_left([np.eye(2) * 2] * 2)[-1].tolist()
[[4.0, 0.0], [0.0, 4.0]]
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from explorer.data import BackwardCall, Edge, LocalJacobian, Node, Values
from explorer.language import later

Matrix = npt.NDArray[np.float64]

MAX_PRODUCT = 65_536
"""Entries of the largest product that is formed."""


class Path(NamedTuple):
    """One way from a root to a leaf: the root's place among the call's roots, and the edges."""

    root: int
    edges: tuple[Edge, ...]


class Factor(NamedTuple):
    """One local Jacobian on a path: rows are the elements of output `output` of the node's forward
    op, columns what the node sends on `slot`. `matrix` is None where `note` says why."""

    node: int
    slot: int
    output: int
    rows: int
    columns: int
    matrix: Matrix | None
    note: str = ""


class Multiplications(NamedTuple):
    """Multiplications of numbers that vᵀ J_n ⋯ J_1 and J_n ⋯ J_1 take with whole matrices."""

    row_from_left: int
    row_from_right: int
    matrix_from_left: int
    matrix_from_right: int


class Chains:
    """All paths of one call. `locals_` are the local Jacobians of its nodes."""

    def __init__(self, call: BackwardCall, locals_: Iterable[LocalJacobian]) -> None:
        self.call = call
        self._locals = {(one.node, one.slot): one for one in locals_}
        self._edges: dict[int, list[Edge]] = {}
        for edge in call.trace.edges:
            self._edges.setdefault(edge.source, []).append(edge)
        self._order = self._topological()
        self._ways: dict[int, dict[int, int]] = {}

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that edges and factors point to."""
        return self.call.trace.nodes

    def leaves(self) -> tuple[int, ...]:
        """The AccumulateGrad nodes that a path leads to, by number."""
        return tuple(n for n in sorted(self._order) if self.nodes[n].leaf is not None)

    def count(self, leaf: int) -> int:
        """How many paths lead from the roots to node `leaf`."""
        ways = self._ways_to(leaf)
        return sum(ways.get(root, 0) for root in self.call.roots)

    def paths(self, leaf: int, most: int) -> tuple[Path, ...]:
        """The first `most` paths to node `leaf`, those by lower slots first."""
        found: list[Path] = []
        for place, root in enumerate(self.call.roots):
            for edges in self._walks(root, leaf):
                if len(found) == most:
                    return tuple(found)
                found.append(Path(place, edges))
        return tuple(found)

    def factors(self, path: Path) -> tuple[Factor, ...]:
        """The local Jacobians along `path`, the root's first."""
        node, output = self.call.roots[path.root], self.output_of(path.root)
        factors = []
        for edge in path.edges:
            factors.append(self._factor(edge, output))
            node, output = edge.target, edge.input_nr
        assert path.edges == () or self.nodes[node].leaf is not None, "a path ends at a leaf"
        return tuple(factors)

    def output_of(self, root: int) -> int:
        """Which output of its node the root at place `root` is."""
        return self.call.root_nrs[root] if self.call.root_nrs else 0

    def vector(self, root: int) -> Matrix | None:
        """v of the root at place `root`, as one row; None where its numbers were not kept."""
        size = self._size(self.call.roots[root], self.output_of(root))
        given: Values | None = self.call.gradient[root] if root < len(self.call.gradient) else None
        if given is None:
            return np.ones((1, size)) if size == 1 else None
        if given.array is None or given.size != size or "complex" in given.dtype:
            return None
        return given.array.astype(np.float64).reshape(1, size)

    def total(self, leaf: int) -> Matrix | None:
        """vᵀJ of the whole graph at node `leaf`: the sum over all paths from all roots, as one row.

        None where a local Jacobian on the way, or v, is not known.
        """
        start: dict[int, Matrix] = {}
        for place, root in enumerate(self.call.roots):
            v = self.vector(place)
            if v is None:
                return None
            begun = start.setdefault(root, np.zeros((1, self._height(root))))
            begun[:, self._block(root, self.output_of(place))] += v
        return self._spread(start, leaf)

    def jacobian(self, leaf: int, root: int = 0) -> Matrix | None:
        """The whole Jacobian of one root by node `leaf`: the sum over all paths between them.

        None where a local Jacobian on the way is not known, or the matrix is above `MAX_PRODUCT`.
        """
        node, output = self.call.roots[root], self.output_of(root)
        size = self._size(node, output)
        if size * self._height(leaf) > MAX_PRODUCT:
            return None
        begun = np.zeros((size, self._height(node)))
        begun[:, self._block(node, output)] = np.eye(size)
        return self._spread({node: begun}, leaf)

    # ----------------------------------------------------------------------------------- within

    def _topological(self) -> list[int]:
        """Every node that the roots lead to, each before those that it sends to."""
        done: list[int] = []
        seen: set[int] = set()
        for root in self.call.roots:
            stack: list[tuple[int, Iterator[Edge]]] = []
            if root not in seen:
                seen.add(root)
                stack.append((root, iter(self._edges.get(root, ()))))
            while stack:
                node, edges = stack[-1]
                for edge in edges:
                    if edge.target not in seen:
                        seen.add(edge.target)
                        stack.append((edge.target, iter(self._edges.get(edge.target, ()))))
                        break
                else:
                    done.append(node)
                    stack.pop()
        return done[::-1]

    def _ways_to(self, leaf: int) -> dict[int, int]:
        """Node -> how many paths lead from it to `leaf`; nodes without one are left out."""
        if leaf not in self._ways:
            ways = {leaf: 1}
            for node in reversed(self._order):
                if node == leaf:
                    continue
                here = sum(ways.get(edge.target, 0) for edge in self._edges.get(node, ()))
                if here:
                    ways[node] = here
            self._ways[leaf] = ways
        return self._ways[leaf]

    def _walks(self, root: int, leaf: int) -> Iterator[tuple[Edge, ...]]:
        """Every walk along edges from `root` to `leaf`, without recursion."""
        ways = self._ways_to(leaf)
        if root not in ways:
            return
        if root == leaf:
            yield ()
            return
        trail: list[Edge] = []
        stack = [iter(self._edges.get(root, ()))]
        while stack:
            edge = next(stack[-1], None)
            if edge is None:
                stack.pop()
                if trail:
                    trail.pop()
            elif edge.target == leaf:
                yield (*trail, edge)
            elif edge.target in ways:
                trail.append(edge)
                stack.append(iter(self._edges.get(edge.target, ())))

    def _factor(self, edge: Edge, output: int) -> Factor:
        rows, columns = self._size(edge.source, output), self._size(edge.target, edge.input_nr)
        matrix, note = self._matrix(edge)
        block = None if matrix is None else matrix[self._block(edge.source, output)]
        return Factor(edge.source, edge.slot, output, rows, columns, block, note)

    def _matrix(self, edge: Edge) -> tuple[Matrix | None, str]:
        """The whole local Jacobian along an edge, with a row for every element coming in."""
        local = self._locals.get((edge.source, edge.slot))
        array: npt.NDArray[Any] | None = (
            local.values.array if local is not None and local.values is not None else None
        )
        if array is None:
            return None, local.note if local is not None else later("nobody asked for it")
        return array.astype(np.float64), ""

    def _spread(self, start: dict[int, Matrix], leaf: int) -> Matrix | None:
        """What `start` becomes at `leaf` when every node passes on what has come together at it."""
        ways = self._ways_to(leaf)
        come = dict(start)
        rows = next(iter(start.values())).shape[0]
        for node in self._order:
            gathered = come.pop(node, None) if node != leaf else None
            if gathered is None or node not in ways:
                continue
            for edge in self._edges.get(node, ()):
                if edge.target not in ways:
                    continue
                J, _ = self._matrix(edge)
                height = self._height(edge.target)
                if J is None or rows * height > MAX_PRODUCT:
                    return None
                there = come.setdefault(edge.target, np.zeros((rows, height)))
                there[:, self._block(edge.target, edge.input_nr)] += product(gathered, J)
        return come.get(leaf, np.zeros((rows, self._height(leaf))))

    def _size(self, node: int, output: int) -> int:
        return math.prod(self.nodes[node].outputs[output].shape)

    def _carrying(self, node: int) -> list[int]:
        """The outputs of a forward op whose cotangents are rows of local Jacobians."""
        outputs = self.nodes[node].outputs
        return [k for k, output in enumerate(outputs) if "float" in output.dtype]

    def _height(self, node: int) -> int:
        return sum(self._size(node, k) for k in self._carrying(node))

    def _block(self, node: int, output: int) -> slice:
        """Where the elements of one output stand among all that come in."""
        start = sum(self._size(node, k) for k in self._carrying(node) if k < output)
        return slice(start, start + self._size(node, output))


# --------------------------------------------------------------------------------------- products


def product(left: Matrix, right: Matrix) -> Matrix:
    """left · right in float64. What is infinite or no number goes on without a warning."""
    with np.errstate(all="ignore"):
        found: Matrix = left @ right
    return found


def from_left(factors: Sequence[Matrix | None]) -> list[Matrix | None]:
    """J_n, J_n J_(n-1), …, J_n ⋯ J_1: reverse mode, which begins at the root.

    From a factor on that is not known, or a product above `MAX_PRODUCT`, all are None.
    """
    running: list[Matrix | None] = []
    for factor in factors:
        running.append(_times(running[-1], factor) if running else factor)
    return running


def from_right(factors: Sequence[Matrix | None]) -> list[Matrix | None]:
    """J_n ⋯ J_1, …, J_2 J_1, J_1, in the order of `factors`: forward mode ends at the root.

    None as in `from_left`.
    """
    running: list[Matrix | None] = []
    for factor in reversed(factors):
        running.append(_times(factor, running[-1]) if running else factor)
    return running[::-1]


def _times(left: Matrix | None, right: Matrix | None) -> Matrix | None:
    if left is None or right is None or left.shape[0] * right.shape[1] > MAX_PRODUCT:
        return None
    return product(left, right)


def costs(
    shapes: Sequence[tuple[int, int]], free: Sequence[bool] | None = None
) -> list[Multiplications]:
    """What each factor of these (rows, columns), root first, adds to both orders; v comes extra
    in `row_from_right`. A factor that is `free` only moves numbers, and multiplies none.

    m × k times k × n takes m·k·n. One factor alone is its own product and takes none.
    """
    free = free or [False] * len(shapes)
    real = [place for place, moves in enumerate(free) if not moves]
    rows, columns = (shapes[0][0], shapes[-1][1]) if shapes else (0, 0)
    found = []
    for place, (m, n) in enumerate(shapes):
        if free[place]:
            found.append(Multiplications(0, 0, 0, 0))
            continue
        from_leaf = 0 if place == real[-1] else m * n * columns
        from_root = 0 if place == real[0] else rows * m * n
        found.append(Multiplications(m * n, from_leaf, from_root, from_leaf))
    return found


def multiplications(
    shapes: Sequence[tuple[int, int]], free: Sequence[bool] | None = None
) -> Multiplications:
    """What both orders take in all; see `costs`."""
    each = costs(shapes, free)
    total = Multiplications(
        *(sum(numbers) for numbers in zip(*each, strict=True)) if each else (0,) * 4
    )
    v = shapes[0][0] * shapes[-1][1] if shapes else 0
    return total._replace(row_from_right=total.row_from_right + v)
