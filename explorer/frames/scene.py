"""One backward call as a scene: what stands in the picture, and how each thing changes by step.

Step 0 is at rest; step k is the moment after the k-th node has run. What changes over time is a
list of (step, state) pairs, of which the last one at or before a step holds. So any step can be
shown at once, forwards or backwards, without replaying the ones before it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from explorer.data import BackwardCall, Edge, Node, Plain, Saved, Span, Trace, Values
from explorer.frames.labels import Labels, brief, is_bead, short_name
from explorer.frames.messages import Message
from explorer.frames.tiles import Tile, largest, shape_text, tile_of
from explorer.language import _

_DIGITS = {"float16": 5e-3, "bfloat16": 2e-2}
"""Part of a number by which a sum may be off in dtypes with fewer digits than a tile shows."""

Changes = tuple[tuple[int, str], ...]
"""States over time: `((0, "idle"), (2, "ready"), (3, "firing"), (4, "done"))`."""


class Chip(Plain, frozen=True):
    """A saved tensor on a card. `states` holds `held`, `edited`, `freed`, `packed`.

    `version` is how often a tensor that was edited after it was saved had been edited in all.
    """

    name: str
    text: str
    states: Changes
    tile: int | None = None
    version: int | None = None


class Tap(Plain, frozen=True):
    """A tensor that is no leaf but retains its grad: its name, and the tiles of `.grad` before and
    after the call, None where that was None. What was added is what arrived at its node."""

    name: str
    before: int | None
    after: int | None


class Item(Plain, frozen=True):
    """One node of the graph as it stands in the picture.

    `kind` is `card`, `bead` (a node that only changes the shape, on a wire) or `bucket` (an
    AccumulateGrad and its leaf). In a folded scene an item of kind `group` stands for the nodes in
    `holds`, which run in `steps`; `repeats` is the number of equal stretches in it, 0 where it is a
    module, and `key` names the group in every view of the scene. `brief` is the label where room is
    short. `order` is the step in which the node runs, None if it never does. `expected` counts the
    contributions that it waits for. `before`, `added` and `after` are tiles of a bucket, None where
    `.grad` was None. `sum` is the tile of all contributions together, `result` what `autograd.grad`
    returned for a leaf instead of adding it into `.grad`. `recorded` is False where nobody noted a
    leaf's `.grad`. `hooked` says that what arrived is not the sum of what was sent: a hook changed
    it. `tap` is the tensor made by this node that retains its grad, if one does.
    """

    index: int
    kind: str
    name: str
    short: str
    label: str
    brief: str
    title: str
    states: Changes
    order: int | None
    expected: int
    shape: str
    dtype: str
    variable: str | None = None
    module: str | None = None
    span: Span | None = None
    saved: tuple[Chip, ...] = ()
    before: int | None = None
    added: int | None = None
    after: int | None = None
    sum: int | None = None
    result: int | None = None
    recorded: bool = True
    hooked: bool = False
    tap: Tap | None = None
    holds: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    repeats: int = 0
    key: str = ""


class Hop(Plain, frozen=True):
    """One stretch of a wire: the step in which its cotangent is sent, and the tile that is sent."""

    step: int | None
    tile: int | None


class Wire(Plain, frozen=True):
    """The way of one contribution, from the node that sends it over its beads to where it lands.

    `source` is a node, or None where the cotangent comes from outside through seed `seed`. `hops`
    has one entry more than `beads`. `lands` is the step from which the contribution is in its
    socket, None if never. `weight` is the size of what flows, 0 … 1 on the scene's scale, None
    where nothing flows or only zeros do. `name` and `shape` belong to the forward value here.
    A wire that stands for several in a folded scene has the steps in which they land in `landings`,
    0 for one that never does; its hop is that of the last.
    """

    number: int
    source: int | None
    seed: int | None
    slot: int
    target: int
    input_nr: int
    beads: tuple[int, ...]
    hops: tuple[Hop, ...]
    lands: int | None
    tile: int | None
    weight: float | None
    name: str
    shape: str
    landings: tuple[int, ...] = ()


class Seed(Plain, frozen=True):
    """Where a call enters the graph: the root, its name and value, and v."""

    number: int
    root: int
    root_nr: int
    function: str
    vector: str
    name: str
    value: int | None
    tile: int | None


class Cut(Plain, frozen=True):
    """An input of a node's op that no cotangent goes to, and why (`no_grad`, `detach`, …)."""

    node: int
    reason: str


