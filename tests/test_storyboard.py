"""Which steps are handed out on paper, and that the page says what it leaves out."""

import json
import re

import pytest

import explorer
from explorer import presets
from explorer.frames import frames_of
from explorer.frames.storyboard import MAX_PICTURES, MAX_STRIPS, calls_left_out, strips
from explorer.ui.player import storyboard

SINES = """\
import torch
h = torch.ones(2, requires_grad=True)
for i in range({}):
    h = torch.sin(h)
h.sum().backward()
"""

VIEWS = """\
import torch
h = torch.ones(6, requires_grad=True)
for i in range(15):
    h = torch.sin(h.reshape(2, 3)).reshape(6)
h.sum().backward()
"""

ENCODER = """\
import torch
from torch import nn
layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
encoder = nn.TransformerEncoder(layer, 12)
encoder(torch.randn(2, 5, 8)).pow(2).mean().backward()
"""

FAILS = (
    SINES.format(60)
    .replace("sin", "tanh")
    .replace("h.sum()", "with torch.no_grad():\n    h.mul_(2)\nh.sum()")
)


def chosen(source: str):
    frames = frames_of(explorer.run(source))
    (strip,) = strips(frames)
    return strip, frames.scenes[strip.scene]


def test_a_short_call_is_shown_whole() -> None:
    strip, _ = chosen(SINES.format(4))
    assert strip.steps == (1, 2, 3, 4, 5, 6)
    assert strip.said.id == "board.all"


def test_steps_that_only_change_the_shape_go_first() -> None:
    strip, scene = chosen(VIEWS)
    assert strip.said.id == "board.beads"
    kinds = {item.index: item.kind for item in scene.items}
    left = set(range(1, len(scene.frames) + 1)) - set(strip.steps)
    assert len(left) == 30
    assert {kinds[scene.frames[step - 1].node] for step in left} == {"bead"}


def test_of_a_folded_layer_the_last_step_stays() -> None:
    strip, scene = chosen(ENCODER)
    assert strip.said.values == {"shown": len(strip.steps), "count": len(scene.frames)}
    lasts = {max(item.order for item in scene.items if item.index in group.cards)
             for group in scene.groups}  # fmt: skip
    assert len(lasts) == 12
    assert len(strip.steps) == 14
    # A layer's last step may be one of its buckets, after its last card.
    assert all(any(last <= step <= last + 8 for step in strip.steps) for last in lasts)


def test_a_long_chain_is_spread_evenly_from_first_to_last() -> None:
    strip, scene = chosen(SINES.format(100))
    assert strip.said.id == "board.spread"
    assert len(strip.steps) == MAX_PICTURES
    assert (strip.steps[0], strip.steps[-1]) == (1, len(scene.frames))
    gaps = {after - before for before, after in zip(strip.steps, strip.steps[1:], strict=False)}
    assert gaps <= {2, 3}


def test_the_step_that_fails_is_always_there() -> None:
    strip, scene = chosen(FAILS)
    assert scene.frames[strip.steps[-1] - 1].failed


def test_own_calls_come_before_those_of_torch_and_the_rest_is_counted() -> None:
    frames = frames_of(explorer.run(presets.get("outputs_by_weights").program))
    found = strips(frames)
    assert len(found) == MAX_STRIPS
    assert {frames.scenes[strip.scene].kind for strip in found} <= {"backward", "grad"}
    stepped = sum(bool(scene.frames) for scene in frames.scenes)
    assert calls_left_out(frames) == stepped - MAX_STRIPS > 0
    assert sum(len(strip.steps) for strip in found) <= MAX_PICTURES


def test_without_a_backward_there_is_nothing_to_show() -> None:
    assert strips(frames_of(explorer.run("import torch\nx = torch.ones(2)"))) == ()


@pytest.mark.parametrize("slug", ["tutorial", "notebook"])
def test_the_page_holds_the_program_and_its_text_is_data_only(slug: str) -> None:
    run = explorer.run(presets.get(slug).program)
    page = storyboard.page(run, title="<script>evil()</script>")
    assert "<script>evil" not in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["frames"]["program"]["source"] == run.program.source
    assert "every number" in data["made"].lower()
    assert run.torch in data["made"]
