"""Products along paths, and sums over them, are what torch says of the whole graph."""

import itertools

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from zoo import ZOO

import explorer
from explorer import presets
from explorer.autograd.local import local_jacobians
from explorer.data import JacobianAsk, LocalAsk, Run
from explorer.explain.chain import (
    Chains,
    Factor,
    from_left,
    from_right,
    multiplications,
    product,
)

OPS = {
    "times": lambda a, b: a * b,
    "plus": lambda a, b: a + b,
    "tanh": lambda a, _: a.tanh(),
    "matrix": lambda a, b: (a.view(3, 1) @ b.view(1, 3)).sum(0),
    "sine of the flipped": lambda a, _: a.flip(0).sin(),
    "row sums": lambda a, b: torch.outer(a, b).t().mean(1),
}


def chains_of(root: Tensor | list[Tensor], v: Tensor | list[Tensor] | None = None) -> Chains:
    found = local_jacobians(root)
    return Chains(explorer.record(root, v), found)


def asked(slug: str, *more: JacobianAsk) -> Run:
    program = presets.get(slug).program
    bare = explorer.run(program)
    asks = [LocalAsk(n) for n, call in enumerate(bare.calls) if call.steps]
    return explorer.run(program, ask=(*asks, *more))


def matrices(factors: tuple[Factor, ...]) -> list[np.ndarray]:
    assert all(factor.matrix is not None for factor in factors), factors
    assert all(f.matrix.shape == (f.rows, f.columns) for f in factors)
    return [factor.matrix for factor in factors]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(OPS)), st.integers(0, 9), st.integers(0, 9)),
                min_size=1, max_size=6))  # fmt: skip
