"""Graphs of every kind that people build: each entry makes a fresh one, `(root, names)`.

The seed is set before each, so two calls give equal graphs.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own usage
from torch.utils.checkpoint import checkpoint

Made = tuple[Tensor | Sequence[Tensor], object]
ZOO: dict[str, Callable[[], Made]] = {}


def entry(make: Callable[[], Made]) -> Callable[[], Made]:
    def seeded() -> Made:
        torch.manual_seed(0)
        return make()

    ZOO[make.__name__] = seeded
    return seeded


def leaf(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, dtype=dtype, requires_grad=True)


class Double(torch.autograd.Function):
    """Returns two outputs, one of them without gradient."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        sign = x > 0
        ctx.mark_non_differentiable(sign)
        return x * 2, sign

    @staticmethod
    def backward(ctx, g, _):
        (x,) = ctx.saved_tensors
        return g * 2 + 0 * x


@entry
def square() -> Made:
    x = leaf()
    return x * x, {"x": x}


@entry
def one_leaf() -> Made:
    x = leaf(2)
    return x, {"x": x}


@entry
def several_roots() -> Made:
    x, y = leaf(3), leaf(3)
    h = x * y
    return [h.sum(), x, h.exp().sum()], {"x": x}


@entry
def diamond() -> Made:
    x = leaf(3)
    h = x.exp()
    return (h.sin() * h.cos() + h).sum(), {"x": x}


@entry
def shared_weight() -> Made:
    w, h = leaf(2, 2), torch.randn(1, 2)
    for _ in range(4):
        h = torch.tanh(h @ w)
    return h.pow(2).sum(), {"W": w}


@entry
def broadcast_and_cast() -> Made:
    x, b = leaf(3, 2), leaf(2, dtype=torch.float64)
    return ((x + b.to(torch.float32)).double() * b).sum(), {"x": x, "b": b}


@entry
def unbind_and_split() -> Made:
    x = leaf(3, 4)
    a, _, c = x.unbind()
    d, e = torch.split(x, [1, 3], dim=1)
    return (a * c).sum() + (d * e).sum(), {"x": x}


@entry
def lstm() -> Made:
    net = nn.LSTM(3, 2)
    out, (h, _) = net(leaf(4, 1, 3))
    return out.sum() + h.sum(), net


@entry
def views_edited_in_place() -> Made:
    x = leaf(3)
    a = torch.zeros(3, 3)
    a[0] = x
    a[1:, 0].mul_(2)
    a.add_(x)
    return (a.T @ a).sum(), {"x": x}


@entry
def custom_function() -> Made:
    x = leaf(3)
    y, _ = Double.apply(x.exp())
    return y.sum(), {"x": x}


@entry
def frozen_first_layer() -> Made:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    net[0].requires_grad_(False)
    return net(torch.randn(5, 3)).sum(), net


@entry
def double_backward() -> Made:
    x, w = leaf(3), leaf(3, 3)
    (g,) = torch.autograd.grad((w @ x).tanh().sum(), x, create_graph=True)
    return g.pow(2).sum(), {"x": x, "w": w}


@entry
def attention() -> Made:
    net = nn.MultiheadAttention(4, 2, batch_first=True)
    x = leaf(2, 3, 4)
    return net(x, x, x)[0].sum(), {"x": x, "net": net}


@entry
def scaled_dot_product() -> Made:
    q, k, v = leaf(1, 2, 3, 4), leaf(1, 2, 3, 4), leaf(1, 2, 3, 4)
    return F.scaled_dot_product_attention(q, k, v).sum(), {"q": q, "k": k, "v": v}


@entry
def conv_with_batchnorm() -> Made:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten())
    return net(torch.randn(2, 1, 5, 5)).sum(), net


@entry
def transformer_layer() -> Made:
    net = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    return net(leaf(1, 3, 4)).pow(2).sum(), net


@entry
def embedding_and_loss() -> Made:
    net = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5))
    logits = net(torch.tensor([0, 2, 4]))
    return F.cross_entropy(logits, torch.tensor([1, 3, 0])), net


@entry
def saved_tensor_hooks() -> Made:
    x = leaf(3)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True), torch.from_numpy):
        y = (x.detach().requires_grad_() * 2).exp()
    return y.sum(), {}


@entry
def checkpointed() -> Made:
    w, x = leaf(3, 3), leaf(2, 3)
    return checkpoint(lambda t: (t @ w).tanh(), x, use_reentrant=False).sum(), {"w": w, "x": x}


@entry
def complex_numbers() -> Made:
    x = leaf(3, dtype=torch.complex64)
    return (x * x.conj()).real.sum(), {"x": x}


@entry
def half_precision() -> Made:
    x = leaf(3, dtype=torch.bfloat16)
    return (x * 2).float().sum(), {"x": x}


@entry
def unused_output() -> Made:
    x = leaf(4)
    values, _ = x.sort()
    return values[0] + torch.where(x > 0, x, 0.0).max(), {"x": x}
