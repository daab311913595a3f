"""The local Jacobian of each node, against what the engine sent and against whole Jacobians."""

import json
import math
import random
import warnings

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ran import ran
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812 - torch's own usage
from torch.utils.checkpoint import checkpoint
from zoo import ZOO

import explorer
from explorer import presets
from explorer.autograd import local
from explorer.autograd.local import Locals, local_jacobians
from explorer.autograd.runner import run
from explorer.autograd.tape import Tape, gradient_edge
from explorer.autograd.values import Copier
from explorer.data import LocalAsk, Run, TermsAsk, Values

REASONS = {
    "attention": local.TOO_LARGE,
    "saved_tensor_hooks": local.PACKED,
    "checkpointed": local.PACKED,
    "complex_numbers": local.COMPLEX,
}
"""Why some nodes of some graphs have no local Jacobian; all others have one for every slot."""


def as_list(root):
    return [root] if isinstance(root, torch.Tensor) else list(root)


def vectors(roots):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(r.shape, generator=generator).to(r.dtype) for r in roots]


def locals_of(root) -> Locals:
    tape = Tape(Copier())
    tape.add(gradient_edge(tensor) for tensor in as_list(root) if tensor.requires_grad)
    return Locals(tape)


def shown(source: str, **more) -> Run:
    return run("import torch\n" + source, **more)


def incoming(call, step):
    """g: the floating cotangents of a step side by side, in float64."""
    parts = [
        np.zeros(math.prod(meta.shape)) if v is None else v.array.astype(float).ravel()
        for v, meta in zip(step.cotangents_in, call.trace.nodes[step.node].outputs, strict=True)
        if "float" in meta.dtype
    ]
    return np.concatenate(parts)


def close(found, expected, dtype: str, size) -> None:
    eps = torch.finfo(getattr(torch, dtype)).eps
    assert (np.abs(found - expected) <= 32 * eps * np.maximum(size, np.abs(expected))).all()


# -------------------------------------------------------------------- against what the engine sent


@pytest.mark.parametrize("name", ZOO)
def test_what_each_node_sent_is_what_came_in_times_its_jacobian(name: str) -> None:
    root, names = ZOO[name]()
    roots = as_list(root)
    found = local_jacobians(roots)
    call = explorer.record(roots, vectors(roots), names=names)
    steps = {step.node: step for step in call.steps}
    slots = [(e.source, e.slot) for e in call.trace.edges]
    assert [(one.node, one.slot) for one in found] == sorted(slots)
    for one in found:
        if one.values is None:
            assert one.note == REASONS[name]
            continue
        step, J = steps[one.node], one.values.array
        sent = step.cotangents_out[one.slot]
        g = incoming(call, step)
        assert J.shape == (g.size, sent.size)
        products = g[:, None] * J.astype(float)
        dtype = sent.dtype if "bfloat16" not in step.cotangents_in[0].dtype else "bfloat16"
        close(products.sum(0), sent.array.astype(float).ravel(), dtype, np.abs(products).sum(0))