class Sent(Plain, frozen=True):
    """One row of the panels: what it is, and its numbers (None is torch's None)."""

    title: Message
    tile: int | None


class Frame(Plain, frozen=True):
    """What is said and shown in one step, apart from the picture.

    `pace` is how long the step takes beside a full one. `arrived`, `parts` and `sent` explain the
    step's numbers. `failed` marks the step in which torch raised.
    """

    node: int | None
    caption: tuple[Message, ...]
    span: Span | None
    pace: float = 1.0
    arrived: tuple[Sent, ...] = ()
    parts: tuple[Sent, ...] = ()
    sent: tuple[Sent, ...] = ()
    failed: bool = False


class Group(Plain, frozen=True):
    """Cards that fold into one, in the order in which they run.

    `label` is a module's path, or what the first card of a repeated stretch is called. `repeats`
    counts the equal stretches, 0 where the group is none of them. `inner` are the groups that are
    still folded when this one is opened.
    """

    label: str
    cards: tuple[int, ...]
    repeats: int = 0
    inner: tuple["Group", ...] = ()

    @property
    def key(self) -> str:
        """What tells the groups of a scene apart."""
        return f"{self.cards[0]}-{self.cards[-1]}"


class Scene(Plain, frozen=True):
    """One call with its graph. `largest` ends the one colour scale of all its tiles.

    `groups` is what folds, empty where everything can be shown at once. `hidden` counts the nodes
    that stay folded whatever is opened; of their steps little is said. `crowded` says that more is
    folded than the number of cards asks for, because nobody can lay out so many wires.
    """

    title: Message
    kind: str
    span: Span | None
    items: tuple[Item, ...]
    wires: tuple[Wire, ...]
    seeds: tuple[Seed, ...]
    cuts: tuple[Cut, ...]
    rest: tuple[Message, ...]
    frames: tuple[Frame, ...]
    largest: float
    call: int | None = None
    groups: tuple[Group, ...] = ()
    hidden: int = 0
    crowded: bool = False


class Tiles:
    """All tiles of a run, each kept once and named by its number."""

    def __init__(self) -> None:
        self.all: list[Tile] = []
        self._numbers: dict[Values, int] = {}

    def number(self, values: Values | None) -> int | None:
        """The number of the tile of `values`; None for None."""
        if values is None:
            return None
        number = self._numbers.get(values)
        if number is None:
            number = self._numbers[values] = len(self.all)
            self.all.append(tile_of(values))
        return number

    def __getitem__(self, number: int | None) -> Tile | None:
        return None if number is None else self.all[number]


class Graph:
    """The part of a trace that one call reaches, as cards, beads, buckets and wires."""

    def __init__(self, trace: Trace, roots: Sequence[int], also: Iterable[int] = ()) -> None:
        self.nodes = trace.nodes
        outgoing: dict[int, list[Edge]] = defaultdict(list)
        for edge in trace.edges:
            outgoing[edge.source].append(edge)
        seen = set(roots) | set(also)
        queue = list(seen)
        while queue:
            for edge in outgoing[queue.pop()]:
                if edge.target not in seen:
                    seen.add(edge.target)
                    queue.append(edge.target)
        self.members = sorted(seen)
        self.outgoing = {node: tuple(outgoing[node]) for node in self.members}
        self.incoming: dict[int, list[Edge]] = {node: [] for node in self.members}
        for node in self.members:
            for edge in self.outgoing[node]:
                self.incoming[edge.target].append(edge)
        self.beads = {node for node in self.members if self._on_a_wire(node, roots)}

    def _on_a_wire(self, node: int, roots: Sequence[int]) -> bool:
        """A shape-only node is a bead where exactly one wire runs through it."""
        into = len(self.incoming[node]) + sum(root == node for root in roots)
        return is_bead(self.nodes[node]) and into == 1 and len(self.outgoing[node]) == 1

    def follow(self, target: int, input_nr: int) -> tuple[tuple[int, ...], int, int]:
        """From an edge's end through beads: the beads, and the node and input where it lands."""
        beads = []
        while target in self.beads:
            beads.append(target)
            (edge,) = self.outgoing[target]
            target, input_nr = edge.target, edge.input_nr
        return tuple(beads), target, input_nr


