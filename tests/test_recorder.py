"""`record` runs torch's own backward: its order, its cotangents, and what ends in `.grad`."""

import gc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.utils.checkpoint import checkpoint
from zoo import ZOO, Double

import explorer


def as_list(root):
    return [root] if isinstance(root, torch.Tensor) else list(root)


def vectors(roots):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(r.shape, generator=generator).to(r.dtype) for r in roots]


def walk(roots):
    """The live nodes, roots first and then as they are discovered: the oracle's own walk."""
    live = list(dict.fromkeys(get_gradient_edge(root).node for root in roots))
    for fn in live:
        for target, _ in fn.next_functions:
            if target is not None and target not in live:
                live.append(target)
    return live


def leaves_of(roots):
    return [fn.variable for fn in walk(roots) if hasattr(fn, "variable")]


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_the_gradients_end_as_without_recording(make) -> None:
    plain_root, _ = make()
    plain_roots = as_list(plain_root)
    torch.autograd.backward(plain_roots, vectors(plain_roots))
    expected = [leaf.grad for leaf in leaves_of(plain_roots)]

    root, names = make()
    roots = as_list(root)
    leaves = leaves_of(roots)
    call = explorer.record(roots, vectors(roots), names=names)
    assert call.error is None
    for leaf, grad in zip(leaves, expected, strict=True):
        assert (leaf.grad is None) == (grad is None)
        if grad is not None:
            assert torch.equal(leaf.grad, grad)


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_what_a_leaf_got_is_what_autograd_grad_gives(make) -> None:
    root, names = make()
    roots = as_list(root)
    leaves = leaves_of(roots)
    expected = torch.autograd.grad(
        roots, leaves, vectors(roots), retain_graph=True, allow_unused=True
    )
    call = explorer.record(roots, vectors(roots), names=names)
    assert len(call.leaves) == len(leaves)
    for leaf, grad in zip(call.leaves, expected, strict=True):
        assert leaf.before is None
        assert leaf.added == leaf.after
        if grad is None:
            assert leaf.added is None
        else:
            wide = grad.float() if grad.dtype == torch.bfloat16 else grad
            np.testing.assert_array_equal(leaf.added.array, wide.numpy(force=True))


# torch's announcement counts a leaf that is itself a root once too often.
NO_LEAF_ROOTS = {n: make for n, make in ZOO.items() if n not in ("one_leaf", "several_roots")}


