"""Place a scene: where each card, bead, bucket, seed and wire stands, in px.

Graphviz places fixed-size boxes and nothing else: each card with the buckets that hang below it is
one box, and what `columns` finds out about columns and rows is kept, while the gaps between columns
are made as wide as their labels and beads need. Buckets that several cards share hang under the
middle of their users and never reach Graphviz, which one leaf with hundreds of users would keep
busy for minutes.

`place(scene, tiles)` raises nothing: where the engine refuses, columns are made without it.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from explorer.data import Plain
from explorer.frames import Item, Scene, Tile, Wire
from explorer.picture.columns import Cell, Route, arrange, ranks
from explorer.picture.geometry import (
    Box,
    Point,
    around,
    arrow_on,
    between,
    rounded,
    smooth,
    svg_path,
    xy,
)
from explorer.picture.measure import (
    BEAD_HEIGHT,
    LARGE,
    MEDIUM,
    SEED_HEIGHT,
    SEED_WIDTH,
    SMALL,
    Density,
    bead_width,
    fitted,
    shape_of,
    shortened,
    text_width,
    tile_size,
)

MARGIN = 26.0
"""Free space around the picture."""

GUTTER = 30.0
"""Free space between two lines of a picture that is broken into lines."""

ASPECT = 3.2
"""Width over height of a picture that is broken into lines, about that of the stage."""


class Spot(Plain, frozen=True):
    """Where one node stands. `box` is all that it draws on (a bucket's name included), `body` the
    card, bead or tray itself, `sockets` one box for each incoming wire, in the order of `wires`."""

    node: int
    box: Box
    body: Box
    wires: tuple[int, ...] = ()
    sockets: tuple[Box, ...] = ()


class Path(Plain, frozen=True):
    """The way of one wire: an SVG path for each hop, and an arrow's place and angle on the last."""

    wire: int
    hops: tuple[str, ...]
    arrow: tuple[float, float, float]


class Road(Plain, frozen=True):
    """The forward lane between two cards: its path and the tip of its arrow. `name` and `shape` of
    the value are written at `label`, once for each card, and nowhere if that is None."""

    wire: int
    path: str
    tip: Point
    name: str = ""
    shape: str = ""
    label: Point | None = None


class Cluster(Plain, frozen=True):
    """A module's frame."""

    name: str
    box: Box


class Picture(Plain, frozen=True):
    """A scene that has been placed. All coordinates are px at zoom 1, y downwards. `stacked` says
    that its rows were made without the engine, which is for few wires only."""

    density: str
    bounds: Box
    spots: tuple[Spot, ...]
    seeds: tuple[Box, ...]
    paths: tuple[Path, ...]
    roads: tuple[Road, ...]
    clusters: tuple[Cluster, ...]
    stacked: bool = False


def density_for(scene: Scene) -> Density:
    """The largest density that keeps the whole picture readable."""
    units = _Units(scene)
    deepest = max(ranks(units.units, units.joined).values(), default=0)
    columns = deepest + 1 - bool(scene.seeds)
    cards = sum(item.kind in ("card", "group") for item in scene.items)
    if columns <= LARGE.columns and cards <= 4 * LARGE.columns:
        return LARGE
    if columns <= MEDIUM.columns and cards <= 5 * MEDIUM.columns:
        return MEDIUM
    if cards <= 2 * MEDIUM.columns and any(item.kind == "group" for item in scene.items):
        return MEDIUM  # in lines: an overview is there to be read
    return SMALL


def place(scene: Scene, tiles: Sequence[Tile], density: Density | None = None) -> Picture:
    """The picture of `scene`, in the density that suits it unless one is given."""
    return Placing(scene, tiles, density or density_for(scene)).picture()


class _Units:
    """What Graphviz gets: cards (by node index) and seeds (negative), joined where wires run.

    A bucket is no unit: it hangs below the units that send to it.
    """

    def __init__(self, scene: Scene) -> None:
        self.items = {item.index: item for item in scene.items}
        cards = [item.index for item in scene.items if item.kind in ("card", "group")]
        self.units = [*(-1 - seed.number for seed in scene.seeds), *cards]
        self.joined: list[tuple[int, int]] = []
        self.hung: dict[int, list[Wire]] = defaultdict(list)
        for wire in scene.wires:
            source = self.source(wire)
            if self.items[wire.target].kind == "bucket":
                self.hung[wire.target].append(wire)
            elif (source, wire.target) not in self.joined[-8:]:
                self.joined.append((source, wire.target))
        self.joined = sorted(set(self.joined))

    @staticmethod
    def source(wire: Wire) -> int:
        """The unit that a wire starts from."""
        return wire.source if wire.source is not None else -1 - (wire.seed or 0)


class Placing:
    """One run of the placing, from sizes over columns and rows to wires."""

    def __init__(self, scene: Scene, tiles: Sequence[Tile], density: Density) -> None:
        self.scene, self.tiles, self.density = scene, tiles, density
        self.graph = _Units(scene)
        self.items = self.graph.items
        self.into: dict[int, list[Wire]] = defaultdict(list)
        for wire in scene.wires:
            self.into[wire.target].append(wire)
        self.leaving: dict[int, list[Wire]] = defaultdict(list)
        for wire in scene.wires:
            self.leaving[self.graph.source(wire)].append(wire)
        for ways in self.into.values():
            ways.sort(key=lambda way: (way.input_nr, way.number))
        self.socket = {item.index: self._socket_size(item) for item in scene.items}
        self.own, self.shared, self.beside = self._buckets()
        self.road_words = self._road_words()
        self.heights = {unit: self._card_height(unit) for unit in self.graph.units}
        self.below = {unit: self._below(unit) for unit in self.graph.units}
        self.card: dict[int, Box] = {}
        self.spots: dict[int, Spot] = {}
        self.columns: list[tuple[float, float]] = []
        self.middles: list[float] = []
        self.rank: dict[int, int] = {}
        self.routes: dict[tuple[int, int], Route] = {}
        self.bends: list[Point] = []
        self.line: dict[int, int] = {}
        self.gutters: dict[int, float] = {}
        self.stacked = False
        self.landing: dict[int, Box] = {}
        self.departures: dict[tuple[int, bool], tuple[dict[int, int], int, float]] = {}

    def picture(self) -> Picture:
        """Everything placed."""
        rows = self._rows()
        self._place_cards(rows)
        self._wrap()
        self._place_sockets()
        self._place_own_buckets()
        self._place_shared_buckets()
        self.landing = {
            number: socket
            for spot in self.spots.values()
            for number, socket in zip(spot.wires, spot.sockets, strict=True)
        }
        paths = [self._path(wire) for wire in self.scene.wires]
        roads = self._roads()
        clusters = self._clusters()
        seeds = tuple(self._seed_box(seed.number) for seed in self.scene.seeds)
        boxes = [spot.box for spot in self.spots.values()]
        boxes += [Box(x, y, 1, 1) for x, y in self.bends]
        boxes += [*seeds, *(cluster.box for cluster in clusters)]
        boxes += [Box(self.card[cut.node].x - 64, self.card[cut.node].y, 64, 80)
                  for cut in self.scene.cuts if cut.node in self.card]  # fmt: skip
        boxes += [self._root_words(seed.number) for seed in self.scene.seeds]
        return Picture(
            self.density.name,
            around(boxes, MARGIN),
            tuple(_tidy(self.spots[item.index]) for item in self.scene.items),
            seeds,
            tuple(paths),
            tuple(roads),
            tuple(clusters),
            self.stacked,
        )

    # -------------------------------------------------------------------------------------- sizes

    def _socket_size(self, item: Item) -> tuple[float, float]:
        """Room for the largest contribution that lands on a node, and for their sum."""
        known = [self.tiles[way.tile] for way in self.into[item.index] if way.tile is not None]
        known += [self.tiles[n] for n in (item.before, item.after) if n is not None]
        sizes = [tile_size(tile) for tile in known] or [tile_size(None, shape_of(item))]
        return max(size[0] for size in sizes), max(size[1] for size in sizes)

    def _card_height(self, unit: int) -> float:
        """A card grows where many contributions meet, up to twice the usual body."""
        if unit < 0 or self.density is SMALL:
            return self.density.height
        count = max(1, len(self.into[unit]))
        body = self.density.height - self.density.header
        tall = fitted(self.socket[unit], self.density.tile_width, self.density.tile_height)[1]
        needed = count * tall + (count - 1) * 5 + 12 if count > 1 else 0
        return self.density.header + min(2 * body, max(body, needed))

    def _buckets(self) -> tuple[dict[int, list[int]], list[int], set[int]]:
        """Buckets that hang below one unit each, by unit; those that several units share; and
        those that stand beside their card, because a module's frame goes around the card and the
        module's own leaves, and they are none of them."""
        own: dict[int, list[int]] = defaultdict(list)
        shared, beside = [], set()
        slots: dict[int, int] = {}
        for bucket, ways in self.graph.hung.items():
            slots[bucket] = ways[0].slot
            users = {self.graph.source(way) for way in ways}
            if len(users) == 1:
                own[users.pop()].append(bucket)
            else:
                shared.append(bucket)
        for unit, buckets in own.items():
            inside = {b for b in buckets if self._in_frame(unit, b)}
            if inside:
                beside |= set(buckets) - inside
            own[unit] = sorted(buckets, key=lambda bucket: (bucket not in beside, slots[bucket]))
        return dict(own), shared, beside

    def _in_frame(self, unit: int, bucket: int) -> bool:
        """Whether a bucket stands with its card in the frame of their module. There is no frame
        around a card that is called after the module anyway."""
        if unit < 0 or self.density is SMALL:
            return False
        item = self.items[unit]
        if not item.module or item.module.endswith(item.label):
            return False
        return self.items[bucket].label.startswith(f"{item.module}.")

    def _bucket_size(self, bucket: int) -> tuple[float, float, float, float]:
        """Width of all, height of the sockets above the tray, tray's width and height."""
        density, count = self.density, len(self.into[bucket])
        wide = fitted(self.socket[bucket], 104, 72)[0]
        name = self._bucket_name(bucket)
        if density is SMALL:
            return max(44.0, text_width(shortened(name, 10), density.leaf)), 0.0, 40.0, density.tray
        name += ".grad"
        words = max(text_width(name, density.leaf),
                    text_width(self.items[bucket].shape or "scalar", density.leaf - 3))  # fmt: skip
        tray_height = max(density.tray, self._tray_content(bucket) + 26)
        tray = max(76.0 if density is LARGE else 62.0, wide + 26)
        above = 0.0
        if count > 1:
            wide, tall = self._bucket_socket(bucket)
            tray = max(tray, count * (wide + self._socket_gap(count)) + 16)
            above = tall + 12
        # Beside the sockets stands how many have arrived, in few words below a card of its own.
        count_text = 0.0 if count < 2 else 130.0 if bucket in self.shared else 62.0
        return max(tray + 2 * count_text, words + 6), above, tray, tray_height

    def _tray_content(self, bucket: int) -> float:
        """Height of the tallest tile in the trays of one unit, so that they end on one line."""
        unit = self.graph.source(self.into[bucket][0])
        mates = self.own.get(unit, [bucket]) if bucket not in self.shared else [bucket]
        return max(fitted(self.socket[mate], 104, 72)[1] for mate in mates)

    def _bucket_socket(self, bucket: int) -> tuple[float, float]:
        """Sockets above a tray become smaller where there are many."""
        count = len(self.into[bucket])
        most = 104.0 if count <= 4 else max(3.0, 420 / count)
        return fitted(self.socket[bucket], most, 60)

    @staticmethod
    def _socket_gap(count: int) -> float:
        """Free space between the sockets above a tray."""
        return min(8.0, 240 / count)

    def _bucket_name(self, bucket: int) -> str:
        """The leaf's name as far as it is needed: below its own module, the last part will do."""
        label = self.items[bucket].label
        head, _, last = label.rpartition(".")
        users = {way.source for way in self.into[bucket]}
        modules = {self.items[user].module for user in users if user is not None}
        return last if head and modules == {head} else label

    def _below(self, unit: int) -> tuple[float, float, float]:
        """How far what hangs below a unit reaches left and right of its middle, and its height."""
        own = self.own.get(unit, ())
        if not own:
            return 0.0, 0.0, 0.0
        sizes = [self._bucket_size(bucket) for bucket in own]
        tall = max(size[1] + size[3] for size in sizes)
        beside = [bucket in self.beside for bucket in own]
        under = [size[0] + 12 for size, out in zip(sizes, beside, strict=True) if not out]
        outside = [size[0] + 12 for size, out in zip(sizes, beside, strict=True) if out]
        half = (sum(under) - 12) / 2
        left = max(half, self.density.width / 2) + 18 + sum(outside) if outside else half
        return left, half, self._drop(unit) + tall + self.density.leaf * 2 + 8

    def _drop(self, unit: int) -> float:
        """Way down from a card to its buckets; longer where beads are on it."""
        beads = max(
            (len(way.beads) for b in self.own.get(unit, ()) for way in self.into[b]), default=0
        )
        return self.density.drop + beads * (BEAD_HEIGHT + 6)

    def _reach(self, unit: int) -> tuple[float, float]:
        """How far a unit reaches left and right of its card's middle."""
        density = self.density
        if unit < 0:
            seed = self.scene.seeds[-1 - unit]
            words = text_width(f"{seed.name} = 0.0000", 13) + 12 if density is not SMALL else 0
            half = SEED_WIDTH[density.name] / 2
            return half, max(half, words - half)
        # Buckets may reach half into the gaps beside a card, where nothing else hangs.
        free = density.gap / 2 - 6
        left, right, _ = self.below[unit]
        return max(density.width / 2, left - free), max(density.width / 2, right - free)

    def _unit_width(self, unit: int) -> float:
        """Width of the box that stands for a unit, with its card in the middle."""
        return 2 * max(self._reach(unit))

    # ------------------------------------------------------------------------------ rows, columns

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

    def _row_gap(self) -> float:
        """Free space between rows, with room for the frames of modules and their names."""
        framed = any(self._in_frame(u, b) for u, buckets in self.own.items() for b in buckets)
        return self.density.rows + (52 if framed else 0)

    def _lane(self, unit: int) -> float:
        """Height of the lane below the top of a unit's cell."""
        if unit < 0 or self.density is SMALL:
            return self.density.lane
        header = self.density.header
        return header + (self.heights[unit] - header) / 2

    def _cell_height(self, unit: int) -> float:
        return max(2 * self._lane(unit), self.heights[unit] + self.below[unit][2])

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

    def _road_words(self) -> dict[int, tuple[str, str]]:
        """What is written on the road that leaves a card: its variables, and the shape if there is
        one shape and room for it."""
        words = {}
        for unit in self.graph.units:
            ways = [way for way in self.into[unit] if way.seed is None]
            if self.density is SMALL or not ways:
                words[unit] = ("", "")
                continue
            names = list(dict.fromkeys(way.name for way in ways if way.name))
            name = shortened(", ".join(names), 14)
            shapes = {way.shape for way in ways}
            one = shapes.pop() if len(shapes) == 1 else ""
            words[unit] = (name, one if self.density is LARGE or not name else "")
        return words

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

    # ------------------------------------------------------------------------------------ buckets

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

    # -------------------------------------------------------------------------------------- wires

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

    def _seed_box(self, number: int) -> Box:
        cell = self.card[-1 - number]
        height = SEED_HEIGHT[self.density.name]
        lane = cell.y + self._lane(-1)
        return Box(cell.x, lane - height / 2, cell.w, height)

    def _root_words(self, number: int) -> Box:
        """Where the root's name and value stand, beside the end of the forward lane."""
        cell = self.card[-1 - number]
        return Box(cell.x, cell.y, sum(self._reach(-1 - number)), 30)

    # ------------------------------------------------------------------------------ forward lanes

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
                room = self.columns[self.rank[target]][1] - start[0] + self._gap_right_of(target)
                label = (start[0] + room / 2 - 3, start[1] - 7)
            roads.append(Road(wire.number, svg_path(curve), end, name, shape, label))
        return roads

    def _gap_right_of(self, unit: int) -> float:
        """Width of the gap between a unit's column and the next one to the right."""
        column = self.rank[unit]
        return self.columns[column - 1][0] - self.columns[column][1] if column else 0.0

    # ------------------------------------------------------------------------------------ modules

    def _clusters(self) -> list[Cluster]:
        """A frame around the cards and buckets of a module, where nothing foreign stands in it."""
        if self.density is SMALL:
            return []
        members: dict[str, set[int]] = defaultdict(set)
        for item in self.scene.items:
            if item.module and item.kind == "card":
                members[item.module].add(item.index)
                for bucket in self.own.get(item.index, ()):
                    if self._in_frame(item.index, bucket):
                        members[item.module].add(bucket)
        frames: list[Cluster] = []
        cards = {item.index for item in self.scene.items if item.kind != "bead"}
        for name, inside in sorted(members.items()):
            if not any(self.items[index].kind == "bucket" for index in inside):
                continue
            boxes = [self.spots[index].box for index in inside]
            inner = around(boxes, 14)
            box = Box(inner.x, inner.y - 22, inner.w, inner.h + 20)
            others = [self.spots[index].box for index in cards - inside]
            others += [frame.box for frame in frames]
            if not any(box.touches(other) for other in others):
                frames.append(Cluster(name, box))
        return frames


def _tidy(spot: Spot) -> Spot:
    """The spot with tenths of a px, which is all that is sent to the browser."""
    sockets = tuple(rounded(socket) for socket in spot.sockets)
    return Spot(spot.node, rounded(spot.box), rounded(spot.body), spot.wires, sockets)
