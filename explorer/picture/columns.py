"""Columns and rows: where boxes joined by wires stand, the first of them at the right.

`arrange(units, joined, cells, …)` asks Graphviz only for what is hard. A unit that every wire has
to pass is a joint; between two joints lies a block, and each block is laid out on its own, equal
blocks once. So a chain needs no Graphviz at all, and of twelve equal layers it sees one. A block
that the engine refuses is stacked without it.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import graphviz

from explorer.errors import LayoutError
from explorer.picture import engine
from explorer.picture.geometry import Point, spline_points

MAX_LENGTH = 3_000
"""Columns that all wires of one block cross together; the engine's time grows faster than this
number, and reaches about a second here."""

MAX_SECONDS = 5.0
"""Time that the engine may take for one block, on a machine that has much else to do."""

Joined = Sequence[tuple[int, int]]
"""Pairs of units, from the one on the right to the one on the left."""


class Cell(NamedTuple):
    """The size of a unit, and how far below its top the wires run."""

    width: float
    height: float
    lane: float


class Route(NamedTuple):
    """A wire's way over several columns, as the engine drew it: Bézier points, y downwards from its
    source's lane. `columns` are the engine's middles of the columns from number `first` on."""

    points: tuple[Point, ...]
    columns: tuple[float, ...]
    first: int


@dataclass
class Arrangement:
    """The column of each unit, counted from the right, the y of its lane, and the routes of wires
    that pass a column. `stacked` says that a block had to do without the engine, so wires cross."""

    column: dict[int, int] = field(default_factory=dict)
    lane: dict[int, float] = field(default_factory=dict)
    routes: dict[tuple[int, int], Route] = field(default_factory=dict)
    stacked: bool = False


def ranks(units: Sequence[int], joined: Joined) -> dict[int, int]:
    """The longest way to each unit from one that nothing leads to.

    >>> ranks([1, 2, 3], [(1, 2), (2, 3), (1, 3)])
    {1: 0, 2: 1, 3: 2}
    """
    onward: dict[int, list[int]] = defaultdict(list)
    waiting = dict.fromkeys(units, 0)
    for source, target in joined:
        onward[source].append(target)
        waiting[target] += 1
    rank = dict.fromkeys(units, 0)
    ready = [unit for unit in units if waiting[unit] == 0]
    while ready:
        unit = ready.pop()
        for target in onward[unit]:
            rank[target] = max(rank[target], rank[unit] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    return rank


def arrange(
    units: Sequence[int], joined: Joined, cells: Mapping[int, Cell], gap: float, row_gap: float
) -> Arrangement:
    """Columns and rows of all units; `gap` is the free space between columns."""
    rank = ranks(units, joined)
    found = Arrangement()
    for block, ways in _blocks(units, joined, rank):
        laid = _laid(block, ways, rank, cells, gap, row_gap)
        # The block begins with the joint that the one before has ended with.
        known = next((unit for unit in block if unit in found.column), None)
        found.stacked |= laid.stacked
        right = 0 if known is None else found.column[known]
        down = 0.0 if known is None else found.lane[known] - laid.lane[known]
        for unit in block:
            found.column[unit] = right + laid.column[unit]
            found.lane[unit] = down + laid.lane[unit]
        for ends, route in laid.routes.items():
            found.routes[ends] = route._replace(first=right)
    return found


def _blocks(
    units: Sequence[int], joined: Joined, rank: Mapping[int, int]
) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """The units between each two joints, joints included, with the wires among them."""
    if not units:
        return []
    last = max(rank.values())
    at: list[list[int]] = [[] for _ in range(last + 1)]
    for unit in units:
        at[rank[unit]].append(unit)
    passing = [0] * (last + 2)  # wires that pass over a rank: as steps up and down
    for source, target in joined:
        if rank[target] - rank[source] > 1:
            passing[rank[source] + 1] += 1
            passing[rank[target]] -= 1
    over, joints = 0, []
    for place in range(last + 1):
        over += passing[place]
        if over == 0 and len(at[place]) == 1:
            joints.append(place)
    edges = sorted({0, last, *joints}) if last > 0 else [0, last]
    start = {place: begin for begin, end in pairwise(edges) for place in range(begin, end)}
    ways: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for source, target in joined:
        ways[start[rank[source]]].append((source, target))
    turn = {unit: place for place, unit in enumerate(units)}
    return [
        (sorted((u for row in at[begin : end + 1] for u in row), key=turn.__getitem__), ways[begin])
        for begin, end in pairwise(edges)
    ]


def _laid(
    block: Sequence[int],
    joined: Joined,
    rank: Mapping[int, int],
    cells: Mapping[int, Cell],
    gap: float,
    row_gap: float,
) -> Arrangement:
    """One block on its own, its columns counted from 0."""
    first = min(rank[unit] for unit in block)
    column = {unit: rank[unit] - first for unit in block}
    if len(set(column.values())) == len(block) and all(
        column[target] - column[source] == 1 for source, target in joined
    ):
        return Arrangement(column, dict.fromkeys(block, 0.0))
    try:
        if sum(column[target] - column[source] for source, target in joined) > MAX_LENGTH:
            raise LayoutError("The wires are too many and too long to lay out.")
        return _by_engine(block, joined, cells, gap, row_gap)
    except LayoutError:
        return _stacked(block, column, cells, row_gap)


def _stacked(
    block: Sequence[int], column: Mapping[int, int], cells: Mapping[int, Cell], row_gap: float
) -> Arrangement:
    """Rows one below the other: what is left when there is no engine."""
    depth: dict[int, float] = defaultdict(float)
    lane = {}
    for unit in sorted(block, key=lambda unit: (column[unit], unit)):
        lane[unit] = depth[column[unit]] + cells[unit].lane
        depth[column[unit]] += cells[unit].height + row_gap
    return Arrangement(dict(column), lane, stacked=True)


def _by_engine(
    block: Sequence[int], joined: Joined, cells: Mapping[int, Cell], gap: float, row_gap: float
) -> Arrangement:
    """Let Graphviz place the boxes; keep its columns, its rows and its long wires."""
    dot = _as_dot(block, joined, cells, gap, row_gap)
    laid = json.loads(engine.run(dot, "json0", edges=len(joined), seconds=MAX_SECONDS))
    centre, names = {}, {}
    for thing in laid["objects"]:
        unit = block[int(thing["name"][1:])]
        names[thing["_gvid"]] = unit
        x, y = (float(part) for part in thing["pos"].split(","))
        centre[unit] = (x, -y)
    columns = tuple(sorted({round(x) for x, _ in centre.values()}, reverse=True))
    number = {x: place for place, x in enumerate(columns)}
    found = Arrangement({unit: number[round(x)] for unit, (x, _) in centre.items()})
    for unit, (_, y) in centre.items():
        found.lane[unit] = y - cells[unit].height / 2 + cells[unit].lane
    for edge in laid.get("edges", ()):
        source, target = names[edge["tail"]], names[edge["head"]]
        if found.column[target] - found.column[source] > 1:
            points = spline_points(edge["pos"])
            level = points[0][1]
            found.routes[source, target] = Route(
                tuple((x, level - y) for x, y in points), tuple(map(float, columns)), 0
            )
    return found


def _as_dot(
    block: Sequence[int], joined: Joined, cells: Mapping[int, Cell], gap: float, row_gap: float
) -> str:
    """Each unit as a table of fixed size with a port at its lane, so that lanes line up. Units are
    named by their place, so that equal blocks have equal text."""
    digraph = graphviz.Digraph(
        "boxes",
        graph_attr={"rankdir": "RL", "nodesep": f"{row_gap / 72:.3f}",
                    "ranksep": f"{gap / 72:.3f}"},
        node_attr={"shape": "plain"},
    )  # fmt: skip
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
    row = '<TR><TD{port} FIXEDSIZE="TRUE" WIDTH="{w:.0f}" HEIGHT="{h:.0f}"></TD></TR>'
    turn = {unit: place for place, unit in enumerate(block)}
    for unit in block:
        cell = cells[unit]
        top = 2 * cell.lane
        rows = row.format(port=' PORT="c"', w=cell.width, h=top)
        if cell.height - top >= 1:
            rows += row.format(port="", w=cell.width, h=cell.height - top)
        digraph.node(f"u{turn[unit]}", f"<{table}{rows}</TABLE>>")
    for source, target in sorted(joined, key=lambda ends: (turn[ends[0]], turn[ends[1]])):
        digraph.edge(f"u{turn[source]}:c:w", f"u{turn[target]}:c:e")
    return str(digraph.source)
