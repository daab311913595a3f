"""Where cards and buckets stand: columns from the right, rows, and lines of a long picture.

A card stands where `columns` says; the gaps between columns are as wide as their labels and beads
need. Buckets hang below the one unit that sends to them, or under the middle of several.
"""

import math
from collections.abc import Mapping, Sequence

from explorer.frames import Scene, Tile
from explorer.picture.columns import Cell, Route, arrange
from explorer.picture.geometry import Box, around
from explorer.picture.measure import (
    LARGE,
    SEED_HEIGHT,
    SEED_WIDTH,
    SMALL,
    Density,
    bead_width,
    fitted,
    text_width,
)
from explorer.picture.placed import Spot
from explorer.picture.sizes import Sizes
from explorer.picture.units import ABREAST

GUTTER = 30.0
"""Free space between two lines of a picture that is broken into lines."""

ASPECT = 3.2
"""Width over height of a picture that is broken into lines, about that of the stage."""


class Standing(Sizes):
    """Places for the cards of a scene, and for the buckets below them."""

    def __init__(self, scene: Scene, tiles: Sequence[Tile], density: Density) -> None:
        super().__init__(scene, tiles, density)
        self.card: dict[int, Box] = {}
        self.spots: dict[int, Spot] = {}
        self.columns: list[tuple[float, float]] = []
        self.middles: list[float] = []
        self.rank: dict[int, int] = {}
        self.routes: dict[tuple[int, int], Route] = {}
        self.line: dict[int, int] = {}
        self.gutters: dict[int, float] = {}
        self.aside: dict[int, float] = {}  # how far right of its column a card stands
        self.stacked = False

    def stand(self) -> None:
        """Place all cards, sockets and buckets."""
        self._place_cards(self._rows())
        self._wrap()
        self._put_abreast()
        self._place_sockets()
        self._place_own_buckets()
        self._place_shared_buckets()

    def _rows(self) -> dict[int, float]:
        """The y of each unit's lane; also fills in columns and the routes of long wires."""
        cells = {
            unit: Cell(self._unit_width(unit), self._cell_height(unit), self._lane(unit))
            for unit in self.graph.units
        }
        found = arrange(
            self.graph.units, self.graph.joined, cells, self.density.gap, self._row_gap()
        )
        self.rank, self.routes, self.stacked = found.column, found.routes, found.stacked
        return found.lane

    def _gaps(self, count: int) -> list[float]:
        """Room between column r and column r + 1, for labels and beads on the wires there."""
        gaps = [self.density.gap] * count
        clustered = 34 if any(item.module for item in self.items.values()) else 0
        for wire in self.scene.wires:
            if self.items[wire.target].kind == "bucket":
                continue
            source = self.graph.source(wire)
            near, far = self.rank[source], self.rank[wire.target] - 1
            beads = sum(bead_width(self.items[b].short, self.density) + 14 for b in wire.beads)
            if beads:
                gaps[near] = max(gaps[near], beads + 40)
            if self.density is not SMALL:
                name, shape = self.road_words[wire.target]
                words = text_width(name, 15) + text_width(" " + shape, 12)
                gaps[far] = max(gaps[far], words + 24 + clustered)
        return gaps

    def _place_cards(self, lanes: Mapping[int, float]) -> None:
        """Give each unit its card's box, columns from the right."""
        count = max(self.rank.values(), default=0) + 1
        lefts, rights = [0.0] * count, [0.0] * count
        for unit in self.graph.units:
            column, (left, right) = self.rank[unit], self._reach(unit)
            lefts[column] = max(lefts[column], left)
            rights[column] = max(rights[column], right)
        gaps = self._gaps(count)
        edge = 0.0
        for column in range(count):
            middle = edge - rights[column]
            self.columns.append((middle - lefts[column], edge))
            self.middles.append(middle)
            edge = middle - lefts[column] - gaps[column]
        for unit in self.graph.units:
            width = SEED_WIDTH[self.density.name] if unit < 0 else self.density.width
            x = self.middles[self.rank[unit]] - width / 2
            self.card[unit] = Box(x, lanes[unit] - self._lane(unit), width, self.heights[unit])

    def _wrap(self) -> None:
        """Break a long picture of small cards into lines that read like text, left to right and
        down, so that the whole of it is not seen through a slit."""
        self.line = dict.fromkeys(self.graph.units, 0)
        if self.density is LARGE or len(self.columns) < (2 if self.density is SMALL else 11):
            return
        boxes = {unit: self._cell(unit) for unit in self.graph.units}
        whole = around(list(boxes.values()), 0)
        lines = round(math.sqrt(whole.w / (whole.h + GUTTER) / ASPECT))
        if lines < 2:
            return
        # Columns count from the right, lines from the top: the first line has the last columns.
        share = whole.w / lines
        line_of = [min(lines - 1, int((x - whole.x) / share)) for x, _ in self.columns]
        down = 0.0
        for line in sorted(set(line_of)):
            columns = [column for column, on in enumerate(line_of) if on == line]
            units = [unit for unit in self.graph.units if self.rank[unit] in columns]
            left = min(self.columns[column][0] for column in columns)
            held = around([boxes[unit] for unit in units], 0)
            for column in columns:
                begin, end = self.columns[column]
                self.columns[column] = (begin - left, end - left)
                self.middles[column] -= left
            for unit in units:
                card = self.card[unit]
                self.card[unit] = Box(card.x - left, card.y - held.y + down, card.w, card.h)
                self.line[unit] = line
            self.gutters[line] = down - GUTTER / 2
            down += held.h + GUTTER

    def _put_abreast(self) -> None:
        """Several graphs that share nothing stand in a grid, the first root's first, in as many
        columns as show them largest: one below the other they would be small and mostly unseen."""
        parts = self.graph.parts()
        bent = any(len(route.points) > 4 for route in self.routes.values())
        if len(parts) < ABREAST or self.density is SMALL or self.shared or bent:
            return
        boxes = [around([self._cell(unit) for unit in part], 0) for part in parts]
        wide = max(box.w for box in boxes) + self.density.gap + 30
        high = max(box.h for box in boxes) + GUTTER

        def slits(columns: int) -> float:
            return max(columns * wide / ASPECT, math.ceil(len(parts) / columns) * high)

        columns = min(range(1, len(parts) + 1), key=slits)
        for place, (part, box) in enumerate(zip(parts, boxes, strict=True)):
            row, column = divmod(place, columns)
            right, down = column * wide - box.right, row * high - box.y
            for unit in part:
                card = self.card[unit]
                self.aside[unit] = right
                self.card[unit] = Box(card.x + right, card.y + down, card.w, card.h)

    def _cell(self, unit: int) -> Box:
        """A card with what hangs below it."""
        card = self.card[unit]
        left, right = self._reach(unit)
        return Box(card.middle - left, card.y, left + right, card.h + self.below[unit][2])

    def _place_sockets(self) -> None:
        for unit in self.graph.units:
            if unit >= 0:
                ways, body = self.into[unit], self.card[unit]
                # Sockets from top to bottom as the senders stand, so that wires do not cross.
                ways.sort(key=lambda way: (way.input_nr, self.card[self.graph.source(way)].y,
                                           way.number))  # fmt: skip
                self.spots[unit] = Spot(
                    unit, body, body, tuple(way.number for way in ways), self._sockets(unit, body)
                )

    def _sockets(self, unit: int, body: Box) -> tuple[Box, ...]:
        """One box for each contribution, at the right of the card, one below the other."""
        ways, density = self.into[unit], self.density
        if density is SMALL:
            strip = Box(body.x + 6, body.bottom - 9, body.w - 12, 5)
            count = max(1, len(ways))
            each = strip.w / count
            return tuple(
                Box(strip.x + each * place, strip.y, max(1.0, each - 1), strip.h)
                for place in range(len(ways))
            )
        room = body.h - density.header - 12
        count = max(1, len(ways))
        gap = min(7.0, room / count * 0.12)
        size = fitted(
            self.socket[unit], density.tile_width, min(density.tile_height, room / count - gap)
        )
        lane = body.y + self._lane(unit)
        right = body.right - (12 if density is LARGE else 9)
        return tuple(
            Box(
                right - size[0],
                lane + (place - (count - 1) / 2) * (size[1] + gap) - size[1] / 2,
                *size,
            )
            for place in range(len(ways))
        )

    def _place_own_buckets(self) -> None:
        for unit, buckets in self.own.items():
            card = self.card[unit]
            left = card.middle - self.below[unit][0]
            for place, bucket in enumerate(buckets):
                if place and bucket not in self.beside and buckets[place - 1] in self.beside:
                    left = card.middle - self.below[unit][1]
                self._place_bucket(bucket, left, card.bottom + self._drop(unit))
                left += self._bucket_size(bucket)[0] + 12

    def _place_bucket(self, bucket: int, left: float, top: float) -> None:
        width, above, tray, height = self._bucket_size(bucket)
        body = Box(left + (width - tray) / 2, top + above, tray, height)
        ways = self.into[bucket]
        if len(ways) == 1 or self.density is SMALL:
            w, h = fitted(self.socket[bucket], tray - 12, height - 10)
            inner = Box(body.middle - w / 2, body.y + (height - h) / 2 + 2, w, h)
            sockets = (inner,) * len(ways)
        else:
            (w, h), gap = self._bucket_socket(bucket), self._socket_gap(len(ways))
            sockets = tuple(
                Box(body.middle + (place - (len(ways) - 1) / 2) * (w + gap) - w / 2, top, w, h)
                for place in range(len(ways))
            )
        box = Box(left, top, width, above + height + self.density.leaf * 2 + 6)
        self.spots[bucket] = Spot(bucket, box, body, tuple(way.number for way in ways), sockets)

    def _place_shared_buckets(self) -> None:
        """Below everything, under the middle of the users, in as few rows as they need."""
        if not self.shared:
            return
        floor = max(
            [card.bottom for card in self.card.values()]
            + [spot.box.bottom for spot in self.spots.values()]
        )
        placed: list[Box] = []
        for bucket in sorted(self.shared, key=self._users_middle):
            width, above, _, height = self._bucket_size(bucket)
            x = self._users_middle(bucket) - width / 2
            y = floor + self.density.drop + 26
            tall = above + height + self.density.leaf * 2 + 6
            while any(Box(x, y, width, tall).touches(other) for other in placed):
                y += 20
            placed.append(Box(x - 10, y - 20, width + 20, tall + 40))
            self._place_bucket(bucket, x, y)
            ways = sorted(self.into[bucket], key=lambda way: self.card[self.graph.source(way)].x)
            spot = self.spots[bucket]
            self.spots[bucket] = Spot(
                bucket, spot.box, spot.body, tuple(way.number for way in ways), spot.sockets
            )

    def _users_middle(self, bucket: int) -> float:
        users = [self.card[self.graph.source(way)].middle for way in self.into[bucket]]
        return (min(users) + max(users)) / 2

    def _seed_box(self, number: int) -> Box:
        cell = self.card[-1 - number]
        height = SEED_HEIGHT[self.density.name]
        lane = cell.y + self._lane(-1)
        return Box(cell.x, lane - height / 2, cell.w, height)

    def _root_words(self, number: int) -> Box:
        """Where the root's name and value stand, beside the end of the forward lane."""
        cell = self.card[-1 - number]
        return Box(cell.x, cell.y, sum(self._reach(-1 - number)), 30)