def test_the_sum_over_all_paths_is_the_whole_jacobian(steps: list[tuple[str, int, int]]) -> None:
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(3, generator=generator, dtype=torch.float64)

    def program(x: Tensor) -> Tensor:
        made = [x]
        for op, one, other in steps:
            made.append(OPS[op](made[one % len(made)], made[other % len(made)]))
        return made[-1]

    expected = torch.func.jacrev(program)(x).numpy()
    x = x.requires_grad_()
    root, v = program(x), torch.tensor([0.5, -2.0, 3.0], dtype=torch.float64)
    if not root.requires_grad:
        return
    chains = chains_of(root, v)
    (leaf,) = chains.leaves()
    paths = chains.paths(leaf, 10_000)
    assert len(paths) == len(set(paths)) == chains.count(leaf)
    along = []
    for path in paths:
        factors = matrices(chains.factors(path))
        left, right = from_left(factors), from_right(factors)
        np.testing.assert_allclose(left[-1], right[0], rtol=1e-9, atol=1e-12)
        along.append(left[-1])
        row = chains.vector(path.root)
        for factor in factors:
            row = product(row, factor)
        np.testing.assert_allclose(row, v.numpy()[None] @ left[-1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(sum(along), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(chains.jacobian(leaf), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(chains.total(leaf)[0], chains.call.leaves[0].added.array, atol=1e-9)


PRESETS = [
    "tutorial", "fan_out", "neuron", "notebook", "doubling_product", "in_place", "custom_function",
    "row_sums", "matrix_product", "attention",
]  # fmt: skip


@pytest.mark.parametrize("slug", PRESETS)
def test_in_presets_the_paths_add_up_to_what_reached_the_leaf(slug: str) -> None:
    run = asked(slug)
    compared = 0
    for answer in run.answers:
        call = run.calls[answer.ask.call]
        chains = Chains(call, answer.locals)
        for leaf in call.leaves:
            if leaf.node is None or leaf.added is None or leaf.added.array is None:
                continue
            total = chains.total(leaf.node)
            if total is None:
                assert any(one.note for one in answer.locals) or None in call.gradient
                continue
            added = leaf.added.array.astype(float)
            np.testing.assert_allclose(
                total, added.reshape(1, -1), rtol=1e-4, atol=1e-5 * (1 + abs(added).max())
            )
            compared += 1
    assert compared


@pytest.mark.parametrize("name", sorted(ZOO))
def test_in_graphs_of_every_kind_too(name: str) -> None:
    root, _ = ZOO[name]()
    roots = [root] if isinstance(root, Tensor) else list(root)
    v = [torch.ones_like(one) for one in roots]
    chains = chains_of(roots, v)
    for leaf in chains.call.leaves:
        if leaf.node is None or leaf.added is None:
            continue
        total = chains.total(leaf.node)
        if total is not None:
            np.testing.assert_allclose(
                total[0], leaf.added.array.ravel(), rtol=2e-3, atol=2e-3, err_msg=name
            )


def test_doubling_nine_times_is_512_times_the_identity() -> None:
    run = asked("doubling_product", JacobianAsk("y", ("x",)))
    chains = Chains(run.calls[0], run.answers[0].locals)
    (leaf,) = chains.leaves()
    (path,) = chains.paths(leaf, 5)
    factors = matrices(chains.factors(path))
    assert [f.tolist() for f in factors] == [(2 * np.eye(3)).tolist()] * 9
    assert from_left(factors)[-1].tolist() == (512 * np.eye(3)).tolist()
    assert from_right(factors)[0].tolist() == run.answers[-1].jacobian.array.tolist()
    assert chains.total(leaf) == pytest.approx(np.array([[51.2, 512, 0.0512]]))
    cost = multiplications([f.shape for f in factors])
    assert (cost.row_from_left, cost.row_from_right) == (9 * 9, 8 * 27 + 9)
    assert cost.matrix_from_left == cost.matrix_from_right == 8 * 27


@pytest.mark.parametrize(
    ("slug", "output"), [("tutorial", "out"), ("notebook", "y"), ("xor", "loss")]
)
def test_the_whole_jacobian_is_the_one_that_was_asked_for(slug: str, output: str) -> None:
    bare = explorer.run(presets.get(slug).program)
    node = next(v.node for v in bare.tensors if v.name == output)
    calls = [n for n, c in enumerate(bare.calls) if c.roots == (node,) and c.steps]
    number = calls[0]
    chains_leaves = {leaf.name for leaf in bare.leaves}
    run = asked(slug, *(JacobianAsk(output + "#1" * (slug == "xor"), (name,)) for name in
                        sorted(chains_leaves)))  # fmt: skip
    local = next(a for a in run.answers if isinstance(a.ask, LocalAsk) and a.ask.call == number)
    chains = Chains(run.calls[number], local.locals)
    for answer in run.answers:
        if answer.jacobian is None or not all(answer.jacobian.reached):
            continue
        name = answer.jacobian.columns.parts[0].name
        (leaf,) = [n for n in chains.leaves() if run.trace.nodes[n].leaf == name]
        np.testing.assert_allclose(
            chains.jacobian(leaf), answer.jacobian.array, rtol=1e-4, atol=1e-5
        )


def test_two_roads_add_up() -> None:
    x = torch.tensor(3.0, requires_grad=True)
    chains = chains_of(x * x)
    paths = chains.paths(1, 10)
    assert [[edge.slot for edge in path.edges] for path in paths] == [[0], [1]]
    assert [matrices(chains.factors(path))[0].tolist() for path in paths] == [[[3.0]], [[3.0]]]
    assert chains.total(1).tolist() == [[6.0]]


def test_more_paths_than_anybody_lists_are_counted_and_still_summed() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x
    for _ in range(40):
        y = (y + y) / 2
    chains = chains_of(y.sum())
    (leaf,) = chains.leaves()
    assert chains.count(leaf) == 2**40
    assert len(chains.paths(leaf, 20)) == 20
    assert chains.total(leaf).tolist() == [[1.0, 1.0]]


def test_a_deep_chain_needs_no_recursion() -> None:
    x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(1_200):
        y = y * 1.0001
    chains = chains_of(y)
    (leaf,) = chains.leaves()
    (path,) = chains.paths(leaf, 2)
    factors = matrices(chains.factors(path))
    assert len(factors) == 1_200
    assert from_left(factors)[-1].item() == pytest.approx(1.0001**1_200)


def test_one_output_of_several_goes_its_own_way() -> None:
    x = torch.tensor([4.0, 1.0, 3.0], requires_grad=True)
    low, high = x.aminmax(dim=0)
    chains = chains_of(high * 5 + low)
    (leaf,) = chains.leaves()
    total = [matrices(chains.factors(path)) for path in chains.paths(leaf, 5)]
    assert sorted(from_left(two)[-1].tolist()[0] for two in total) == [[0, 1, 0], [5, 0, 0]]
    assert chains.total(leaf).tolist() == [[5.0, 1.0, 0.0]]


def test_a_root_that_is_a_leaf_has_a_path_without_factors() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    chains = chains_of(x, torch.tensor([3.0, 4.0]))
    (path,) = chains.paths(0, 5)
    assert chains.factors(path) == ()
    assert chains.total(0).tolist() == [[3.0, 4.0]]
    assert chains.jacobian(0).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_factor_that_is_not_known_says_why_and_stops_the_sum() -> None:
    x = torch.ones(90, requires_grad=True)
    chains = chains_of((x * 2).exp().sum())
    (leaf,) = chains.leaves()
    factors = chains.factors(chains.paths(leaf, 1)[0])
    assert [factor.matrix is None for factor in factors] == [False, True, True]
    assert "over 4,096 entries" in factors[1].note
    assert chains.total(leaf) is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=6))
def test_the_counts_are_those_of_multiplying_by_hand(sizes: list[int]) -> None:
    """Against a loop that multiplies number by number."""
    factors = [np.ones(shape) for shape in itertools.pairwise(sizes)]
    counted = 0

    def times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        nonlocal counted
        out = np.zeros((a.shape[0], b.shape[1]))
        for i in range(a.shape[0]):
            for j in range(b.shape[1]):
                for k in range(b.shape[0]):
                    out[i, j] += a[i, k] * b[k, j]
                    counted += 1
        return out

    def cost(order: str, with_row: bool) -> int:
        nonlocal counted
        counted = 0
        left = [np.ones((1, sizes[0])), *factors] if with_row else list(factors)
        if order == "left":
            made = left[0]
            for factor in left[1:]:
                made = times(made, factor)
        else:
            made = left[-1]
            for factor in left[-2::-1]:
                made = times(factor, made)
        return counted

    found = multiplications([f.shape for f in factors])
    assert found.row_from_left == cost("left", True)
    assert found.row_from_right == cost("right", True)
    assert found.matrix_from_left == cost("left", False)
    assert found.matrix_from_right == cost("right", False)


def test_the_numbers_that_are_not_kept_are_told_apart_from_zero() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    call = explorer.record(x * 2, torch.ones(2))
    bare = msgspec.structs.replace(call, gradient=(None,))
    chains = Chains(bare, ())
    assert chains.vector(0) is None
    assert chains.total(chains.leaves()[0]) is None
