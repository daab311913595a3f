"""Match the nodes of two scenes: which are common, and which stand in one of them only.

`matched(left, right)` pairs nodes by what they are called (torch's name, the person's expression,
module, leaf), by their shape and by the leaves that hang on them, along the order in which the
engine runs them. It is an alignment of two sequences, so no pair crosses another: the graphs laid
over each other have no cycle. Where one node was put in the place of another, the two are a pair
that is not `alike`.

The same two scenes always match in the same way, and the other way round it is the same turned
round.
"""

import heapq
import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from explorer.data import Plain
from explorer.frames.scene import Scene

MAX_CELLS = 250_000
"""Pairs of nodes that are weighed one by one; beyond, nodes are matched by their names in turn."""


class Arc(NamedTuple):
    """One edge of the graph: `source` is None where it comes in from outside, `wire` is the number
    of the wire that it is a part of."""

    source: int | None
    slot: int
    target: int
    input_nr: int
    wire: int


class Pair(Plain, frozen=True):
    """A place in both graphs: indices of its nodes, None where a scene has none there.

    `alike` is False where another operation, or a leaf of another name, stands in the same place.
    """

    left: int | None
    right: int | None
    alike: bool = True


def matched(left: Scene, right: Scene) -> tuple[Pair, ...]:
    """All nodes of both scenes in one order that each scene's own order agrees with, leaves last.

    Between two common nodes those of the left scene stand first.
    """
    one, other = _Half(left), _Half(right)
    # Where several matches are equally good the first half decides, so it is always the same one.
    if other.rank < one.rank:
        found = _partners(other, one)
        found = _Partners(
            {b: a for a, b in found.known.items()}, {found.known[a] for a in found.unlike}
        )
    else:
        found = _partners(one, other)
    return (*_merged(one.nodes, other.nodes, found), *_merged(one.leaves, other.leaves, found))


def align(count: int, other: int, score: Callable[[int, int], int | None]) -> list[tuple[int, int]]:
    """Pairs of places in two sequences, both rising, whose scores add up to the most.

    `score(i, j)` is None where two places cannot be a pair.

    >>> align(4, 3, lambda i, j: 1 if "grad"[i] == "rad"[j] else None)
    [(1, 0), (2, 1), (3, 2)]
    """
    best = [[0] * (other + 1) for _ in range(count + 1)]
    scores: list[list[int | None]] = [[score(i, j) for j in range(other)] for i in range(count)]
    for i in range(count - 1, -1, -1):
        row, below = best[i], best[i + 1]
        for j in range(other - 1, -1, -1):
            most = max(below[j], row[j + 1])
            points = scores[i][j]
            row[j] = most if points is None else max(most, below[j + 1] + points)
    found, i, j = [], 0, 0
    while i < count and j < other:
        points = scores[i][j]
        if points is not None and best[i][j] == best[i + 1][j + 1] + points:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """As many of the pairs as can be taken without two that cross, in their order.

    >>> rising([(1, 1), (2, 4), (3, 2), (4, 3)])
    [(1, 1), (3, 2), (4, 3)]
    """
    ends: list[int] = []  # ends[k]: the smallest second place that k + 1 pairs can end with
    holders: list[int] = []
    before: list[int | None] = []
    ordered = sorted(pairs)
    for place, (_, second) in enumerate(ordered):
        at = bisect_left(ends, second)
        before.append(holders[at - 1] if at else None)
        if at == len(ends):
            ends.append(second)
            holders.append(place)
        else:
            ends[at], holders[at] = second, place
    found = []
    last: int | None = holders[-1] if holders else None
    while last is not None:
        found.append(ordered[last])
        last = before[last]
    return found[::-1]


Features = tuple[str, str, str, str, str, tuple[tuple[int, str], ...]]
"""torch's name, expression, module, shape, variable, and slot and name of each leaf."""


