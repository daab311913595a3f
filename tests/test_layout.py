"""Where things stand: nothing overlaps, everything is inside, and no graph can hang the page."""

import itertools
import os
import stat
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ran import framed

import explorer
from explorer import presets
from explorer.errors import LayoutError
from explorer.frames import Frames, frames_of
from explorer.picture import engine
from explorer.picture.geometry import Box
from explorer.picture.layout import Picture, density_for, place
from explorer.picture.measure import LARGE, MEDIUM, SMALL, text_width

APART = """\
import torch
leaves = [torch.ones(2, requires_grad=True) for _ in range(5)]
torch.autograd.backward([(leaf * 2).detach().mul(leaf).sum() for leaf in leaves])
"""

UNBIND = """\
import torch
x = torch.arange(6.0).reshape(3, 2).requires_grad_()
a, b, c = x.unbind(0)
p, q = torch.split(a * b, 1)
((p * 2 + q).sum() + c.sum()).backward()
"""

SHARED = """\
import torch
x = torch.ones(2, requires_grad=True)
w = torch.ones(2, requires_grad=True)
h = x
for i in range({}):
    h = torch.sin(h * w)
h.sum().backward()
"""

RESIDUAL = """\
import torch
from torch import nn
torch.manual_seed(0)
layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(4))
x = torch.randn(3, 4)
for layer in layers:
    x = x + torch.relu(layer(x))
x.pow(2).mean().backward()
"""


@pytest.fixture(autouse=True)
def _fresh_engine():
    engine.find.cache_clear()
    engine.run.cache_clear()
    yield
    engine.find.cache_clear()
    engine.run.cache_clear()


def pictured(source: str, density=None) -> tuple[Frames, Picture]:
    frames = framed(source)
    return frames, place(frames.scenes[0], frames.tiles, density)


def overlaps(picture: Picture) -> list[tuple[int, int]]:
    """Pairs of nodes whose bodies have a part in common, names of buckets included."""
    boxes = [(spot.node, spot.box) for spot in picture.spots]
    return [
        (one, other)
        for (one, box), (other, next_) in itertools.combinations(boxes, 2)
        if inset(box).touches(inset(next_))
    ]


def inset(box: Box) -> Box:
    """The box without the hair's breadth that rounding may take."""
    return Box(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1)


def inside(box: Box, bounds: Box) -> bool:
    across = bounds.x <= box.x and box.right <= bounds.right
    return across and bounds.y <= box.y and box.bottom <= bounds.bottom


PROGRAMS = {preset.slug: preset.program.source for preset in presets.all()}
PROGRAMS |= {
    "apart": APART,
    "unbind": UNBIND,
    "residual": RESIDUAL,
    "shared leaf": SHARED.format(6),
}


@pytest.mark.parametrize("density", [LARGE, MEDIUM, SMALL], ids=lambda density: density.name)
@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_overlaps_and_everything_is_inside(name, density):
    frames = framed(PROGRAMS[name])
    for scene in frames.scenes:
        picture = place(scene, frames.tiles, density)
        assert [spot.node for spot in picture.spots] == [item.index for item in scene.items]
        assert overlaps(picture) == []
        for spot in picture.spots:
            assert inside(spot.box, picture.bounds)
            assert inside(spot.body, spot.box)
        for seed in picture.seeds:
            assert inside(seed, picture.bounds)
            assert not any(inset(seed).touches(inset(spot.box)) for spot in picture.spots)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_wire_has_a_path_for_each_hop_and_a_socket(name):
    frames, picture = pictured(PROGRAMS[name])
    wires = frames.scenes[0].wires
    spots = {spot.node: spot for spot in picture.spots}
    assert [path.wire for path in picture.paths] == [wire.number for wire in wires]
    for wire, path in zip(wires, picture.paths, strict=True):
        assert len(path.hops) == len(wire.beads) + 1
        assert wire.number in spots[wire.target].wires
    for spot in picture.spots:
        for socket in spot.sockets:
            assert socket.w > 0
            assert inside(inset(socket), spot.box)


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12),
    st.sampled_from([LARGE, MEDIUM, SMALL]),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_random_graph_makes_boxes_overlap(pairs, density):
    lines = ["import torch", "v = [torch.ones(2, requires_grad=True) for _ in range(2)]"]
    for one, other in pairs:
        lines.append(f"v.append(v[{one} % len(v)] * v[{other} % len(v)])")
    _, picture = pictured("\n".join([*lines, "v[-1].sum().backward()"]), density)
    assert overlaps(picture) == []
    assert all(inside(spot.box, picture.bounds) for spot in picture.spots)


def test_values_flow_right_and_cotangents_left():
    frames, picture = pictured(UNBIND)
    spots = {spot.node: spot for spot in picture.spots}
    kinds = {item.index: item.kind for item in frames.scenes[0].items}
    for wire in frames.scenes[0].wires:
        if wire.source is None:
            continue
        source, target = spots[wire.source].body, spots[wire.target].body
        if kinds[wire.target] == "card":
            assert target.right < source.x
        else:
            assert target.y > source.bottom


