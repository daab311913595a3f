"""Second derivatives against torch.func, and against the notebook that runs them itself."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import presets
from explorer.autograd.runner import run
from explorer.autograd.second import hessian
from explorer.data import JacobianAsk, JvpAsk, SumAsk, VjpAsk
from explorer.errors import JacobianError

TERMS = {
    "product": lambda x, w: (w @ x).tanh().pow(2).sum(),
    "cubic": lambda x, w: (x**3).sum() + 0 * w.sum(),
    "mixed": lambda x, w: (x.exp() * w[0]).sum() * w[1, 0],
    "linear": lambda x, w: x.sum() + w.sum(),
    "quotient": lambda x, w: (x / (1 + w[1] ** 2)).sum(),
}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    terms=st.lists(st.sampled_from(sorted(TERMS)), min_size=1, max_size=3), seed=st.integers(0, 50)
)
def test_the_hessian_is_that_of_torch_func(terms: list[str], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(3, dtype=torch.float64, generator=generator).requires_grad_()
    w = torch.rand(2, 3, dtype=torch.float64, generator=generator).requires_grad_()

    def f(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return sum(TERMS[term](x, w) for term in terms)

    expected = torch.func.hessian(f, argnums=(0, 1))(x.detach(), w.detach())
    rows = [
        torch.cat([part.reshape(n, -1) for part in expected[i]], 1) for i, n in enumerate((3, 6))
    ]
    found = hessian(f(x, w), {"x": x, "w": w})
    np.testing.assert_allclose(found.array, torch.cat(rows).numpy(), atol=1e-10)
    np.testing.assert_allclose(found.array, found.array.T, atol=1e-10)


def test_blocks_that_no_path_leads_to_are_told_from_zeros() -> None:
    x, b, q = (torch.ones(2, requires_grad=True) for _ in range(3))
    found = hessian((x**3).sum() + b.sum() + (q * 0 * x).sum(), {"x": x, "b": b, "q": q})
    assert found.reached == (True, False, True)
    assert {(0, 1), (1, 0), (1, 1), (1, 2)} <= set(found.cut)
    assert (0, 2) not in found.cut  # x and q multiply: a path, with a derivative of zero
    assert found.rows[0] == "∂y/∂x[0]"


def test_only_a_scalar_has_a_hessian() -> None:
    x = torch.ones(3, requires_grad=True)
    with pytest.raises(JacobianError, match="3 elements; allowed: one"):
        hessian(x * x, {"x": x})


@pytest.mark.parametrize(
    ("slug", "output"), [("neuron", "L"), ("scalar_loss", "loss"), ("convnet", "loss")]
)
def test_both_products_of_a_hessian_are_torchs(slug: str, output: str) -> None:
    program = presets.get(slug).program
    wrt = tuple(leaf.name for leaf in run(program).leaves)[:3]
    found = run(program, ask=(JacobianAsk(output, wrt, order=2),)).answers[0].jacobian
    u = tuple(np.random.default_rng(1).normal(size=len(found.columns)).tolist())
    asks = VjpAsk(output, wrt, u, order=2), JvpAsk(output, wrt, u, order=2)
    pulled, pushed = run(program, ask=asks).answers
    grads = [
        np.zeros(len(part)) if one is None else one.array.ravel()
        for one, part in zip(pulled.grads, found.columns.parts, strict=True)
    ]
    np.testing.assert_allclose(np.concatenate(grads), np.array(u) @ found.array, atol=1e-5)
    if pushed.pushed is not None:
        np.testing.assert_allclose(pushed.pushed.values.array, found.array @ u, atol=1e-5)
    else:
        assert pushed.error


@pytest.mark.parametrize("slug", ["notebook", "notebook_linear"])
def test_the_sum_of_j_leaves_what_the_notebook_itself_leaves(slug: str) -> None:
    program = presets.get(slug).program
    bare = run(program)
    leaves = tuple(leaf.name for leaf in bare.leaves)
    answer = run(program, ask=(SumAsk("y", ("x",), leaves),)).answers[0]
    assert answer.grads == tuple(leaf.grad for leaf in bare.leaves)
    by_name = dict(zip(leaves, answer.grads, strict=True))
    assert by_name["Output_Layer.bias"] is None
    if slug == "notebook":
        assert (by_name["x"].array == 0).all()
    else:
        assert by_name["x"] is None


def test_a_jacobian_that_is_constant_is_refused_in_torchs_words() -> None:
    source = "import torch\nx = torch.ones(3, requires_grad=True)\ny = x * 2"
    answer = run(source, ask=(SumAsk("y", ("x",), ("x",)),)).answers[0]
    assert "does not require grad and does not have a grad_fn" in answer.error
