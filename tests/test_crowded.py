"""Graphs that are more than any layout engine can take: they fold further, and say so."""

from itertools import pairwise

import pytest

import explorer
from explorer.frames import frames_of
from explorer.picture import columns, engine
from explorer.picture.layout import place
from explorer.picture.measure import LARGE
from explorer.picture.views import drawn, pictured

COMPLETE = """\
import torch
v = [torch.ones((), requires_grad=True) * 2]
for i in range({}):
    v.append(torch.stack(v).sum())
v[-1].backward()
"""

STACKED = """\
import torch
w = torch.ones(2, requires_grad=True)
torch.stack([w] * {}).sum().backward()
"""

USED = """\
import torch
w = torch.ones(2, requires_grad=True)
h = torch.ones(2)
for i in range({}):
    h = h * w
h.sum().backward()
"""

BRANCHES = """\
import torch
x = torch.ones(2, requires_grad=True)
torch.stack([torch.sin(x * float(i)) for i in range({})]).sum().backward()
"""


@pytest.fixture
def asked(monkeypatch) -> list[int]:
    """The number of edges of each graph that the engine is asked to lay out."""
    found: list[int] = []
    run = engine.run

    def spy(dot: str, output: str, *, edges: int, seconds: float) -> str:
        found.append(edges)
        return run(dot, output, edges=edges, seconds=seconds)

    monkeypatch.setattr(engine, "run", spy)
    return found


def test_a_complete_graph_is_not_given_to_the_engine_but_folded_further(asked) -> None:
    frames = frames_of(explorer.run(COMPLETE.format(45)))
    whole = frames.scenes[0]
    assert whole.groups == ()
    assert pictured(whole, frames.tiles).fit.stacked
    assert asked == []
    told, (picture,) = drawn(frames)
    (scene,) = told.scenes
    assert scene.crowded
    assert not picture.fit.stacked
    assert 2 <= len(scene.groups) <= 40
    assert asked
    assert max(asked) < columns.MAX_LENGTH
    # No view is offered whose wires nobody could lay out.
    assert not any(view.fit.stacked for view in picture.others)
    assert not any(view.opened == "*" for view in picture.others)


def test_an_ordinary_graph_is_not_called_crowded() -> None:
    told, (picture,) = drawn(frames_of(explorer.run(USED.format(20))))
    assert not told.scenes[0].crowded
    assert not picture.fit.stacked


def test_thousands_of_uses_by_one_node_are_one_wire_that_counts_them() -> None:
    frames = frames_of(explorer.run(STACKED.format(3000)))
    picture = pictured(frames.scenes[0], frames.tiles)
    (wire,) = [wire for wire in picture.fold.wires if len(wire.landings) > 1]
    assert len(wire.landings) == 3000
    assert len(picture.fit.paths) == 3
    assert picture.fit.bounds.w < 1000


@pytest.mark.parametrize("uses", [30, 140])
def test_a_leaf_that_many_nodes_use_keeps_a_bucket_of_bearable_width(uses: int) -> None:
    frames = frames_of(explorer.run(USED.format(uses)))
    picture = place(frames.scenes[0], frames.tiles, LARGE)
    leaf = next(item for item in frames.scenes[0].items if item.kind == "bucket")
    spot = next(spot for spot in picture.spots if spot.node == leaf.index)
    assert len(spot.sockets) == uses
    assert spot.body.w < 900
    edges = [(socket.x, socket.right) for socket in spot.sockets]
    assert all(right <= left + 0.2 for (_, right), (left, _) in pairwise(edges))


def test_thousands_of_branches_fold_into_a_picture_that_can_be_read(asked) -> None:
    _, (picture,) = drawn(frames_of(explorer.run(BRANCHES.format(400))))
    assert len(picture.fit.spots) <= 160
    assert not picture.fit.stacked
    assert max(asked, default=0) <= engine.MAX_EDGES
    assert sum(len(item.holds) for item in picture.fold.groups) > 700