def test_a_shared_leaf_hangs_under_the_middle_of_its_users():
    frames, picture = pictured(SHARED.format(3))
    spots = {spot.node: spot for spot in picture.spots}
    leaf = next(item for item in frames.scenes[0].items if item.label == "w")
    users = [spots[w.source].body for w in frames.scenes[0].wires if w.target == leaf.index]
    assert len(spots[leaf.index].sockets) == 3
    middle = (min(box.middle for box in users) + max(box.middle for box in users)) / 2
    assert spots[leaf.index].body.middle == pytest.approx(middle, abs=0.2)
    assert spots[leaf.index].body.y > max(box.bottom for box in users)


def test_cards_of_a_chain_stand_on_one_line():
    frames, picture = pictured(SHARED.format(3))
    cards = {item.index for item in frames.scenes[0].items if item.kind == "card"}
    assert len({spot.body.y for spot in picture.spots if spot.node in cards}) == 1


def test_graphs_that_share_nothing_stand_in_a_grid_in_the_order_of_their_roots():
    names = "abcd"
    leaves = "".join(f"{name} = torch.ones(2, requires_grad=True)\n" for name in names)
    roots = ", ".join(f"({name} * 2).sum()" for name in names)
    source = f"import torch\n{leaves}torch.autograd.backward([{roots}])\n"
    frames, picture = pictured(source)
    items = frames.scenes[0].items
    card = {item.label: spot.box for item, spot in zip(items, picture.spots, strict=True)}
    a, b, c, d = (card[f"{name} * 2"] for name in names)
    assert (a.y, a.x) == (b.y, c.x)
    assert (d.y, d.x) == (c.y, b.x)
    assert a.x < b.x
    assert a.y < c.y


def test_density_falls_with_the_number_of_columns():
    def density(uses: int) -> str:
        return density_for(frames_of(explorer.run(SHARED.format(uses))).scenes[0]).name

    assert [density(1), density(3), density(30)] == ["L", "M", "S"]


def test_the_same_run_is_placed_the_same_way():
    assert pictured(UNBIND)[1] == pictured(UNBIND)[1]


def test_labels_have_room():
    _, picture = pictured(UNBIND)
    bodies = [spot.body for spot in picture.spots]
    for road in picture.roads:
        if road.label is None:
            continue
        wide = text_width(road.name, 15) + text_width(road.shape, 12)
        x, y = road.label
        words = Box(x - wide / 2, y - 11, wide, 12)
        assert not any(words.touches(body) for body in bodies)


# ----------------------------------------------------------------------------------------- limits


def test_it_works_where_no_system_graphviz_is_installed(monkeypatch):
    monkeypatch.setenv("PATH", os.defpath if not Path("/usr/bin/dot").exists() else "/nowhere")
    assert Path(engine.find()).stem == "graphviz-pure"
    assert engine.run("digraph { a -> b }", "json0", edges=1)


def test_without_any_engine_the_picture_is_made_in_plain_columns(monkeypatch):
    monkeypatch.setattr(engine, "ENGINES", ("no-such-engine",))
    with pytest.raises(LayoutError, match="pip install graphviz-pure"):
        engine.find()
    _, picture = pictured(UNBIND)
    assert overlaps(picture) == []


def test_too_many_edges_are_refused_before_anything_runs():
    with pytest.raises(LayoutError, match=r"4,001 edges; at most 4,000"):
        engine.run("digraph {}", "svg", edges=4001)


def test_an_engine_that_takes_too_long_is_stopped(monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "find", lambda: slow_engine(tmp_path))
    began = time.monotonic()
    with pytest.raises(LayoutError, match=r"more than 0\.2 s"):
        engine.run("digraph {}", "svg", edges=0, seconds=0.2)
    assert time.monotonic() - began < 5


def test_an_engine_that_fails_says_what_it_said():
    with pytest.raises(LayoutError, match="layout engine failed"):
        engine.run("digraph {", "svg", edges=0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can cap another process's memory")
def test_an_engine_that_takes_too_much_memory_is_stopped(monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "find", lambda: script(tmp_path, "bytearray(2**28)"))
    monkeypatch.setattr(engine, "MAX_BYTES", 2**27)
    with pytest.raises(LayoutError, match="failed"):
        engine.run("digraph {}", "svg", edges=0)


def test_the_engine_may_read_no_files_that_a_graph_names(monkeypatch, tmp_path):
    tells = "import os, sys; print(os.environ['SERVER_NAME'])"
    monkeypatch.setattr(engine, "find", lambda: script(tmp_path, tells))
    assert engine.run("digraph {}", "svg", edges=0).strip()


def test_equal_graphs_are_laid_out_once():
    engine.run("digraph { a }", "json0", edges=0)
    engine.run("digraph { a }", "json0", edges=0)
    assert engine.run.cache_info().hits == 1


def test_a_leaf_shared_by_hundreds_is_placed_at_once():
    frames = frames_of(explorer.run(SHARED.format(300)))
    began = time.monotonic()
    picture = place(frames.scenes[0], frames.tiles)
    assert time.monotonic() - began < 3
    assert overlaps(picture) == []


def slow_engine(folder: Path) -> str:
    return script(folder, "import time; time.sleep(30)")


def script(folder: Path, code: str) -> str:
    """A command that runs Python code whatever its arguments are."""
    path = folder / "engine"
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)
