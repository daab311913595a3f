"""What stands in the columns of a picture, and how closely: units, their wires, the density."""

from collections import defaultdict

from explorer.frames import Scene, Wire
from explorer.picture.columns import ranks
from explorer.picture.measure import LARGE, MEDIUM, SMALL, Density

ABREAST = 3
"""Graphs without a common node from which on they stand in a grid."""


class Units:
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

    def parts(self) -> list[list[int]]:
        """The units of each graph that is joined to no other, that of the first root first."""
        above = {unit: unit for unit in self.units}

        def top(unit: int) -> int:
            while above[unit] != unit:
                above[unit] = unit = above[above[unit]]
            return unit

        for source, target in self.joined:
            above[top(source)] = top(target)
        parts: dict[int, list[int]] = defaultdict(list)
        for unit in sorted(self.units):
            parts[top(unit)].append(unit)
        # Seeds are negative, the first of them -1.
        return sorted(parts.values(), key=lambda part: (part[0] >= 0, abs(part[0])))

    @staticmethod
    def source(wire: Wire) -> int:
        """The unit that a wire starts from."""
        return wire.source if wire.source is not None else -1 - (wire.seed or 0)


def density_for(scene: Scene) -> Density:
    """The largest density that keeps the whole picture readable."""
    units = Units(scene)
    deepest = max(ranks(units.units, units.joined).values(), default=0)
    columns = deepest + 1 - bool(scene.seeds)
    cards = sum(item.kind in ("card", "group") for item in scene.items)
    few = columns <= LARGE.columns and cards <= 4 * LARGE.columns
    if few and len(units.parts()) < ABREAST:
        return LARGE
    if columns <= MEDIUM.columns and cards <= 5 * MEDIUM.columns:
        return MEDIUM
    if cards <= 2 * MEDIUM.columns and any(item.kind == "group" for item in scene.items):
        return MEDIUM  # in lines: an overview is there to be read
    return SMALL
