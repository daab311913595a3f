"""The weights' Jacobian of a network, against a loop of one-hot calls of autograd.grad.

A weight is changed before every round, so that nothing can be remembered from the one before.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import explorer
from explorer.data import Jacobian

Compare = Callable[..., Any]

GROUP = "weight Jacobian, "
LOOP = "loop of one-hot calls"
SIZES = {
    "20 x 47 (6-4-3-1, 20 samples)": ((6, 4, 3, 1), 20, 60, "4 times faster"),
    "256 x 5124 (10-64-64-4, 64 samples)": ((10, 64, 64, 4), 64, 10, "8 times faster"),
    "2560 x 5514 (32-128-10, 256 samples)": ((32, 128, 10), 256, 4, "6 times faster"),
}


def one_hot_loop(net: nn.Module, batch: Tensor) -> Tensor:
    """What one writes without the explorer."""
    y, weights, rows = net(batch), list(net.parameters()), []
    for i in range(y.numel()):
        v = torch.zeros(y.numel())
        v[i] = 1
        grads = torch.autograd.grad(y, weights, v.view_as(y), retain_graph=True)
        rows.append(torch.cat([grad.flatten() for grad in grads]))
    return torch.stack(rows)


class Network:
    def __init__(self, widths: tuple[int, ...], samples: int) -> None:
        torch.manual_seed(0)
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), nn.Tanh()]
        self.net = nn.Sequential(*layers[:-1])
        self.batch = torch.randn(samples, widths[0])

    def changed(self) -> tuple[nn.Module, Tensor]:
        with torch.no_grad():
            self.net[0].weight[0, 0] += 0.01
        return self.net, self.batch


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_loop(size: str, measure: Compare) -> None:
    widths, samples, rounds, _ = SIZES[size]
    network = Network(widths, samples)
    measure(GROUP + size, LOOP, one_hot_loop, fresh=network.changed, rounds=max(3, rounds // 4))


def test_weight_jacobian(size: str, measure: Compare) -> None:
    widths, samples, rounds, target = SIZES[size]
    network = Network(widths, samples)
    found: Jacobian = measure(
        GROUP + size,
        "weight_jacobian",
        explorer.weight_jacobian,
        fresh=network.changed,
        rounds=rounds,
        baseline=LOOP,
        target=target,
    )
    expected = one_hot_loop(network.net, network.batch).detach().numpy()
    np.testing.assert_allclose(found.array, expected, rtol=1e-3, atol=1e-5)
