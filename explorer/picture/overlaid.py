"""Place two scenes in common places: what both have stands at the same spot in both pictures.

`overlaid(left, right, pairs, …)` lays out the two graphs as one, in which a common node is one node
and a lone one has a place of its own, and takes each scene's picture out of it. Where a scene lacks
a node its place stays free; `Half.ghosts` says where.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from explorer.data import Plain
from explorer.frames import Item, Scene, Tile, Wire
from explorer.frames.folding import MAX_CARDS
from explorer.frames.matching import Pair, arcs
from explorer.frames.scene import Cut, Seed
from explorer.picture.geometry import Box
from explorer.picture.layout import Picture, density_for, place
from explorer.picture.measure import LARGE, Density, shape_of, shortened, tile_size
from explorer.picture.placed import Road, Spot


class Ghost(Plain, frozen=True):
    """The place of a node that only the other scene has."""

    pair: int
    kind: str
    body: Box


class Half(Plain, frozen=True):
    """One of the two scenes as it is drawn: with its picture, and a second one with large cards for
    a camera that follows. `ghosts` belong to `fit`, `follow_ghosts` to `follow`."""

    scene: Scene
    fit: Picture
    follow: Picture | None
    ghosts: tuple[Ghost, ...]
    follow_ghosts: tuple[Ghost, ...] = ()


def overlaid(
    left: Scene,
    right: Scene,
    pairs: Sequence[Pair],
    left_tiles: Sequence[Tile],
    right_tiles: Sequence[Tile],
) -> tuple[Half, Half] | None:
    """Both scenes in common places; None where they are too large together to be drawn unfolded."""
    both = _Both(left, right, pairs, left_tiles, right_tiles)
    if sum(item.kind == "card" for item in both.scene.items) > MAX_CARDS:
        return None
    density = density_for(both.scene)
    fit = both.taken_apart(density)
    follow = both.taken_apart(LARGE) if density is not LARGE else None
    halves = []
    for side in (0, 1):
        picture, ghosts = fit[side]
        larger, others = follow[side] if follow else (None, ())
        halves.append(Half(both.sides[side].scene, picture, larger, ghosts, others))
    return halves[0], halves[1]


class _Key(NamedTuple):
    """What makes wires of two scenes one: their ends in places of pairs, and their beads."""

    source: int
    slot: int
    target: int
    input_nr: int
    beads: tuple[int, ...]


class _Side:
    """One scene, and where its nodes, seeds and wires are in the scene of both."""

    def __init__(self, scene: Scene, places: Mapping[int, int], tiles: Sequence[Tile]) -> None:
        self.scene, self.places, self.tiles = scene, places, tiles
        self.seeds: dict[int, int] = {}
        self.wires: dict[int, int] = {}

    def key(self, wire: Wire) -> _Key:
        """The wire, in places of pairs; seeds count down from -1."""
        if wire.source is not None:
            source = self.places[wire.source]
        else:
            source = -1 - self.seeds[wire.seed or 0]
        beads = tuple(self.places[bead] for bead in wire.beads)
        return _Key(source, wire.slot, self.places[wire.target], wire.input_nr, beads)


class _Both:
    """The two graphs as one scene, whose nodes are the places of the pairs."""

    def __init__(
        self,
        left: Scene,
        right: Scene,
        pairs: Sequence[Pair],
        left_tiles: Sequence[Tile],
        right_tiles: Sequence[Tile],
    ) -> None:
        places = (
            {pair.left: n for n, pair in enumerate(pairs) if pair.left is not None},
            {pair.right: n for n, pair in enumerate(pairs) if pair.right is not None},
        )
        crowded = _no_beads((left, right), places)
        self.sides = [
            _Side(with_cards(scene, {i for i, n in mine.items() if n in crowded}), mine, tiles)
            for scene, mine, tiles in zip(
                (left, right), places, (left_tiles, right_tiles), strict=True
            )
        ]
        self.tiles = (*left_tiles, *right_tiles)
        self.pairs = pairs
        seeds = self._seeds()
        wires = self._wires()
        items = self._items()
        cuts = {
            (cut.node, cut.reason): cut
            for side in self.sides
            for cut in (Cut(side.places[c.node], c.reason) for c in side.scene.cuts)
        }
        self.scene = replace(
            left, items=items, wires=wires, seeds=seeds, cuts=tuple(cuts.values()), groups=()
        )

    def _number(self, side: int, tile: int | None) -> int | None:
        """The number of a side's tile among the tiles of both."""
        return tile if tile is None or side == 0 else tile + len(self.sides[0].tiles)

    def _larger(self, one: int | None, other: int | None) -> int | None:
        """Of two tiles the one that needs more room."""
        known = [tile for tile in (one, other) if tile is not None]
        return max(known, key=lambda n: math.prod(tile_size(self.tiles[n])), default=None)

    def _seeds(self) -> tuple[Seed, ...]:
        seeds: list[Seed] = []
        numbers: dict[tuple[int, int], list[int]] = defaultdict(list)
        for side, held in enumerate(self.sides):
            turn: dict[tuple[int, int], int] = defaultdict(int)
            for seed in held.scene.seeds:
                key = (held.places[seed.root], seed.root_nr)
                at = turn[key]
                turn[key] += 1
                if at == len(numbers[key]):
                    numbers[key].append(len(seeds))
                    seeds.append(
                        replace(
                            seed,
                            number=len(seeds),
                            root=key[0],
                            value=self._number(side, seed.value),
                            tile=self._number(side, seed.tile),
                        )
                    )
                held.seeds[seed.number] = numbers[key][at]
        return tuple(seeds)

    def _wires(self) -> tuple[Wire, ...]:
        found: dict[_Key, Wire] = {}
        for side, held in enumerate(self.sides):
            for wire in held.scene.wires:
                key = held.key(wire)
                tile = self._number(side, wire.tile)
                known = found.get(key)
                if known is not None:
                    found[key] = replace(known, tile=self._larger(known.tile, tile))
                else:
                    found[key] = replace(
                        wire,
                        number=len(found),
                        source=key.source if key.source >= 0 else None,
                        seed=-1 - key.source if key.source < 0 else None,
                        target=key.target,
                        beads=key.beads,
                        tile=tile,
                    )
                held.wires[wire.number] = found[key].number
        return tuple(found.values())

    def _items(self) -> tuple[Item, ...]:
        mine, theirs = ({item.index: item for item in held.scene.items} for held in self.sides)
        items = []
        for place_, pair in enumerate(self.pairs):
            item = mine[pair.left] if pair.left is not None else theirs[pair.right or 0]
            common = pair.left is not None and pair.right is not None
            other = theirs[pair.right or 0] if common else None
            side = 0 if pair.left is not None else 1
            before, after = self._number(side, item.before), self._number(side, item.after)
            if other is not None:
                before = self._larger(before, self._number(1, other.before))
                after = self._larger(after, self._number(1, other.after))
                if math.prod(shape_of(other)) > math.prod(shape_of(item)):
                    item = replace(item, shape=other.shape)
            items.append(replace(item, index=place_, before=before, after=after))
        return tuple(items)

    # ------------------------------------------------------------------------------------ pictures

    def taken_apart(self, density: Density) -> list[tuple[Picture, tuple[Ghost, ...]]]:
        """Each side's picture and its ghosts, taken out of one layout."""
        whole = place(self.scene, self.tiles, density)
        return [
            (_half(whole, held, self.scene), _ghosts(whole, held, self.scene))
            for held in self.sides
        ]