@pytest.mark.parametrize("make", NO_LEAF_ROOTS.values(), ids=NO_LEAF_ROOTS.keys())
def test_the_steps_are_in_the_order_that_the_engine_announces(make) -> None:
    root, names = make()
    roots = as_list(root)
    announced: list = []

    def ask(_):
        if not announced:  # the engine tells the whole order when the first node runs
            order = torch._C._current_graph_task_execution_order()
            announced.extend(type(fn).__name__ for fn in order)

    handles = [fn.register_prehook(ask) for fn in walk(roots)]
    with torch.autograd.set_multithreading_enabled(False):
        call = explorer.record(roots, vectors(roots), names=names)
    for handle in handles:
        handle.remove()
    names_of_steps = [call.trace.nodes[step.node].name for step in call.steps]
    assert names_of_steps == announced


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_the_cotangents_of_every_node_are_those_of_autograd_grad_at_its_edges(make) -> None:
    root, names = make()
    roots = as_list(root)
    vs = vectors(roots)
    trace = explorer.trace(roots, names=names)
    live = walk(roots)
    edges = [
        (number, nr)
        for number, fn in enumerate(live)
        for nr in range(len(trace.nodes[number].outputs))
        if not hasattr(fn, "variable")
    ]
    expected = edges and torch.autograd.grad(
        roots,
        [GradientEdge(live[number], nr) for number, nr in edges],
        vs,
        retain_graph=True,
        allow_unused=True,
    )
    call = explorer.record(roots, vs, names=names)
    arrived = {step.node: step.cotangents_in for step in call.steps}
    for (number, nr), grad in zip(edges, expected, strict=True):
        if number not in arrived or grad is None:
            continue
        got = arrived[number][nr]
        wide = grad.float() if grad.dtype == torch.bfloat16 else grad
        np.testing.assert_array_equal(got.array, wide.resolve_conj().numpy(force=True))
    assert set(range(len(live))) == set(arrived)


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_what_arrives_at_a_node_is_the_sum_of_what_was_sent_to_it(make) -> None:
    root, names = make()
    roots = as_list(root)
    call = explorer.record(roots, vectors(roots), names=names)
    sent = {step.node: step.cotangents_out for step in call.steps}
    for step in call.steps:
        if step.node in call.roots:
            continue
        for nr, got in enumerate(step.cotangents_in):
            parts = [
                sent[e.source][e.slot]
                for e in call.trace.edges
                if (e.target, e.input_nr) == (step.node, nr) and e.source in sent
            ]
            parts = [part.array for part in parts if part is not None]
            if got is None or not parts:
                continue
            tolerance = 1e-2 if got.dtype == "bfloat16" else 1e-5
            np.testing.assert_allclose(sum(parts), got.array, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_a_step_has_one_entry_per_slot(make) -> None:
    root, names = make()
    roots = as_list(root)
    slots = {}
    for node, fn in enumerate(walk(roots)):
        slots[node] = len(fn.next_functions)
    call = explorer.record(roots, vectors(roots), names=names)
    for step in call.steps:
        node = call.trace.nodes[step.node]
        assert len(step.cotangents_in) == len(node.outputs)
        assert len(step.cotangents_out) == (0 if node.leaf else slots[step.node])


def test_the_leaf_receives_the_sum_of_both_contributions() -> None:
    x = torch.tensor(3.0, requires_grad=True)
    call = explorer.record(x * x, names={"x": x})
    assert call.leaves[0].added.array == 6.0  # d(x*x)/dx = x + x
    assert [out.array.item() for out in call.steps[0].cotangents_out] == [3.0, 3.0]


def test_before_plus_added_is_after() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp().sum()
    first = explorer.record(y, retain_graph=True, names={"x": x}).leaves[0]
    second = explorer.record(y, names={"x": x}).leaves[0]
    assert first.before is None
    assert second.before == first.after
    np.testing.assert_array_equal(second.after.array, second.before.array + second.added.array)


def test_a_second_backward_fails_where_torch_fails_and_keeps_what_was_added() -> None:
    x, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    y = (x.exp() + b).sum()
    explorer.record(y)
    call = explorer.record(y, names={"x": x, "b": b})
    assert call.error.message.startswith("Trying to backward through the graph a second time")
    assert call.trace.nodes[call.error.node].name == "ExpBackward0"
    assert [call.trace.nodes[step.node].name for step in call.steps][:2] == [
        "SumBackward0",
        "AddBackward0",
    ]
    assert {leaf.name: leaf.added is not None for leaf in call.leaves} == {"x": False, "b": True}
    by_name = {leaf.name: leaf for leaf in call.leaves}
    assert by_name["b"].after.array.tolist() == [2.0, 2.0]
    assert by_name["x"].after.array.tolist() == x.grad.tolist()


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_freed_is_what_torch_then_refuses_to_give(make) -> None:
    root, names = make()
    roots = as_list(root)
    call = explorer.record(roots, vectors(roots), names=names)
    after = explorer.trace(roots, names=names).nodes
    kept = ("held", "edited", "packed")
    gone = [
        node.index
        for node in call.trace.nodes
        if any(saved.state in kept for saved in node.saved)
        and not any(saved.state in kept for saved in after[node.index].saved)
    ]
    assert list(call.freed) == gone
    assert bool(gone) == any(s.state in kept for n in call.trace.nodes for s in n.saved)


def test_what_is_retained_or_not_reached_is_not_freed() -> None:
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    y = (x.exp() * w.exp()).sum()
    assert explorer.record(y, retain_graph=True).freed == ()
    call = explorer.record(y, inputs=[x])
    freed = {call.trace.nodes[number].name for number in call.freed}
    assert freed == {"MulBackward0", "ExpBackward0"}
    assert len(call.freed) == 2  # torch ran only one of the two exp


def test_a_graph_that_saves_nothing_can_be_run_twice() -> None:
    x = torch.ones(2, requires_grad=True)
    y = (x + 1).sum()
    assert explorer.record(y).error is None
    assert explorer.record(y).error is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: torch.ones(2), "element 0 of tensors does not require grad"),
        (lambda: torch.ones(2, requires_grad=True) * 2, "grad can be implicitly created only"),
    ],
)
def test_torch_refuses_before_any_node_runs(make, words: str) -> None:
    call = explorer.record(make())
    assert call.error.message.startswith(words)
    assert call.error.node is None
    assert call.steps == ()


def test_a_vector_of_the_wrong_shape_is_refused_in_torchs_words() -> None:
    x = torch.ones(3, requires_grad=True)
    call = explorer.record(x * 2, torch.ones(2))
    assert call.error.message.startswith("Mismatch in shape")


def test_with_inputs_only_those_are_filled() -> None:
    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    call = explorer.record((x * w).sum(), inputs=[x], names={"x": x, "w": w})
    assert {leaf.name: leaf.added is not None for leaf in call.leaves} == {"x": True, "w": False}
    assert w.grad is None
    assert call.steps[1].cotangents_out[1] is None  # the engine asked for no gradient of w


def test_with_inputs_a_tensor_that_is_no_leaf_is_filled_too() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 3
    call = explorer.record((y * y).sum(), inputs=[y], names={"x": x, "y": y})
    assert x.grad is None
    assert [leaf.name for leaf in call.leaves if leaf.after is not None] == ["y"]
    assert call.leaves[-1].after.array.tolist() == y.grad.tolist() == [6.0, 6.0]


