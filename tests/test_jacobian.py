"""Jacobians: every number against an independent one, every special case as a fact."""

import copy
import random
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import functional_call, jacfwd, jacrev
from torch.utils.checkpoint import checkpoint

from explorer.autograd import jacobian as jacobian_module
from explorer.autograd.jacobian import METHODS, WEIGHT_METHODS, jacobian, weight_jacobian
from explorer.data import Jacobian
from explorer.errors import JacobianError

SAFE_METHODS = ("auto", "batched", "loop")


def leaf(*values: float, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def close(found: Jacobian, expected: Any, rtol: float = 1e-6) -> None:
    np.testing.assert_allclose(found.array, np.asarray(expected), rtol=rtol, atol=1e-9)


def one_hot_rows(outputs: Tensor, wrt: dict[str, Tensor]) -> Tensor:
    """The plainest way there is: one real call of autograd.grad a row."""
    rows = []
    for i in range(outputs.numel()):
        v = torch.zeros(outputs.numel(), dtype=outputs.dtype)
        v[i] = 1
        grads = torch.autograd.grad(
            outputs,
            tuple(wrt.values()),
            v.view(outputs.shape),
            retain_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        rows.append(torch.cat([grad.reshape(-1) for grad in grads]))
    return torch.stack(rows)


# ------------------------------------------------------------------------- against other methods


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # by jacfwd itself
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("oracle", [jacrev, jacfwd])
def test_it_equals_torchs_reverse_and_forward_jacobians(
    method: str, oracle: Callable[..., Any]
) -> None:
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)

    def f(x: Tensor) -> Tensor:
        return (x.sin() @ x.T.cos()).softmax(0)

    expected = oracle(f)(x.detach()).reshape(9, 12)
    close(jacobian(f(x), {"x": x}, method=method), expected)


def test_it_equals_torchs_functional_jacobian() -> None:
    x, w = leaf(1.0, 2.0, 3.0), leaf(0.5, -0.5, 2.0)

    def f(x: Tensor, w: Tensor) -> Tensor:
        return torch.outer(x, w).exp().sum(1)

    expected = torch.autograd.functional.jacobian(f, (x, w))
    close(jacobian(f(x, w), {"x": x, "w": w}), torch.cat(expected, 1))


Step = Callable[[Tensor, Tensor], Tensor]
STEPS: dict[str, Step] = {
    "times itself": lambda x, _: x * x * 0.3,
    "tanh": lambda x, _: x.tanh(),
    "sine": lambda x, _: x.sin(),
    "matmul with the shared weight": lambda x, w: x @ w,
    "matmul with its transpose": lambda x, w: x @ w.T,
    "add the weight's column": lambda x, w: x + w[:, 0],
    "sum of rows": lambda x, _: x + x.sum(0, keepdim=True),
    "flipped view": lambda x, _: x.T.reshape(x.shape) * 0.5,
    "half of it edited": lambda x, _: edited_half(x),
    "diamond": lambda x, _: x.exp().reciprocal() + x * 0.1,
    "through unbind": lambda x, _: torch.stack(x.unbind(1)[::-1], 1),
}


def edited_half(x: Tensor) -> Tensor:
    y = x * 1.0
    y[0].mul_(2.0)
    return y


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=5),
    rows=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_random_programs_agree_with_central_differences(
    steps: list[str], rows: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    start = {
        "x": torch.rand(rows, 2, dtype=torch.float64, generator=generator) - 0.5,
        "w": torch.rand(2, 2, dtype=torch.float64, generator=generator) - 0.5,
    }

    def program(x: Tensor, w: Tensor) -> Tensor:
        for step in steps:
            x = STEPS[step](x, w)
        return x.flatten()

    live = {name: value.clone().requires_grad_() for name, value in start.items()}
    outputs = program(**live)
    expected = differences(program, start)
    for method in METHODS:
        found = jacobian(outputs, live, method=method)
        np.testing.assert_allclose(found.array, expected, rtol=1e-5, atol=1e-6)


def differences(program: Callable[..., Tensor], at: dict[str, Tensor]) -> np.ndarray:
    """(f(x + h) - f(x - h)) / 2h for one input element after another."""
    h, columns = 1e-6, []
    for name, value in at.items():
        for k in range(value.numel()):
            nudge = torch.zeros(value.numel(), dtype=value.dtype)
            nudge[k] = h
            up = program(**{**at, name: value + nudge.view(value.shape)})
            down = program(**{**at, name: value - nudge.view(value.shape)})
            columns.append((up - down) / (2 * h))
    return torch.stack(columns, 1).numpy()


@pytest.mark.parametrize(("method", "calls"), [("batched", 5), ("loop", 23)])
def test_a_batched_call_takes_as_many_rows_as_the_budget_allows(
    method: str, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, ran = torch.randn(23, requires_grad=True), []
    y = x.cumsum(0).tanh()
    whole = jacobian(y, {"x": x}, method=method).array
    x.register_hook(ran.append)
    row = (23 + 23) * 4  # bytes of a cotangent and of what comes back
    monkeypatch.setattr(jacobian_module, "BATCH_BYTES", 5 * row)
    close(jacobian(y, {"x": x}, method=method), whole)
    assert len(ran) == calls


# ------------------------------------------------------------------------------- rows and columns


def test_labels_name_every_row_and_column() -> None:
    x, b = leaf(1.0, 2.0), torch.tensor(3.0, requires_grad=True)
    found = jacobian({"y": x * b, "loss": (x * b).sum()}, {"x": x, "b": b})
    assert list(found.rows) == ["y[0]", "y[1]", "loss"]
    assert list(found.columns) == ["x[0]", "x[1]", "b"]
    close(found, [[3, 0, 1], [0, 3, 2], [3, 3, 3]])


def test_zero_is_told_from_no_path() -> None:
    x, flat, apart = leaf(1.0, 2.0), leaf(5.0), leaf(6.0)
    found = jacobian(x + 0 * flat, {"x": x, "flat": flat, "apart": apart})
    close(found, [[1, 0, 0, 0], [0, 1, 0, 0]])
    assert found.reached == (True, True, False)


def test_one_output_that_reaches_a_part_is_enough() -> None:
    x, w = leaf(1.0), leaf(2.0)
    assert jacobian({"a": x * 2, "b": w * 2}, {"x": x, "w": w}).reached == (True, True)
    assert jacobian({"a": x * 2, "b": x * 3}, {"x": x, "w": w}).reached == (True, False)


@pytest.mark.parametrize("method", METHODS)
def test_scalar_outputs_and_inputs_make_a_1_by_1_matrix(method: str) -> None:
    x = torch.tensor(3.0, requires_grad=True)
    found = jacobian(x * x, {"x": x}, method=method)
    assert found.array.tolist() == [[6.0]]
    assert (found.rows[0], found.columns[0]) == ("y", "x")


@pytest.mark.parametrize("method", METHODS)
def test_tensors_without_elements_have_no_rows_or_columns(method: str) -> None:
    x, none, apart = leaf(1.0, 2.0), torch.zeros(0, 3, requires_grad=True), leaf(1.0)
    found = jacobian(x[:0] * 2, {"x": x, "apart": apart}, method=method)
    assert found.array.shape == (0, 3)
    assert found.reached == (True, False)
    found = jacobian(x * 2 + none.sum(), {"none": none, "x": x}, method=method)
    assert found.array.tolist() == [[2, 0], [0, 2]]
    assert found.reached == (True, True)


@pytest.mark.parametrize("method", METHODS)
def test_a_tensor_with_respect_to_itself_is_the_identity(method: str) -> None:
    x = leaf(*range(6))
    close(jacobian(x, {"x": x}, method=method), np.eye(6))
    y = x * 3
    close(jacobian(y, {"y": y, "x": x}, method=method), np.hstack([np.eye(6), 3 * np.eye(6)]))


@pytest.mark.parametrize("method", METHODS)
def test_the_same_tensor_may_stand_under_two_names(method: str) -> None:
    x = leaf(1.0, 2.0, 3.0, 4.0, 5.0)
    found = jacobian(x * x, {"x": x, "again": x}, method=method)
    close(found, np.hstack([np.diag(2 * x.detach().numpy())] * 2))
    assert found.reached == (True, True)


def test_an_intermediate_tensor_is_held_as_if_it_were_an_input() -> None:
    x = leaf(1.0, 2.0)
    h = x * x
    y = h * 5
    close(jacobian(y, {"h": h}), 5 * np.eye(2))
    close(jacobian(y, {"x": x}), np.diag([10.0, 20.0]))


@pytest.mark.parametrize("method", METHODS)
def test_rows_and_columns_of_views_follow_the_views_own_order(method: str) -> None:
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    turned = x.T
    found = jacobian(turned * 2, {"turned": turned, "x": x}, method=method)
    close(found, np.hstack([2 * np.eye(6), 2 * np.eye(6)[[0, 3, 1, 4, 2, 5]]]))
    assert found.rows[1] == "y[0,1]"
    assert found.columns[7] == "x[0,1]"


def test_a_view_that_the_outputs_do_not_use_is_not_reached() -> None:
    x = leaf(1.0, 2.0)
    first = x[0]
    assert jacobian(x * 2, {"first": first, "x": x}).reached == (False, True)


@pytest.mark.parametrize("method", METHODS)
def test_an_edit_in_place_is_part_of_the_graph(method: str) -> None:
    x = leaf(*np.linspace(-1, 1, 6))
    y = x * 2
    y[1:4] *= x[1:4]
    expected = np.diag([2, *(4 * x.detach().numpy()[1:4]), 2, 2])
    close(jacobian(y, {"x": x}, method=method), expected)


def test_an_expanded_output_has_a_row_for_every_element() -> None:
    x = leaf(1.0, 2.0)
    close(jacobian((x * 3).expand(3, 2), {"x": x}), np.tile(3 * np.eye(2), (3, 1)))


@pytest.mark.parametrize("method", METHODS)
def test_a_sparse_gradient_is_laid_out_like_any_other(method: str) -> None:
    table = nn.Embedding(4, 2, sparse=True)
    y = table(torch.tensor([2, 0, 2]))
    if method == "batched":
        with pytest.raises(JacobianError, match=r"'batched' does not fit"):
            jacobian(y, {"table": table.weight}, method=method)
        return
    found = jacobian(y, {"table": table.weight}, method=method)
    assert np.flatnonzero(found.array[0]).tolist() == [4]
    assert found.array.sum() == 6


# -------------------------------------------------------------------------------------- dtypes


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("method", METHODS)
def test_the_numbers_have_the_dtype_of_the_outputs(dtype: torch.dtype, method: str) -> None:
    x = torch.linspace(0.5, 2, 6, dtype=dtype, requires_grad=True)
    found = jacobian(x * x, {"x": x}, method=method)
    assert found.values.dtype == str(found.array.dtype) == str(dtype).removeprefix("torch.")
    np.testing.assert_array_equal(found.array, np.diag(2 * x.detach().numpy()))


@pytest.mark.parametrize("method", METHODS)
def test_bfloat16_is_kept_exactly_in_float32(method: str) -> None:
    x = torch.linspace(0.5, 2, 6, dtype=torch.bfloat16, requires_grad=True)
    found = jacobian(x * x, {"x": x}, method=method)
    assert (found.values.dtype, found.array.dtype) == ("bfloat16", np.float32)
    np.testing.assert_array_equal(found.array, np.diag(2 * x.detach().float().numpy()))


@pytest.mark.parametrize("method", METHODS)
def test_inputs_of_another_dtype_answer_in_that_of_the_outputs(method: str) -> None:
    x = leaf(*range(6))
    y = x.float() * 3
    found = jacobian(y, {"x": x, "y": y}, method=method)
    assert found.array.dtype == np.float32
    np.testing.assert_array_equal(found.array, np.hstack([3 * np.eye(6), np.eye(6)]))


def test_mixed_outputs_are_promoted() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    found = jacobian({"a": x * 2, "b": x.double() * 3}, {"x": x})
    assert found.array.dtype == np.float64
    close(found, [[2, 0], [0, 2], [3, 0], [0, 3]])


# -------------------------------------------------------------------------- nothing else changes


@pytest.mark.parametrize("method", METHODS)
def test_graph_grads_and_random_state_stay_as_they_were(method: str) -> None:
    x = leaf(*range(1, 8))
    x.grad = torch.full_like(x, 7.0)
    y = (x * x).exp().log()
    state = torch.get_rng_state()
    found = jacobian(y, {"x": x}, method=method)
    assert torch.equal(torch.get_rng_state(), state)
    assert x.grad.tolist() == [7.0] * 7
    close(jacobian(y, {"x": x}, method=method), found.array)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 7 + 2 * x.detach().numpy())


@pytest.fixture
def two_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("two_threads")
def test_the_number_of_threads_stays_as_it_was(method: str) -> None:
    x = leaf(*range(6))
    jacobian(x * x, {"x": x}, method=method)
    refused(r"no graph", torch.ones(2), {"x": x}, method)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("method", METHODS)
def test_a_backward_that_draws_numbers_leaves_the_random_state(method: str) -> None:
    x = leaf(*range(6))
    y = x * 2
    y.register_hook(lambda grad: grad + 0 * torch.rand(6))
    state = torch.get_rng_state()
    try:
        jacobian(y, {"x": x}, method=method)
    except JacobianError:
        assert method == "batched"
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_it_works_where_no_graph_is_recorded(mode: Callable[[], Any]) -> None:
    x = leaf(*range(6))
    y = x * x
    with mode():
        close(jacobian(y, {"x": x}), np.diag(2.0 * np.arange(6)))


def test_the_answer_is_plain_data() -> None:
    x = leaf(*range(6))
    first, second = (jacobian(x.exp(), {"x": x}) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert Jacobian.from_dict(first.to_dict()) == first
    assert not first.array.flags.writeable


# ------------------------------------------------------------------------ what batching refuses


class ThroughNumpy(torch.autograd.Function):
    """exp, with a backward that leaves torch."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return torch.from_numpy(grad.numpy() * y.numpy())


class BranchesOnData(torch.autograd.Function):
    """The identity, with a backward that looks at its cotangent."""

    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(_ctx: Any, grad: Tensor) -> Tensor:
        return grad.clone() if grad.sum() > 0 else grad * 1


class BatchesWrongly(torch.autograd.Function):
    """Twice the input, but a backward that does something else to a batch of cotangents."""

    @staticmethod
    def forward(_ctx: Any, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    def backward(_ctx: Any, grad: Tensor) -> Tensor:
        try:
            grad.sum().item()
        except RuntimeError:  # in a batch there is no single number
            return grad * 3
        return grad * 2


@pytest.mark.parametrize("function", [ThroughNumpy, BranchesOnData])
def test_auto_takes_the_loop_where_a_backward_cannot_be_batched(function: Any) -> None:
    x = leaf(*np.linspace(-1, 1, 7))
    y = function.apply(x * 2)
    found = jacobian(y, {"x": x})
    assert found.method == "loop"
    close(found, one_hot_rows(y, {"x": x}))
    with pytest.raises(JacobianError, match=r"'batched' does not fit this graph.*'auto', 'loop'"):
        jacobian(y, {"x": x}, method="batched")


def test_auto_takes_the_loop_where_batching_gives_other_numbers() -> None:
    x = leaf(*np.linspace(-1, 1, 7))
    y = BatchesWrongly.apply(x)
    assert jacobian(y, {"x": x}, method="batched").array[0, 0] == 3.0  # the trap works
    found = jacobian(y, {"x": x})
    assert found.method == "loop"
    close(found, 2 * np.eye(7))


def test_finite_numbers_from_a_batch_do_not_hide_infinite_ones() -> None:
    class Infinite(BatchesWrongly):
        @staticmethod
        def backward(ctx: Any, grad: Tensor) -> Tensor:
            known = BatchesWrongly.backward(ctx, grad)  # 2 times, 3 times in a batch
            return torch.where(known == 3 * grad, grad, grad.sign() * np.inf)

    x = leaf(*np.linspace(-1, 1, 7))
    y = Infinite.apply(x)
    found = jacobian(y, {"x": x})
    assert found.method == "loop"
    np.testing.assert_array_equal(found.array, one_hot_rows(y, {"x": x}))


def test_auto_batches_where_it_can() -> None:
    x = leaf(*np.linspace(-1, 1, 7))
    assert jacobian(x.exp(), {"x": x}).method == "batched"
    assert jacobian({"a": x.exp(), "b": x[:5].sin()}, {"x": x}).method == "batched"


def test_numbers_that_are_not_finite_are_those_of_the_loop() -> None:
    x = leaf(0.0, 1.0, 4.0, 9.0, 16.0, 25.0)
    y = x.sqrt()
    found = jacobian(y, {"x": x})
    assert found.method == "loop"
    np.testing.assert_array_equal(found.array, one_hot_rows(y, {"x": x}))
    assert found.array[0, 0] == np.inf


@pytest.mark.parametrize("method", METHODS)
def test_a_checkpoint_is_computed_again_for_every_call(method: str) -> None:
    x = leaf(*np.linspace(-1, 1, 6))
    y = checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False)
    expected = np.diag((x.cos() * x.sin().exp()).detach().numpy())
    close(jacobian(y, {"x": x}, method=method), expected)


# --------------------------------------------------------------------------------------- errors


def refused(match: str, outputs: Any, wrt: Any, method: str = "auto") -> None:
    with pytest.raises(JacobianError, match=match):
        jacobian(outputs, wrt, method=method)


def test_what_cannot_be_asked_is_refused_in_a_sentence() -> None:
    x = leaf(1.0, 2.0)
    whole, y = torch.tensor([1, 2]), x * 2
    refused(r"'forward'; allowed: 'auto', 'batched', 'loop'", y, {"x": x}, "forward")
    refused(r"output 'y' has no graph", y.detach(), {"x": x})
    refused(r"output 'loss' has no graph", {"y": y, "loss": y.detach()}, {"x": x})
    refused(r"output 'y' is torch.int64; allowed: a floating", whole, {"x": x})
    refused(r"output 'y' is torch.bool; allowed: a floating", y > 1, {"x": x})
    refused(r"output 'y' is of type float; allowed: a tensor", {"y": 1.0}, {"x": x})
    refused(r"outputs is of type list; allowed: a tensor, or a mapping", [y], {"x": x})
    refused(r"outputs is an empty dict", {}, {"x": x})
    refused(r"wrt is an empty dict; allowed: a mapping", y, {})
    refused(r"wrt is of type Tensor; allowed: a mapping", y, x)
    refused(r"wrt is None; allowed: a mapping", y, None)
    refused(r"'x' in wrt is of type list; allowed: a tensor", y, {"x": [1.0]})
    refused(r"'x' in wrt is None; allowed: a tensor", y, {"x": None})
    refused(r"'n' in wrt is torch.int64; allowed: a floating", y, {"n": whole})
    refused(r"'x' in wrt requires no grad", y, {"x": x.detach()})


def test_complex_tensors_are_refused_with_the_way_round() -> None:
    x = leaf(1.0, 2.0)
    z = torch.complex(x, x * 2)
    refused(r"output 'y' is torch.complex128; allowed: a real floating.*view_as_real", z, {"x": x})
    refused(r"'z' in wrt is torch.complex128; allowed: a real", z.abs(), {"z": z})
    close(jacobian(torch.view_as_real(z), {"x": x}), [[1, 0], [2, 0], [0, 1], [0, 2]])


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_tensors_that_hold_no_dense_numbers_are_refused() -> None:
    x = leaf(1.0, 2.0)
    refused(r"output 'y' is torch.sparse_coo; allowed: a dense", (x * 2).to_sparse(), {"x": x})
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], requires_grad=True)
    refused(r"'y' is a nested tensor; allowed: a dense", nested * 2, {"x": x})
    empty = torch.ones(2, device="meta", requires_grad=True)
    refused(r"'y' is on the meta device; allowed: a dense", empty * 2, {"x": empty})


@pytest.mark.parametrize("method", METHODS)
def test_a_freed_graph_gives_torchs_words_and_the_cure(method: str) -> None:
    x = leaf(*range(6))
    y = x.exp()
    y.sum().backward()
    refused(
        r"^Trying to backward through the graph a second time.*retain_graph=True",
        y,
        {"x": x},
        method,
    )


@pytest.mark.parametrize("method", METHODS)
def test_an_edited_saved_tensor_gives_torchs_words_and_the_cure(method: str) -> None:
    x = leaf(*range(6))
    h = x * 1
    y = h.exp()
    y.add_(1)
    refused(r"^one of the variables needed.*is at version 1.*clone", y, {"x": x}, method)


def test_a_reentrant_checkpoint_gives_torchs_words_and_the_cure() -> None:
    x = leaf(*range(6))
    y = checkpoint(torch.exp, x, use_reentrant=True)
    refused(r"use_reentrant=True.*use_reentrant=False", y, {"x": x})


def test_a_backward_that_raises_is_told_with_its_type() -> None:
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(_ctx: Any, x: Tensor) -> Tensor:
            return x.clone()

        @staticmethod
        def backward(_ctx: Any, _grad: Tensor) -> Tensor:
            raise KeyError("no rule")

    x = leaf(*range(6))
    refused(r"KeyError: 'no rule'", Broken.apply(x), {"x": x})


def test_a_matrix_beyond_the_limit_is_refused_before_any_work() -> None:
    x = torch.zeros(20_000, requires_grad=True)
    refused(r"20000 × 20000 float32, more than 1024 MB; allowed: fewer", x * 2, {"x": x})


# --------------------------------------------------------------------------- a module's weights


def mlp(*widths: int) -> nn.Sequential:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def real_rows(module: nn.Module, batch: Any, seed: int = 0) -> Tensor:
    """One-hot rows of one real forward of a copy of the module, begun from `seed`."""
    twin = copy.deepcopy(module)
    torch.manual_seed(seed)
    output = twin(*batch) if isinstance(batch, tuple) else twin(batch)
    weights = {name: p for name, p in twin.named_parameters() if p.requires_grad}
    return one_hot_rows(output, weights)


@pytest.mark.parametrize("method", WEIGHT_METHODS)
def test_the_weights_of_a_small_network_on_twenty_samples(method: str) -> None:
    net, batch = mlp(6, 4, 3, 1), torch.randn(20, 6)
    found = weight_jacobian(net, batch, method=method)
    assert found.array.shape == (20, 47)
    assert (found.rows[3], found.columns[0], found.columns[46]) == (
        "y[3,0]",
        "0.weight[0,0]",
        "4.bias[0]",
    )
    assert found.method == ("batched" if method == "auto" else method)
    close(found, real_rows(net, batch), rtol=1e-4)


@pytest.mark.parametrize("method", WEIGHT_METHODS)
def test_it_equals_jacrev_over_functional_call(method: str) -> None:
    net, batch = mlp(3, 5, 2).double(), torch.randn(4, 3, dtype=torch.float64)
    weights = {name: p.detach() for name, p in net.named_parameters()}
    blocks = jacrev(lambda w: functional_call(net, w, (batch,)))(weights)
    expected = torch.cat([block.reshape(8, -1) for block in blocks.values()], 1)
    close(weight_jacobian(net, batch, method=method), expected)


def test_a_large_matrix_is_made_sample_by_sample() -> None:
    net, batch = mlp(10, 64, 64, 4), torch.randn(64, 10)
    found = weight_jacobian(net, batch)
    assert (found.method, found.array.shape) == ("per_sample", (256, 5124))
    np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-4, atol=1e-5)


def test_samples_in_several_calls_make_the_same_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    net, batch = mlp(3, 5, 2), torch.randn(7, 3)
    whole = weight_jacobian(net, batch, method="per_sample").array
    monkeypatch.setattr(jacobian_module, "SAMPLE_BYTES", 2 * 2 * 32 * 4)
    close(weight_jacobian(net, batch, method="per_sample"), whole, rtol=1e-5)


@pytest.fixture
def always_per_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` tries per_sample however small the matrix is."""
    monkeypatch.setattr(jacobian_module, "PER_SAMPLE_ELEMENTS", 0)


class AttendsOverTheBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lift = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.lift(x)
        return torch.softmax(h @ h.T, 1) @ h


class NormalisedByHand(nn.Module):
    """BatchNorm without buffers: alone, a sample has the deviation 0, yet nothing raises."""

    def __init__(self) -> None:
        super().__init__()
        self.lift = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = self.lift(x)
        return (h - h.mean(0)) / (h.var(0, unbiased=False) + 1e-5).sqrt()


class MinusMean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.exp() - x.exp().mean(0)


MIXING = {
    "BatchNorm": lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh()),
    "BatchNorm without buffers": lambda: nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4, track_running_stats=False)
    ),
    "normalised by hand": NormalisedByHand,
    "attention over the batch": AttendsOverTheBatch,
    "softmax over the batch": lambda: nn.Sequential(nn.Linear(3, 4), nn.Softmax(0)),
    "shifted by the batch's mean": lambda: nn.Sequential(nn.Linear(3, 4), MinusMean()),
}


