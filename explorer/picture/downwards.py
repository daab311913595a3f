"""Place a scene top-down, for a screen that is higher than wide.

The forward runs down, so the root is at the bottom and cotangents climb. Cards of one rank stand
side by side, and the buckets of a card to its right, one below the other, so that a chain is no
wider than a card with a bucket and every step fits a phone at a size that can be read. A wire that
passes a row runs up at the left edge, one to a bucket that is far away at the right.
"""

from collections import defaultdict

from explorer.data import Plain
from explorer.frames import Scene, Tile, Wire
from explorer.picture.columns import ranks
from explorer.picture.geometry import Box, Point, around, svg_path, xy
from explorer.picture.layout import MARGIN, Picture, Placing
from explorer.picture.measure import (
    BEAD_HEIGHT,
    LARGE,
    SEED_HEIGHT,
    SEED_WIDTH,
    bead_width,
    text_width,
)
from explorer.picture.placed import Path, Road, Spot, tidy

MAX_CARDS = 60
"""Cards up to which a scene is placed top-down; above, nobody scrolls through it on a phone."""

GAP, ROW_GAP, LANE = 26.0, 64.0, 15.0
"""Free space between cards of a row and between rows, and between wires at the edges."""

ROAD = 34.0
"""How far the forward lane runs from the left edge of a card."""


def place_down(scene: Scene, tiles: tuple[Tile, ...]) -> Picture | None:
    """The picture of `scene` from top to bottom; None where it has too many cards or wires."""
    cards = sum(item.kind in ("card", "group") for item in scene.items)
    if not 0 < cards <= MAX_CARDS or len(scene.wires) > 5 * MAX_CARDS:
        return None
    return _Downwards(scene, tiles, LARGE).picture()


class _Side(Plain, frozen=True):
    """The buckets that stand right of a card, from top to bottom, and how far off they begin."""

    buckets: tuple[int, ...]
    distance: float


