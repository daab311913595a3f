"""A scene as torch has it: every node a card of its own, none on a wire.

The person's picture puts nodes that only change a shape on the wires, as beads. `bare(scene)` takes
them off again, so that what is drawn is one box for each `grad_fn` and one wire for each entry of
`next_functions`.
"""

from collections.abc import Sequence

import msgspec

from explorer.frames.scene import Item, Scene, Wire, weight_of
from explorer.frames.tiles import Tile


def bare(scene: Scene, tiles: Sequence[Tile]) -> Scene:
    """`scene` with a card for each bead, and each wire ending at the next node.

    A bucket is called by its node, AccumulateGrad.
    """
    items = {item.index: item for item in scene.items}
    wires: list[Wire] = []
    for wire in scene.wires:
        stops = (*wire.beads, wire.target)
        for place, (stop, hop) in enumerate(zip(stops, wire.hops, strict=True)):
            last, tile = stop == wire.target, hop.tile
            wires.append(
                Wire(
                    len(wires),
                    wire.beads[place - 1] if place else wire.source,
                    None if place else wire.seed,
                    0 if place else wire.slot,
                    stop,
                    wire.input_nr if last else 0,
                    (),
                    (hop,),
                    hop.step,
                    tile,
                    None if tile is None else weight_of(tiles[tile], scene.largest),
                    wire.name if last else items[stop].variable or "",
                    wire.shape if last else items[stop].shape,
                )
            )
    return msgspec.structs.replace(
        scene, items=tuple(_card(item) for item in scene.items), wires=tuple(wires)
    )


def _card(item: Item) -> Item:
    if item.kind == "bucket":
        return msgspec.structs.replace(item, label=item.name)
    return msgspec.structs.replace(item, kind="card") if item.kind == "bead" else item
