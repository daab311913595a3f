"""From a program to the data of its picture, beside torchviz with Graphviz's dot on the same graph.

dot is given `PATIENCE` seconds. Where it needs longer its line shows that limit: a leaf with
thousands of uses keeps it busy for hours.
"""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torchviz

import explorer
from explorer import presets
from explorer.data import Program, Run
from explorer.frames import Frames, frames_of
from explorer.picture import engine
from explorer.picture.graph import to_svg
from explorer.picture.views import Shown, pictured
from explorer.ui import player

Compare = Callable[..., Any]

PATIENCE = 10.0
"""Seconds that dot may take for torchviz's graph."""

GROUP = "picture of "
TORCHVIZ = "torchviz make_dot + dot"
CHAIN = """\
import torch
from torch import nn

layers = []
for _ in range(50):
    layers += [nn.Linear(32, 32), nn.ReLU()]
net = nn.Sequential(*layers)
loss = net(torch.randn(8, 32)).sum()
loss.backward()
"""
SHARED = """\
import torch
h = torch.randn(4, 8)
W = (torch.randn(8, 8) / 3).requires_grad_()
for t in range(2500):
    h = torch.tanh(h @ W)
loss = h.sum()
loss.backward()
"""
ENCODER = """\
import torch
from torch import nn
layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
encoder = nn.TransformerEncoder(layer, 12)
loss = encoder(torch.randn(2, 5, 8)).pow(2).mean()
loss.backward()
"""
PROGRAMS = {
    "50 Linear + ReLU layers": Program(CHAIN),
    "a chain of 5,000 ops with one weight": Program(SHARED),
    "an encoder of 12 transformer layers": Program(ENCODER),
    "the transformer preset": presets.get("transformer").program,
}
ROUNDS = 3


@cache
def run_of(name: str) -> Run:
    return explorer.run(PROGRAMS[name])


@pytest.fixture(params=PROGRAMS)
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def forget() -> tuple[()]:
    """Throw away what is remembered from one round to the next."""
    engine.run.cache_clear()
    player._browser_data.cache_clear()
    return ()


def test_torchviz(name: str, measure: Compare) -> None:
    names: dict[str, Any] = {}
    exec(PROGRAMS[name].source, names)
    root = next(names[known] for known in ("loss", "out", "y") if known in names)
    command = [engine.find(), "-Tsvg"]

    sys.setrecursionlimit(100_000)  # torchviz walks the graph by calling itself

    def draw() -> None:
        try:
            dot = str(torchviz.make_dot(root)).encode()
            subprocess.run(command, input=dot, capture_output=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            print(f"dot was stopped after {PATIENCE:g} s")

    measure(GROUP + name, TORCHVIZ, draw, rounds=1)


def test_our_dot(name: str, measure: Compare) -> None:
    if len(run_of(name).trace.nodes) < 1_000:
        made = measure(
            GROUP + name, "to_svg", to_svg,
            fresh=lambda: (*forget(), run_of(name).trace), rounds=ROUNDS, baseline=TORCHVIZ,
        )  # fmt: skip
        assert "<svg" in made


def test_run(name: str, measure: Compare) -> None:
    program = PROGRAMS[name]
    made = measure(GROUP + name, "run", lambda: explorer.run(program), rounds=ROUNDS)
    assert made.error is None


def test_frames(name: str, measure: Compare) -> None:
    made: Frames = measure(
        GROUP + name, "frames", frames_of, fresh=lambda: (run_of(name),), rounds=ROUNDS
    )
    assert made.scenes


def test_first_view(name: str, measure: Compare) -> None:
    frames = frames_of(run_of(name))

    def all_views() -> Shown:
        return pictured(frames.scenes[0], frames.tiles)

    made = measure(GROUP + name, "all views, placed", all_views, fresh=forget, rounds=ROUNDS)
    assert made.fit.spots


def test_picture_without_the_run(name: str, measure: Compare) -> None:
    data = measure(
        GROUP + name, "run to picture data", player.browser_data,
        fresh=lambda: (*forget(), run_of(name)), rounds=ROUNDS, baseline=TORCHVIZ,
    )  # fmt: skip
    assert data["pictures"]


def test_picture_with_the_run(name: str, measure: Compare) -> None:
    data = measure(
        GROUP + name, "program to picture data",
        lambda: player.browser_data(explorer.run(PROGRAMS[name])),
        fresh=forget, rounds=ROUNDS, baseline=TORCHVIZ, target="2 s for the chain, else 1 s",
    )  # fmt: skip
    assert data["pictures"]