def test_hooks_of_the_program_show_in_what_was_passed_on() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 3
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    call = explorer.record(y.sum(), names={"x": x})
    arrived = {call.trace.nodes[s.node].name: s.cotangents_in[0].array.tolist() for s in call.steps}
    assert arrived["MulBackward0"] == [10.0, 10.0]
    assert call.leaves[0].added.array.tolist() == [31.0, 31.0]
    assert x.grad.tolist() == [31.0, 31.0]


def test_no_hook_stays_and_the_graph_is_not_kept_alive() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    seen = []
    explorer.record(y.sum())
    y2 = y.sum()
    handle = y2.grad_fn.register_hook(lambda *_: seen.append(1))
    assert len(handle.hooks_dict_ref()) == 1  # only ours
    alive = weakref.ref(y)
    del y, y2, handle
    gc.collect()
    assert alive() is None


def test_a_reentrant_checkpoint_fills_leaves_that_are_not_in_the_graph() -> None:
    w, x = torch.ones(2, 2, requires_grad=True), torch.ones(1, 2, requires_grad=True)
    y = checkpoint(lambda t: (t @ w).tanh(), x, use_reentrant=True).sum()
    call = explorer.record(y, names={"x": x, "w": w})
    filled = {leaf.name: (leaf.node is None, leaf.after is not None) for leaf in call.leaves}
    assert filled == {"x": (False, True), "w": (True, True)}
    assert torch.equal(w.grad, torch.from_numpy(call.leaves[-1].after.array.copy()))


def test_create_graph_leaves_a_gradient_that_can_be_differentiated() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    with pytest.warns(UserWarning, match="reference cycle"):
        call = explorer.record(x**3, create_graph=True, names={"x": x})
    assert call.retain_graph
    assert call.leaves[0].after.array == 12.0
    (second,) = torch.autograd.grad(x.grad, x)
    assert second == 12.0  # d²(x³)/dx² = 6x


def test_an_error_in_a_custom_backward_is_placed_at_its_node() -> None:
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(_, x):
            return x * 1

        @staticmethod
        def backward(*_):
            raise ValueError("no rule")

    x = torch.ones(1, requires_grad=True)
    call = explorer.record(Broken.apply(x.exp()).sum())
    assert (call.error.type, call.error.message) == ("ValueError", "no rule")
    assert call.trace.nodes[call.error.node].name == "BrokenBackward"


UNARY = [
    torch.sin,
    torch.tanh,
    torch.exp,
    torch.relu,
    lambda t: t.T,
    lambda t: t * 2.0,
    lambda t: t - t.mean(),
    lambda t: t.reshape(-1).view(t.shape),
    lambda t: Double.apply(t)[0],
]
BINARY = [torch.add, torch.mul, torch.sub, torch.matmul, torch.maximum]


@given(
    st.lists(st.tuples(st.integers(0, 13), st.integers(0, 9), st.integers(0, 9)), max_size=12),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_random_programs_give_torchs_gradients(picks, seed: int) -> None:
    def build():
        torch.manual_seed(seed)
        leaves = [torch.randn(2, 2, dtype=torch.float64, requires_grad=True) for _ in range(3)]
        made = list(leaves)
        for op, i, j in picks:
            a, b = made[i % len(made)], made[j % len(made)]
            made.append(UNARY[op](a) if op < len(UNARY) else BINARY[op - len(UNARY)](a, b))
        return leaves, made[-1].sum()

    leaves, root = build()
    expected = torch.autograd.grad(root, leaves, allow_unused=True)
    leaves, root = build()
    names = dict(zip("abc", leaves, strict=True))
    call = explorer.record(root, names=names)
    got = {leaf.name: leaf.added for leaf in call.leaves}
    for name, grad in zip("abc", expected, strict=True):
        if grad is None:
            assert name not in got
        else:
            np.testing.assert_array_equal(got[name].array, grad.numpy())
            assert torch.equal(names[name].grad, grad)


def test_a_deep_chain_with_one_shared_weight_is_recorded() -> None:
    w, h = torch.full((2, 2), 0.1, requires_grad=True), torch.ones(1, 2)
    for _ in range(2500):
        h = torch.tanh(h @ w)
    call = explorer.record(h.sum(), names={"w": w})
    assert len(call.steps) == 5002
    assert torch.equal(w.grad, torch.from_numpy(call.leaves[0].after.array.copy()))


def test_modules_give_their_paths_to_the_leaves() -> None:
    net = nn.Sequential(nn.Linear(2, 1))
    call = explorer.record(net(torch.ones(1, 2)).sum(), names=net)
    assert {leaf.name for leaf in call.leaves} == {"0.weight", "0.bias"}
