"""The picture for a portrait screen: forward runs down, nothing overlaps, a chain stays narrow."""

import re
from itertools import combinations

import pytest

import explorer
from explorer import presets
from explorer.frames import frames_of
from explorer.picture.downwards import MAX_CARDS, place_down
from explorer.picture.geometry import Box

SLUGS = ["tutorial", "notebook", "residual", "shared_weight", "attention", "convnet", "fan_out"]


@pytest.mark.parametrize("slug", SLUGS)
def test_cards_and_buckets_stand_apart_and_inputs_above_what_uses_them(slug: str) -> None:
    frames = frames_of(explorer.run(presets.get(slug).program))
    for scene in frames.scenes:
        picture = place_down(scene, frames.tiles)
        assert picture is not None
        items = {item.index: item for item in scene.items}
        spots = {spot.node: spot for spot in picture.spots}
        assert spots.keys() == items.keys()
        solid = [spot for spot in picture.spots if items[spot.node].kind != "bead"]
        for one, other in combinations(solid, 2):
            assert not one.body.touches(other.body), (
                items[one.node].label,
                items[other.node].label,
            )
        for wire in scene.wires:
            if wire.source is not None and items[wire.target].kind == "card":
                assert spots[wire.target].body.bottom < spots[wire.source].body.y
        assert [path.wire for path in picture.paths] == [wire.number for wire in scene.wires]
        for path, wire in zip(picture.paths, scene.wires, strict=True):
            assert len(path.hops) == len(wire.hops)
        assert all(inside(spot.body, picture.bounds) for spot in picture.spots)


def inside(box: Box, bounds: Box) -> bool:
    return (
        bounds.x <= box.x
        and bounds.y <= box.y
        and box.right <= bounds.right
        and box.bottom <= bounds.bottom
    )


def test_a_wire_begins_at_its_sender_and_ends_at_its_socket() -> None:
    frames = frames_of(explorer.run(presets.get("tutorial").program))
    (scene,) = frames.scenes
    picture = place_down(scene, frames.tiles)
    assert picture is not None
    spots = {spot.node: spot for spot in picture.spots}
    for path, wire in zip(picture.paths, scene.wires, strict=True):
        numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path.hops[-1])]
        target = spots[wire.target].body
        assert target.x - 1 <= numbers[-2] <= target.right + 1
        if wire.source is not None:
            sender = spots[wire.source].body
            first = re.findall(r"-?\d+\.?\d*", path.hops[0])[:2]
            assert sender.x - 1 <= float(first[0]) <= sender.right + 1
            assert sender.y - 1 <= float(first[1]) <= sender.bottom + 1


def test_a_chain_is_no_wider_than_a_phone_can_show() -> None:
    frames = frames_of(explorer.run(presets.get("tutorial").program))
    picture = place_down(frames.scenes[0], frames.tiles)
    assert picture is not None
    assert picture.bounds.w < 400
    assert picture.bounds.h > 1.5 * picture.bounds.w


def test_what_nobody_would_scroll_through_is_not_placed_so() -> None:
    source = f"""
import torch
x = torch.ones(1, requires_grad=True)
for _ in range({MAX_CARDS + 1}):
    x = x * 2
x.backward()
"""
    frames = frames_of(explorer.run(source))
    assert place_down(frames.scenes[0], frames.tiles) is None
