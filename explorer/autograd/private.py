"""Every private torch name that we lean on, each behind a function that says what it promises.

`tests/test_private.py` holds each promise against the installed torch, so that an upgrade which
breaks one fails there first and by name.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node

SCRATCH = frozenset({("MkldnnRnnLayerBackward0", "result3")})
"""Saved "tensors" that are a kernel's working memory, partly never written: (node, name)."""


def input_metadata(fn: Node) -> tuple[Any, ...]:
    """Shape, dtype and device of every output of the forward op that made `fn`."""
    return tuple(fn._input_metadata)


def notes(fn: Node) -> dict[str, Any]:
    """A dict that lives as long as the node in the graph, whoever holds its Python object."""
    kept: dict[str, Any] = fn.metadata  # type: ignore[assignment]
    return kept


def next_sequence_nr() -> int:
    """The number that the next node made on this thread will carry."""
    number: int = torch._C._autograd._get_sequence_nr()
    return number


def sequence_nr(fn: Node) -> int:
    """The number `fn` got when it was made: it counts up on each thread. AccumulateGrad has the
    largest number there is."""
    number: int = fn._sequence_nr()
    return number


@cache
def saved_names(kind: type) -> tuple[tuple[str, bool], ...]:
    """What nodes of class `kind` may have saved: (name, is it a tensor or several), sorted."""
    names = dir(kind)
    raw = {name.removeprefix("_raw_saved_") for name in names if name.startswith("_raw_saved_")}
    plain = {name.removeprefix("_saved_") for name in names if name.startswith("_saved_")}
    return tuple((name, name in raw) for name in sorted(raw | plain))


def raw_saved(fn: Node, name: str) -> Any:
    """The SavedTensor (or a tuple of them) under `name`; reading it runs no unpack hook."""
    return getattr(fn, "_raw_saved_" + name)


def holds(fn: Node, name: str) -> bool:
    """Whether a tensor (or what a hook packed it into) is still kept under `name`."""
    try:
        raw = raw_saved(fn, name)
    except RuntimeError:  # several tensors in one place, and they were freed
        return False
    several = raw if isinstance(raw, tuple) else (raw,)
    return any(has_unpack_hook(one) or one.data is not None for one in several)


def saved_tensor(fn: Node, name: str) -> Any:
    """The saved tensor as backward gets it: runs unpack hooks, and raises where backward would."""
    return getattr(fn, "_saved_" + name)


def saved_constant(fn: Node, name: str) -> Any:
    """The saved value that is no tensor, such as a dim or a size."""
    return getattr(fn, "_saved_" + name)


def has_unpack_hook(raw: Any) -> bool:
    """Whether a saved-tensor hook or a checkpoint stands between `raw` and its numbers."""
    return raw.unpack_hook is not None


_is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor
_is_legacy = torch._C._functorch.is_legacy_batchedtensor


def is_wrapped(tensor: Tensor) -> bool:
    """Whether `tensor` lives inside a functorch transform, where its numbers cannot be read.

    torch.autograd.functional with vectorize=True has a vmap of its own, older kind.
    """
    return bool(_is_wrapped(tensor) or _is_legacy(tensor))


def version_kept(tensor: Tensor) -> AbstractContextManager[None]:
    """A context in which writing into `tensor` does not count as an edit in place."""
    context: AbstractContextManager[None]
    context = torch.autograd._unsafe_preserve_version_counter(tensor)  # type: ignore[attr-defined]
    return context


def transforms_active() -> bool:
    """Whether a functorch transform (vmap, grad, jacrev, …) is running now."""
    active: bool = torch._C._are_functorch_transforms_active()
    return active


def without_modes() -> AbstractContextManager[None]:
    """A context in which no TorchFunctionMode sees what we do."""
    context: AbstractContextManager[None] = torch._C.DisableTorchFunction()
    return context


@contextmanager
def around_function_apply(
    around: Callable[[type, Callable[[], Any], tuple[Any, ...], dict[str, Any]], Any],
) -> Iterator[None]:
    """While active, `MyFunction.apply(...)` goes through `around(cls, call, args, kwargs)`.

    No mode is told of a custom Function's `apply`, so the class method itself is wrapped.
    """
    base = torch.autograd.Function
    original = base.__dict__["apply"]

    def apply(cls: type, /, *args: Any, **kwargs: Any) -> Any:
        return around(cls, lambda: original.__get__(None, cls)(*args, **kwargs), args, kwargs)

    base.apply = classmethod(apply)  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        base.apply = original  # type: ignore[method-assign]
