"""A deep network in a few lines, to see what is left of the gradient layer by layer.

`Deep` is what the form holds, `program()` the script that it writes. The script leaves two tensors:
`norms`, the norm of each layer's weight.grad, and `flows`, the norm of ∂loss/∂ each layer's output.

>>> print(Deep(depth=3, width=2, batch=4).program().source)
import torch
import torch.nn as nn
<BLANKLINE>
layers = [nn.Linear(2, 2) for _ in range(3)]
h = torch.randn(4, 2)
outputs = []
for layer in layers:
    h = torch.sigmoid(layer(h))
    h.retain_grad()
    outputs.append(h)
h.sum().backward()
<BLANKLINE>
norms = torch.stack([layer.weight.grad.norm() for layer in layers])
flows = torch.stack([h.grad.norm() for h in outputs])
print("first layer", norms[0].item(), "last layer", norms[-1].item())
<BLANKLINE>
"""

from typing import Any, Final

import msgspec

from explorer.data import Plain, Program
from explorer.language import later

MAX_DEPTH: Final = 50
"""Most layers."""

MAX_WIDTH: Final = 128
"""Most units of a layer."""

MAX_BATCH: Final = 256
"""Most samples."""

ACTIVATIONS: Final = {
    "Sigmoid": "torch.sigmoid({})",
    "Tanh": "torch.tanh({})",
    "ReLU": "torch.relu({})",
    "LeakyReLU": "nn.functional.leaky_relu({})",
    "ELU": "nn.functional.elu({})",
    "SiLU": "nn.functional.silu({})",
    "GELU": "nn.functional.gelu({})",
    "Softplus": "nn.functional.softplus({})",
    later("none"): "{}",
}
"""Activation -> how the program applies it."""

INITS: Final = {
    later("nn.Linear's own"): "",
    "Xavier": "nn.init.xavier_normal_(layer.weight)",
    "Kaiming": 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")',
    later("orthogonal"): "nn.init.orthogonal_(layer.weight)",
    later("normal, std 1"): "nn.init.normal_(layer.weight)",
}
"""How the weights begin -> the program's line for it."""

NORMS: Final = {later("none"): "", "LayerNorm": "nn.LayerNorm", "BatchNorm": "nn.BatchNorm1d"}
"""Normalisation after each layer -> its class."""


class Deep(Plain, frozen=True):
    """A stack of `depth` equal layers of `width` units, on `batch` random samples.

    `residual` adds what enters each layer to what leaves it.
    """

    depth: int = 20
    width: int = 16
    batch: int = 32
    activation: str = "Sigmoid"
    init: str = "nn.Linear's own"
    norm: str = "none"
    residual: bool = False
    seed: int = 0

    def program(self) -> Program:
        """The script of this network."""
        w = self.width
        lines = ["import torch", "import torch.nn as nn", ""]
        lines += [f"layers = [nn.Linear({w}, {w}) for _ in range({self.depth})]"]
        if begin := INITS[self.init]:
            lines += ["for layer in layers:", f"    {begin}"]
        loop, value = "for layer in layers:", "layer(h)"
        if kind := NORMS[self.norm]:
            lines += [f"norm_layers = [{kind}({w}) for _ in range({self.depth})]"]
            loop, value = "for layer, norm in zip(layers, norm_layers):", "norm(layer(h))"
        value = ACTIVATIONS[self.activation].format(value)
        lines += [
            f"h = torch.randn({self.batch}, {w})",
            "outputs = []",
            loop,
            f"    h = {'h + ' if self.residual else ''}{value}",
            "    h.retain_grad()",
            "    outputs.append(h)",
            "h.sum().backward()",
            "",
            "norms = torch.stack([layer.weight.grad.norm() for layer in layers])",
            "flows = torch.stack([h.grad.norm() for h in outputs])",
            'print("first layer", norms[0].item(), "last layer", norms[-1].item())',
        ]
        return Program("\n".join(lines) + "\n", self.seed)


def read_deep(plain: Any) -> Deep:
    """The form that a link or a memory brought, each part put back where it is out of bounds."""
    try:
        deep = plain if isinstance(plain, Deep) else msgspec.convert(plain, Deep)
    except msgspec.ValidationError:
        return Deep()
    bare = Deep()
    return Deep(
        depth=min(max(deep.depth, 1), MAX_DEPTH),
        width=min(max(deep.width, 1), MAX_WIDTH),
        batch=min(max(deep.batch, 2), MAX_BATCH),
        activation=deep.activation if deep.activation in ACTIVATIONS else bare.activation,
        init=deep.init if deep.init in INITS else bare.init,
        norm=deep.norm if deep.norm in NORMS else bare.norm,
        residual=deep.residual,
        seed=min(max(deep.seed, 0), 2**32 - 1),
    )
