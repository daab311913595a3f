"""How large the cards and buckets of one scene are, with all that hangs on them and their words."""

from collections import defaultdict
from collections.abc import Sequence

from explorer.frames import Item, Scene, Tile, Wire
from explorer.picture.measure import (
    BEAD_HEIGHT,
    LARGE,
    SEED_WIDTH,
    SMALL,
    Density,
    fitted,
    shape_of,
    shortened,
    text_width,
    tile_size,
)
from explorer.picture.units import Units


class Sizes:
    """How large each part of a scene is in one density."""

    def __init__(self, scene: Scene, tiles: Sequence[Tile], density: Density) -> None:
        self.scene, self.tiles, self.density = scene, tiles, density
        self.graph = Units(scene)
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
