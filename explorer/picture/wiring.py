"""The ways of wires: from card to card, down to buckets, around corners, and the forward lanes."""

from collections.abc import Sequence

from explorer.frames import Scene, Tile, Wire
from explorer.picture.columns import Route
from explorer.picture.geometry import Box, Point, arrow_on, between, smooth, svg_path, xy
from explorer.picture.measure import BEAD_HEIGHT, SMALL, Density, bead_width
from explorer.picture.placed import Path, Road, Spot
from explorer.picture.standing import Standing


class Wiring(Standing):
    """The ways of all wires between what stands, with the beads on them, and the forward lanes."""

    def __init__(self, scene: Scene, tiles: Sequence[Tile], density: Density) -> None:
        super().__init__(scene, tiles, density)
        self.bends: list[Point] = []
        self.landing: dict[int, Box] = {}
        self.departures: dict[tuple[int, bool], tuple[dict[int, int], int, float]] = {}

    def wire_up(self) -> tuple[list[Path], list[Road]]:
        """The way of each wire, and of each forward value."""
        self.landing = {
            number: socket
            for spot in self.spots.values()
            for number, socket in zip(spot.wires, spot.sockets, strict=True)
        }
        paths = [self._path(wire) for wire in self.scene.wires]
        return paths, self._roads()

    def _path(self, wire: Wire) -> Path:
        spot = self.spots[wire.target]
        socket = self.landing[wire.number]
        if self.items[wire.target].kind == "bucket":
            return self._path_down(wire, spot, socket)
        return self._path_left(wire, spot, socket)

    def _path_left(self, wire: Wire, spot: Spot, socket: Box) -> Path:
        """From a unit to a card in a column further left, over beads beside the unit."""
        unit = self.graph.source(wire)
        card = self.card[unit]
        start = (card.x if unit >= 0 else self._seed_box(wire.seed or 0).x, self._outlet(wire))
        end_y = socket.y + socket.h / 2 if self.density is not SMALL else spot.body.y + 27
        end = (spot.body.right, end_y)
        hops = []
        for bead in wire.beads:
            width = bead_width(self.items[bead].short, self.density)
            edge = (start[0] - 12, start[1])
            hops.append(f"M{xy(start)}H{edge[0]:.1f}")
            body = Box(edge[0] - width, start[1] - BEAD_HEIGHT / 2, width, BEAD_HEIGHT)
            self.spots[bead] = Spot(bead, body, body)
            start = (body.x, start[1])
        if self.line[unit] != self.line[wire.target]:
            # Round the corner in the gaps beside the cards and in the gutter above the line.
            gutter, half = self.gutters[self.line[unit]], self.density.gap / 2
            left = min(start[0] - half, self.columns[self.rank[unit]][0] - half)
            right = max(end[0] + half, self.columns[self.rank[wire.target]][1] + half)
            hops.append(
                f"M{xy(start)}H{left:.1f}V{gutter:.1f}H{right:.1f}V{end[1]:.1f}H{end[0]:.1f}"
            )
            self.bends += [(left, gutter), (right, end[1])]
            return Path(wire.number, tuple(hops), (*end, 180.0))
        curve = self._curve(unit, wire.target, start, end)
        hops.append(svg_path(curve))
        if self.density is SMALL:
            return Path(wire.number, tuple(hops), (*end, 180.0))
        return Path(wire.number, tuple(hops), arrow_on(curve, min(abs(start[0] - end[0]) / 2, 26)))

    def _curve(self, source: int, target: int, start: Point, end: Point) -> list[Point]:
        """Cubic Bézier points; a wire over several columns keeps Graphviz's way around boxes."""
        route = self.routes.get((source, target))
        if route is None or len(route.points) < 7:
            bend = (start[0] - end[0]) * 0.45
            return [start, (start[0] - bend, start[1]), (end[0] + bend, end[1]), end]
        lane = self.card[source].y + self._lane(source)
        through = [(self._column_x(x, route), lane + y) for x, y in route.points[3:-3:3]]
        # Graphviz drew from lane to lane; the wire starts and ends where its slot and socket are.
        inner = [point for point in through if end[0] + 30 < point[0] < start[0] - 30]
        self.bends += inner
        return smooth([start, *inner, end])

    def _column_x(self, x: float, route: Route) -> float:
        """An x of Graphviz in our columns: linear between the middles of two columns."""
        theirs, ours = route.columns, self.middles[route.first :]
        for place in range(len(theirs) - 1):
            if theirs[place] >= x >= theirs[place + 1]:
                part = (theirs[place] - x) / (theirs[place] - theirs[place + 1])
                return ours[place] + part * (ours[place + 1] - ours[place])
        return ours[0] if x > theirs[0] else ours[len(theirs) - 1]

    def _outlet(self, wire: Wire) -> float:
        """The y at which a wire leaves its unit: near the lane, by slot, where several leave."""
        unit = self.graph.source(wire)
        lane = self.card[unit].y + self._lane(unit)
        if unit < 0:
            return lane
        turns, beads, _ = self._departures(unit, down=False)
        step = {"L": 22.0, "M": 17.0, "S": 7.0}[self.density.name]
        if beads and self.density is not SMALL:
            step = BEAD_HEIGHT + 6
        if len(turns) > 1:
            step = min(step, (self.heights[unit] - self.density.header - 8) / len(turns))
            if beads:
                step = max(step, BEAD_HEIGHT + 4)
        return lane + (turns[wire.number] - (len(turns) - 1) / 2) * step

    def _departures(self, unit: int, *, down: bool) -> tuple[dict[int, int], int, float]:
        """The wires that leave a unit down to buckets, or left to cards: the turn of each in the
        order in which they stand, the most beads on one, and the width of the widest bead."""
        known = self.departures.get((unit, down))
        if known is None:
            ways = [
                w for w in self.leaving[unit] if (self.items[w.target].kind == "bucket") == down
            ]
            if down:
                ways.sort(key=lambda way: (self.landing[way.number].x, way.slot))
            else:
                ways.sort(key=lambda way: (self.spots[way.target].body.y, way.slot))
            beads = [bead for way in ways for bead in way.beads]
            known = self.departures[unit, down] = (
                {way.number: turn for turn, way in enumerate(ways)},
                max((len(way.beads) for way in ways), default=0),
                max((bead_width(self.items[b].short, self.density) for b in beads), default=0.0),
            )
        return known

    def _path_down(self, wire: Wire, spot: Spot, socket: Box) -> Path:
        """From the bottom of a unit to a bucket below it, over beads on the way."""
        unit = self.graph.source(wire)
        card = self.card[unit] if unit >= 0 else self._seed_box(wire.seed or 0)
        turns, _, widest = self._departures(unit, down=True)
        spread = min(64.0, (card.w - 40) / max(1, len(turns) - 1))
        if widest and len(turns) > 1:
            spread = max(spread, widest + 8)
        x = card.middle + (turns[wire.number] - (len(turns) - 1) / 2) * spread
        start = (min(card.right - 12, max(card.x + 12, x)), card.bottom)
        tray = len(spot.wires) == 1 or self.density is SMALL
        end = (socket.middle, spot.body.y + 4 if tray else socket.y)
        hops = []
        for bead in wire.beads:
            width = bead_width(self.items[bead].short, self.density)
            # Beads of neighbouring wires stand over their own buckets, where there is room.
            at = (x if len(turns) == 1 else between(start[0], end[0], 0.5), start[1] + 14)
            hops.append(f"M{xy(start)}C{start[0]:.1f} {at[1] - 4:.1f} {at[0]:.1f} "
                        f"{start[1] + 4:.1f} {xy(at)}")  # fmt: skip
            body = Box(at[0] - width / 2, at[1], width, BEAD_HEIGHT)
            self.spots[bead] = Spot(bead, body, body)
            start = (at[0], body.bottom)
        drop = end[1] - start[1]
        curve = [start, (start[0], start[1] + drop * 0.55), (end[0], end[1] - drop * 0.55), end]
        hops.append(svg_path(curve))
        return Path(wire.number, tuple(hops), arrow_on(curve, max(8.0, drop / 2)))

    def _roads(self) -> list[Road]:
        """The forward value of each wire once, from the card that made it to its user."""
        roads: list[Road] = []
        if self.density is SMALL:
            return roads
        seen, named = set(), set()
        for wire in self.scene.wires:
            source, target = self.graph.source(wire), wire.target
            if self.items[target].kind == "bucket" or (source, target, wire.input_nr) in seen:
                continue
            seen.add((source, target, wire.input_nr))
            road = self.density.road
            start = (self.card[target].right, self.card[target].y + road)
            if self.line[source] != self.line[target]:
                continue
            end = (self.card[source].x, self.card[source].y + road)
            bend = (end[0] - start[0]) * 0.45
            curve = [start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end]
            if (source, target) in self.routes:
                lift = self.density.lane - road
                back = self._curve(source, target, (end[0], end[1] + lift),
                                   (start[0], start[1] + lift))  # fmt: skip
                curve = [(x, y - lift) for x, y in reversed(back)]
                self.bends += curve
            name, shape = self.road_words[target] if wire.seed is None else ("", "")
            label = None
            if (name or shape) and target not in named:
                named.add(target)
                end_of_column = self.columns[self.rank[target]][1] + self.aside.get(target, 0.0)
                room = end_of_column - start[0] + self._gap_right_of(target)
                label = (start[0] + room / 2 - 3, start[1] - 7)
            roads.append(Road(wire.number, svg_path(curve), end, name, shape, label))
        return roads

    def _gap_right_of(self, unit: int) -> float:
        """Width of the gap between a unit's column and the next one to the right."""
        column = self.rank[unit]
        return self.columns[column - 1][0] - self.columns[column][1] if column else 0.0
