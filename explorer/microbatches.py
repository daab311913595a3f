"""One batch cut in parts: what adds up in .grad, and what an optimizer then does to the weights.

`Cut` is what the form holds, `program()` the script: two equal networks, `whole` sees the batch at
once and `parts` piece by piece. `compare` says by which factor their gradients differ, if by one.

>>> print(Cut(batch=6, parts=3, optimizer="none").program().source)
import torch
import torch.nn as nn
import torch.nn.functional as F
<BLANKLINE>
x, target = torch.randn(6, 3), torch.randn(6, 1)
whole = nn.Sequential(nn.Linear(3, 1))
parts = nn.Sequential(nn.Linear(3, 1))
parts.load_state_dict(whole.state_dict())
<BLANKLINE>
F.mse_loss(whole(x), target).backward()
for i in torch.arange(6).tensor_split(3):
    loss = F.mse_loss(parts(x[i]), target[i])
    loss.backward()
<BLANKLINE>
"""

from fractions import Fraction
from typing import Any, Final

import msgspec
import numpy as np

from explorer.data import Leaf, Plain, Program, Run, Values
from explorer.language import later

MAX_BATCH: Final = 64
"""Most samples."""

MAX_STEPS: Final = 10
"""Most steps of the optimizer."""

ROUNDING: Final = 1e-5
"""Gradients that differ by less than this part of the largest differ by rounding only."""

NETWORKS: Final = {
    later("one layer"): "nn.Linear(3, 1)",
    later("hidden layer"): "nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)",
    later("with BatchNorm"): "nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)",
}
"""Network -> the modules in a row that it is made of."""

LOSSES: Final = {"mean": "", "sum": ', reduction="sum"'}
"""How the squared errors of a batch become one number -> the argument that says so."""

SCALES: Final = (later("as it is"), later("divided by k"), later("weighted by size"))
"""What is done to the loss of a part before its backward()."""

OPTIMIZERS: Final = {
    later("none"): "",
    "SGD": "SGD({}, lr=0.1)",
    later("SGD, momentum"): "SGD({}, lr=0.1, momentum=0.9)",
    later("SGD, weight decay"): "SGD({}, lr=0.1, weight_decay=0.1)",
    "Adam": "Adam({}, lr=0.1)",
    "AdamW": "AdamW({}, lr=0.1, weight_decay=0.1)",
}
"""Optimizer -> how the program makes it for some parameters."""


class Cut(Plain, frozen=True):
    """`batch` samples in `parts` pieces, as equal as can be, then `steps` of an optimizer."""

    batch: int = 12
    parts: int = 3
    loss: str = "mean"
    scale: str = "as it is"
    network: str = "one layer"
    optimizer: str = "SGD"
    steps: int = 1
    seed: int = 0

    def program(self) -> Program:
        """The script of this cut."""
        n, k, reduction = self.batch, self.parts, LOSSES[self.loss]
        modules = NETWORKS[self.network]
        scaled = {
            "as it is": "loss.backward()",
            "divided by k": f"(loss / {k}).backward()",
            "weighted by size": f"(loss * len(i) / {n}).backward()",
        }[self.scale]
        body = [
            f"F.mse_loss(whole(x), target{reduction}).backward()",
            f"for i in torch.arange({n}).tensor_split({k}):",
            f"    loss = F.mse_loss(parts(x[i]), target[i]{reduction})",
            f"    {scaled}",
        ]
        lines = [
            "import torch",
            "import torch.nn as nn",
            "import torch.nn.functional as F",
            "",
            f"x, target = torch.randn({n}, 3), torch.randn({n}, 1)",
            f"whole = nn.Sequential({modules})",
            f"parts = nn.Sequential({modules})",
            "parts.load_state_dict(whole.state_dict())",
        ]
        if made := OPTIMIZERS[self.optimizer]:
            lines += [
                "begin = whole[0].weight.detach().clone()",
                f"one = torch.optim.{made.format('whole.parameters()')}",
                f"two = torch.optim.{made.format('parts.parameters()')}",
            ]
            body += ["one.step()", "two.step()"]
            if self.steps > 1:
                body = [f"for step in range({self.steps}):", "    one.zero_grad()"] + [
                    f"    {line}" for line in ["two.zero_grad()", *body]
                ]
        return Program("\n".join([*lines, "", *body]) + "\n", self.seed)


def read_cut(plain: Any) -> Cut:
    """The form that a link or a memory brought, each part put back where it is out of bounds."""
    try:
        cut = plain if isinstance(plain, Cut) else msgspec.convert(plain, Cut)
    except msgspec.ValidationError:
        return Cut()
    bare = Cut()
    batch = min(max(cut.batch, 2), MAX_BATCH)
    return Cut(
        batch=batch,
        parts=min(max(cut.parts, 1), batch),
        loss=cut.loss if cut.loss in LOSSES else bare.loss,
        scale=cut.scale if cut.scale in SCALES else bare.scale,
        network=cut.network if cut.network in NETWORKS else bare.network,
        optimizer=cut.optimizer if cut.optimizer in OPTIMIZERS else bare.optimizer,
        steps=min(max(cut.steps, 1), MAX_STEPS),
        seed=min(max(cut.seed, 0), 2**32 - 1),
    )


class Verdict(Plain, frozen=True):
    """How the gradients of the parts relate to those of the batch.

    `factor` is what the batch's must be multiplied by, as a fraction (`3`, `1/3`), None where no
    one number does it; `off` is the largest difference that is left then, as a part of the largest
    gradient. `low` and `high` are the smallest and largest ratio of two elements.
    """

    factor: str | None
    off: float
    low: float
    high: float


def gradients(run: Run, parts: int) -> dict[str, tuple[Values | None, Values | None]]:
    """Parameter -> its .grad after the whole batch and after the last part, before any step."""
    if len(run.calls) <= parts:
        return {}
    whole, last = (
        _by_name(run.calls[0].leaves, "whole."),
        _by_name(run.calls[parts].leaves, "parts."),
    )
    return {name: (leaf.after, last[name].after) for name, leaf in whole.items() if name in last}


def _by_name(leaves: tuple[Leaf, ...], prefix: str) -> dict[str, Leaf]:
    found = {
        leaf.name.removeprefix(prefix): leaf for leaf in leaves if leaf.name.startswith(prefix)
    }
    return dict(sorted(found.items()))


def compare(pairs: dict[str, tuple[Values | None, Values | None]]) -> Verdict | None:
    """By which factor all gradients of the parts differ from those of the batch; None without any.

    >>> one, three = (Values.of_array(np.array(v, np.float32)) for v in ([1, -2], [3, -6]))
    >>> compare({"w": (one, three)}).factor
    '3'
    """
    arrays = [
        (a.array.ravel().astype(np.float64), b.array.ravel().astype(np.float64))
        for a, b in pairs.values()
        if a is not None and b is not None and a.array is not None and b.array is not None
    ]
    if not arrays:
        return None
    whole, parts = (np.concatenate(side) for side in zip(*arrays, strict=True))
    most = float(np.abs(parts).max(initial=0.0))
    square = float(whole @ whole)
    if not np.isfinite(parts).all() or not np.isfinite(square) or square == 0 or most == 0:
        return None
    fitted = Fraction(float(whole @ parts) / square).limit_denominator(MAX_BATCH)
    off = float(np.abs(parts - float(fitted) * whole).max()) / most
    large = np.abs(whole) > ROUNDING * np.abs(whole).max()
    ratios = parts[large] / whole[large]
    factor = str(fitted) if off < ROUNDING else None
    return Verdict(factor, off, float(ratios.min()), float(ratios.max()))
