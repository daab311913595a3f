"""vᵀJ beside what backward(v) leaves in .grad, and J u beside torch's forward mode."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from explorer.data import Answer, Jacobian, JacobianAsk, JvpAsk, VjpAsk
from explorer.language import _, retold

MAX_VECTOR: Final = 20_000
"""Numbers of a v or a u that torch is asked about."""

Said = dict[str, Any]
"""What the lab is told: `numbers` of the vector, `product` by the matrix, `torch` (its own result)
and `differs`, or `error`."""

Numbers = tuple[float, ...]


def pulled(
    ask: JacobianAsk, found: Jacobian, v: Numbers, asked: Callable[[VjpAsk], Answer]
) -> Said:
    """vᵀJ from the matrix, and what backward(v) leaves in .grad."""
    exact = found.array.astype(float)
    said: Said = {"numbers": np.array(v), "product": np.array(v) @ exact}
    if len(v) > MAX_VECTOR:
        return {**said, "error": _("v has too many numbers to be asked for.")}
    answer = asked(VjpAsk(ask.outputs, ask.wrt, v, ask.order))
    if answer.error is not None:
        return {**said, "error": retold(answer.error)}
    grads = [*zip(found.columns.parts, answer.grads, strict=True)]
    torch = np.concatenate(
        [
            np.zeros(len(part)) if grad is None or grad.array is None else grad.array.ravel()
            for part, grad in grads
        ]
    ).astype(float)
    weights = np.abs(v) @ np.abs(exact)
    return {
        **said,
        "torch": torch,
        "none": [part.name for part, grad in grads if grad is None],
        "differs": _differs(said["product"], torch, weights, found),
    }


def pushed(
    ask: JacobianAsk, found: Jacobian, u: Numbers, asked: Callable[[JvpAsk], Answer]
) -> Said:
    """J u from the matrix, and what forward mode gives."""
    exact = found.array.astype(float)
    said: Said = {"numbers": np.array(u), "product": exact @ np.array(u)}
    if len(u) > MAX_VECTOR:
        return {**said, "error": _("u has too many numbers to be asked for.")}
    answer = asked(JvpAsk(ask.outputs, ask.wrt, u, ask.order))
    if answer.pushed is None or answer.pushed.values.array is None:
        return {**said, "error": retold(answer.error or "") or _("the program was stopped")}
    torch = answer.pushed.values.array.ravel().astype(float)
    weights = np.abs(exact) @ np.abs(u)
    return {**said, "torch": torch, "differs": _differs(said["product"], torch, weights, found)}


def _differs(
    one: npt.NDArray[Any], other: npt.NDArray[Any], weights: npt.NDArray[Any], found: Jacobian
) -> npt.NDArray[Any]:
    """In how many places two results differ by more than rounding, by how much at most, and what
    counts as rounding: the last digits of the largest sum of sizes in either."""
    kind = found.array.dtype if found.array.dtype.kind == "f" else np.dtype(np.float32)
    digits = {"bfloat16": 2.0**-8}.get(found.values.dtype, float(np.finfo(kind).eps))
    # Each entry is itself the rounded sum of large terms, as after a BatchNorm.
    rounding = 64 * digits * float(weights.max(initial=0.0))
    with np.errstate(invalid="ignore"):
        gap = np.abs(one - other)
        apart = (gap > rounding) | (np.isnan(one) != np.isnan(other))
    most = gap[apart].max(initial=0.0)
    return np.array([float(apart.sum()), float(most), rounding])
