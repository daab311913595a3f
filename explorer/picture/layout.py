"""Place a scene: where each card, bead, bucket, seed and wire stands, in px.

Graphviz places fixed-size boxes and nothing else: each card with the buckets that hang below it is
one box, and what `columns` finds out about columns and rows is kept, while the gaps between columns
are made as wide as their labels and beads need. Buckets that several cards share hang under the
middle of their users and never reach Graphviz, which one leaf with hundreds of users would keep
busy for minutes.

`place(scene, tiles)` raises nothing: where the engine refuses, columns are made without it.
"""

from collections import defaultdict
from collections.abc import Sequence

from explorer.frames import Scene, Tile
from explorer.picture.geometry import Box, around
from explorer.picture.measure import SMALL, Density
from explorer.picture.placed import Cluster, Picture, tidy
from explorer.picture.units import density_for
from explorer.picture.wiring import Wiring

__all__ = ["MARGIN", "Picture", "Placing", "density_for", "place"]

MARGIN = 26.0
"""Free space around the picture."""


def place(scene: Scene, tiles: Sequence[Tile], density: Density | None = None) -> Picture:
    """The picture of `scene`, in the density that suits it unless one is given."""
    return Placing(scene, tiles, density or density_for(scene)).picture()


class Placing(Wiring):
    """One run of the placing, from sizes over columns and rows to wires."""

    def picture(self) -> Picture:
        """Everything placed."""
        self.stand()
        paths, roads = self.wire_up()
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
            tuple(tidy(self.spots[item.index]) for item in self.scene.items),
            seeds,
            tuple(paths),
            tuple(roads),
            tuple(clusters),
            self.stacked,
        )

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
