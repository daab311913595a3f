"""All pictures of one scene: as it is shown at first, and as it is with something opened.

`pictured(scene, tiles)` places each way of showing a scene, so that folding and unfolding need
nobody but the browser. `drawn(frames)` does so for all scenes; one whose wires nobody can lay out
is folded further before. `trimmed(frames)` leaves out what no picture shows.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from explorer.data import Plain
from explorer.frames import Frames, Scene, Tile
from explorer.frames.bare import bare
from explorer.frames.folding import MAX_CARDS, View, folded, hidden, hidden_in, plan, views
from explorer.frames.scene import Cut, Item, Seed, Wire
from explorer.language import _, later
from explorer.picture.downwards import place_down
from explorer.picture.layout import Picture, density_for, place
from explorer.picture.measure import LARGE

MAX_FOLLOWED = 600
"""Cards up to which the camera has a large picture of its own; above, it moves over small cards."""

MAX_HIDDEN_CELLS = 60_000
"""Cells of tiles of nodes that stay folded; beyond, such a tile only says how large its numbers
are."""

FOLDED_FURTHER = (40, 12)
"""Cards that a picture shows at once where its wires cannot be laid out: the first try, the last.
"""

NOT_SENT = later("its numbers are not in this picture")
"""What is said of a tile that was left out."""


class Folded(Plain, frozen=True):
    """What differs from the scene where something is folded: the nodes that remain, the items of
    the groups, and the wires, seeds and cuts between them."""

    items: tuple[int, ...]
    groups: tuple[Item, ...]
    wires: tuple[Wire, ...]
    seeds: tuple[Seed, ...]
    cuts: tuple[Cut, ...]


class Shown(Plain, frozen=True):
    """One view with its picture, and a second one with large cards for a camera that follows.

    `opened` and `within` are those of `explorer.frames.folding.View`, `fold` is None where nothing
    is folded. `down` is the picture for a screen that is higher than wide. The view to begin with
    has all `others`, and where there is room for it, with a box for each node, the picture `torch`:
    the only one that has `wires` of its own.
    """

    opened: str
    within: str
    fold: Folded | None
    fit: Picture
    follow: Picture | None
    others: tuple["Shown", ...] = ()
    torch: "Shown | None" = None
    down: Picture | None = None
    wires: tuple[Wire, ...] = ()


def drawn(
    frames: Frames, given: Mapping[int, Shown] | None = None
) -> tuple[Frames, tuple[Shown, ...]]:
    """The pictures of all scenes, and the frames with what had to be folded further.

    `given` are pictures of scenes, by number, that have been drawn already.
    """
    scenes, shown = [], []
    for number, scene in enumerate(frames.scenes):
        ready = (given or {}).get(number)
        legible, picture = (scene, ready) if ready else _legible(scene, frames.tiles)
        scenes.append(legible)
        shown.append(picture)
    return msgspec.structs.replace(frames, scenes=tuple(scenes)), tuple(shown)


def pictured(scene: Scene, tiles: Sequence[Tile]) -> Shown:
    """The view of `scene` to begin with, and with it all others that can be laid out."""
    return _pictured(scene, tiles)[0]


def _legible(scene: Scene, tiles: Sequence[Tile]) -> tuple[Scene, Shown]:
    """A scene and its pictures, folded further where the first cannot be laid out."""
    picture, shown = _pictured(scene, tiles)
    for most in FOLDED_FURTHER:
        if not picture.fit.stacked:
            break
        groups = plan(scene.items, scene.wires, most)
        if not groups:
            break
        scene = msgspec.structs.replace(scene, groups=groups, crowded=True)
        picture, shown = _pictured(scene, tiles)
    if scene.crowded:
        away = len(hidden_in(scene.items, scene.wires, shown))
        scene = msgspec.structs.replace(scene, hidden=away)
    return scene, picture


def _pictured(scene: Scene, tiles: Sequence[Tile]) -> tuple[Shown, list[View]]:
    """The first view with all others, and what they are; after one that cannot be laid out no
    other is tried."""
    cards = sum(item.kind == "card" for item in scene.items)
    wanted = views(scene.groups, cards)
    found: list[Shown] = []
    for view in wanted:
        shown = _shown(scene, view, tiles)
        if found and shown.fit.stacked:
            break
        found.append(shown)
        if shown.fit.stacked:
            break
    first, *others = found
    torch = None if first.fit.stacked else _as_torch(scene, tiles)
    whole = msgspec.structs.replace(first, others=tuple(others), torch=torch)
    return whole, wanted[: len(found)]


def _as_torch(scene: Scene, tiles: Sequence[Tile]) -> Shown | None:
    """Every node as a card of its own; None where they or their wires are too
    many to be read."""
    boxes = sum(item.kind != "bucket" for item in scene.items)
    if scene.groups or max(boxes, len(scene.wires) // 4) > MAX_CARDS:
        return None
    whole = bare(scene, tiles)
    density = density_for(whole)
    fit = place(whole, tiles, density)
    if fit.stacked:
        return None
    follow = place(whole, tiles, LARGE) if density is not LARGE else None
    down = place_down(whole, tuple(tiles))
    return Shown("*", "", None, fit, follow, wires=whole.wires, down=down)


def _shown(scene: Scene, view: View, tiles: Sequence[Tile]) -> Shown:
    placed = folded(scene, view.folds)
    density = density_for(placed)
    fit = place(placed, tiles, density)
    follow = None
    # Wires that are hard to lay out are laid out once; the camera moves over that picture.
    hard = fit.stacked or (scene.crowded and bool(view.opened))
    cards = sum(item.kind in ("card", "group") for item in placed.items)
    if density is not LARGE and cards <= MAX_FOLLOWED and not hard:
        follow = place(placed, tiles, LARGE)
    fold = None
    if placed is not scene:
        fold = Folded(
            tuple(item.index for item in placed.items if item.kind != "group"),
            tuple(item for item in placed.items if item.kind == "group"),
            placed.wires,
            placed.seeds,
            placed.cuts,
        )
    down = None if hard else place_down(placed, tuple(tiles))
    return Shown(view.opened, view.within, fold, fit, follow, down=down)


def trimmed(frames: Frames) -> Frames:
    """The frames without the items, wires and numbers of nodes that no view shows."""
    if not any(scene.groups for scene in frames.scenes):
        return frames
    scenes = [_trimmed_scene(scene) for scene in frames.scenes]
    needed: dict[int, bool] = {}  # tile -> whether something drawn needs it
    for tick in frames.forward:
        if tick.tile is not None:
            needed[tick.tile] = False
    for whole, scene in zip(frames.scenes, scenes, strict=True):
        absent = {item.index for item in whole.items} - {item.index for item in scene.items}
        for frame in scene.frames:
            for row in (*frame.arrived, *frame.parts, *frame.sent):
                if row.tile is not None:
                    needed[row.tile] = needed.get(row.tile, False) or frame.node not in absent
        needed |= dict.fromkeys(_tiles_drawn(scene), True)
    room = MAX_HIDDEN_CELLS
    tiles = []
    for number, tile in enumerate(frames.tiles):
        if not needed.get(number, False):
            room -= len(tile.cells) if number in needed else 0
            if room < 0 or number not in needed:
                tiles.append(msgspec.structs.replace(tile, cells=(), note=_(NOT_SENT)))
                continue
        tiles.append(tile)
    return msgspec.structs.replace(frames, scenes=tuple(scenes), tiles=tuple(tiles))


def _trimmed_scene(scene: Scene) -> Scene:
    away = hidden(scene.items, scene.wires, scene.groups)
    if not away:
        return msgspec.structs.replace(scene, groups=())
    items = tuple(item for item in scene.items if item.index not in away)
    wires = tuple(w for w in scene.wires if w.target not in away and w.source not in away)
    return msgspec.structs.replace(scene, items=items, wires=wires, groups=())


def _tiles_drawn(scene: Scene) -> Iterator[int]:
    for item in scene.items:
        for number in (item.before, item.added, item.after, item.sum, item.result):
            if number is not None:
                yield number
        yield from (chip.tile for chip in item.saved if chip.tile is not None)
    for wire in scene.wires:
        yield from (hop.tile for hop in wire.hops if hop.tile is not None)
    for seed in scene.seeds:
        yield from (number for number in (seed.value, seed.tile) if number is not None)