@pytest.mark.parametrize("kind", MIXING)
@pytest.mark.usefixtures("always_per_sample")
def test_samples_that_influence_one_another_are_found_out(kind: str) -> None:
    torch.manual_seed(1)
    net, batch = MIXING[kind](), torch.randn(6, 3)
    with pytest.raises(JacobianError, match=r"'per_sample' does not fit .* on this batch"):
        weight_jacobian(copy.deepcopy(net), batch, method="per_sample")
    found = weight_jacobian(copy.deepcopy(net), batch)
    assert found.method == "batched"
    np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", WEIGHT_METHODS)
def test_batchnorm_in_eval_mode_lets_samples_stand_alone(method: str) -> None:
    net, batch = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).eval(), torch.randn(6, 3)
    before = copy.deepcopy(net.state_dict())
    found = weight_jacobian(net, batch, method=method)
    np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-4, atol=1e-6)
    assert not net.training
    assert all(torch.equal(net.state_dict()[name], value) for name, value in before.items())


@pytest.mark.parametrize("method", SAFE_METHODS)
@pytest.mark.usefixtures("always_per_sample")
def test_buffers_and_randomness_are_as_after_one_forward(method: str) -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    twin, batch = copy.deepcopy(net), torch.randn(8, 3)
    torch.manual_seed(5)
    twin(batch)
    state = torch.get_rng_state()

    torch.manual_seed(5)
    weight_jacobian(net, batch, method=method)
    assert torch.equal(torch.get_rng_state(), state)
    for name, expected in twin.state_dict().items():
        assert torch.equal(net.state_dict()[name], expected), name
    assert net[1].num_batches_tracked == 1
    assert net.training
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("method", SAFE_METHODS)
@pytest.mark.usefixtures("always_per_sample")
def test_dropout_keeps_the_mask_of_the_one_forward(method: str) -> None:
    net, batch = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 2)), torch.randn(5, 3)
    torch.manual_seed(9)
    found = weight_jacobian(net, batch, method=method)
    np.testing.assert_allclose(found.array, real_rows(net, batch, seed=9), rtol=1e-4, atol=1e-6)