class _Half:
    """One of the two scenes: its nodes in the order of the engine, and what tells them apart."""

    def __init__(self, scene: Scene) -> None:
        self.items = {item.index: item for item in scene.items}
        self.onward: dict[int, list[tuple[int, int]]] = defaultdict(list)  # target, slot
        self.back: dict[int, list[tuple[int, int]]] = defaultdict(list)  # source, slot
        for arc in arcs(scene):
            if arc.source is not None:
                self.onward[arc.source].append((arc.target, arc.slot))
                self.back[arc.target].append((arc.source, arc.slot))
        ordered = self._order()
        self.nodes = [index for index in ordered if self.items[index].kind != "bucket"]
        self.leaves = [index for index in ordered if self.items[index].kind == "bucket"]
        self.place = {index: place for place, index in enumerate(self.nodes)}
        self.features = {index: self._features(index) for index in self.nodes}
        self.labels = [self.items[index].label for index in self.leaves]
        self.rank = ([self.features[index] for index in self.nodes], self.labels)

    def _order(self) -> list[int]:
        """Every node after all that send to it, in the order of the steps as far as they go."""
        waiting = {index: len(self.back[index]) for index in self.items}

        def turn(index: int) -> tuple[float, int]:
            order = self.items[index].order
            return (math.inf if order is None else order, index)

        ready = [turn(index) for index, count in waiting.items() if count == 0]
        heapq.heapify(ready)
        ordered = []
        while ready:
            _, index = heapq.heappop(ready)
            ordered.append(index)
            for target, _ in self.onward[index]:
                waiting[target] -= 1
                if waiting[target] == 0:
                    heapq.heappush(ready, turn(target))
        return ordered

    def _features(self, index: int) -> Features:
        """What is compared, the name first, the leaves that it sends to last."""
        item = self.items[index]
        leaves = sorted(
            (slot, self.items[target].label)
            for target, slot in self.onward[index]
            if self.items[target].kind == "bucket"
        )
        return (
            item.name,
            item.label,
            item.module or "",
            item.shape,
            item.variable or "",
            tuple(leaves),
        )


_POINTS = (4, 4, 2, 2, 1)
"""What each equal feature is worth, in the order of `_Half._features`; the leaves count apart."""

_LEAVES = (3, -1, -3)
"""What it adds that two nodes have equal leaves, or others, or others that both scenes have."""

_ENOUGH = 8
"""Points from which on two nodes can be one: an equal name alone tells nothing."""


def _score(one: Features, other: Features, known: Container[str]) -> int | None:
    """How much two nodes have in common, None where they cannot be one. `known` are the leaves of
    both scenes."""
    if one[0] != other[0]:
        return None
    points = sum(points for points, a, b in zip(_POINTS, one, other, strict=False) if a == b)
    mine, theirs = one[-1], other[-1]
    if mine and theirs:
        # A leaf that only one scene has may be the other's under a new name.
        both = any(name in known for _, name in (*mine, *theirs))
        points += _LEAVES[0 if mine == theirs else 2 if both else 1]
    return points if points >= _ENOUGH else None


class _Partners(NamedTuple):
    """Nodes of one half -> nodes of the other, and which of the first are not alike."""

    known: dict[int, int]
    unlike: set[int]


def _partners(one: _Half, other: _Half) -> _Partners:
    known = dict(_along(one, other))
    known |= _by_label(one, other)
    replaced = _in_place(one, other, known)
    return _Partners(known | replaced, set(replaced))


def _along(one: _Half, other: _Half) -> list[tuple[int, int]]:
    """Nodes that are no leaves, by the order of the engine."""
    mine = [one.features[index] for index in one.nodes]
    theirs = [other.features[index] for index in other.nodes]
    head = 0
    while head < min(len(mine), len(theirs)) and mine[head] == theirs[head]:
        head += 1
    tail = 0
    while tail < min(len(mine), len(theirs)) - head and mine[-1 - tail] == theirs[-1 - tail]:
        tail += 1
    a, b = mine[head : len(mine) - tail], theirs[head : len(theirs) - tail]
    known = set(one.labels) & set(other.labels)
    if len(a) * len(b) <= MAX_CELLS:
        between = align(len(a), len(b), lambda i, j: _score(a[i], b[j], known))
    else:
        between = rising(_in_turn([one[:3] for one in a], [other[:3] for other in b]))
    places = [(place, place) for place in range(head)]
    places += [(head + i, head + j) for i, j in between]
    places += [(len(mine) - tail + k, len(theirs) - tail + k) for k in range(tail)]
    return [(one.nodes[i], other.nodes[j]) for i, j in places]


