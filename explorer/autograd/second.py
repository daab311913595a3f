"""Second derivatives: the Hessian of a scalar, and what a Jacobian's own backward leaves in .grad.

>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> hessian((x ** 3).sum(), {"x": x}).array.tolist()
[[6.0, 0.0], [0.0, 12.0]]
>>> grads_of_sum((x ** 2), {"x": x}, {"x": x})[0].array.tolist()
[2.0, 2.0]
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from explorer.autograd.jacobian import jacobian
from explorer.autograd.values import dtype_name
from explorer.autograd.vectors import grads_of
from explorer.data import Axis, AxisPart, Jacobian, Values
from explorer.errors import JacobianError
from explorer.language import later


def gradients(output: Tensor, wrt: Mapping[str, Tensor]) -> dict[str, Tensor | None]:
    """The derivative of the sum of `output` by each of `wrt`, with a graph of its own.

    None where no path leads, or where the derivative is a constant that nothing leads back from.

    Raises:
        JacobianError: torch cannot make them.
    """
    try:
        with torch.enable_grad():
            found = torch.autograd.grad(
                output, list(wrt.values()), torch.ones_like(output), create_graph=True,
                allow_unused=True,
            )  # fmt: skip
    except RuntimeError as error:
        raise JacobianError(str(error)) from error
    return {
        name: grad if grad is not None and grad.requires_grad else None
        for name, grad in zip(wrt, found, strict=True)
    }


def hessian(output: Tensor, wrt: Mapping[str, Tensor], *, name: str = "y") -> Jacobian:
    """The second derivatives of a scalar by every pair of elements of the tensors in `wrt`.

    Rows are the first derivatives, called `∂y/∂x` after the `name` of the
    output. `cut` lists the blocks that no path leads to.

    Raises:
        JacobianError: `output` is no scalar; or as `jacobian`.
    """
    if output.numel() != 1:
        raise JacobianError(
            later(
                "The output has {count} elements; allowed: one, since a Hessian is that of a "
                "scalar."
            ).format(count=output.numel())
        )
    first = gradients(output, wrt)
    parts = tuple(AxisPart(name, tuple(tensor.shape)) for name, tensor in wrt.items())
    width = sum(len(part) for part in parts)
    blocks, cut, methods = [], [], []
    reached = [False] * len(parts)
    for row, part in enumerate(parts):
        grad = first[part.name]
        if grad is None:
            blocks.append(np.zeros((len(part), width), dtype=np.float32))
            cut += [(row, column) for column in range(len(parts))]
            continue
        found = jacobian({part.name: grad}, wrt)
        blocks.append(found.array)
        methods.append(found.method)
        cut += [(row, column) for column, there in enumerate(found.reached) if not there]
        reached = [one or there for one, there in zip(reached, found.reached, strict=True)]
    array = np.concatenate(blocks) if blocks else np.zeros((0, width))
    dtype = dtype_name(output.dtype)
    rows = tuple(AxisPart(f"∂{name}/∂{part.name}", part.shape) for part in parts)
    method = methods[0] if methods else "loop"
    return Jacobian(
        Axis(rows), Axis(parts), Values.of_array(array, dtype), tuple(reached), method,
        cut=tuple(cut),
    )  # fmt: skip


def grads_of_sum(
    output: Tensor, by: Mapping[str, Tensor], wrt: Mapping[str, Tensor]
) -> tuple[Values | None, ...]:
    """What `J.sum().backward()` leaves in the `.grad` of each of `wrt`, where J is the Jacobian of
    `output` by the tensors in `by`, built with create_graph.

    The sum of J is that of vᵀJ for a v of ones, so that one backward builds all that is needed.

    Raises:
        JacobianError: J does not depend on anything, and torch says so.
    """
    parts = [grad for grad in gradients(output, by).values() if grad is not None]
    with torch.enable_grad():
        # Without a part this has no graph, and torch says so as it would of J.sum().
        total = torch.stack([part.sum() for part in parts]).sum() if parts else torch.zeros(())
    return grads_of(total, wrt, (1.0,))