def test_per_sample_refuses_dropout_in_train_mode_and_takes_it_in_eval_mode() -> None:
    net, batch = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5)), torch.randn(5, 3)
    with pytest.raises(JacobianError, match=r"'per_sample' does not fit.*random"):
        weight_jacobian(net, batch, method="per_sample")
    found = weight_jacobian(net.eval(), batch, method="per_sample")
    np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-4, atol=1e-6)


class ManySideEffects(nn.Module):
    """A forward that counts, draws, prints and replaces its buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.lift = nn.Linear(3, 4)
        self.calls, self.seen = 0, []
        self.register_buffer("total", torch.zeros(()))
        self.register_buffer("last", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen.append(self.calls)
        self.total = self.total + 1
        self.last = self.total * 2
        print("forward", random.random() < 2, np.random.rand() < 2)
        y: Tensor = self.lift(x)
        return y.tanh()


@pytest.mark.parametrize("method", WEIGHT_METHODS)
@pytest.mark.usefixtures("always_per_sample")
def test_whatever_a_forward_does_it_does_once(
    method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    random.seed(1)
    np.random.seed(1)
    expected = [random.random(), random.random()][1], np.random.rand(2)[1]
    random.seed(1)
    np.random.seed(1)
    net = ManySideEffects()
    found = weight_jacobian(net, torch.randn(6, 3), method=method)
    assert found.method == ("per_sample" if method == "auto" else method)
    assert (net.calls, net.seen, net.total.item(), net.last.item()) == (1, [1], 1, 2)
    assert (random.random(), np.random.rand()) == expected
    assert capsys.readouterr().out == "forward True True\n"


@pytest.mark.parametrize("method", SAFE_METHODS)
@pytest.mark.usefixtures("always_per_sample")
def test_hooks_of_the_module_run_as_in_one_forward(method: str) -> None:
    net, ran = mlp(3, 4, 2), []
    net.register_forward_pre_hook(lambda *_: ran.append("before"))
    net[0].register_forward_hook(lambda *_: ran.append("inside"))
    weight_jacobian(net, torch.randn(6, 3), method=method)
    assert ran == ["before", "inside"]
    with pytest.raises(JacobianError, match=r"'per_sample' does not fit.*has hooks"):
        weight_jacobian(net, torch.randn(6, 3), method="per_sample")


@pytest.mark.usefixtures("always_per_sample")
def test_a_hook_on_all_modules_runs_as_in_one_forward() -> None:
    net, ran = mlp(3, 4, 2), []
    handle = nn.modules.module.register_module_forward_hook(lambda *_: ran.append(1))
    try:
        weight_jacobian(net, torch.randn(6, 3))
    finally:
        handle.remove()
    assert len(ran) == 4  # the three layers and the whole


@pytest.mark.parametrize("method", WEIGHT_METHODS)
def test_a_hook_on_a_weight_changes_what_torch_itself_would_give(method: str) -> None:
    net, batch = mlp(3, 4, 2), torch.randn(6, 3)
    plain = weight_jacobian(net, batch).array
    net[0].weight.register_hook(lambda grad: grad * 10)
    if method == "per_sample":
        with pytest.raises(JacobianError, match=r"'per_sample' does not fit"):
            weight_jacobian(net, batch, method=method)
        return
    found = weight_jacobian(net, batch, method=method)
    np.testing.assert_allclose(found.array[:, :12], 10 * plain[:, :12], rtol=1e-5)


class Partly(nn.Module):
    """A shared weight, a frozen one, and one that the forward leaves aside."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.unused = nn.Linear(3, 2)
        self.frozen = nn.Linear(3, 3).requires_grad_(False)
        self.second = nn.Linear(3, 3, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second(self.frozen(self.first(x)).tanh())
        return y


@pytest.mark.parametrize("method", WEIGHT_METHODS)
def test_shared_weights_come_once_frozen_never_unused_ones_unreached(method: str) -> None:
    net, batch = Partly(), torch.randn(5, 3)
    found = weight_jacobian(net, batch, method=method)
    names = [part.name for part in found.columns.parts]
    assert names == ["first.weight", "first.bias", "unused.weight", "unused.bias"]
    assert found.reached == (True, True, False, False)
    assert not found.array[:, 12:].any()
    np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-4, atol=1e-6)


