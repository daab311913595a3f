"""vᵀJ by a real backward(v), J u by forward mode: held against the matrix and torch.func."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from explorer import presets, sandbox
from explorer.autograd.runner import run
from explorer.autograd.vectors import grads_of
from explorer.data import Answer, JacobianAsk, JvpAsk, VjpAsk
from explorer.errors import JacobianError

LINES = {
    "square": "h = h * h * 0.5",
    "sine of the other": "h = (h + g).sin()",
    "a fork": "h, g = h * g, h.tanh()",
    "an edit in place": "h = h * 1.0\nh[0] = g[0] * 2",
    "an edit of half": "h = h * 1.0\nh[1:].mul_(3)",
    "shared weight": "h = h @ w",
    "its transpose": "h = h @ w.T",
    "cut": "h = h + g.detach()",
    "no grad": "with torch.no_grad():\n    scale = float(h.abs().max()) + 1\nh = h / scale",
    "sum of rows": "h = h + h.sum(0)",
    "a view": "h = h.T.reshape(h.shape)",
    "a new name": "x1 = h\nh = x1.exp() * 0.1",
    "a backward on the way": "(h * h).sum().backward(retain_graph=True)\nx.grad = None",
}


def source(steps: list[str], rows: int) -> str:
    return "\n".join(
        [
            "import torch",
            f"x = torch.rand({rows}, 2, dtype=torch.float64, requires_grad=True)",
            "w = torch.rand(2, 2, dtype=torch.float64, requires_grad=True)",
            "h, g = x, x * 2",
            *(LINES[step] for step in steps),
            "y = h",
        ]
    )


def side_by_side(answer: Answer, sizes: list[int]) -> np.ndarray:
    return np.concatenate(
        [
            np.zeros(size) if values is None else values.array.ravel()
            for values, size in zip(answer.grads, sizes, strict=True)
        ]
    )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    steps=st.lists(st.sampled_from(sorted(LINES)), min_size=1, max_size=5),
    rows=st.integers(1, 3),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_both_products_are_those_of_the_matrix(
    steps: list[str], rows: int, seed: int, data: st.DataObject
) -> None:
    program, wrt = source(steps, rows), ("x", "w")
    ask = JacobianAsk("y", wrt)
    J = run(program, seed=seed, ask=(ask,)).answers[0].jacobian
    numbers = st.floats(-2, 2, width=32)
    v = data.draw(st.tuples(*[numbers] * len(J.rows)))
    u = data.draw(st.tuples(*[numbers] * len(J.columns)))
    pulled, pushed = run(program, seed=seed, ask=(VjpAsk("y", wrt, v), JvpAsk("y", wrt, u))).answers
    sizes = [len(part) for part in J.columns.parts]
    np.testing.assert_allclose(side_by_side(pulled, sizes), np.array(v) @ J.array, atol=1e-9)
    found = pushed.pushed.values.array.ravel()
    if "no grad" not in steps:  # forward mode is not stopped by no_grad: it is another function
        np.testing.assert_allclose(found, J.array @ np.array(u), atol=1e-9)
    for one, reached in zip(pulled.grads, J.reached, strict=True):
        assert (one is not None) == reached


@pytest.mark.parametrize(
    ("slug", "output"),
    [("xor", "y"), ("shared_weight", "h"), ("batchnorm_classifier", "y"), ("attention", "out")],
)
def test_forward_mode_agrees_where_parameters_are_shared_mixed_or_moved(
    slug: str, output: str
) -> None:
    program = presets.get(slug).program
    wrt = tuple(leaf.name for leaf in run(program).leaves)
    J = run(program, ask=(JacobianAsk(output, wrt),)).answers[0].jacobian
    u = tuple(np.random.default_rng(0).normal(size=len(J.columns)).tolist())
    pushed = run(program, ask=(JvpAsk(output, wrt, u),)).answers[0].pushed
    np.testing.assert_allclose(
        pushed.values.array.ravel(), J.array @ np.array(u), rtol=1e-3, atol=1e-5
    )


def test_the_tangents_on_the_way_are_those_of_torch_func() -> None:
    program = "import torch\nx = torch.tensor([1., 2.], requires_grad=True)\nc = torch.ones(2)\n"
    program += "h = x.exp() + c\ny = h * x"
    pushed = run(program, ask=(JvpAsk("y", ("x",), (1.0, 10.0)),)).answers[0].pushed
    x, u = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0])
    assert [one.name for one in pushed.tangents] == ["x", "c", "h", "y"]
    by_name = {one.name: one.values for one in pushed.tangents}
    assert by_name["c"] is None
    for name, function in {"h": lambda x: x.exp() + 1, "y": lambda x: (x.exp() + 1) * x}.items():
        _, expected = torch.func.jvp(function, (x,), (u,))
        np.testing.assert_allclose(by_name[name].array, expected.numpy(), rtol=1e-6)


def test_a_computed_tensor_is_pushed_on_top_of_what_reaches_it() -> None:
    program = "import torch\nx = torch.tensor([1., 2.], requires_grad=True)\nh = x * x\ny = h * 3"
    wrt = ("x", "h")
    J = run(program, ask=(JacobianAsk("y", wrt),)).answers[0].jacobian
    pushed = run(program, ask=(JvpAsk("y", wrt, (1.0, 2.0, 3.0, 4.0)),)).answers[0].pushed
    assert pushed.values.array.tolist() == (J.array @ np.array([1.0, 2.0, 3.0, 4.0])).tolist()


def test_what_was_in_grad_is_there_again() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    x.grad = torch.tensor([5.0, 6.0])
    apart, net = torch.ones(1, requires_grad=True), nn.Linear(2, 1)
    y = net(x)
    x_grad, apart_grad, weight = grads_of(y, {"x": x, "apart": apart, "weight": net.weight}, (2.0,))
    assert x_grad.array.tolist() == (2 * net.weight[0].detach()).tolist()
    assert apart_grad is None
    assert weight.array.tolist() == [[2.0, 4.0]]
    assert x.grad.tolist() == [5.0, 6.0]
    assert net.weight.grad is None
    y.backward()


@pytest.mark.parametrize("ask", [VjpAsk("y", ("x",), (1.0,)), JvpAsk("y", ("x",), (1.0,))])
def test_a_vector_of_another_length_is_refused_by_its_numbers(ask: VjpAsk | JvpAsk) -> None:
    program = "import torch\nx = torch.ones(3, requires_grad=True)\ny = x * 2"
    assert "1 numbers" in run(program, ask=(ask,)).answers[0].error
    assert "one number for each" in run(program, ask=(ask,)).answers[0].error


def test_vectors_of_another_length_are_refused_without_a_run() -> None:
    x: Tensor = torch.ones(3, requires_grad=True)
    with pytest.raises(JacobianError, match="v has 2 numbers, and the output has 3 elements"):
        grads_of(x * 2, {"x": x}, (1.0, 2.0))


def test_torch_says_itself_where_it_has_no_forward_mode() -> None:
    answer = run(presets.get("custom_function").program, ask=(JvpAsk("y", ("x",), (1.0, 1.0)),))
    assert "You must implement the jvp function" in answer.answers[0].error


@pytest.mark.parametrize("slug", ["custom_function", "attention", "shared_weight", "xor"])
def test_a_question_changes_nothing_else(slug: str) -> None:
    program = presets.get(slug).program
    bare = run(program)
    last = [v for v in bare.tensors if v.grad_fn][-1]
    wrt = (bare.leaves[0].name,)
    ones = (1.0,) * last.values.size
    many = (1.0,) * bare.leaves[0].values.size
    asked = run(program, ask=(VjpAsk(last.name, wrt, ones), JvpAsk(last.name, wrt, many)))
    assert asked.calls == bare.calls
    assert asked.tensors == bare.tensors
    assert asked.printed == bare.printed


def test_a_stranger_may_ask_too() -> None:
    program = presets.get("notebook").program
    asks = VjpAsk("y", ("x",), (1.0, 0.5)), JvpAsk("y", ("x",), (1.0, 0.0, 0.0))
    inside = sandbox.run(program, ask=asks).answers
    assert inside == run(program, ask=asks).answers
    assert inside[0].grads[0].shape == (3,)
    assert inside[1].pushed.values.shape == (2,)
