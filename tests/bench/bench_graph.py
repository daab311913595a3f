"""Reading and recording a graph of 251 nodes, against a plain backward and against torchviz."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchviz
from torch import Tensor, nn

import explorer
from explorer.data import BackwardCall, Trace

GROUP = "50 Linear + ReLU layers of width 32"
PLAIN = "plain forward + backward"
TRACE = "trace with saved values"
DOT = "torchviz make_dot, attrs and saved"

Compare = Callable[..., Any]


class Deep:
    """The network, and what is done with it."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        layers: list[nn.Module] = []
        for _ in range(50):
            layers += [nn.Linear(32, 32), nn.ReLU()]
        self.net, self.batch = nn.Sequential(*layers), torch.randn(8, 32)

    def forward(self) -> Tensor:
        self.net.zero_grad()
        loss: Tensor = self.net(self.batch).sum()
        return loss

    def plain(self) -> None:
        self.forward().backward()

    def recorded(self) -> BackwardCall:
        return explorer.record(self.forward(), names=self.net)

    def fresh_loss(self) -> tuple[Tensor]:
        return (self.forward(),)


@pytest.fixture
def deep() -> Deep:
    return Deep()


def test_plain_forward_and_backward(measure: Compare, deep: Deep) -> None:
    measure(GROUP, PLAIN, deep.plain, rounds=40)


def test_torchviz(measure: Compare, deep: Deep) -> None:
    names = dict(deep.net.named_parameters())
    measure(
        GROUP,
        DOT,
        lambda loss: torchviz.make_dot(loss, names, show_attrs=True, show_saved=True),
        fresh=deep.fresh_loss,
        baseline=PLAIN,
    )


def test_trace(measure: Compare, deep: Deep) -> None:
    found: Trace = measure(
        GROUP,
        TRACE,
        lambda loss: explorer.trace(loss, names=deep.net),
        fresh=deep.fresh_loss,
        rounds=40,
        baseline=PLAIN,
        target="at most 1.5x, and faster than torchviz",
    )
    assert len(found.nodes) == 251
    assert any(saved.values is not None for node in found.nodes for saved in node.saved)


def test_record(measure: Compare, deep: Deep) -> None:
    call: BackwardCall = measure(
        GROUP,
        "forward + record with every value",
        deep.recorded,
        rounds=40,
        baseline=PLAIN,
        target="at most 8x",
    )
    assert len(call.steps) == len(call.trace.nodes) == 251