class OwnFunction(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.lift, self.function = nn.Linear(3, 4), function

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.function.apply(self.lift(x))
        return y


@pytest.mark.parametrize("function", [ThroughNumpy, BranchesOnData, BatchesWrongly])
@pytest.mark.usefixtures("always_per_sample")
def test_a_function_that_cannot_be_batched_leads_to_the_loop(function: Any) -> None:
    net, batch = OwnFunction(function), torch.randn(5, 3)
    found = weight_jacobian(net, batch)
    assert found.method == "loop"
    np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-4, atol=1e-6)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Any]]] = {
    "convolution": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2)),
        lambda: torch.randn(4, 1, 3, 3),
    ),
    "layer norm": (
        lambda: nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.GELU()),
        lambda: torch.randn(5, 3),
    ),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 2)),
        lambda: torch.randint(0, 5, (4, 2)),
    ),
    "attention": (
        lambda: nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True),
        lambda: torch.randn(3, 2, 4),
    ),
    "two inputs": (lambda: nn.Bilinear(2, 3, 2), lambda: (torch.randn(4, 2), torch.randn(4, 3))),
    "weight norm": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)),
        lambda: torch.randn(4, 3),
    ),
    "one sample, no batch": (lambda: nn.Linear(3, 2), lambda: torch.randn(3)),
}


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.usefixtures("always_per_sample")
def test_networks_of_many_kinds_agree_with_one_hot_rows(kind: str) -> None:
    torch.manual_seed(2)
    make, draw = NETWORKS[kind]
    net, batch = make(), draw()
    for method in SAFE_METHODS:
        found = weight_jacobian(net, batch, method=method)
        np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-3, atol=1e-5)


