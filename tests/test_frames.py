"""What the player says and lights, as facts about small programs."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from ran import framed, ran

import explorer
from explorer import presets
from explorer.data import Program, Span, Values
from explorer.frames import Frames, Item, Scene, frames_of
from explorer.frames.labels import cut_out
from explorer.frames.tiles import MAX_COLUMNS, MAX_LONE_ROW, MAX_ROWS, amount, tile_of

TUTORIAL = """\
import torch
x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
out.backward()
"""

NOTEBOOK = """\
import torch
from torch import nn

class SimpleNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.Layer_1 = nn.Linear(3, 16)
        self.activation_fnc = nn.ReLU()
        self.Output_Layer = nn.Linear(16, 2)

    def forward(self, x):
        x = self.Layer_1(x)
        x = self.activation_fnc(x)
        return self.Output_Layer(x)

model = SimpleNN()
x = torch.tensor([1.0, 2.0, 1.5], requires_grad=True)
y = model(x)
y.backward(torch.ones(2))
"""

SHARED = """\
import torch
x = torch.tensor([[0.5, -1.0]])
W = torch.tensor([[1.0, 0.5], [-0.5, 1.0]], requires_grad=True)
h = x
for t in range(3):
    h = torch.tanh(h @ W)
loss = h.pow(2).sum()
loss.backward()
"""


def frames(source: str) -> Frames:
    return framed(source)


def scene(source: str, call: int = 0) -> Scene:
    return frames(source).scenes[call]


def labelled(scene: Scene, label: str) -> Item:
    return next(item for item in scene.items if item.label == label)


def state(item: Item, step: int) -> str:
    return [state for start, state in item.states if start <= step][-1]


def words(scene: Scene, step: int) -> list[str]:
    return [message.id for message in scene.frames[step - 1].caption]


# --------------------------------------------------------------------------------------- captions


def test_a_value_used_twice_is_said_to_send_two_parts():
    first = scene(TUTORIAL).frames[2].caption
    assert [message.id for message in first] == ["sends.each", "waited"]
    said = first[0].values
    assert said["label"] == {"code": "y * y"}
    assert said["used"] == {"code": "y"}
    assert said["count"] == 2
    assert said["derivative"] == {"code": "∂out/∂y"}
    assert (said["amount"].id, said["amount"].values["number"]) == ("amount.uniform", 2.25)
    assert first[1].values == {"target": {"code": "x + 2"}, "count": 2}


def test_parts_that_add_up_are_named_before_what_is_sent_on():
    gathered, sent = scene(TUTORIAL).frames[3].caption
    assert (gathered.id, gathered.values["count"]) == ("gathered", 2)
    assert gathered.values["sum"].values["number"] == 4.5
    assert (sent.id, sent.values["target"]) == ("then.one", {"code": "x"})


def test_the_first_step_says_what_v_is():
    begins = scene(TUTORIAL).frames[0].caption[0]
    assert (begins.id, begins.values["vector"].values["number"]) == ("begins", 1.0)


def test_a_leaf_that_was_none_is_told_from_one_that_is_added_to():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = (x * 3).sum()\n"
    source += "y.backward(retain_graph=True)\ny.backward()\n"
    first, second = frames(source).scenes
    assert words(first, 3) == ["leaf.first"]
    assert words(second, 3) == ["leaf.added"]
    values = second.frames[2].caption[0].values
    numbers = [values[name].values["number"] for name in ("before", "added", "after")]
    assert numbers == [3.0, 3.0, 6.0]


def test_a_relu_says_how_many_numbers_it_blocks():
    source = "import torch\nx = torch.tensor([1.0, -1.0, 2.0, -2.0, 3.0], requires_grad=True)\n"
    gate = scene(source + "torch.relu(x).sum().backward()\n").frames[1].caption[0]
    assert (gate.id, gate.values["count"], gate.values["of"]) == ("sends.gate", 2, 5)


def test_a_scalar_root_gives_a_derivative_and_another_root_a_product_with_v():
    def derivatives(source: str) -> set[str]:
        return {
            row.title.values["derivative"]["code"]
            for frame in scene(source).frames
            for row in frame.arrived
        }

    assert "∂out/∂x" in derivatives(TUTORIAL)
    assert "∂out/∂(y * y)" in derivatives(TUTORIAL)
    assert "vᵀ∂y/∂x" in derivatives(NOTEBOOK)


def test_beads_say_how_the_shape_changes():
    bead = scene(NOTEBOOK).frames[3].caption[0]
    assert bead.id == "bead.shape"
    assert bead.values == {"name": {"code": "T"}, "before": "16×2", "after": "2×16"}


def test_an_expand_adds_up_its_copies():
    source = "import torch\nx = torch.ones(1, requires_grad=True)\nx.expand(4).sum().backward()\n"
    # The sum's own backward expands too, but this bead is the node of `x.expand(4)`.
    assert words(scene(source), 2) == ["bead.sum"]


def test_none_is_said_to_be_none():
    assert amount(None).id == "amount.none"
    assert amount(tile_of(Values.of_array(np.zeros((2, 2))))).id == "amount.zeros"


def test_short_tensors_are_listed_and_long_ones_are_not():
    short = amount(tile_of(Values.of_array(np.array([[1.0, 2.0], [3.0, 4.0]]))))
    assert short.values["numbers"] == {"list": [[1.0, 2.0], [3.0, 4.0]]}
    long = amount(tile_of(Values.of_array(np.arange(6.0))))
    assert (long.id, long.values) == ("amount.range", {"shape": "6", "low": 0.0, "high": 5.0})


# ----------------------------------------------------------------------------------------- states


def test_a_node_waits_until_all_its_contributions_have_arrived():
    shared = scene(SHARED)
    leaf = labelled(shared, "W")
    assert leaf.expected == 3
    assert [state(leaf, step) for step in (0, 3, 4, 6, 8, 9)] == [
        "idle", "idle", "waiting", "waiting", "ready", "firing",
    ]  # fmt: skip


def test_every_node_goes_from_idle_over_firing_to_done():
    for item in scene(TUTORIAL).items:
        assert item.order is not None
        assert state(item, 0) == "idle"
        assert state(item, item.order) == "firing"
        assert state(item, item.order + 1) == "done"


def test_each_step_fires_its_own_node_and_no_other():
    for preset in presets.all():
        for shown in framed(preset.program).scenes:
            for number, frame in enumerate(shown.frames, start=1):
                lit = [i.index for i in shown.items if state(i, number) in ("firing", "failed")]
                assert lit == ([] if frame.node is None else [frame.node])


def test_saved_tensors_are_freed_right_after_their_nodes_step():
    mul = labelled(scene(TUTORIAL), "y * y")
    assert [chip.states for chip in mul.saved] == [((0, "held"), (4, "freed"))] * 2


def test_retain_graph_keeps_the_saved_tensors():
    kept = scene(TUTORIAL.replace("backward()", "backward(retain_graph=True)"))
    assert all(chip.states == ((0, "held"),) for item in kept.items for chip in item.saved)


def test_a_second_backward_starts_with_freed_tensors_and_stops_where_torch_raised():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x.exp().sum()\n"
    failing = scene(source + "y.backward()\ny.backward()\n", call=1)
    exp = labelled(failing, "x.exp()")
    assert exp.saved[0].states == ((0, "freed"),)
    assert failing.frames[-1].failed
    assert failing.frames[-1].node == exp.index
    assert state(exp, len(failing.frames)) == "failed"
    said = failing.frames[-1].caption[0]
    assert said.id == "failed.node"
    assert said.values["text"]["text"].startswith("Trying to backward through the graph a second")
    assert state(labelled(failing, "x"), len(failing.frames)) == "idle"


def test_what_arrives_over_a_bead_arrives_when_the_bead_has_run():
    notebook = scene(NOTEBOOK)
    wire = next(w for w in notebook.wires if w.beads and w.source is not None)
    order = {item.index: item.order for item in notebook.items}
    assert wire.hops[0].step == order[wire.source]
    assert wire.lands == order[wire.beads[-1]]


# --------------------------------------------------------------------------------------- grouping


def test_the_notebooks_fourteen_nodes_are_three_cards_five_buckets_and_six_beads():
    kinds = [item.kind for item in scene(NOTEBOOK).items]
    assert [kinds.count(kind) for kind in ("card", "bucket", "bead")] == [3, 5, 6]


def test_every_node_of_the_call_is_one_item():
    for preset in presets.all():
        run = ran(preset.program)
        for call, shown in zip(run.calls, framed(preset.program).scenes, strict=False):
            indices = [item.index for item in shown.items]
            assert len(set(indices)) == len(indices)
            assert set(indices) >= {step.node for step in call.steps}


def test_a_shape_only_node_where_several_wires_meet_is_a_card():
    source = "import torch\nx = torch.ones(4, requires_grad=True)\nv = x.view(2, 2)\n"
    item = labelled(scene(source + "(v * v).sum().backward()\n"), "x.view(2, 2)")
    assert item.kind == "card"


def test_only_the_shown_calls_nodes_are_drawn():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\na = x.exp().sum()\n"
    source += "b = x.sin().sum()\na.backward()\nb.backward()\n"
    first, second = frames(source).scenes
    assert {item.short for item in first.items} == {"Sum", "Exp", "AccumulateGrad"}
    assert {item.short for item in second.items} == {"Sum", "Sin", "AccumulateGrad"}


def test_edges_with_the_same_ends_are_two_wires():
    wires = [wire for wire in scene(TUTORIAL).wires if wire.source is not None]
    mul = [wire.slot for wire in wires if wire.source == 2]
    assert mul == [0, 1]


# --------------------------------------------------------------------------- labels, spans, scale


def test_a_card_bears_the_persons_own_expression():
    assert [item.label for item in scene(TUTORIAL).items] == [
        "z.mean()", "… * 3", "y * y", "x + 2", "x",
    ]  # fmt: skip


def test_leading_modules_are_left_out_of_a_label():
    assert {"tanh(…)", "h @ W", "….sum()"} <= {item.label for item in scene(SHARED).items}


def test_nodes_of_a_sequential_are_called_after_their_modules():
    source = "import torch\nfrom torch import nn\nnet = nn.Sequential(nn.Linear(2, 2), nn.Tanh())\n"
    cards = [item for item in scene(source + "net(torch.ones(1, 2)).sum().backward()\n").items
             if item.kind == "card"]  # fmt: skip
    assert [item.label for item in cards] == ["….sum()", "net.1", "net.0"]


def test_nodes_of_a_module_that_is_used_again_keep_its_own_expressions():
    source = """\
