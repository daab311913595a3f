"""A Jacobian times a vector, found by torch without the Jacobian.

`grads_of` runs a real `backward(v)` and reads what it leaves in `.grad`; `push` runs the program
again in torch's forward mode. Both are independent of how `explorer.autograd.jacobian` fills its
matrix, so that vᵀJ and J u can be held against them.

>>> x = torch.tensor([3.0, 4.0], requires_grad=True)
>>> [values.array.tolist() for values in grads_of(x * x, {"x": x}, (1.0, 10.0))]
[[6.0, 80.0]]
>>> x.grad is None
True
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from explorer.autograd import private
from explorer.autograd.modes import FunctionMode
from explorer.autograd.replay import Replay
from explorer.autograd.values import Copier
from explorer.data import MAX_ELEMENTS, Pushed, Tangent, Values
from explorer.errors import JacobianError
from explorer.language import later

MAX_VECTOR = MAX_ELEMENTS
"""Numbers that a v or a u may have."""


def grads_of(
    output: Tensor, wrt: Mapping[str, Tensor], v: Sequence[float], *, copier: Copier | None = None
) -> tuple[Values | None, ...]:
    """What `output.backward(v)` leaves in the `.grad` of each tensor of `wrt`, None for no path.

    The `.grad` that they had is put aside and put back; the graph stays usable.

    Raises:
        JacobianError: v has another number of elements than `output`, or the backward raises.
    """
    copier = copier or Copier()
    vector = vector_for(output, v, "v", later("the output"))
    tensors = list({id(tensor): tensor for tensor in wrt.values()}.values())
    before = [(tensor, _grad(tensor)) for tensor in tensors]
    try:
        for tensor in tensors:
            tensor.grad = None
        torch.autograd.backward(output, vector, retain_graph=True, inputs=tensors)
        found = {
            id(tensor): copier.copy(grad)
            for tensor in tensors
            if (grad := _grad(tensor)) is not None
        }
    except RuntimeError as error:
        raise JacobianError(str(error)) from error
    finally:
        for tensor, grad in before:
            tensor.grad = grad
    return tuple(found.get(id(tensor)) for tensor in wrt.values())


def flat_gradient(output: Tensor, wrt: Mapping[str, Tensor]) -> Tensor:
    """The gradient of a scalar by all of `wrt` as one vector that has a graph of its own."""
    grads = torch.autograd.grad(
        output, list(wrt.values()), create_graph=True, allow_unused=True, materialize_grads=True
    )
    return torch.cat([grad.reshape(-1) for grad in grads])


def push(replay: Replay, u: Sequence[float], sizes: Mapping[str, int], *, order: int = 1) -> Pushed:
    """J u by forward mode: the program runs with u as the tangent of what `replay` is asked for.

    `sizes` are the numbers of elements of those tensors. A leaf has its part of u as its tangent
    all the time, whatever the program does to it in between; a tensor that was computed has it on
    top of its own. A backward() of the program itself runs without tangents. With `order` 2 it is
    the gradient by those tensors whose tangent is given, side by side.

    Raises:
        JacobianError: u has another number of elements than the tensors together.
        Exception: the program cannot be run in forward mode; whatever it is, in torch's words.
    """
    if len(u) != sum(sizes.values()):
        raise JacobianError(
            later(
                "u has {count} numbers, and the inputs have {size} elements; allowed: one "
                "number for each."
            ).format(count=len(u), size=sum(sizes.values()))
        )
    starts = dict(zip(sizes, accumulate(sizes.values(), initial=0), strict=False))
    copier = Copier()
    leaves: dict[int, tuple[Tensor, Tensor]] = {}
    live: dict[str, Tensor] = {}
    tangents: list[Tangent] = []

    def put(name: str, tensor: Tensor) -> Tensor | None:
        part = u[starts[name] : starts[name] + tensor.numel()]
        tangent = vector_for(tensor, part, "u", name)
        if not tensor.is_leaf:
            live[name] = tensor + _dual(torch.zeros_like(tensor.detach()), tangent)
            return live[name]
        live[name] = tensor
        leaves[id(tensor)] = (tensor, tangent)
        return None

    def assigned(name: str, number: int, tensor: Tensor | None) -> None:
        for leaf, tangent in leaves.values():
            _give(leaf, tangent)
        if tensor is not None:
            tangents.append(Tangent(name, number, _tangent(tensor, copier)))

    with forward_ad.dual_level(), _Backwards(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output = replay.run(put, assigned)
        if order == 2:
            with torch.enable_grad():
                output = flat_gradient(output, {name: live[name] for name in sizes})
        found = _carried(output)
        values = copier.copy(torch.zeros_like(output.detach()) if found is None else found.detach())
    return Pushed(values, tuple(tangents))


def vector_for(tensor: Tensor, numbers: Sequence[float], what: str, whose: str) -> Tensor:
    """The numbers as a tensor of the shape, dtype and device of `tensor`.

    Raises:
        JacobianError: there are more or fewer of them than elements.
    """
    if len(numbers) != tensor.numel():
        raise JacobianError(
            later(
                "{what} has {count} numbers, and {whose} has {size} elements; allowed: one "
                "number for each."
            ).format(what=what, count=len(numbers), whose=whose, size=tensor.numel())
        )
    flat = torch.tensor(list(numbers), dtype=torch.float64)
    return flat.to(tensor.device, tensor.dtype).reshape(tensor.shape)


class _Backwards(FunctionMode):
    """Lets a backward of the program run without tangents, unless it builds a graph of its own.

    Many backward formulas have no forward mode, and what such a backward computes is no part of
    J u.
    """

    def called(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        calls = (Tensor.backward, torch.autograd.backward, torch.autograd.grad)
        if func in calls and not kwargs.get("create_graph"):
            with forward_ad._set_fwd_grad_enabled(False):
                return func(*args, **kwargs)
        return func(*args, **kwargs)


def _give(leaf: Tensor, tangent: Tensor) -> None:
    """Have `leaf` carry the tangent, itself staying the tensor and the version that it is."""
    if _carried(leaf) is tangent:
        return
    with torch.no_grad(), private.version_kept(leaf):
        leaf.copy_(_dual(leaf.detach().clone(), tangent))


def _dual(tensor: Tensor, tangent: Tensor) -> Tensor:
    made: Tensor = forward_ad.make_dual(tensor, tangent)  # type: ignore[no-untyped-call]
    return made


def _carried(tensor: Tensor) -> Tensor | None:
    """The tangent that `tensor` carries now."""
    tangent: Tensor | None = forward_ad.unpack_dual(tensor).tangent  # type: ignore[no-untyped-call]
    return tangent


def _tangent(tensor: Tensor, copier: Copier) -> Values | None:
    found = _carried(tensor)
    return None if found is None else copier.copy(found.detach())


def _grad(tensor: Tensor) -> Tensor | None:
    """`.grad`, also of a tensor that is no leaf, without torch's warning that it is none."""
    with _quiet(), private.without_modes():
        return tensor.grad


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The .grad attribute of a Tensor")
        yield