class Timing:
    """When each node of a call runs, and what it sent."""

    def __init__(self, graph: Graph, call: BackwardCall | None) -> None:
        steps = call.steps if call else ()
        self.call = call
        self.order: dict[int, int] = {}
        for number, step in enumerate(steps, start=1):
            self.order.setdefault(step.node, number)
        self.last = len(steps)
        self.freed = frozenset(call.freed) if call else frozenset()
        self.failing = call.error.node if call and call.error else None
        # After an error nobody knows what would still have run; otherwise only what ran sends.
        self.complete = call is not None and call.error is None and bool(steps)
        self._graph = graph

    def sent(self, edge: Edge) -> Values | None:
        """The cotangent that went along `edge`; None also where its source never ran."""
        number = self.order.get(edge.source)
        if number is None or self.call is None:
            return None
        out = self.call.steps[number - 1].cotangents_out
        return out[edge.slot] if edge.slot < len(out) else None

    def needs(self, node: int) -> bool:
        """Whether the call ran a node, or may still have wanted to when it raised."""
        return not self.complete or node in self.order

    def sum_at(self, node: int, tiles: Tiles) -> int | None:
        """The tile of what a node of one output received in all."""
        number = self.order.get(node)
        if number is None or self.call is None:
            return None
        into = self.call.steps[number - 1].cotangents_in
        return tiles.number(into[0]) if len(into) == 1 else None

    def results(self) -> dict[str, Values | None]:
        """What `autograd.grad` returned, by the name of the input."""
        if self.call is None or self.call.kind != "grad":
            return {}
        return dict(zip(self.call.inputs, self.call.results, strict=False))

    def states(self, node: int, landings: Sequence[int | None]) -> Changes:
        """What a node is at each step, given when each of its contributions lands."""
        order = self.order.get(node)
        if order is None and node == self.failing:
            order = self.last + 1
        changes = {0: "idle"}
        known = sorted(step for step in landings if step is not None)
        for count, step in enumerate(known, start=1):
            if order is None or step < order:
                changes[step] = "ready" if count == len(landings) else "waiting"
        if order is not None:
            changes[order] = "failed" if node == self.failing else "firing"
            if node != self.failing:
                changes[order + 1] = "done"
        return tuple(sorted(changes.items()))