def _half(whole: Picture, side: _Side, both: Scene) -> Picture:
    """What of the whole belongs to one side, in its own numbers; the bounds stay."""
    spots = {spot.node: spot for spot in whole.spots}
    paths = {path.wire: path for path in whole.paths}
    own: dict[int, list[int]] = defaultdict(list)
    for number, union in side.wires.items():
        own[union].append(number)
    modules = {item.module for item in side.scene.items}
    return replace(
        whole,
        spots=tuple(
            _spot(item.index, spots[side.places[item.index]], own) for item in side.scene.items
        ),
        seeds=tuple(whole.seeds[side.seeds[seed.number]] for seed in side.scene.seeds),
        paths=tuple(
            replace(paths[side.wires[wire.number]], wire=wire.number) for wire in side.scene.wires
        ),
        roads=_roads(whole, side, both),
        clusters=tuple(cluster for cluster in whole.clusters if cluster.name in modules),
    )


def _spot(index: int, spot: Spot, own: Mapping[int, Sequence[int]]) -> Spot:
    """A node's spot with the sockets of one side's wires only."""
    held = [
        (number, box)
        for wire, box in zip(spot.wires, spot.sockets, strict=True)
        for number in own.get(wire, ())
    ]
    numbers, boxes = tuple(number for number, _ in held), tuple(box for _, box in held)
    return Spot(index, spot.box, spot.body, numbers, boxes)