def test_a_recurrent_network_is_right_whichever_method_fits() -> None:
    torch.manual_seed(3)

    class Reads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(2, 3, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.lstm(x)[0]
            return out[:, -1]

    net, batch = Reads(), torch.randn(4, 5, 2)
    found = weight_jacobian(net, batch)
    np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-3, atol=1e-5)


def test_what_cannot_be_asked_of_a_module_is_refused_in_a_sentence() -> None:
    class Pair(nn.Linear):
        def forward(self, x: Tensor) -> Any:
            return super().forward(x), x

    x = torch.randn(4, 3)

    def refused(match: str, module: Any, batch: Any = x, method: str = "auto") -> None:
        with pytest.raises(JacobianError, match=match):
            weight_jacobian(module, batch, method=method)

    refused(r"'rows'; allowed: 'auto', 'per_sample', 'batched', 'loop'", nn.Linear(3, 1), x, "rows")
    refused(r"module is of type function; allowed: an nn.Module", lambda x: x)
    refused(r"Pair returned of type tuple; allowed: a single tensor", Pair(3, 2))
    refused(r"Identity has no parameter that requires grad", nn.Identity())
    refused(r"Linear has no parameter that requires grad", nn.Linear(3, 2).requires_grad_(False))
    refused(r"forward of Linear raised mat1 and mat2 shapes cannot be multiplied", nn.Linear(2, 1))
    refused(r"output 'y' is torch.int64; allowed: a floating", Largest(3, 2))