import torch
from torch import nn
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(2, 2)
    def forward(self, x):
        return x + torch.relu(self.up(x))
net = nn.Sequential(Block(), Block())
net(torch.ones(1, 2)).sum().backward()
"""
    labels = [item.label for item in scene(source).items if item.kind == "card"]
    assert labels.count("x + …") == 2
    assert labels.count("relu(…)") == 2
    assert labels.count("up(x)") == 2


def test_a_transpose_of_a_square_moves_numbers_without_changing_them():
    source = "import torch\nx = torch.rand(2, 2, requires_grad=True)\n"
    source += "(x.t() * torch.rand(2, 2)).sum().backward()\n"
    assert words(scene(source), 3) == ["bead.moved"]


def test_each_step_lights_the_span_of_its_node():
    lit = [frame.span for frame in scene(TUTORIAL).frames]
    texts = [span and cut_out(Program(TUTORIAL), span) for span in lit]
    assert texts == ["z.mean()", "y * y * 3", "y * y", "x + 2", None]


def test_cut_out_joins_lines_and_counts_letters():
    program = Program("é = (a +\n     b)\n")
    assert cut_out(program, Span(1, 4, 2, 7)) == "(a + b)"


def test_one_scale_ends_at_the_largest_number_of_the_call():
    assert scene(TUTORIAL).largest == 4.5


def test_the_scale_is_a_calls_own():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\n(x * 2).sum().backward()\n"
    source += "x.grad = None\n(x * -70).sum().backward()\n"
    assert [shown.largest for shown in frames(source).scenes] == [2.0, 70.0]


def test_the_seed_holds_v():
    assert [(seed.name, seed.vector) for seed in scene(TUTORIAL).seeds] == [("out", "1")]
    assert [(seed.name, seed.vector) for seed in scene(NOTEBOOK).seeds] == [("y", "ones")]


def test_a_vector_that_was_needed_and_not_given_is_no_one():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\ny.backward()\n"
    missing = scene(source)
    assert missing.seeds[0].vector == "?"
    assert [message.id for message in missing.frames[0].caption] == ["failed.start"]


# ------------------------------------------------------------------------------------- other runs


def test_without_a_backward_the_graph_is_at_rest():
    rest = scene("import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\n")
    assert (rest.kind, rest.frames, rest.seeds) == ("none", (), ())
    assert rest.rest[0].id == "rest.none"
    assert [item.label for item in rest.items] == ["x * 2", "x"]


def test_a_program_without_a_graph_says_so():
    rest = scene("import torch\nx = torch.ones(2)\n")
    assert (rest.items, rest.rest[0].id) == ((), "rest.empty")
    unused = scene("import torch\nx = torch.ones(2, requires_grad=True)\n").rest[0]
    assert (unused.id, unused.values["names"]) == ("rest.unused", [{"code": "x"}])


def test_a_program_that_raised_before_its_first_op_says_what_requires_grad():
    source = "import torch\nx = torch.ones(2)\nx.register_hook(print)\n"
    assert scene(source).rest[0].id == "rest.early.none"
    weights = "".join(f"w{n} = torch.ones(2, requires_grad=True)\n" for n in range(6))
    early = scene(source.replace("x.reg", weights + "x.reg")).rest[0]
    named = [one.get("code") for one in early.values["names"]]
    assert (early.id, named) == ("rest.early", ["w0", "w1", "w2", "w3", None])


def test_a_program_that_raises_shows_torchs_words():
    failed = frames("import torch\ntorch.ones(2) @ torch.ones(3)\n")
    assert failed.error is not None
    assert failed.error.values["type"] == "RuntimeError"
    assert "inconsistent tensor size" in failed.error.values["text"]["text"]
    assert failed.error_line == 2


def test_a_batched_call_says_why_it_has_no_steps():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x ** 2\n"
    source += "torch.autograd.grad(y, x, torch.eye(2), is_grads_batched=True)\n"
    batched = scene(source)
    assert batched.frames == ()
    assert batched.rest[0].id == "rest.note"
    assert batched.rest[0].values["text"]["text"]


def test_autograd_grad_hands_its_result_to_the_bucket():
    source = "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n"
    source += "y = (x ** 3).sum()\n(g,) = torch.autograd.grad(y, x)\n"
    shown = frames(source)
    leaf = labelled(shown.scenes[0], "x")
    assert leaf.order is None
    assert leaf.result is not None
    assert shown.tiles[leaf.result].cells == (3.0, 12.0)


def test_an_edge_that_the_engine_left_out_carries_nothing_and_is_not_none():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\n"
    source += "w = torch.ones(2, requires_grad=True)\ny = (x * w).sum()\n"
    source += "torch.autograd.grad(y, x)\n"
    shown = scene(source)
    left_out = labelled(shown, "w")
    (wire,) = [wire for wire in shown.wires if wire.target == left_out.index]
    assert (wire.lands, wire.hops[0].step) == (None, None)
    assert left_out.states == ((0, "idle"),)
    assert left_out.before is None


def test_a_cut_names_its_reason():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\nwith torch.no_grad():\n"
    source += "    c = x * 5\n(x * c).sum().backward()\n"
    assert [cut.reason for cut in scene(source).cuts] == ["no_grad"]


def test_the_forward_has_a_tick_for_each_op_of_the_graph():
    ticks = frames(TUTORIAL).forward
    assert [tick.label for tick in ticks] == ["x + 2", "y * y", "… * 3", "z.mean()"]
    assert [tick.node for tick in ticks] == [3, 2, 1, 0]


def test_a_chip_is_freed_where_torch_freed_it():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x.exp()\n"
    source += "y.sum().backward({})\n"
    (lost,) = [item for item in scene(source.format("")).items if item.saved]
    assert [state for _, state in lost.saved[0].states] == ["held", "freed"]
    (kept,) = [item for item in scene(source.format("retain_graph=True")).items if item.saved]
    assert [state for _, state in kept.saved[0].states] == ["held"]


def test_an_edited_chip_bears_the_version_that_was_found():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x.exp()\ny.add_(1)\n"
    (item,) = [item for item in scene(source + "y.sum().backward()\n").items if item.saved]
    assert (item.saved[0].states[0], item.saved[0].version) == ((0, "edited"), 1)


RETAINED = """import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
h = x * 3
{}
for _ in range(2):
    loss = (h * h).sum()
    loss.backward(retain_graph=True)