@pytest.mark.parametrize("name", [name for name in ZOO if name not in REASONS] + ["attention"])
def test_the_terms_of_a_number_add_up_to_it(name: str) -> None:
    root, names = ZOO[name]()
    roots = as_list(root)
    found = locals_of(roots)
    terms = []
    for number in range(len(found.tape)):
        for slot, meta in local._targets(found.tape.fns[number]).items():
            last = math.prod(meta.shape) - 1
            terms += [found.terms(number, slot, element) for element in {0, last // 2, last}]
    call = explorer.record(roots, vectors(roots), names=names)
    steps = {step.node: step for step in call.steps}
    for one in terms:
        step = steps[one.node]
        sent = step.cotangents_out[one.slot]
        assert one.note == ""
        weights = np.concatenate([w.array.ravel() for w in one.weights if w is not None])
        products = incoming(call, step) * weights.astype(float)
        number = float(sent.array.ravel()[one.element])
        dtype = sent.dtype if "bfloat16" not in step.cotangents_in[0].dtype else "bfloat16"
        close(products.sum(), number, dtype, np.abs(products).sum())


def test_the_terms_of_a_number_are_its_column_of_the_matrix() -> None:
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    y = F.layer_norm(x, (4,))
    (matrix,) = (one for one in local_jacobians(y) if one.node == 0)
    for element in range(12):
        (weights,) = (w for w in locals_of(y).terms(0, 0, element).weights if w is not None)
        np.testing.assert_allclose(weights.array.ravel(), matrix.values.array[:, element])


# ------------------------------------------------------------------------- against whole Jacobians

STEPS = {
    "exp": torch.exp,
    "sin": torch.sin,
    "tanh": torch.tanh,
    "double": lambda x: x * 2,
    "softmax": lambda x: x.softmax(-1),
    "cumsum": lambda x: x.cumsum(-1),
    "flip": lambda x: x.flip(-1),
    "mix": lambda x: torch.linspace(-1, 1, x.numel() ** 2).double().view(x.numel(), -1) @ x,
    "shorter": lambda x: x[1:] if x.numel() > 1 else x.clone(),
    "longer": lambda x: x.repeat(2) if x.numel() < 5 else x.clone(),
    "norm": lambda x: x / x.norm().detach(),
    "view": lambda x: x.view(1, -1).squeeze(0),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=6), st.integers(1, 4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_along_a_chain_the_product_of_local_jacobians_is_the_whole_jacobian(names, size) -> None:
    x = torch.linspace(-0.9, 1.1, size, dtype=torch.float64).requires_grad_()
    y = x
    for name in names:
        y = STEPS[name](y)
    product = np.eye(y.numel())
    for one in local_jacobians(y):
        product = product @ one.values.array
    np.testing.assert_allclose(product, explorer.jacobian(y, {"x": x}).array, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "name", ["diamond", "shared_weight", "unbind_and_split", "views_edited_in_place",
             "double_backward", "frozen_first_layer", "embedding_and_loss"],
)  # fmt: skip
def test_summed_over_all_paths_local_jacobians_give_the_whole_jacobian(name: str) -> None:
    root, names = ZOO[name]()
    trace = explorer.trace(root, names=names)
    J = {(one.node, one.slot): one.values.array.astype(float) for one in local_jacobians(root)}
    starts = {
        node.index: np.cumsum([0] + [math.prod(meta.shape) for meta in node.outputs])
        for node in trace.nodes
    }
    reached = {n.index: np.zeros((root.numel(), starts[n.index][-1])) for n in trace.nodes}
    reached[0][:, : root.numel()] += np.eye(root.numel())
    waiting = {n.index: sum(e.target == n.index for e in trace.edges) for n in trace.nodes}
    ready = [0]
    while ready:
        source = ready.pop()
        for edge in (e for e in trace.edges if e.source == source):
            at = starts[edge.target]
            place = slice(at[edge.input_nr], at[edge.input_nr + 1])
            reached[edge.target][:, place] += reached[source] @ J[source, edge.slot]
            waiting[edge.target] -= 1
            if waiting[edge.target] == 0:
                ready.append(edge.target)
    variables = dict(names.named_parameters()) if isinstance(names, nn.Module) else names
    for node in trace.nodes:
        if node.leaf in variables:
            whole = explorer.jacobian(root, {node.leaf: variables[node.leaf]}).array
            np.testing.assert_allclose(reached[node.index], whole, rtol=1e-4, atol=1e-5)


def test_doubling_nine_times_is_nine_times_two_and_512_in_all() -> None:
    y = x = torch.tensor([-0.9618, -3.3220, -0.6637], requires_grad=True)
    for _ in range(9):
        y = y * 2
    factors = [one.values.array for one in local_jacobians(y)]
    assert [factor.tolist() for factor in factors] == [(2 * np.eye(3)).tolist()] * 9
    assert np.linalg.multi_dot(factors).tolist() == (512 * np.eye(3)).tolist()
    assert explorer.jacobian(y, {"x": x}).array.tolist() == (512 * np.eye(3)).tolist()


# -------------------------------------------------------------------------- what it is like


def test_the_cotangents_of_several_outputs_lie_side_by_side() -> None:
    x = torch.randn(2, 3, requires_grad=True)
    a, b = x.unbind()
    (split,) = (one for one in local_jacobians([a * 2, b]) if one.values.array.shape == (6, 6))
    assert split.values.array.tolist() == np.eye(6).tolist()


def test_the_jacobian_is_fitted_to_the_edge_like_what_the_engine_sends() -> None:
    x = torch.randn(2, 3, requires_grad=True)
    b = torch.randn(3, dtype=torch.float64, requires_grad=True)
    into_x, into_b = local_jacobians(x * b)
    assert (into_x.values.dtype, into_x.values.shape) == ("float32", (6, 6))
    assert (into_b.values.dtype, into_b.values.shape) == ("float64", (6, 3))


def test_nothing_that_belongs_to_the_program_changes() -> None:
    ran = []
    x, w = torch.randn(3, requires_grad=True), torch.randn(3, 3, requires_grad=True)
    x.grad = torch.ones(3)
    h = w @ x
    h.register_hook(lambda g: ran.append(g))
    x.register_hook(lambda g: ran.append(g))
    h.retain_grad()
    y = h.tanh().sum()
    y.grad_fn.register_hook(lambda *_: ran.append(1))
    y.grad_fn.register_prehook(lambda *_: ran.append(1))
    states = torch.get_rng_state(), random.getstate(), torch.get_num_threads()
    local_jacobians(y)
    locals_of(y).terms(1, 0, 2)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), torch.get_num_threads()) == states[1:]
    assert (ran, h.grad, w.grad, x.grad.tolist()) == ([], None, None, [1, 1, 1])
    y.backward()
    expected = (1 - (w @ x).tanh() ** 2) @ w + 1
    torch.testing.assert_close(x.grad, expected.detach())


def test_it_works_where_gradients_are_off() -> None:
    x = torch.randn(3, requires_grad=True)
    y = x.exp()
    with torch.no_grad():
        assert local_jacobians(y)[0].values is not None
        assert locals_of(y).terms(0, 0, 1).weights
    with torch.inference_mode():
        assert locals_of(y).terms(0, 0, 1).weights


# --------------------------------------------------------------------------------- custom Functions


class Scaled(torch.autograd.Function):
    """x times a number and y: two tensors and a number between them come in."""

    @staticmethod
    def forward(ctx, x, factor, y):
        ctx.factor = factor
        return x * factor + y

    @staticmethod
    def backward(ctx, g):
        print("backward ran", torch.rand(1).item(), random.random())
        return g * ctx.factor, None, g


class Quantised(torch.autograd.Function):
    @staticmethod
    def forward(_, x):
        return x.clone()

    @staticmethod
    def backward(_, g):
        return g.round()


class OnceOnly(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return torch.from_numpy(3 * x.detach().numpy() ** 2 * g.numpy())


class Backward(torch.autograd.Function):
    """Runs a backward inside its backward."""

    @staticmethod
    def forward(ctx, x, w):
        ctx.w = w
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        with torch.enable_grad():
            (ctx.w * g.sum()).sum().backward()
        return g, None


def test_a_custom_function_gets_one_matrix_for_each_tensor(capsys) -> None:
    x, y = torch.randn(2, requires_grad=True), torch.randn(2, requires_grad=True)
    state, python = torch.get_rng_state(), random.getstate()
    found = local_jacobians(Scaled.apply(x, 3.0, y))
    assert [one.values.array.tolist() for one in found] == [[[3, 0], [0, 3]], [[1, 0], [0, 1]]]
    assert torch.equal(torch.get_rng_state(), state)
    assert random.getstate() == python
    assert capsys.readouterr().out == ""
    found = local_jacobians(Scaled.apply(x.detach(), 3.0, y))
    assert [(one.slot, one.values.array.tolist()) for one in found] == [(1, [[1, 0], [0, 1]])]


def test_a_custom_function_that_warns_does_not_warn_now() -> None:
    class Warns(Quantised):
        @staticmethod
        def backward(_, g):
            warnings.warn("look here", stacklevel=1)
            return g * 2

    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        (found,) = local_jacobians(Warns.apply(torch.ones(1, requires_grad=True)))
    assert (found.values.array.tolist(), given) == ([[2.0]], [])


def test_a_node_that_cannot_be_differentiated_is_asked_element_by_element() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    assert locals_of(OnceOnly.apply(x)).terms(0, 0, 1).weights[0].array.tolist() == [0.0, 12.0]


def test_a_backward_that_is_not_linear_has_no_jacobian_and_says_so() -> None:
    x = torch.randn(3, requires_grad=True)
    (found,) = local_jacobians(Quantised.apply(x))
    assert (found.values, found.note) == (None, local.NOT_LINEAR)
    assert locals_of(Quantised.apply(x)).terms(0, 0, 0).note == local.NOT_LINEAR


CLIPPED = """
class Clipped(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return g.clamp(-100, 100)

x = torch.ones(2, requires_grad=True)
Clipped.apply(x).backward(torch.tensor([1.0, {}]))
"""


def test_what_is_linear_only_for_small_cotangents_is_found_by_the_one_that_came() -> None:
    asks = (LocalAsk(0), TermsAsk(0, 0, 0, 1))
    matrix, terms = shown(CLIPPED.format(50.0), ask=asks).answers
    assert matrix.locals[0].values.array.tolist() == [[1, 0], [0, 1]]
    assert terms.terms.weights[0].array.tolist() == [0, 1]
    matrix, terms = shown(CLIPPED.format(500.0), ask=asks).answers
    assert (matrix.locals[0].values, matrix.locals[0].note) == (None, local.NOT_SENT)
    assert (terms.terms.weights, terms.error) == ((), local.NOT_SENT)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_held_to_a_few_roundings(dtype) -> None:
    x = torch.randn(8, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    y = x.softmax(0)
    (one,) = local_jacobians(y)
    (step, _) = explorer.record(y, torch.linspace(-1, 1, 8).to(dtype)).steps
    assert local.confirmed(one, step, custom=False) == one
    off = Values.of_array(one.values.array * np.float32(1.1))
    wrong = msgspec.structs.replace(one, values=off)
    assert local.confirmed(wrong, step, custom=False).note == local.HOOKED


def test_a_hook_on_a_node_that_changes_what_it_sends_is_reported() -> None:
    source = """
x = torch.ones(2, requires_grad=True)
y = x * 3
y.grad_fn.register_hook(lambda sent, _: (sent[0] * 2, None))
y.sum().backward()
"""
    matrices = shown(source, ask=(LocalAsk(0),)).answers[0].locals
    assert [one.note for one in matrices] == ["", local.HOOKED]


def test_what_would_change_grad_is_never_called() -> None:
    x, w = torch.randn(2, requires_grad=True), torch.randn(2, requires_grad=True)
    (found,) = local_jacobians(Backward.apply(x, w))[:1]
    assert local.REENTRANT in found.note
    y = checkpoint(lambda t: (t * w).exp(), x, use_reentrant=True)
    assert [one.note for one in local_jacobians(y)] == [local.REENTRANT] * len(local_jacobians(y))
    assert (x.grad, w.grad) == (None, None)


def test_packed_saved_tensors_stay_packed() -> None:
    unpacked = []

    def unpack(tensor):
        unpacked.append(tensor)
        return tensor

    x = torch.randn(3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, unpack):
        h = x.exp()
        a = torch.zeros(3) + h
        a[1:] = h[1:] * h[:2]
    found = local_jacobians(a.sum())
    before = len(unpacked)
    notes = {one.note for one in local_jacobians(a.sum())}
    assert len(unpacked) == before == 0
    assert notes == {"", local.PACKED, local.PERHAPS_PACKED}
    assert len(found) > 4


# -------------------------------------------------------------------------------------- caps


def test_above_the_cap_there_is_a_note_and_single_numbers_are_still_explained() -> None:
    x = torch.randn(65, requires_grad=True)
    y = x.exp()
    assert local_jacobians(y)[0] == local.LocalJacobian(0, 0, None, local.TOO_LARGE)
    weights = locals_of(y).terms(0, 0, 64).weights[0].array
    np.testing.assert_array_equal(weights, np.eye(65)[64] * np.exp(x.detach().numpy()[64]))


def test_a_tall_matrix_is_filled_by_columns() -> None:
    x = torch.randn(1, requires_grad=True)
    (found,) = local_jacobians(x.expand(4_000))
    assert found.values.array.tolist() == [[1.0]] * 4_000
    (found,) = local_jacobians(OnceOnly.apply(x.expand(300)[:300]))[:1]
    assert found.note == local.TOO_LARGE


def test_calls_and_bytes_have_a_limit(monkeypatch) -> None:
    x = torch.randn(8, requires_grad=True)
    y = x.exp().exp().exp()
    monkeypatch.setattr(local, "MAX_CALLS", 20)
    assert [one.note for one in local_jacobians(y)] == ["", "", local.TOO_MANY]
    assert [bool(one.values) for one in local_jacobians(y)] == [True, True, False]
    monkeypatch.undo()
    monkeypatch.setattr(local, "MAX_BYTES", 600)
    assert [one.note for one in local_jacobians(y)] == ["", "", local.NO_BYTES]


def test_warnings_of_our_own_calls_are_not_the_programs() -> None:
    source = """
import warnings

class Warning_(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        warnings.warn("look here")
        return g * 2

Warning_.apply(torch.ones(2, requires_grad=True)).sum().backward()
"""
    asked = shown(source, ask=(LocalAsk(0),))
    assert [warning.message for warning in asked.warnings] == ["look here"]
    assert asked.warnings == shown(source).warnings


def test_a_number_that_is_not_there_gets_a_sentence() -> None:
    x = torch.randn(2, requires_grad=True)
    found = locals_of((x * 2).sum())
    assert found.terms(0, 0, 7).note == "slot 0 has 2 elements, and no element 7"
    assert found.terms(1, 1, 0).note == "it sends nothing on slot 1"
    assert "adds into .grad" in found.terms(2, 0, 0).note


def test_freed_saved_tensors_are_refused_in_torchs_words() -> None:
    x = torch.randn(2, requires_grad=True)
    y = x.exp()
    y.sum().backward()
    assert "backward through the graph a second time" in local_jacobians(y)[0].note


# ------------------------------------------------------------------------------------ asking a run


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_asking_changes_nothing_else_in_the_run(preset) -> None:
    plain = ran(preset.program)
    asks = tuple(LocalAsk(call) for call in range(min(3, len(plain.calls))))
    asked = explorer.run(preset.program, ask=asks)
    assert msgspec.structs.replace(asked, answers=()) == plain
    for call, answer in zip(plain.calls, asked.answers, strict=False):
        assert bool(answer.locals) == (not call.note)
        assert answer.error == (call.note or None)


def test_the_answer_is_the_same_in_every_run_and_survives_json() -> None:
    asks = (LocalAsk(0), TermsAsk(0, 2, 0, 1), explorer.JacobianAsk("loss", ("w",)))
    source = """
w = torch.randn(3, requires_grad=True)
loss = w.exp().pow(2).sum()
loss.backward()
"""
    first, second = shown(source, ask=asks), shown(source, ask=asks)
    assert first.answers == second.answers
    assert [answer.ask for answer in first.answers] == list(asks)
    assert Run.from_dict(json.loads(json.dumps(first.to_dict()))) == first
    assert {one.node for one in first.answers[0].locals} == {0, 1, 2}
    (power,) = (one for one in first.answers[0].locals if one.node == 2)
    weights = first.answers[1].terms.weights[0].array
    assert weights.tolist() == power.values.array[:, 1].tolist()


COUNTING = """
class Counting(torch.autograd.Function):
    ran = 0

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        Counting.ran += 1
        print("backward", Counting.ran)
        return g * (2 + torch.rand(1) * 0)

x = torch.ones(2, requires_grad=True)
Counting.apply(x).sum().backward()
print(Counting.ran, torch.rand(1))
"""


def test_a_program_that_counts_its_own_backwards_is_shown_as_if_not_asked() -> None:
    plain, asked = shown(COUNTING), shown(COUNTING, ask=(LocalAsk(0),))
    assert asked.printed == plain.printed
    assert asked.printed.startswith("backward 1\n1 ")
    assert msgspec.structs.replace(asked, answers=()) == plain
    assert [one.values.array.tolist() for one in asked.answers[0].locals] == [
        [[1, 1]],
        [[2, 0], [0, 2]],
    ]


def test_an_ask_about_calls_that_cannot_be_met_says_why() -> None:
    source = """
x = torch.ones(2, requires_grad=True)
y = x * 2
torch.autograd.grad(y, x, torch.eye(2), is_grads_batched=True)
z = x.exp()
y.sum().backward()
"""
    asks = LocalAsk(0), LocalAsk(2), LocalAsk(-1), TermsAsk(1, 99, 0, 0), TermsAsk(1, 0, 0, 5)
    errors = [answer.error for answer in shown(source, ask=asks).answers]
    assert "is_grads_batched" in errors[0]
    assert errors[1].startswith("There is no call 2: the program made 2 backward calls")
    assert errors[2].startswith("There is no call -1")
    assert errors[3] == "Call 1 does not lead to node 99."
    assert "no element 5" in errors[4]


def test_a_backward_that_fails_still_shows_the_jacobians_that_it_had() -> None:
    source = """
x = torch.zeros(3, requires_grad=True)
y = x.exp()
y.add_(1)
y.sum().backward()
"""
    run = shown(source, ask=(LocalAsk(0),))
    assert "modified by an inplace operation" in run.calls[0].error.message
    notes = {run.trace.nodes[one.node].name: one.note for one in run.answers[0].locals}
    assert notes.pop("ExpBackward0").startswith("calling it raised: one of the variables")
    assert set(notes.values()) == {""}