def build_wires(
    graph: Graph, timing: Timing, seeds: Sequence[Seed], labels: Labels, tiles: Tiles, most: float
) -> tuple[Wire, ...]:
    """All wires, those of the seeds first, then by source and slot."""
    wires: list[Wire] = []

    def add(source: int | None, seed: Seed | None, edge: Edge) -> None:
        beads, target, input_nr = graph.follow(edge.target, edge.input_nr)
        if seed is not None:
            first = Hop(1 if timing.last or timing.failing is not None else None, seed.tile)
            value: Values | None = None
        else:
            value = timing.sent(edge)
            first = Hop(timing.order.get(edge.source), tiles.number(value))
        hops = [first]
        for bead in beads:
            (onward,) = graph.outgoing[bead]
            value = timing.sent(onward)
            hops.append(Hop(timing.order.get(bead), tiles.number(value)))
        if not timing.needs(target) and hops[-1].tile is None:
            # The engine left this edge out: nothing was sent, which is not the same as None.
            hops = [hop if hop.tile is not None else Hop(None, None) for hop in hops]
        tile = hops[-1].tile
        names = [labels.variable(target, input_nr), *(labels.variable(b) for b in reversed(beads))]
        outputs = graph.nodes[target].outputs
        shape = shape_text(outputs[input_nr].shape) if input_nr < len(outputs) else ""
        wires.append(
            Wire(
                len(wires),
                source,
                seed.number if seed else None,
                edge.slot,
                target,
                input_nr,
                beads,
                tuple(hops),
                hops[-1].step,
                tile,
                weight_of(tiles[tile], most),
                next((name for name in names if name), ""),
                shape,
            )
        )

    for seed in seeds:
        add(None, seed, Edge(-1, 0, seed.root, seed.root_nr))
    for node in graph.members:
        if node not in graph.beads:
            for edge in graph.outgoing[node]:
                add(node, None, edge)
    return tuple(wires)


def build_items(
    graph: Graph,
    timing: Timing,
    wires: Sequence[Wire],
    labels: Labels,
    tiles: Tiles,
    freed: frozenset[int],
) -> tuple[Item, ...]:
    """One item for each node that the call reaches, by index."""
    landing: dict[int, list[int | None]] = defaultdict(list)
    into: dict[int, list[Wire]] = defaultdict(list)
    for wire in wires:
        into[wire.target].append(wire)
        last = wire.beads[-1] if wire.beads else wire.source
        ran = last in timing.order and wire.hops[-1].step is not None
        if wire.seed is not None or not timing.complete or ran:
            landing[wire.target].append(wire.lands)
        for position, bead in enumerate(wire.beads):
            landing[bead].append(wire.hops[position].step)
    leaves = {leaf.node: leaf for leaf in timing.call.leaves} if timing.call else {}
    retained = timing.call is not None and any(leaf.node is None for leaf in timing.call.leaves)
    results = timing.results()
    items = []
    for index in graph.members:
        node = graph.nodes[index]
        leaf = leaves.get(index)
        meta = node.outputs[0] if node.outputs else None
        label = node.leaf if node.leaf is not None else labels.card(node)
        items.append(
            Item(
                index,
                _kind(node, graph),
                node.name,
                short_name(node.name),
                label,
                brief(label) if node.leaf is None else label,
                _title(node, label, labels),
                timing.states(index, landing[index]),
                timing.order.get(index, timing.last + 1 if index == timing.failing else None),
                len(landing[index]),
                shape_text(meta.shape) if meta else "",
                meta.dtype if meta else "",
                labels.variable(index),
                node.module,
                node.span,
                tuple(_chip(saved, node, timing, tiles, freed) for saved in _tensors(node)),
                before=tiles.number(leaf.before) if leaf else None,
                added=tiles.number(leaf.added) if leaf else None,
                after=tiles.number(leaf.after) if leaf else None,
                sum=timing.sum_at(index, tiles),
                result=tiles.number(results.get(label)) if node.leaf is not None else None,
                recorded=leaf is not None or timing.call is None,
                hooked=_hooked(index, into[index], timing, tiles),
                tap=_tap(index, timing, labels, tiles) if retained else None,
            )
        )
    return tuple(items)


def scale_of(call: BackwardCall | None) -> float:
    """The largest absolute value of all that a call moved or left in `.grad`."""
    if call is None:
        return 0.0
    values = [v for step in call.steps for v in (*step.cotangents_in, *step.cotangents_out)]
    values += [v for leaf in call.leaves for v in (leaf.before, leaf.added, leaf.after)]
    values += [*call.results, *call.gradient]
    return largest([v for v in dict.fromkeys(values) if v is not None])


def _kind(node: Node, graph: Graph) -> str:
    if node.leaf is not None:
        return "bucket"
    return "bead" if node.index in graph.beads else "card"


