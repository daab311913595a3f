"""From a Run to a placed picture, against Graphviz alone on the same graph."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

import explorer
from explorer import presets
from explorer.data import Program, Run
from explorer.frames import Frames, frames_of
from explorer.picture import engine, layout
from explorer.picture.graph import to_svg

Compare = Callable[..., Any]

GROUP = "picture of "
GRAPHVIZ = "to_svg, laid out by Graphviz alone"
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
PROGRAMS = {
    "50 Linear + ReLU layers": Program(CHAIN),
    "the transformer preset": presets.get("transformer").program,
}


@cache
def run_of(name: str) -> Run:
    return explorer.run(PROGRAMS[name])


@pytest.fixture(params=PROGRAMS)
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def forgotten(*arguments: Any) -> Callable[[], tuple[Any, ...]]:
    """Give the arguments anew each round, with what the engine remembers thrown away."""

    def fresh() -> tuple[Any, ...]:
        engine.run.cache_clear()
        return arguments

    return fresh


def test_graphviz(name: str, measure: Compare) -> None:
    fresh = forgotten(run_of(name).trace)
    assert "<svg" in measure(GROUP + name, GRAPHVIZ, to_svg, fresh=fresh, rounds=8)


def test_run(name: str, measure: Compare) -> None:
    program = PROGRAMS[name]
    run = measure(GROUP + name, "run of the program", lambda: explorer.run(program), rounds=4)
    assert run.error is None


def test_frames(name: str, measure: Compare) -> None:
    frames: Frames = measure(
        GROUP + name, "frames of the run", frames_of, fresh=lambda: (run_of(name),), rounds=4
    )
    assert frames.scenes


def test_place(name: str, measure: Compare) -> None:
    frames = frames_of(run_of(name))
    picture = measure(
        GROUP + name,
        "layout.place, cards and roads",
        layout.place,
        fresh=forgotten(frames.scenes[0], frames.tiles),
        rounds=8,
        baseline=GRAPHVIZ,
    )
    assert len(picture.spots) == len(frames.scenes[0].items)
