"""What stands in the columns of a picture, and how closely: units, their wires, the density."""

from collections import defaultdict

from explorer.frames import Scene, Wire
from explorer.picture.columns import ranks
from explorer.picture.measure import LARGE, MEDIUM, SMALL, Density


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
    if columns <= LARGE.columns and cards <= 4 * LARGE.columns:
        return LARGE
    if columns <= MEDIUM.columns and cards <= 5 * MEDIUM.columns:
        return MEDIUM
    if cards <= 2 * MEDIUM.columns and any(item.kind == "group" for item in scene.items):
        return MEDIUM  # in lines: an overview is there to be read
    return SMALL