def _in_turn(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The first of each name with the first of that name, the second with the second, …"""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, name in enumerate(other):
        places[name].append(place)
    seen: dict[Hashable, int] = defaultdict(int)
    found = []
    for place, name in enumerate(one):
        if seen[name] < len(places[name]):
            found.append((place, places[name][seen[name]]))
        seen[name] += 1
    return found


def _by_label(one: _Half, other: _Half) -> dict[int, int]:
    """Leaves by their names; of several that share one, those of the same turn."""
    places = _in_turn(one.labels, other.labels)
    return {one.leaves[i]: other.leaves[j] for i, j in places}


def _in_place(one: _Half, other: _Half, partner: Mapping[int, int]) -> dict[int, int]:
    """Nodes without a partner all of whose neighbours have one: both stand in the same place."""
    taken = set(partner.values())
    free: dict[Hashable, list[int]] = defaultdict(list)
    for index in (*other.nodes, *other.leaves):
        if index not in taken:
            free[_surroundings(other, index, {known: known for known in taken})].append(index)
    limits = _limits(one, other, partner)
    found: dict[int, int] = {}
    reached = -1
    for index in (*one.nodes, *one.leaves):
        key = None if index in partner else _surroundings(one, index, partner)
        for candidate in free[key] if key is not None else ():
            if index in limits:
                low, high = limits[index]
                at = other.place[candidate]
                if not max(low, reached) < at < high:
                    continue  # this pair would cross another
                reached = at
            found[index] = candidate
            free[key].remove(candidate)
            break
    return found


def _limits(one: _Half, other: _Half, partner: Mapping[int, int]) -> dict[int, tuple[int, int]]:
    """For each node that is no leaf: the places of the partners before and after it."""
    low, high = -1, len(other.nodes)
    before, after = {}, {}
    for index in one.nodes:
        before[index] = low
        low = other.place[partner[index]] if index in partner else low
    for index in reversed(one.nodes):
        after[index] = high
        high = other.place[partner[index]] if index in partner else high
    return {index: (before[index], after[index]) for index in one.nodes}


def _surroundings(half: _Half, index: int, known: Mapping[int, int]) -> Hashable:
    """What a node stands between, in the numbers of the other half; None if that is not certain."""
    item = half.items[index]
    sources = {source for source, _ in half.back[index]}
    targets = {t for t, _ in half.onward[index] if half.items[t].kind != "bucket"}
    if item.kind == "bead" or not sources | targets or not sources | targets <= known.keys():
        return None
    if item.kind == "bucket":
        return ("leaf", item.shape, frozenset((known[s], slot) for s, slot in half.back[index]))
    return ("node", frozenset(known[s] for s in sources), frozenset(known[t] for t in targets))


def _merged(left: Sequence[int], right: Sequence[int], found: _Partners) -> list[Pair]:
    """Both lists in one: lone nodes of the left, then those of the right, then the common node."""
    back = {second: first for first, second in found.known.items()}
    pairs: list[Pair] = []
    lone: dict[int | None, list[int]] = defaultdict(list)  # of the right, by the common one behind
    behind: int | None = None
    for index in reversed(right):
        if index in back:
            behind = index
        else:
            lone[behind].insert(0, index)
    for index in left:
        partner = found.known.get(index)
        if partner is None:
            pairs.append(Pair(index, None))
            continue
        pairs += [Pair(None, other) for other in lone.pop(partner, ())]
        pairs.append(Pair(index, partner, index not in found.unlike))
    return [*pairs, *(Pair(None, other) for others in lone.values() for other in others)]


def arcs(scene: Scene) -> Iterator[Arc]:
    """Every edge of a scene, those over beads one by one, wire after wire."""
    for wire in scene.wires:
        source, slot = wire.source, wire.slot
        for bead in wire.beads:
            yield Arc(source, slot, bead, 0, wire.number)
            source, slot = bead, 0
        yield Arc(source, slot, wire.target, wire.input_nr, wire.number)