"""


def test_a_tensor_that_retains_its_grad_has_a_tap_where_it_was_made():
    shown = frames(RETAINED.format("h.retain_grad()"))
    for one, before, after in zip(shown.scenes, ([], [6, 12]), ([6, 12], [12, 24]), strict=True):
        (item,) = [item for item in one.items if item.tap]
        assert item.label == "x * 3"
        cells = [
            () if tile is None else shown.tiles[tile].cells
            for tile in (item.tap.before, item.sum, item.tap.after)
        ]
        assert [list(tile) for tile in cells] == [before, [6, 12], after]
        said = [message for message in one.frames[item.order - 1].caption if "tap" in message.id]
        assert [message.id for message in said] == ["tap.added" if before else "tap.first"]
    assert [item.tap for item in scene(RETAINED.format("")).items if item.tap] == []


def test_a_tap_is_where_its_own_tensor_was_made_though_the_name_was_given_again():
    source = RETAINED.format("h.retain_grad()\nfirst = h\nh = h * 2")
    (item,) = [item for item in scene(source).items if item.tap]
    assert item.label == "x * 3"


def test_a_hook_that_changes_a_cotangent_is_marked_where_it_arrives():
    source = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 3\n"
    source += "y.register_hook(lambda g: g * {})\n(y * y).sum().backward()\n"
    assert [item.label for item in scene(source.format(2)).items if item.hooked] == ["x * 3"]
    assert [item for item in scene(source.format(1)).items if item.hooked] == []


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_nothing_is_marked_as_hooked_where_no_hook_is(preset):
    if "register_hook" not in preset.program.source:
        scenes = framed(preset.program).scenes
        assert [item.label for one in scenes for item in one.items if item.hooked] == []


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_frames_are_strict_json_and_the_same_every_time(preset):
    once = framed(preset.program)
    text = json.dumps(once.to_dict(), allow_nan=False)
    assert text == json.dumps(frames_of(explorer.run(preset.program)).to_dict(), allow_nan=False)
    assert json.dumps(Frames.from_dict(json.loads(text)).to_dict()) == json.dumps(json.loads(text))


# ------------------------------------------------------------------------------------------ tiles


@given(
    arrays(
        np.float32,
        st.sampled_from([(), (1,), (25,), (31,), (1, 31), (3, 2, 5), (30, 2), (49, 25)]),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
        fill=st.sampled_from([0.0, 1.0]),
    )
)
@settings(max_examples=40, deadline=None)
def test_a_tile_fits_its_room_and_nothing_nonzero_becomes_zero(array):
    tile = tile_of(Values.of_array(array))
    assert tile.rows <= MAX_ROWS
    assert tile.columns <= (MAX_LONE_ROW if tile.rows == 1 else MAX_COLUMNS)
    assert len(tile.cells) == tile.rows * tile.columns
    high, wide = tile.block
    grid = array.reshape(math.prod(array.shape[:-1]) if array.ndim > 1 else array.size, -1)
    for place, cell in enumerate(tile.cells):
        row, column = divmod(place, tile.columns)
        part = grid[row * high : (row + 1) * high, column * wide : (column + 1) * wide]
        assert (cell == 0) == bool((part == 0).all())
        assert (cell == "nan") == bool(np.isnan(part).any())


def test_a_downsampled_tile_says_how_large_its_blocks_are():
    tile = tile_of(Values.of_array(np.arange(100 * 50.0).reshape(100, 50)))
    assert (tile.rows, tile.columns, tile.block) == (20, 17, (5, 3))


def test_infinities_and_nans_are_words_in_the_cells():
    tile = tile_of(Values.of_array(np.array([np.nan, np.inf, -np.inf, 1.0])))
    assert tile.cells == ("nan", "inf", "-inf", 1.0)


def test_numbers_that_were_not_kept_leave_a_note():
    tile = tile_of(Values((3, 3), "float32", note="above the cap"))
    assert (tile.cells, tile.note) == ((), "above the cap")