class Largest(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).argmax(1)


def test_a_forward_under_no_grad_by_the_caller_still_has_a_graph() -> None:
    net, batch = mlp(3, 2), torch.randn(4, 3)
    with torch.no_grad():
        found = weight_jacobian(net, batch)
    np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-5, atol=1e-7)


def test_only_the_warning_about_slow_batching_is_dropped(
    recwarn: pytest.WarningsRecorder,
) -> None:
    class Warns(torch.autograd.Function):
        @staticmethod
        def forward(_ctx: Any, x: Tensor) -> Tensor:
            return x.clone()

        @staticmethod
        def backward(_ctx: Any, grad: Tensor) -> Tensor:
            warnings.warn("of the program", stacklevel=1)
            return grad

    left, right = torch.randn(4, 2), torch.randn(4, 3)
    weight_jacobian(nn.Bilinear(2, 3, 2), (left, right), method="batched")
    assert [str(each.message) for each in recwarn] == []
    x = leaf(1.0, 2.0)
    jacobian(Warns.apply(x), {"x": x}, method="loop")
    assert "of the program" in {str(each.message) for each in recwarn}


def test_a_batch_without_samples_has_no_rows_but_knows_what_is_reached() -> None:
    for method in WEIGHT_METHODS:
        found = weight_jacobian(Partly(), torch.randn(0, 3), method=method)
        assert found.array.shape == (0, 20)
        assert found.reached == (True, True, False, False)


@pytest.mark.usefixtures("always_per_sample")
def test_a_loss_over_the_batch_has_one_row() -> None:
    class Loss(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = super().forward(x)
            return y.square().mean()

    net, batch = Loss(nn.Linear(3, 2)), torch.randn(5, 3)
    found = weight_jacobian(net, batch)
    assert (list(found.rows), found.method) == (["y"], "loop")
    np.testing.assert_allclose(found.array, real_rows(net, batch), rtol=1e-5)


def test_a_chain_of_5000_ops_is_no_deeper_than_any_other() -> None:
    x = leaf(*range(5))
    y = x
    for _ in range(5_000):
        y = y * 1.0001
    close(jacobian(y, {"x": x}), 1.0001**5_000 * np.eye(5))
