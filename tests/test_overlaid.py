"""Two scenes in common places: what both have stands where the other has it."""

from functools import cache
from typing import NamedTuple

import pytest

import explorer
from explorer import presets
from explorer.data import Program
from explorer.frames import Frames, Scene, frames_of
from explorer.frames.matching import Pair, matched
from explorer.picture.overlaid import Half, overlaid, with_cards

TUTORIAL = presets.get("tutorial").program.source
NOTEBOOKS = (
    presets.get("notebook").program.source,
    presets.get("notebook_linear").program.source,
)
PROGRAMS = [
    (TUTORIAL, TUTORIAL.replace("y * y", "y ** 3")),
    (TUTORIAL, TUTORIAL.replace("x + 2", "(x + 2).tanh().t()")),
    *((presets.get(a).program.source, presets.get(b).program.source) for a, b in presets.VARIANTS),
]
either = pytest.mark.parametrize("sources", PROGRAMS, ids=lambda pair: str(PROGRAMS.index(pair)))


def frames(source: str) -> Frames:
    return frames_of(explorer.run(Program(source)))


class Laid(NamedTuple):
    """Two halves, the pairs that they were laid out by, and the scenes that they show."""

    halves: tuple[Half, Half]
    pairs: tuple[Pair, ...]
    scenes: tuple[Scene, Scene]


@cache
def laid(sources: tuple[str, str]) -> Laid:
    one, two = map(frames, sources)
    scenes = (one.scenes[-1], two.scenes[-1])
    pairs = matched(*scenes)
    found = overlaid(*scenes, pairs, one.tiles, two.tiles)
    assert found is not None
    return Laid(found, pairs, scenes)


@either
def test_a_common_node_has_one_place_in_both_pictures(sources: tuple[str, str]) -> None:
    (left, right), pairs, _ = laid(sources)
    common = [(p.left, p.right) for p in pairs if p.left is not None and p.right is not None]
    for one, two in ((left.fit, right.fit), (left.follow, right.follow)):
        if one is None or two is None:
            continue
        mine = {spot.node: spot.body for spot in one.spots}
        theirs = {spot.node: spot.body for spot in two.spots}
        assert all(mine[a] == theirs[b] for a, b in common)
        assert one.bounds == two.bounds


@either
def test_each_side_draws_its_own_nodes_and_wires_and_a_ghost_for_the_others(
    sources: tuple[str, str],
) -> None:
    both, pairs, scenes = laid(sources)
    for side, (half, scene) in enumerate(zip(both, scenes, strict=True)):
        assert [item.index for item in half.scene.items] == [item.index for item in scene.items]
        assert {spot.node for spot in half.fit.spots} == {item.index for item in scene.items}
        wires = [wire.number for wire in half.scene.wires]
        assert wires == list(range(len(wires)))
        assert sorted(path.wire for path in half.fit.paths) == wires
        assert all(
            len(path.hops) == len(half.scene.wires[path.wire].beads) + 1 for path in half.fit.paths
        )
        targets = {number: wire.target for number, wire in enumerate(half.scene.wires)}
        for spot in half.fit.spots:
            assert len(spot.wires) == len(spot.sockets)
            assert all(targets[wire] == spot.node for wire in spot.wires)
        assert len(half.fit.seeds) == len(scene.seeds)
        assert {ghost.pair for ghost in half.ghosts} == {
            place for place, pair in enumerate(pairs) if (pair.left, pair.right)[side] is None
        }


def test_what_one_side_lacks_overlaps_nothing_there() -> None:
    (_, right), *_ = laid(NOTEBOOKS)
    assert len(right.ghosts) == 9
    boxes = {spot.node: spot.body for spot in right.fit.spots}
    for ghost in right.ghosts:
        assert not any(ghost.body.touches(box) for box in boxes.values())


def test_a_bead_becomes_a_card_with_the_same_cotangents_on_two_wires() -> None:
    scene = frames(
        "import torch\nx = torch.ones(2, 3, requires_grad=True)\n(x.t() * 2).sum().backward()"
    ).scenes[0]
    (bead,) = (item.index for item in scene.items if item.kind == "bead")
    parted = with_cards(scene, [bead])
    assert {item.kind for item in parted.items if item.index == bead} == {"card"}
    (whole,) = (wire for wire in scene.wires if bead in wire.beads)
    into, out = (w for w in parted.wires if bead in (w.source, w.target))
    assert (into.source, into.target, out.source, out.target) == (
        whole.source, bead, bead, whole.target,
    )  # fmt: skip
    assert (*into.hops, *out.hops) == whole.hops
    assert (into.tile, out.tile) == (whole.hops[0].tile, whole.tile)
    assert into.shape == "3×2"


def test_too_large_scenes_are_not_laid_over_each_other() -> None:
    source = (
        "import torch\nx = torch.ones(2, requires_grad=True)\ny = x\n"
        "for i in range(160):\n    y = y * 1.01\ny.sum().backward()"
    )
    one = frames(source)
    pairs = matched(one.scenes[0], one.scenes[0])
    assert overlaid(one.scenes[0], one.scenes[0], pairs, one.tiles, one.tiles) is None