class _Downwards(Placing):
    """One run of the placing from top to bottom."""

    def picture(self) -> Picture:
        """Everything placed."""
        self.rank = ranks(self.graph.units, self.graph.joined)
        self.side = self._sides()
        self.left_lanes, self.right_lanes = 0, 0
        self._place_rows()
        for unit in self.graph.units:
            if unit >= 0:
                ways, body = self.into[unit], self.card[unit]
                ways.sort(key=lambda way: (way.input_nr, self.card[self.graph.source(way)].x,
                                           way.number))  # fmt: skip
                numbers = tuple(way.number for way in ways)
                self.spots[unit] = Spot(unit, body, body, numbers, self._sockets(unit, body))
        for unit, side in self.side.items():
            self._place_side(unit, side)
        boxes = [spot.box for spot in self.spots.values()] + list(self.card.values())
        self.edges = (min(box.x for box in boxes), max(box.right for box in boxes))
        paths = [self._way(wire) for wire in self.scene.wires]
        roads = self._lanes_down()
        seeds = tuple(self._seed_box(seed.number) for seed in self.scene.seeds)
        boxes += [spot.box for spot in self.spots.values()]
        boxes += [Box(x, y, 1, 1) for x, y in self.bends]
        boxes += [self._words_of_root(seed.number) for seed in self.scene.seeds]
        # A cut stands at the left of its card.
        boxes += [Box(self.card[cut.node].x - 64, self.card[cut.node].y, 64, 80)
                  for cut in self.scene.cuts if cut.node in self.card]  # fmt: skip
        spots = tuple(tidy(self.spots[item.index]) for item in self.scene.items)
        return Picture("L", around(boxes, MARGIN / 2), spots, seeds, tuple(paths), tuple(roads), ())

    # ------------------------------------------------------------------------------ cards, buckets

    def _sides(self) -> dict[int, _Side]:
        """What stands right of each card: its own buckets, and those that it shares with cards
        further down."""
        owned: dict[int, list[int]] = defaultdict(list)
        for bucket, ways in self.graph.hung.items():
            users = {self.graph.source(way) for way in ways}
            owned[max(users, key=lambda unit: (self.rank[unit], -unit))].append(bucket)
        sides = {}
        for unit, buckets in owned.items():
            slots = {bucket: self.into[bucket][0].slot for bucket in buckets}
            beads = [
                sum(bead_width(self.items[bead].short, self.density) + 10 for bead in way.beads)
                for bucket in buckets for way in self.into[bucket]
                if self.graph.source(way) == unit
            ]  # fmt: skip
            distance = 34 + max(beads, default=0.0)
            sides[unit] = _Side(tuple(sorted(buckets, key=lambda b: slots[b])), distance)
        return sides

    def _bucket_height(self, bucket: int) -> float:
        _, above, _, height = self._bucket_size(bucket)
        return above + height + self.density.leaf * 2 + 6

    def _extent(self, unit: int) -> tuple[float, float]:
        """Width and height of a unit with what stands right of it."""
        width = SEED_WIDTH[self.density.name] if unit < 0 else self.density.width
        height = SEED_HEIGHT[self.density.name] + 20 if unit < 0 else self.heights[unit]
        side = self.side.get(unit)
        if side is not None:
            width += side.distance + max(self._bucket_size(b)[0] for b in side.buckets)
            height = max(height, sum(self._bucket_height(b) + 10 for b in side.buckets) - 10)
        return width, height

    def _place_rows(self) -> None:
        rows: dict[int, list[int]] = defaultdict(list)
        for unit in self.graph.units:
            rows[self.rank[unit]].append(unit)
        onward: dict[int, list[int]] = defaultdict(list)
        for source, target in self.graph.joined:
            onward[source].append(target)
        y = 0.0
        place: dict[int, float] = {}
        for rank in sorted(rows, reverse=True):
            # Each below the middle of those that it sends to, which stand above already.
            units = sorted(
                rows[rank],
                key=lambda unit: (
                    sum(place[t] for t in onward[unit]) / max(1, len(onward[unit])), unit,
                ),
            )  # fmt: skip
            sizes = [self._extent(unit) for unit in units]
            x = 0.0 if len(units) == 1 else -sum(width + GAP for width, _ in sizes[1:]) / 2
            for unit, (width, _) in zip(units, sizes, strict=True):
                wide = SEED_WIDTH[self.density.name] if unit < 0 else self.density.width
                shift = self.density.width - wide - 14 if unit < 0 else 0.0
                tall = SEED_HEIGHT[self.density.name] if unit < 0 else self.heights[unit]
                self.card[unit] = Box(x + shift, y, wide, tall)
                place[unit] = x
                x += width + GAP
            into = [way for unit in units for way in self.leaving[unit]
                    if self.items[way.target].kind != "bucket"]  # fmt: skip
            beads = max((len(way.beads) for way in into), default=0)
            if beads and y:
                # Beads stand between this row and the one above it.
                extra = beads * (BEAD_HEIGHT + 8)
                for unit in units:
                    card = self.card[unit]
                    self.card[unit] = Box(card.x, card.y + extra, card.w, card.h)
                y += extra
            y += max(height for _, height in sizes) + ROW_GAP

    def _place_side(self, unit: int, side: _Side) -> None:
        card = self.card[unit]
        y = card.y
        for bucket in side.buckets:
            self._place_bucket(bucket, card.right + side.distance, y)
            y += self._bucket_height(bucket) + 10

    def _seed_box(self, number: int) -> Box:
        return self.card[-1 - number]

    def _words_of_root(self, number: int) -> Box:
        box = self._seed_box(number)
        words = text_width(f"{self.scene.seeds[number].name} = 0.0000", 13)
        return Box(box.x - words - 20, box.y, words, box.h)

    # -------------------------------------------------------------------------------------- wires

    def _way(self, wire: Wire) -> Path:
        spot = self.spots[wire.target]
        socket = spot.sockets[spot.wires.index(wire.number)]
        if self.items[wire.target].kind == "bucket":
            return self._to_bucket(wire, spot, socket)
        return self._up(wire, spot, socket)

    def _outlet_x(self, wire: Wire) -> float:
        """Where a wire leaves the top of its unit, by slot where several leave."""
        unit = self.graph.source(wire)
        card = self.card[unit]
        ways = [way for way in self.leaving[unit] if self.items[way.target].kind != "bucket"]
        ways.sort(key=lambda way: (self.card[way.target].x, way.slot, way.number))
        middle = card.middle if unit < 0 else card.right - 62
        widest = max((bead_width(self.items[b].short, self.density)
                      for way in ways for b in way.beads), default=0.0)  # fmt: skip
        return middle + (ways.index(wire) - (len(ways) - 1) / 2) * max(26.0, widest + 8)

    def _up(self, wire: Wire, spot: Spot, socket: Box) -> Path:
        """From the top of a unit to the bottom of a card in a row above, over beads."""
        unit = self.graph.source(wire)
        place, count = spot.wires.index(wire.number), len(spot.wires)
        start: Point = (self._outlet_x(wire), self.card[unit].y)
        end = (socket.middle + (place - (count - 1) / 2) * min(22.0, 80 / count), spot.body.bottom)
        hops = []
        for bead in wire.beads:
            width = bead_width(self.items[bead].short, self.density)
            hops.append(f"M{xy(start)}V{start[1] - 10:.1f}")
            body = Box(start[0] - width / 2, start[1] - 10 - BEAD_HEIGHT, width, BEAD_HEIGHT)
            self.spots[bead] = Spot(bead, body, body)
            start = (start[0], body.y)
        if self.rank[wire.target] - self.rank[unit] > 1:
            self.left_lanes += 1
            x = self.edges[0] - LANE * self.left_lanes
            self.bends.append((x, end[1]))
            low, high = start[1] - 12, end[1] + 20 + 6 * (self.left_lanes % 3)
            path = f"M{xy(start)}V{low:.1f}H{x:.1f}V{high:.1f}H{end[0]:.1f}V{end[1]:.1f}"
            return Path(wire.number, (*hops, path), (end[0], end[1] + 8, -90.0))
        bend = (start[1] - end[1]) * 0.5
        curve = [start, (start[0], start[1] - bend), (end[0], end[1] + bend), end]
        return Path(wire.number, (*hops, svg_path(curve)), (end[0], round(end[1] + 10, 1), -90.0))

    def _to_bucket(self, wire: Wire, spot: Spot, socket: Box) -> Path:
        """From the right of a card into a bucket beside it, or along the right edge up to one."""
        unit = self.graph.source(wire)
        card = self.card[unit]
        lane = self._lane(unit) if unit >= 0 else card.h / 2
        ways = [way for way in self.leaving[unit] if self.items[way.target].kind == "bucket"]
        ways.sort(key=lambda way: (self.spots[way.target].body.y, way.slot))
        spread = min(BEAD_HEIGHT + 6, (card.h - 50) / max(1, len(ways) - 1))
        y = card.y + lane + (ways.index(wire) - (len(ways) - 1) / 2) * spread
        start: Point = (card.right, min(card.bottom - 12, y))
        hops = []
        for bead in wire.beads:
            width = bead_width(self.items[bead].short, self.density)
            hops.append(f"M{xy(start)}h8")
            body = Box(start[0] + 8, start[1] - BEAD_HEIGHT / 2, width, BEAD_HEIGHT)
            self.spots[bead] = Spot(bead, body, body)
            start = (body.right, start[1])
        alone = len(spot.wires) == 1
        if alone:
            # Into the open top, over the rim.
            end = (socket.middle, spot.body.y + 4)
            top = spot.body.y - 12
            half, climbs = (start[0] + spot.body.x) / 2, top < start[1]
            path = (f"M{xy(start)}C{half:.1f} {start[1]:.1f} {half:.1f} {top:.1f} "
                    f"{end[0] - 10:.1f} {top:.1f}Q{end[0]:.1f} {top:.1f} {xy(end)}")  # fmt: skip
            return Path(
                wire.number,
                (*hops, path),
                (round(half, 1), round((start[1] + top) / 2, 1), -45.0 if climbs else 45.0),
            )
        place = spot.wires.index(wire.number)
        near = spot.box.x - 8 if spot.box.x > card.x and spot.box.y < card.bottom else None
        if near is None:
            self.right_lanes += 1
            near = self.edges[1] + LANE * self.right_lanes
        over = socket.y - 8 - 4 * place
        self.bends += [(near, over)]
        path = f"M{xy(start)}H{near:.1f}V{over:.1f}H{socket.middle:.1f}V{socket.y:.1f}"
        return Path(wire.number, (*hops, path), (socket.middle, socket.y - 2, 90.0))

    # ------------------------------------------------------------------------------ forward lanes

    def _lanes_down(self) -> list[Road]:
        """The forward value of each wire between neighbouring rows, once."""
        roads: list[Road] = []
        seen, named = set(), set()
        for wire in self.scene.wires:
            source, target = self.graph.source(wire), wire.target
            if self.items[target].kind == "bucket" or (source, target) in seen:
                continue
            if self.rank[target] - self.rank[source] > 1:
                continue
            seen.add((source, target))
            start = (self.card[target].x + ROAD, self.card[target].bottom)
            below = self.card[source]
            end = (start[0] if source < 0 else below.x + ROAD, below.y)
            bend = (end[1] - start[1]) * 0.5
            curve = [start, (start[0], start[1] + bend), (end[0], end[1] - bend), end]
            name, shape = self.road_words[target] if wire.seed is None else ("", "")
            label = None
            if (name or shape) and target not in named:
                named.add(target)
                label = (start[0] + 10, start[1] + 22)
            roads.append(Road(wire.number, svg_path(curve), end, name, shape, label))
        return roads
