"""Copy live tensors into plain `Values`, within a budget of bytes.

The copy is exact: bfloat16 and float8 are widened to float32, conjugated and sparse tensors are
made plain first. Above the caps only shape and statistics are kept, and the note says so.
"""

import torch
from torch import Tensor

from explorer.autograd import private
from explorer.data import MAX_ELEMENTS, MAX_RUN_BYTES, Statistics, Values, statistics_of
from explorer.language import later

TOO_LARGE = later("over {most:,} elements: shape and statistics only").format(most=MAX_ELEMENTS)
OVER_BUDGET = later("over {most} MB in all: shape and statistics only").format(
    most=MAX_RUN_BYTES // 2**20
)

_NAMES = {
    kind: str(kind).removeprefix("torch.")
    for kind in vars(torch).values()
    if isinstance(kind, torch.dtype)
}
_NUMPY_HAS = frozenset(
    {
        torch.float16, torch.float32, torch.float64, torch.complex64, torch.complex128, torch.bool,
        torch.int8, torch.int16, torch.int32, torch.int64,
        torch.uint8, torch.uint16, torch.uint32, torch.uint64,
    }
)  # fmt: skip


def dtype_name(dtype: torch.dtype) -> str:
    """torch's own name without the `torch.`: `float32`."""
    return _NAMES[dtype]


def version_of(tensor: Tensor) -> int:
    """torch's in-place counter; 0 for inference tensors, which keep none."""
    return 0 if tensor.is_inference() else tensor._version


class Copier:
    """Copies tensors; equal copies are the same object, so a Run holds each number once.

    `budget` is the number of bytes that all copies together may take.
    """

    def __init__(self, budget: int = MAX_RUN_BYTES) -> None:
        self._left = budget
        self._kept: dict[tuple[bytes, tuple[int, ...], str], Values] = {}
        self.over_budget = False

    def copy(self, tensor: Tensor) -> Values:
        """The numbers of `tensor` now. Runs no hook and leaves no trace in the graph."""
        shape = tuple(tensor.shape)
        dtype = _NAMES[tensor.dtype]
        if private.is_wrapped(tensor) or tensor.is_meta or tensor.is_nested:
            return Values(shape, dtype, note=later("its numbers cannot be read here"))
        plain = _plain(tensor)
        if plain.numel() > MAX_ELEMENTS:
            return Values(shape, dtype, statistics=_statistics(plain), note=TOO_LARGE)
        data = plain.numpy(force=True).tobytes()
        known = self._kept.get((data, shape, dtype))
        if known is not None:
            return known
        if len(data) > self._left:
            self.over_budget = True
            return Values(shape, dtype, statistics=_statistics(plain), note=OVER_BUDGET)
        self._left -= len(data)
        values = self._kept[data, shape, dtype] = Values(shape, dtype, data)
        return values

    def copy_all(self, tensors: tuple[Tensor | None, ...]) -> tuple[Values | None, ...]:
        """`copy` for each tensor; None stays None."""
        return tuple(None if tensor is None else self.copy(tensor) for tensor in tensors)


def _plain(tensor: Tensor) -> Tensor:
    """The same numbers in a strided tensor whose dtype numpy has."""
    if tensor.dtype in _NUMPY_HAS and tensor.layout == torch.strided:
        return tensor
    plain = tensor.detach()
    if plain.is_quantized:
        plain = plain.dequantize()
    if plain.layout != torch.strided:
        plain = plain.to_dense()
    if plain.dtype not in _NUMPY_HAS:
        plain = plain.to(torch.complex64 if plain.is_complex() else torch.float32)
    return plain


def _statistics(plain: Tensor) -> Statistics:
    return statistics_of(plain.numpy(force=True))
