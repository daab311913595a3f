"""One path of a call as the browser draws it: factors, running products, counts, sum over paths."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from explorer.data import BackwardCall, Edge, LocalAsk, LocalJacobian, Plain, Run, Values
from explorer.explain.chain import (
    Chains,
    Factor,
    Matrix,
    Path,
    costs,
    from_left,
    from_right,
    multiplications,
    product,
)
from explorer.frames.labels import Labels, brief, grouped, is_bead, short_name
from explorer.language import _, retold
from explorer.ui.player.arrays import Array, Arrays

MAX_PATHS = 24
"""Paths that are listed; more are counted, and their sum is still that of all."""

MAX_FACTORS = 60
"""Factors that are drawn; those beyond, next to the leaf, stand as one product."""

_TOLERANCE = {"float64": 1e-9, "float32": 2e-4}


class Link(Plain, frozen=True):
    """One factor of the product. `kind` is `card`, `bead` (its node only changes the shape) or
    `rest` (the product of `count` factors).

    `rows` and `columns` are the names and shapes of what it differentiates and by what. `matrix`
    is the number of an array; `left` and `right` are those of the running products that end at
    this factor, from the root and from the leaf, `row` that of vᵀ times the former. They are None
    where `note` says why, or where they are too large.
    """

    kind: str
    title: str
    label: str
    name: str
    of: str
    by: str
    row_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    matrix: int | None
    row: int | None
    left: int | None
    right: int | None
    left_cost: int
    right_cost: int
    count: int = 1
    note: str = ""


class Way(Plain, frozen=True):
    """One path among all: what it passes, and the number of the array that it adds."""

    label: str
    adds: int | None


class Sum(Plain, frozen=True):
    """All paths to the leaf together. `count` is as text, since it may have many digits.

    `total` is what all paths add up to, `torch` what torch says, `agrees` whether both are one.
    """

    ways: tuple[Way, ...]
    count: str
    total: int | None
    torch: int | None
    agrees: bool | None


class Drawn(Plain, frozen=True):
    """Everything that is drawn of one path, root first. `vector` is v as an array's number."""

    root: str
    leaf: str
    root_shape: tuple[int, ...]
    leaf_shape: tuple[int, ...]
    chosen: int
    links: tuple[Link, ...]
    vector: int | None
    costs: dict[str, int]
    sum: Sum
    arrays: tuple[Array, ...]