def _title(node: Node, label: str, labels: Labels) -> str:
    """All that there is to say about a node in one line, for a tooltip and a screen reader."""
    if node.leaf is not None:
        return _("{node} of {leaf}").format(node=node.name, leaf=node.leaf)
    variable = labels.variable(node.index)
    head = f"{variable} = {label}" if variable else label
    told = f"{node.name}: {head}"
    return _("{node}, in {module}").format(node=told, module=node.module) if node.module else told


def _tensors(node: Node) -> list[Saved]:
    return [saved for saved in node.saved if saved.state not in ("constant", "none")]


def _chip(saved: Saved, node: Node, timing: Timing, tiles: Tiles, freed: frozenset[int]) -> Chip:
    number = tiles.number(saved.values)
    tile = tiles[number]
    states = [(0, "freed" if node.index in freed else saved.state)]
    order = timing.order.get(node.index)
    lost = node.index in timing.freed
    if order is not None and lost and states[0][1] != "freed":
        # That they are gone after the call is what torch says; each goes when its node has run.
        states.append((order + 1, "freed"))
    text = ""
    if tile is not None:
        text = shape_text(tile.shape)
        if tile.uniform:
            text = (
                f"= {tile.cells[0]:g}" if isinstance(tile.cells[0], float) else str(tile.cells[0])
            )
    version = saved.version if saved.state == "edited" else None
    return Chip(saved.name, text, tuple(states), number, version)


def _hooked(node: int, into: Sequence[Wire], timing: Timing, tiles: Tiles) -> bool:
    """Whether a cotangent that a node got is another than its contributions make together."""
    order = timing.order.get(node)
    if order is None or timing.call is None:
        return False
    for output, arrived in enumerate(timing.call.steps[order - 1].cotangents_in):
        parts = [wire.tile for wire in into if wire.input_nr == output]
        number = tiles.number(arrived)
        if number is None or not parts or None in parts or parts == [number]:
            continue
        if not _is_sum(number, [part for part in parts if part is not None], tiles):
            return True
    return False


def _tap(node: int, timing: Timing, labels: Labels, tiles: Tiles) -> Tap | None:
    """The tensor that this node made and whose `.grad` took what arrived here."""
    order = timing.order.get(node)
    if order is None or timing.call is None:
        return None
    for output, arrived in enumerate(timing.call.steps[order - 1].cotangents_in):
        name = labels.variable(node, output)
        for leaf in timing.call.leaves:
            if leaf.node is None and leaf.name == name and leaf.added == arrived is not None:
                return Tap(leaf.name, tiles.number(leaf.before), tiles.number(leaf.after))
    return None


def _is_sum(whole: int, parts: Sequence[int], tiles: Tiles) -> bool:
    """Whether tiles add up, as far as their digits tell; without all numbers nobody knows."""
    grids = [tiles.all[number] for number in (whole, *parts)]
    if any(tile.note or tile.block != (1, 1) or not _finite(tile) for tile in grids):
        return True
    if len({len(tile.cells) for tile in grids}) > 1:
        return True
    digits = max(_DIGITS.get(tile.dtype, 1e-4) for tile in grids)
    columns = zip(*([float(cell) for cell in tile.cells] for tile in grids), strict=True)
    return all(
        abs(math.fsum(one) - total) <= digits * max(map(abs, (total, *one)))
        for total, *one in columns
    )


def _finite(tile: Tile) -> bool:
    return bool(tile.cells) and str not in set(map(type, tile.cells))


def weight_of(tile: Tile | None, most: float) -> float | None:
    """How large a contribution is beside the largest, by its logarithm over 2.5 decades."""
    if tile is None or tile.low is None or tile.high is None or most <= 0:
        return None
    size = max(abs(tile.low), abs(tile.high))
    if size == 0:
        return None
    return round(min(1.0, max(0.0, (math.log10(size / most) + 2.5) / 2.5)), 3)
