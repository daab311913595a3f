"""A step out of somebody's own training loop: recorded there, saved, opened and drawn here."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import explorer
from explorer import files, opening
from explorer.ui import player
from explorer.ui.player.standalone import as_run


class Block(nn.Module):
    """Two convolutions with a way around them."""

    def __init__(self, wide: int, into: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(wide, into, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(into)
        self.conv2 = nn.Conv2d(into, into, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(into)
        self.short = nn.Conv2d(wide, into, 1, stride, bias=False) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(h)) + self.short(x))


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        widths = [(8, 8, 1), (8, 8, 1), (8, 16, 2), (16, 16, 1), (16, 32, 2), (32, 32, 1)]
        self.blocks = nn.Sequential(*[Block(*sizes) for sizes in widths])
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(torch.relu(self.stem(x))).mean((2, 3)))


class Attention(nn.Module):
    """A transformer block written by hand."""

    def __init__(self, wide: int = 16, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(wide), nn.LayerNorm(wide)
        self.qkv, self.out = nn.Linear(wide, 3 * wide), nn.Linear(wide, wide)
        self.mlp = nn.Sequential(nn.Linear(wide, 32), nn.GELU(), nn.Linear(32, wide))

    def forward(self, x: Tensor) -> Tensor:
        batch, time, wide = x.shape
        parts = self.qkv(self.norm1(x)).reshape(batch, time, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / (wide // self.heads) ** 0.5).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(batch, time, wide))
        return x + self.mlp(self.norm2(x))


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 16)
        self.layers = nn.Sequential(*[Attention() for _ in range(6)])
        self.head = nn.Linear(16, 20)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.layers(self.embed(tokens))).flatten(0, 1)


def trained(kind: str) -> tuple[nn.Module, Tensor, Tensor]:
    """A model after one step of training, and the next batch."""
    torch.manual_seed(0)
    model = ResNet() if kind == "resnet" else Words()
    batch = torch.randn(2, 3, 12, 12) if kind == "resnet" else torch.randint(0, 20, (2, 7))
    target = torch.randint(0, 10, (2 if kind == "resnet" else 14,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nn.functional.cross_entropy(model(batch), target).backward()
    optimizer.step()
    optimizer.zero_grad()
    return model, batch, target


@pytest.mark.parametrize("kind", ["resnet", "transformer"])
def test_a_step_of_ones_own_training_is_saved_opened_and_drawn(kind: str, tmp_path: Path) -> None:
    model, batch, target = trained(kind)
    with explorer.watch(names=model):
        loss = nn.functional.cross_entropy(model(batch), target)
    names = dict(model.named_parameters())
    expected = torch.autograd.grad(loss, names.values(), retain_graph=True)
    path = tmp_path / "step.json"
    explorer.record(loss, names=model).save(path)
    assert path.stat().st_size < files.MAX_BYTES // 4

    call = explorer.load(path)
    found = {leaf.name: leaf.added for leaf in call.leaves}
    assert found.keys() == names.keys()
    for name, gradient in zip(names, expected, strict=True):
        np.testing.assert_allclose(found[name].array, gradient.numpy(), rtol=1e-4, atol=1e-6)
    modules = {node.module for node in call.trace.nodes if node.module}
    assert any(name.startswith("blocks.5" if kind == "resnet" else "layers.5") for name in modules)

    (picture,) = player.browser_data(as_run(call))["pictures"]
    assert len(picture["fit"]["spots"]) <= 400
    assert "explorer.watch" not in " ".join(opening.lacks(call))


def test_what_a_file_does_not_hold_is_told_from_the_file_itself() -> None:
    x = torch.ones(300, 300, requires_grad=True)
    y = (x * x).sum()
    graph, call = explorer.trace(y), explorer.record(y)
    told = " ".join(opening.lacks(graph))
    assert "backward" in told
    assert "explorer.watch" in told
    told = " ".join(opening.lacks(call))
    assert "explorer.watch" in told
    assert "too large" in told
    small = torch.ones(2, requires_grad=True)
    assert opening.lacks(explorer.jacobian(small * 2, {"x": small})) == ()