class Paths:
    """The paths of one call of a run that was asked for the local Jacobians of that call."""

    def __init__(self, run: Run, call: int) -> None:
        self.run = run
        self.call: BackwardCall = run.calls[call]
        self.labels = Labels(run)
        self.chains = Chains(self.call, _locals(run, call))
        self.reason = next(
            (retold(a.error or "") for a in run.answers if a.ask == LocalAsk(call)), ""
        )

    def leaves(self) -> tuple[int, ...]:
        """The leaves that a path leads to, in the program's order; those without a name last."""
        order = {leaf.name: place for place, leaf in enumerate(self.run.leaves)}
        nodes = self.run.trace.nodes
        return tuple(
            sorted(
                self.chains.leaves(),
                key=lambda node: (order.get(nodes[node].leaf or "", len(order)), node),
            )
        )

    def deepest(self) -> int | None:
        """The leaf whose first path is the longest; the earliest of them in the program.

        One that torch computed nothing for in this call is taken only where there is no other.
        """
        leaves = [leaf for leaf in self.leaves() if self.torch(leaf)] or list(self.leaves())
        length = {node: len(self.chains.paths(node, 1)[0].edges) for node in leaves}
        return max(leaves, key=lambda node: length[node], default=None)

    def listed(self, leaf: int) -> tuple[Path, ...]:
        """The first paths to `leaf`."""
        return self.chains.paths(leaf, MAX_PATHS)

    def leaf_name(self, leaf: int) -> str:
        """What the leaf is called."""
        return self.run.trace.nodes[leaf].leaf or _("leaf {number}").format(number=leaf)

    def name(self, node: int, output: int) -> str:
        """What an output of a node is called: a variable, or in brackets what made it."""
        there = self.run.trace.nodes[node]
        if there.leaf is not None:
            return self.leaf_name(node)
        return grouped(self.labels.variable(node, output) or brief(self.labels.card(there)))

    def label(self, path: Path) -> str:
        """A path in words, from the root over its cards to the leaf."""
        nodes = self.run.trace.nodes
        passed = [
            brief(self.labels.card(nodes[edge.source])) + self._which(edge)
            for edge in path.edges
            if not is_bead(nodes[edge.source])
        ]
        if len(passed) > 6:
            passed = [*passed[:3], "…", *passed[-2:]]
        end = path.edges[-1].target if path.edges else self.call.roots[path.root]
        return " ← ".join([*passed, self.leaf_name(end)])

    def _which(self, edge: Edge) -> str:
        """Which edge it is, where several lead from one node to the same place."""
        same = [
            other.slot
            for other in self.run.trace.edges
            if (other.source, other.target) == (edge.source, edge.target)
        ]
        return f" [{edge.slot}]" if len(same) > 1 else ""

    def torch(self, leaf: int) -> Values | None:
        """What torch says that the whole call brought to `leaf`."""
        name = self.run.trace.nodes[leaf].leaf
        if self.call.kind == "grad":
            found = dict(zip(self.call.inputs, self.call.results, strict=False))
            return found.get(name or "")
        return next((one.added for one in self.call.leaves if one.node == leaf), None)

    def drawn(self, leaf: int, chosen: int) -> Drawn:
        """The path number `chosen` to `leaf`, and what all paths to it add up to."""
        arrays = _Room()
        paths = self.listed(leaf)
        path = paths[chosen]
        factors = self.chains.factors(path)
        v = self.chains.vector(path.root)
        root, output = self.call.roots[path.root], self.chains.output_of(path.root)
        nodes = self.run.trace.nodes
        free = [is_bead(nodes[factor.node]) for factor in factors]
        total = multiplications([(f.rows, f.columns) for f in factors], free)
        return Drawn(
            root=self.name(root, output),
            leaf=self.leaf_name(leaf),
            root_shape=nodes[root].outputs[output].shape,
            leaf_shape=nodes[leaf].outputs[0].shape,
            chosen=chosen,
            links=self._links(path, factors, free, v, arrays),
            vector=arrays.one(v),
            costs=total._asdict(),
            sum=self._sum(leaf, paths, arrays),
            arrays=tuple(arrays.all),
        )

    def _links(
        self,
        path: Path,
        factors: Sequence[Factor],
        free: Sequence[bool],
        v: Matrix | None,
        arrays: "_Room",
    ) -> tuple[Link, ...]:
        matrices = [factor.matrix for factor in factors]
        left, right = from_left(matrices), from_right(matrices)
        rows = _rows(v, matrices)
        prices = costs([(f.rows, f.columns) for f in factors], free)
        ends = [(edge.target, edge.input_nr) for edge in path.edges]
        nodes = self.run.trace.nodes
        whole = len(factors) if len(factors) <= MAX_FACTORS else MAX_FACTORS - 1
        links = []
        for place, factor in enumerate(factors[: whole + 1]):
            rest = place == whole  # it stands for all that follow
            at = len(factors) - 1 if rest else place
            node, end = nodes[factor.node], ends[at]
            of, by = self.name(factor.node, factor.output), self.name(*end)
            price = prices[place : at + 1]
            links.append(
                Link(
                    kind="rest" if rest else "bead" if free[place] else "card",
                    title=f"∂{of}/∂{by}",
                    label="" if rest else brief(self.labels.card(node)),
                    name=short_name(node.name),
                    of=of,
                    by=by,
                    row_shape=node.outputs[factor.output].shape,
                    column_shape=nodes[end[0]].outputs[end[1]].shape,
                    matrix=arrays.one(right[place] if rest else factor.matrix),
                    row=arrays.one(rows[at]),
                    left=arrays.one(left[at]),
                    right=arrays.one(right[place]),
                    left_cost=sum(one.row_from_left for one in price),
                    right_cost=sum(one.row_from_right for one in price),
                    count=at - place + 1,
                    note=retold(factor.note),
                )
            )
        return tuple(links)

    def _sum(self, leaf: int, paths: Sequence[Path], arrays: "_Room") -> Sum:
        ways = []
        for path in paths:
            factors = [factor.matrix for factor in self.chains.factors(path)]
            rows = _rows(self.chains.vector(path.root), factors)
            adds = rows[-1] if rows else self.chains.vector(path.root)
            ways.append(Way(self.label(path), arrays.one(adds)))
        total, values = self.chains.total(leaf), self.torch(leaf)
        said = None if values is None or values.array is None else values.array
        return Sum(
            ways=tuple(ways),
            count=f"{self.chains.count(leaf):,}",
            total=arrays.one(total),
            torch=arrays.one(said),
            agrees=None if total is None or said is None else _close(total, said),
        )


def _rows(v: Matrix | None, matrices: Sequence[Matrix | None]) -> list[Matrix | None]:
    """vᵀJ_n, vᵀJ_n J_(n-1), …: one row all the way; None from where a factor is not known."""
    rows: list[Matrix | None] = []
    for matrix in matrices:
        v = None if v is None or matrix is None else product(v, matrix)
        rows.append(v)
    return rows


def _close(total: Matrix, said: np.ndarray[Any, Any]) -> bool:
    """Whether a sum in float64 is torch's number, up to the rounding of torch's own precision."""
    within = _TOLERANCE.get(said.dtype.name, 2e-2)
    wide = said.astype(np.float64).ravel()
    finite = np.abs(wide[np.isfinite(wide)])
    most = float(finite.max()) if finite.size else 0.0
    return bool(np.allclose(total.ravel(), wide, within, within * most, equal_nan=True))


def _locals(run: Run, call: int) -> tuple[LocalJacobian, ...]:
    return next((a.locals for a in run.answers if a.ask == LocalAsk(call)), ())


class _Room(Arrays):
    """Arrays of which those that are not known, or have no room, are None."""

    def one(self, array: np.ndarray[Any, Any] | None) -> int | None:
        """The number of an array."""
        numbers = None if array is None else self.add(array)
        return None if numbers is None else numbers[0]


def signature(drawn: Drawn) -> str:
    """Equal for equal pictures."""
    return hashlib.sha256(msgspec.json.encode(drawn)).hexdigest()[:16]