def _roads(whole: Picture, side: _Side, both: Scene) -> tuple[Road, ...]:
    """The forward lanes of one side. One lane is drawn for all wires between the same ends, and
    the words for a card stand at the first lane into it that the side has."""
    lanes, words = {}, {}
    for road in whole.roads:
        wire = both.wires[road.wire]
        lanes[_ends(wire)] = road
        if road.label is not None:
            words[wire.target] = road
    roads = []
    for number, union in side.wires.items():
        wire = both.wires[union]
        lane = lanes.pop(_ends(wire), None)
        if lane is None:
            continue
        named = words.pop(wire.target, None)
        own = side.scene.wires[number]
        name = shortened(own.name, 14) if named else ""
        shape = own.shape if named and named.shape else ""
        roads.append(Road(number, lane.path, lane.tip, name, shape, named.label if named else None))
    return tuple(roads)


def _ends(wire: Wire) -> tuple[int | None, int | None, int, int]:
    return wire.source, wire.seed, wire.target, wire.input_nr


def _ghosts(whole: Picture, side: _Side, both: Scene) -> tuple[Ghost, ...]:
    """The places of the whole in which one side has nothing."""
    held = set(side.places.values())
    kinds = {item.index: item.kind for item in both.items}
    return tuple(
        Ghost(spot.node, kinds[spot.node], spot.body)
        for spot in whole.spots
        if spot.node not in held
    )


def _no_beads(scenes: Iterable[Scene], places: Iterable[Mapping[int, int]]) -> set[int]:
    """Places that cannot stand on a wire: more than one runs through them, or one of the scenes
    has a card there."""
    into: dict[int, set[tuple[int, int]]] = defaultdict(set)
    onward: dict[int, set[tuple[int, int]]] = defaultdict(set)
    cards = set()
    for scene, known in zip(scenes, places, strict=True):
        cards |= {known[item.index] for item in scene.items if item.kind == "card"}
        for arc in arcs(scene):
            target = known[arc.target]
            source = -1 if arc.source is None else known[arc.source]
            into[target].add((source, arc.slot))
            onward[source].add((target, arc.input_nr))
    crowded = {place_ for ways in (into, onward) for place_, ends in ways.items() if len(ends) > 1}
    return crowded | cards


def with_cards(scene: Scene, nodes: Iterable[int]) -> Scene:
    """The scene with those of its beads that are among `nodes` as cards, and their wires in two."""
    chosen = set(nodes)
    items = tuple(
        replace(item, kind="card") if item.kind == "bead" and item.index in chosen else item
        for item in scene.items
    )
    shapes = {item.index: item.shape for item in scene.items}
    wires: list[Wire] = []
    for wire in scene.wires:
        cuts = [at for at, bead in enumerate(wire.beads) if bead in chosen]
        source, seed, slot, begin = wire.source, wire.seed, wire.slot, 0
        for at in cuts:
            bead, hops = wire.beads[at], wire.hops[begin : at + 1]
            wires.append(
                replace(
                    wire,
                    number=len(wires),
                    source=source,
                    seed=seed,
                    slot=slot,
                    target=bead,
                    input_nr=0,
                    beads=wire.beads[begin:at],
                    hops=hops,
                    lands=hops[-1].step,
                    tile=hops[-1].tile,
                    name="",
                    shape=shapes[bead],
                )
            )
            source, seed, slot, begin = bead, None, 0, at + 1
        wires.append(
            replace(
                wire,
                number=len(wires),
                source=source,
                seed=seed,
                slot=slot,
                beads=wire.beads[begin:],
                hops=wire.hops[begin:],
            )
        )
    return replace(scene, items=items, wires=tuple(wires))
