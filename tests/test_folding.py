"""Folding: nothing is lost, nothing runs in a circle, and everything small stays as it is."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ran import framed

import explorer
from explorer import presets
from explorer.frames import Scene, frames_of
from explorer.frames.folding import MAX_CARDS, MAX_IN_VIEWS, arrived, folded, views
from explorer.picture.columns import ranks
from explorer.picture.layout import place
from explorer.picture.views import MAX_HIDDEN_CELLS, pictured, trimmed

LOOP = """\
import torch
torch.manual_seed(0)
h = torch.randn(4, 8)
W = (torch.randn(8, 8) / 3).requires_grad_()
for t in range({}):
    h = torch.tanh(h @ W)
h.sum().backward()
"""

ENCODER = """\
import torch
from torch import nn
torch.manual_seed(0)
layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
encoder = nn.TransformerEncoder(layer, {})
encoder(torch.randn(2, 5, 8)).pow(2).mean().backward()
"""


def scene(source: str) -> Scene:
    return framed(source).scenes[0]


def cards(shown: Scene) -> int:
    return sum(item.kind in ("card", "group") for item in shown.items)


def all_views(whole: Scene) -> list[Scene]:
    return [folded(whole, view.folds) for view in views(whole.groups, cards(whole))]


@pytest.fixture(scope="module")
def encoder() -> Scene:
    return scene(ENCODER.format(12))


@pytest.fixture(scope="module")
def loop() -> Scene:
    return scene(LOOP.format(200))


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_a_preset_is_small_enough_to_stay_unfolded(preset):
    for shown in framed(preset.program).scenes:
        assert shown.groups == ()
        assert folded(shown, shown.groups) is shown
        assert pictured(shown, ()).fold is None if not shown.items else True


def test_a_scene_folds_only_above_the_most_cards_that_can_be_shown():
    assert scene(LOOP.format(MAX_CARDS // 2 - 1)).groups == ()
    assert scene(LOOP.format(MAX_CARDS // 2 + 1)).groups != ()


def test_an_encoder_of_twelve_layers_is_one_card_a_layer(encoder):
    shown = folded(encoder, encoder.groups)
    labels = [item.brief for item in shown.items if item.kind == "group"]
    assert labels == [f"layers.{number}" for number in reversed(range(12))]
    assert len(shown.items) == 14


def test_a_long_loop_keeps_a_few_of_its_first_and_last_steps(loop):
    (group,) = loop.groups
    assert (group.label, group.repeats, len(group.cards)) == ("tanh(…)", 195, 390)
    assert cards(folded(loop, loop.groups)) == 12


def test_equal_layers_of_a_container_fold_in_their_middle():
    source = "import torch\nfrom torch import nn\nlayers = []\nfor _ in range(90):\n"
    source += "    layers += [nn.Linear(4, 4), nn.ReLU()]\nnet = nn.Sequential(*layers)\n"
    whole = scene(source + "net(torch.randn(2, 4)).sum().backward()\n")
    (group,) = whole.groups
    assert group.repeats == 85
    assert cards(folded(whole, whole.groups)) == 12


@pytest.mark.parametrize("which", ["encoder", "loop"])
def test_every_node_is_in_every_view_once(which, request):
    whole = request.getfixturevalue(which)
    nodes = sorted(item.index for item in whole.items)
    for shown in all_views(whole):
        held = [node for item in shown.items for node in (item.holds or (item.index,))]
        assert sorted(held) == nodes


@pytest.mark.parametrize("which", ["encoder", "loop"])
def test_no_wire_leads_out_of_a_group_and_back_into_it(which, request):
    for shown in all_views(request.getfixturevalue(which)):
        units = [item.index for item in shown.items]
        joined = [(w.source, w.target) for w in shown.wires if w.source is not None]
        rank = ranks(units, joined)
        assert all(rank[source] < rank[target] for source, target in joined)


@pytest.mark.parametrize("which", ["encoder", "loop"])
def test_each_contribution_arrives_in_every_view_when_it_does_in_the_whole(which, request):
    whole = request.getfixturevalue(which)
    for shown in all_views(whole):
        visible = {item.index for item in shown.items if item.kind != "group"}
        for target, step in itertools.product(sorted(visible)[:40], (0, 1, 50, len(whole.frames))):
            into = [wire for wire in whole.wires if wire.target == target]
            bundled = [wire for wire in shown.wires if wire.target == target]
            assert sum(arrived(w, step) for w in into) == sum(arrived(w, step) for w in bundled)


def test_a_group_runs_from_its_first_step_to_its_last(encoder):
    shown = folded(encoder, encoder.groups)
    for item in shown.items:
        if item.kind == "group":
            by_step = [state for start, state in item.states if start <= item.steps[0]]
            assert by_step[-1] == "firing"
            assert item.states[-1] == (item.steps[-1] + 1, "done")
            assert len(item.steps) == len(item.holds)


def test_opening_a_layer_shows_its_nodes_and_folds_the_rest(encoder):
    first, second, *_ = views(encoder.groups, cards(encoder))
    assert (first.opened, second.within) == ("", "")
    assert second.opened == encoder.groups[0].key
    shown = folded(encoder, second.folds)
    assert {"relu", "layer_norm"} & {item.short.lower() for item in shown.items} != set()
    assert sum(item.kind == "group" for item in shown.items) == 11


def test_a_very_long_loop_opens_into_shorter_ones_and_says_what_stays_folded():
    whole = scene(LOOP.format(1500))
    (group,) = whole.groups
    assert sum(inner.repeats for inner in group.inner) == group.repeats
    assert [view.opened for view in views(whole.groups, cards(whole))] == ["", group.key]
    assert whole.hidden == 2990
    hidden = [frame for frame in whole.frames if frame.caption[0].id == "folded.step"]
    assert len(hidden) == whole.hidden


def test_all_views_together_are_no_larger_than_the_budget():
    for source in (LOOP.format(700), ENCODER.format(30)):
        whole = scene(source)
        found = [view for view in views(whole.groups, cards(whole)) if view.opened not in ("", "*")]
        assert sum(cards(folded(whole, view.folds)) for view in found) <= MAX_IN_VIEWS


def test_what_no_view_shows_is_not_sent():
    frames = frames_of(explorer.run(LOOP.format(1500)))
    small = trimmed(frames)
    assert len(small.scenes[0].items) < 50
    assert len(json.dumps(small.to_dict())) < 0.6 * len(json.dumps(frames.to_dict()))
    drawn = sum(len(tile.cells) for tile in small.tiles)
    assert drawn < MAX_HIDDEN_CELLS + 10_000
    assert trimmed(frames_of(explorer.run(presets.get("xor").program))).scenes[0].hidden == 0


def test_a_failing_node_marks_its_group():
    source = LOOP.format(100) + "h.sum().backward()\n"
    broken = frames_of(explorer.run(source.replace("h.sum()", "s = h.sum()\ns", 1).replace(
        "\nh.sum().backward()", "\ns.backward()")))  # fmt: skip
    second = broken.scenes[1]
    states = [state for item in folded(second, second.groups).items for _, state in item.states]
    assert states.count("failed") == 1


def test_equal_runs_fold_and_are_placed_equally():
    one, other = (frames_of(explorer.run(LOOP.format(90))) for _ in range(2))
    assert pictured(one.scenes[0], one.tiles) == pictured(other.scenes[0], other.tiles)


@pytest.mark.parametrize("source", [ENCODER.format(12), LOOP.format(200)], ids=["encoder", "loop"])
def test_nothing_overlaps_in_any_view(source):
    frames = frames_of(explorer.run(source))
    whole, tiles = frames.scenes[0], frames.tiles
    for shown in all_views(whole)[:3]:
        picture = place(shown, tiles)
        boxes = [spot.body for spot in picture.spots]
        assert not any(one.touches(other) for one, other in itertools.combinations(boxes, 2))


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=170, max_size=190))
@settings(max_examples=8, deadline=None)
def test_any_large_graph_folds_into_one_that_can_be_shown(pairs):
    lines = ["import torch", "v = [torch.ones(2, requires_grad=True) for _ in range(2)]"]
    for one, other in pairs:
        lines.append(f"v.append(v[-min({one}, len(v))] * v[-min({other}, len(v))])")
    lines.append("sum(x.sum() for x in v[-9:]).backward()")
    whole = scene("\n".join(lines))
    shown = folded(whole, whole.groups)
    assert cards(shown) <= MAX_CARDS
    joined = [(w.source, w.target) for w in shown.wires if w.source is not None]
    rank = ranks([item.index for item in shown.items], joined)
    assert all(rank[source] < rank[target] for source, target in joined)
