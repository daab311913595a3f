"""Every written formula gives what torch sent, a wrong one is found, and numbers add up."""

import math

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ran import ran
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own usage
from zoo import ZOO

import explorer
from explorer import presets
from explorer.autograd.local import local_jacobians
from explorer.data import LocalAsk, Terms, TermsAsk, Values
from explorer.explain import (
    MAX_TERMS,
    RULES,
    FormulaError,
    Part,
    explain,
    explain_arrival,
    explain_call,
    explain_leaf,
    rule_of,
)

WITHOUT = {
    "preset": {"CubeBackward", "WrongCubeBackward", "UndefinedGradBackward"},
    "zoo": {"CopySlices", "DoubleBackward", "MkldnnRnnLayerBackward0"},
}
"""Nodes for which no formula is written: custom Functions, and kernels of many steps."""

PACKED = {"saved_tensor_hooks", "checkpointed"}


def gen(*shape: int, low: float = -1.0, seed: int = 0) -> Tensor:
    """Numbers from `low` to `low` + 2, never the same twice, that require grad."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(shape, generator=generator, dtype=torch.float64) * 2 + low
    return drawn.requires_grad_()


def sent_by(y: Tensor):
    """One backward from `y` with a random v."""
    v = gen(*y.shape, seed=9).detach().to(y.dtype)
    return explorer.record(y, v)


def held_against_torch(call, without=frozenset(), packed: bool = False) -> set[str]:
    """Compare every formula of a call with what was sent; the names of the nodes it was for."""
    seen = set()
    for step in call.steps:
        node = call.trace.nodes[step.node]
        rule = rule_of(node.name)
        if node.leaf is not None or node.name in without:
            assert rule is None
            continue
        assert rule is not None, f"no formula for {node.name}"
        for slot, sent in enumerate(step.cotangents_out):
            if sent is None:
                continue
            seen.add(node.name)
            if packed and any(saved.state == "packed" for saved in node.saved):
                with pytest.raises(FormulaError, match="is packed"):
                    rule.evaluate(call.trace, step, slot)
                continue
            made = rule.evaluate(call.trace, step, slot)
            assert made.shape == sent.shape
            eps = torch.finfo(getattr(torch, sent.dtype)).eps
            sizes = [abs(v.array).max(initial=0) for v in (*step.cotangents_in, sent) if v]
            np.testing.assert_allclose(made, sent.array, rtol=32 * eps, atol=16 * eps * max(sizes))
    return seen


# ------------------------------------------------------------------------ formulas against torch


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_every_step_of_every_preset_follows_its_formula(preset) -> None:
    for call in ran(preset.program).calls:
        held_against_torch(call, WITHOUT["preset"])


@pytest.mark.parametrize("name", ZOO)
def test_every_step_of_the_zoo_follows_its_formula(name: str) -> None:
    root, names = ZOO[name]()
    roots = [root] if isinstance(root, Tensor) else list(root)
    generator = torch.Generator().manual_seed(1)
    v = [torch.randn(r.shape, generator=generator).to(r.dtype) for r in roots]
    call = explorer.record(roots, v, names=names)
    held_against_torch(call, WITHOUT["zoo"], packed=name in PACKED)


x, y, positive = gen(3, 4), gen(3, 4, seed=1), gen(3, 4, low=0.1)
v, w, square = gen(4, seed=2), gen(3, seed=3), gen(4, 4, seed=4)
stack, stack_t = gen(2, 3, 4, seed=5), gen(2, 4, 3, seed=6)
image, kernel = gen(2, 4, 5, 5, seed=7), gen(6, 2, 3, 3, seed=8)
flags = torch.tensor([[True, False, True, True]] * 3)
classes = torch.tensor([1, -100, 3])
class_weights = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
chances = torch.tensor([[0.2, 0.4, 0.6, 0.9]] * 3, dtype=torch.float64)
ties = torch.tensor([[1.0, 3.0, 3.0], [3.0, 0.0, 2.0]], dtype=torch.float64, requires_grad=True)
zeros = torch.tensor([0.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)


def second(function, z: Tensor) -> Tensor:
    """The derivative of a function, to be differentiated once more."""
    (g,) = torch.autograd.grad(function(z), z, y, create_graph=True)
    return g


def moments(z: Tensor) -> tuple[Tensor, Tensor]:
    return torch.zeros(z.shape[1], dtype=z.dtype), torch.ones(z.shape[1], dtype=z.dtype) * 2


OPS = {
    "AddBackward0": [lambda: torch.add(x, v, alpha=3)],
    "SubBackward0": [lambda: torch.sub(x, v, alpha=3), lambda: x - 1],
    "RsubBackward0": [lambda: torch.rsub(x, y, alpha=2)],
    "RsubBackward1": [lambda: 1 - x],
    "MulBackward0": [lambda: x * v, lambda: x * 3, lambda: F.dropout(x)],
    "DivBackward0": [lambda: x / positive, lambda: x / 2],
    "NegBackward0": [lambda: -x],
    "ReciprocalBackward0": [lambda: 1 / positive],
    "AddcmulBackward0": [lambda: torch.addcmul(x, y, v, value=2)],
    "LerpBackward0": [lambda: torch.lerp(x, y, 0.3)],
    "PowBackward0": [lambda: x**3, lambda: positive**-1.5, lambda: x**0],
    "PowBackward1": [lambda: positive**y, lambda: zeros ** torch.tensor([2.0, 0.0, 1.0])],
    "PowBackward2": [lambda: 2**x, lambda: 0**positive],
    "ExpBackward0": [x.exp],
    "Exp2Backward0": [x.exp2],
    "Expm1Backward0": [x.expm1],
    "LogBackward0": [positive.log],
    "Log1PBackward0": [positive.log1p],
    "Log2Backward0": [positive.log2],
    "Log10Backward0": [positive.log10],
    "SqrtBackward0": [positive.sqrt],
    "RsqrtBackward0": [positive.rsqrt],
    "SinBackward0": [x.sin],
    "CosBackward0": [x.cos],
    "TanBackward0": [x.tan],
    "SinhBackward0": [x.sinh],
    "CoshBackward0": [x.cosh],
    "AtanBackward0": [x.atan],
    "ErfBackward0": [x.erf],
    "TanhBackward0": [x.tanh],
    "SigmoidBackward0": [x.sigmoid],
    "ReluBackward0": [x.relu, ties.relu],
    "ThresholdBackward0": [lambda: F.threshold(x, 0.1, 20.0)],
    "LeakyReluBackward0": [lambda: F.leaky_relu(x)],
    "PreluKernelBackward0": [lambda: F.prelu(x, v)],
    "EluBackward0": [lambda: F.elu(x, 1.5), lambda: F.selu(x)],
    "CeluBackward0": [lambda: F.celu(x, 1.5)],
    "GeluBackward0": [lambda: F.gelu(x), lambda: F.gelu(x, approximate="tanh")],
    "SiluBackward0": [lambda: F.silu(x)],
    "MishBackward0": [lambda: F.mish(x)],
    "HardswishBackward0": [lambda: F.hardswish(x * 5)],
    "LogaddexpBackward0": [lambda: torch.logaddexp(x, v)],
    "SoftplusBackward0": [lambda: F.softplus(x, 2.0, 0.5)],
    "LogSigmoidBackward0": [lambda: F.logsigmoid(x * 9)],
    "HardtanhBackward0": [lambda: F.hardtanh(ties, 0.0, 3.0), lambda: F.relu6(x)],
    "AbsBackward0": [x.abs, zeros.abs],
    "SignBackward0": [x.sign],
    "RoundBackward0": [x.round],
    "FloorBackward0": [x.floor],
    "CeilBackward0": [x.ceil],
    "TruncBackward0": [x.trunc],
    "ClampBackward1": [lambda: ties.clamp(1, 2), lambda: x.clamp(min=0), lambda: x.clamp(max=0)],
    "ClampMinBackward0": [lambda: ties.clamp_min(2)],
    "ClampMaxBackward0": [lambda: ties.clamp_max(2)],
    "MaximumBackward0": [lambda: torch.maximum(x, v), lambda: torch.maximum(ties, zeros)],
    "MinimumBackward0": [lambda: torch.minimum(x, v), lambda: torch.minimum(ties, zeros)],
    "WhereBackward0": [lambda: torch.where(flags, x, v)],
    "MaskedFillBackward0": [lambda: x.masked_fill(flags, 7.0)],
    "MaskedFillBackward1": [lambda: x.masked_fill(flags, v.sum())],
    "TanhBackwardBackward0": [lambda: second(torch.tanh, x)],
    "SigmoidBackwardBackward0": [lambda: second(torch.sigmoid, x)],
    "ThresholdBackwardBackward0": [lambda: second(torch.relu, x)],
    "ViewBackward0": [lambda: x.view(2, 6), lambda: x.flatten()],
    "UnsafeViewBackward0": [lambda: x.T.reshape(-1)],
    "ReshapeAliasBackward0": [
        lambda: torch.reshape(x.detach()[:, ::2].requires_grad_(), (3, 2, 1))
    ],
    "SqueezeBackward0": [lambda: gen(1, 3, 1).squeeze()],
    "SqueezeBackward1": [lambda: gen(1, 3, 1).squeeze(0)],
    "SqueezeBackward2": [lambda: gen(1, 3, 1).squeeze((0, 2))],
    "UnsqueezeBackward0": [lambda: x.unsqueeze(-1)],
    "TBackward0": [lambda: x.t(), lambda: v.t()],
    "TransposeBackward0": [lambda: stack.transpose(0, -1), lambda: stack.mT],
    "PermuteBackward0": [lambda: stack.permute(2, 0, 1), lambda: stack.permute(1, -1, 0)],
    "FlipBackward0": [lambda: stack.flip(0, 2)],
    "RollBackward0": [lambda: x.roll((1, 2), (0, 1)), lambda: x.roll(5)],
    "CloneBackward0": [x.clone],
    "ToCopyBackward0": [x.float],
    "CopyBackwards": [lambda: torch.empty(3, 4, dtype=torch.float64).copy_(x)],
    "ExpandBackward0": [lambda: v.expand(3, 4), lambda: w[:, None].expand(2, 3, 4)],
    "RepeatBackward0": [lambda: x.repeat(2, 1, 3)],
    "SelectBackward0": [lambda: x[1], lambda: x[:, -1]],
    "SliceBackward0": [lambda: x[:, ::2], lambda: x[1:2], lambda: x[-2:, 1:]],
    "IndexBackward0": [
        lambda: x[torch.tensor([0, 0, -1])],
        lambda: stack[:, [0, 2], [1, 1]],
        lambda: x[flags],
    ],
    "IndexSelectBackward0": [lambda: x.index_select(1, torch.tensor([0, 0, 3]))],
    "GatherBackward0": [lambda: x.gather(1, torch.tensor([[0, 0], [1, 3]]))],
    "EmbeddingBackward0": [
        lambda: F.embedding(torch.tensor([[0, 2], [2, 2]]), x),
        lambda: F.embedding(torch.tensor([0, 2, 2]), x, padding_idx=0, scale_grad_by_freq=True),
    ],
    "SortBackward0": [lambda: x.sort(0)[0]],
    "TopkBackward0": [lambda: x.topk(2)[0]],
    "IndexPutBackward0": [
        lambda: x.index_put((torch.tensor([0, 2]),), v),
        lambda: x.index_put((torch.tensor([1, 1]),), v.sum(), accumulate=True),
    ],
    "TraceBackward0": [square.trace],
    "DiagonalBackward0": [lambda: square.diagonal(1), lambda: stack.diagonal(0, 1, 2)],
    "TriuBackward0": [lambda: square.triu(1)],
    "TrilBackward0": [lambda: square.tril(-1)],
    "ConstantPadNdBackward0": [lambda: F.pad(stack, (1, 2, 0, 1)), lambda: F.pad(x, (-1, 2))],
    "StackBackward0": [lambda: torch.stack([x, y, positive], -1)],
    "CatBackward0": [lambda: torch.cat([x, y[:, :2]], 1), lambda: torch.cat([x, y], -2)],
    "UnbindBackward0": [lambda: x.unbind(1)[2]],
    "SplitBackward0": [lambda: x.split(3, 1)[1]],
    "SplitWithSizesBackward0": [lambda: x.split([1, 3], -1)[1]],
    "MmBackward0": [lambda: x @ square],
    "BmmBackward0": [lambda: torch.bmm(stack, stack_t)],
    "AddmmBackward0": [
        lambda: torch.addmm(v, x, square, alpha=2, beta=3),
        lambda: F.linear(x, square, v),
    ],
    "BaddbmmBackward0": [lambda: torch.baddbmm(w, stack, stack_t, alpha=2, beta=3)],
    "MvBackward0": [lambda: x @ v],
    "AddmvBackward0": [lambda: torch.addmv(w, x, v, alpha=2, beta=3)],
    "DotBackward0": [lambda: v @ v],
    "ConvolutionBackward0": [
        lambda: F.conv2d(image, kernel, gen(6), stride=(1, 2), padding=(2, 1), groups=2),
        lambda: F.conv2d(image, kernel, stride=2, dilation=2, padding=1, groups=2),
        lambda: F.conv1d(stack, gen(2, 3, 2), padding=1),
    ],
    "ScaledDotProductFlashAttentionForCpuBackward0": [
        lambda: F.scaled_dot_product_attention(image, image * 2, image * 3),
        lambda: F.scaled_dot_product_attention(image, image, image, is_causal=True, scale=0.7),
    ],
    "SumBackward0": [x.sum, gen().sum],
    "SumBackward1": [lambda: x.sum(1), lambda: stack.sum((0, -1), keepdim=True)],
    "MeanBackward0": [x.mean],
    "MeanBackward1": [lambda: x.mean(0), lambda: stack.mean((0, -1), keepdim=True)],
    "ProdBackward0": [x.prod, zeros.prod],
    "ProdBackward1": [lambda: x.prod(1), lambda: ties.prod(1, keepdim=True)],
    "CumsumBackward0": [lambda: stack.cumsum(1)],
    "VarBackward0": [x.var, lambda: x.var(1), lambda: x.var(0, correction=0, keepdim=True)],
    "StdBackward0": [x.std, lambda: x.std(1), lambda: x.std(0, correction=0, keepdim=True)],
    "MaxBackward1": [x.max, ties.max],
    "MinBackward1": [x.min],
    "AmaxBackward0": [lambda: ties.amax(1), lambda: stack.amax((0, 2), keepdim=True)],
    "AminBackward0": [lambda: ties.amin(0)],
    "MedianBackward0": [x.median],
    "MaxBackward0": [lambda: x.max(1)[0], lambda: x.max(0, keepdim=True)[0]],
    "MinBackward0": [lambda: x.min(1)[0]],
    "MedianBackward1": [lambda: x.median(1)[0]],
    "KthvalueBackward0": [lambda: x.kthvalue(2)[0]],
    "MaxPool2DWithIndicesBackward0": [lambda: F.max_pool2d(image, 3, stride=1, padding=1)],
    "AvgPool2DBackward0": [
        lambda: F.avg_pool2d(image, 2),
        lambda: F.avg_pool2d(image, (3, 2), stride=(2, 1), padding=1),
    ],
    "LinalgVectorNormBackward0": [
        x.norm,
        lambda: x.norm(dim=1, keepdim=True),
        lambda: x.norm(p=1),
        lambda: x.norm(p=3, dim=0),
        lambda: ties.norm(p=math.inf),
        lambda: (zeros * 0).norm(),
    ],
    "SoftmaxBackward0": [lambda: x.softmax(1), lambda: stack.softmax(-2)],
    "LogSoftmaxBackward0": [lambda: x.log_softmax(1)],
    "LogsumexpBackward0": [lambda: x.logsumexp(1), lambda: stack.logsumexp((0, 2), keepdim=True)],
    "NativeLayerNormBackward0": [
        lambda: F.layer_norm(stack, (4,), v, v),
        lambda: F.layer_norm(stack, (3, 4)),
    ],
    "NativeBatchNormBackward0": [
        lambda: F.batch_norm(image, *moments(image), gen(4), gen(4), training=True),
        lambda: F.batch_norm(image, *moments(image), gen(4), gen(4)),
        lambda: F.batch_norm(x, *moments(x)),
    ],
    "NativeGroupNormBackward0": [
        lambda: F.group_norm(image, 2, gen(4), gen(4)),
        lambda: F.group_norm(image, 4),
    ],
    "MseLossBackward0": [lambda: F.mse_loss(x, y), lambda: F.mse_loss(x, y, reduction="sum")],
    "SmoothL1LossBackward0": [
        lambda: F.smooth_l1_loss(x, y, beta=0.3),
        lambda: F.smooth_l1_loss(x, y, reduction="none"),
    ],
    "HuberLossBackward0": [lambda: F.huber_loss(x, y, delta=0.3)],
    "BinaryCrossEntropyBackward0": [
        lambda: F.binary_cross_entropy(x.sigmoid(), chances, class_weights),
        lambda: F.binary_cross_entropy(x.sigmoid(), chances, reduction="sum"),
    ],
    "BinaryCrossEntropyWithLogitsBackward0": [
        lambda: F.binary_cross_entropy_with_logits(x, y.sigmoid()),
        lambda: F.binary_cross_entropy_with_logits(
            x, y.sigmoid(), class_weights, reduction="none", pos_weight=class_weights
        ),
    ],
    "NllLossBackward0": [
        lambda: F.nll_loss(x, classes),
        lambda: F.nll_loss(x, classes, class_weights),
        lambda: F.nll_loss(x, classes, class_weights, reduction="none"),
        lambda: F.nll_loss(v, torch.tensor(2), reduction="sum"),
    ],
    "NllLoss2DBackward0": [
        lambda: F.nll_loss(image, torch.arange(50).view(2, 5, 5) % 4, class_weights)
    ],
}
"""Node -> expressions whose backward runs it: corners, ties and options included."""

CASES = [(name, make) for name, makes in OPS.items() for make in makes]
CASE_IDS = [f"{name}-{number}" for name, makes in OPS.items() for number in range(len(makes))]


@pytest.mark.parametrize(("name", "make"), CASES, ids=CASE_IDS)
def test_each_formula_gives_what_torch_sent(name: str, make) -> None:
    assert name in held_against_torch(sent_by(make()))


@pytest.mark.parametrize(("name", "make"), CASES, ids=CASE_IDS)
def test_a_formula_that_is_slightly_wrong_is_found_out(name: str, make, monkeypatch) -> None:
    call = sent_by(make())
    mine = {one.node for one in explain_call(call) if call.trace.nodes[one.node].name == name}
    assert all(
        one.agrees for one in explain_call(call) if one.node in mine and one.agrees is not None
    )
    rule = RULES[name]
    parts = tuple(
        Part(part.symbols, lambda n, right=part.formula: right(n) * 1.0001 + 1e-4)
        for part in rule.parts
    )
    monkeypatch.setitem(RULES, name, rule._replace(parts=parts))
    wrong = [one.agrees for one in explain_call(call) if one.node in mine]
    assert False in wrong
    assert True not in wrong


def test_every_formula_has_a_case_of_its_own() -> None:
    aliases = {
        "AliasBackward0", "DetachBackward0", "ReshapeBackward0", "ViewBackward1", "FillBackward0",
        "ZeroBackward0", "SqueezeBackward3", "SqueezeBackward4", "SqueezeBackward5",
        "ConjBackward0", "ViewAsRealBackward0",
    }  # fmt: skip
    assert set(RULES) - set(OPS) == aliases


def shapes(rank: int = 3):
    return st.lists(st.integers(1, 3), max_size=rank).map(tuple)


@st.composite
def broadcast_pairs(draw) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast together."""
    whole = draw(shapes())
    pair = []
    for _ in range(2):
        cut = draw(st.integers(0, len(whole)))
        pair.append(tuple(1 if draw(st.booleans()) else size for size in whole[cut:]))
    return pair[0], pair[1]


BINARY = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": lambda a, b: a / (b * b + 1),
    "pow": lambda a, b: (a * a + 1) ** b,
    "maximum": torch.maximum,
    "where": lambda a, b: torch.where(a > b, a, b),
}


@given(broadcast_pairs(), st.sampled_from(sorted(BINARY)), st.integers(0, 99))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_formulas_hold_under_broadcasting(pair, name: str, seed: int) -> None:
    a, b = gen(*pair[0], seed=seed), gen(*pair[1], seed=seed + 1)
    held_against_torch(sent_by(BINARY[name](a, b)))


REDUCE = {
    "sum": torch.sum,
    "mean": torch.mean,
    "amax": torch.amax,
    "logsumexp": torch.logsumexp,
    "norm": lambda t, dim, keepdim: t.norm(dim=dim, keepdim=keepdim),
    "softmax": lambda t, dim, keepdim: t.softmax(dim[0]) * (2 if keepdim else 1),
    "max": lambda t, dim, keepdim: t.max(dim[0], keepdim=keepdim)[0],
    "std": lambda t, dim, keepdim: t.std(dim, correction=0, keepdim=keepdim),
    "prod": lambda t, dim, keepdim: t.prod(dim[0], keepdim=keepdim),
}


@given(st.data(), st.sampled_from(sorted(REDUCE)), st.integers(0, 99))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_formulas_hold_for_reductions_over_any_dims(data, name: str, seed: int) -> None:
    shape = data.draw(st.lists(st.integers(2, 3), min_size=1, max_size=3).map(tuple))
    dims = st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True)
    dim = [d - len(shape) if data.draw(st.booleans()) else d for d in data.draw(dims)]
    made = REDUCE[name](gen(*shape, seed=seed), dim=dim, keepdim=data.draw(st.booleans()))
    held_against_torch(sent_by(made))


@given(st.data(), st.integers(0, 99))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_formulas_hold_for_products_of_any_shapes(data, seed: int) -> None:
    batch = data.draw(shapes(2))
    n, k, m = (data.draw(st.integers(1, 3)) for _ in range(3))
    a = gen(*batch, n, k, seed=seed) if data.draw(st.booleans()) else gen(k, seed=seed)
    b = gen(k, m, seed=seed + 1) if data.draw(st.booleans()) else gen(k, seed=seed + 1)
    held_against_torch(sent_by(a @ b))


def test_symbols_are_short_and_sentences_are_sentences() -> None:
    for name, rule in RULES.items():
        assert rule.sentence.endswith("."), name
        assert rule.parts, name
        for symbols in rule.symbols:
            assert 0 < len(symbols) <= 60, name


def test_there_is_no_rule_for_what_nobody_has_written_down() -> None:
    assert rule_of("CubeBackward") is None
    assert rule_of("AccumulateGrad") is None


# ------------------------------------------------------------------------------------ why a number

TUTORIAL = presets.get("tutorial").program


def tutorial():
    run = explorer.run(TUTORIAL, ask=(LocalAsk(0),))
    (call,) = run.calls
    locals_ = {(one.node, one.slot): one for one in run.answers[0].locals}
    steps = {call.trace.nodes[step.node].name: step for step in call.steps}
    return call, steps, locals_


def test_a_number_is_explained_in_symbols_in_numbers_and_as_a_value() -> None:
    call, _, locals_ = tutorial()
    step = call.steps[2]
    why = explain(call, step, 0, 3, locals_[step.node, 0])
    assert why.symbols == "g · other"
    assert why.sentence == "Each factor gets the cotangent times the other factor."
    assert [(t.label, t.factor, t.weight, t.product) for t in why.terms] == [
        ("g[1,1]", 0.75, 3.0, 2.25)
    ]
    assert (why.total, why.formula, why.torch, why.agrees) == (2.25, 2.25, 2.25, True)
    assert (why.label, why.notes) == ("MulBackward0 slot 0[1,1]", ())


def test_what_arrives_is_explained_by_the_edges_that_it_came_on() -> None:
    call, steps, _ = tutorial()
    why = explain_arrival(call, steps["AddBackward0"], 0, 2)
    assert [(t.label, t.product) for t in why.terms] == [
        ("MulBackward0, slot 0", 2.25),
        ("MulBackward0, slot 1", 2.25),
    ]
    assert (why.total, why.torch, why.agrees) == (4.5, 4.5, True)
    root = explain_arrival(call, steps["MeanBackward0"], 0, 0)
    assert [(t.label, t.product) for t in root.terms] == [("v", 1.0)]


def test_grad_is_what_was_there_before_and_what_was_added() -> None:
    run = explorer.run("import torch\nx = torch.ones(2, requires_grad=True)\ny = (x * 2).sum()\n"
                       "y.backward(retain_graph=True)\ny.backward()")  # fmt: skip
    first, second_ = (explain_leaf(call.leaves[0], 1) for call in run.calls)
    assert [(t.label, t.product) for t in first.terms] == [("added", 2.0)]
    assert [(t.label, t.product) for t in second_.terms] == [("before", 2.0), ("added", 2.0)]
    assert (second_.label, second_.total, second_.torch, second_.agrees) == (
        "x.grad[1]", 4.0, 4.0, True,
    )  # fmt: skip


def test_a_retained_grad_is_what_was_there_before_and_what_arrived() -> None:
    x = torch.tensor([0.5, -1.0], requires_grad=True)
    h = torch.tanh(x * 3)
    (expected,) = torch.autograd.grad((h * h * x).sum(), h)
    source = """
import torch
x = torch.tensor([0.5, -1.0], requires_grad=True)
h = torch.tanh(x * 3)
h.retain_grad()
y = (h * h * x).sum()
y.backward(retain_graph=True)
y.backward()
"""
    calls = explorer.run(source).calls
    kept = [next(leaf for leaf in call.leaves if leaf.name == "h") for call in calls]
    for times, leaf in enumerate(kept, 1):
        assert leaf.node is None
        np.testing.assert_allclose(leaf.added.array, expected.numpy(), rtol=1e-6)
        for element in range(2):
            why = explain_leaf(leaf, element)
            assert why.torch == pytest.approx(times * expected[element].item(), rel=1e-6)
            assert (why.symbols, why.agrees) == ("before + added", True)


def test_terms_come_largest_first_and_the_rest_is_counted_and_summed() -> None:
    a = torch.arange(1.0, 21.0).requires_grad_()
    call = explorer.record(a.expand(20, 20), torch.arange(400.0).view(20, 20))
    weights = Terms(0, 0, 3, (Values.of_array(np.eye(20)[3] * np.ones((20, 1))),))
    why = explain(call, call.steps[0], 0, 3, weights)
    assert [t.label for t in why.terms] == [f"g[{row},3]" for row in range(19, 19 - MAX_TERMS, -1)]
    assert (why.more, why.rest) == (12, sum(20.0 * row + 3 for row in range(12)))
    assert why.total == why.torch == sum(20.0 * row + 3 for row in range(20))
    assert why.agrees is True


def test_agreement_is_computed() -> None:
    call, _, locals_ = tutorial()
    step = call.steps[2]
    off = Values.of_array(step.cotangents_out[0].array * np.float32(1.0001))
    other = msgspec.structs.replace(step, cotangents_out=(off, step.cotangents_out[1]))
    assert explain(call, other, 0, 3, locals_[step.node, 0]).agrees is False
    assert explain(call, other, 0, 3).agrees is False
    tampered = msgspec.structs.replace(call, steps=(*call.steps[:2], other, *call.steps[3:]))
    said = {(one.step, one.slot): one.agrees for one in explain_call(tampered)}
    assert said == {(0, 0): True, (1, 0): True, (2, 0): False, (2, 1): True, (3, 0): True}
    late = explain_arrival(tampered, call.steps[3], 0, 2)
    assert late.agrees is False


def test_wrong_weights_are_found_out() -> None:
    call, _, locals_ = tutorial()
    step = call.steps[2]
    local = locals_[step.node, 0]
    wrong = msgspec.structs.replace(local, values=Values.of_array(local.values.array * 2))
    why = explain(call, step, 0, 3, wrong)
    assert (why.total, why.formula, why.torch, why.agrees) == (4.5, 2.25, 2.25, False)


def test_where_no_formula_is_written_the_terms_still_stand() -> None:
    run = explorer.run(presets.get("custom_function").program, ask=(LocalAsk(0),))
    call = run.calls[0]
    step = call.steps[1]
    local = next(one for one in run.answers[0].locals if one.node == step.node)
    why = explain(call, step, 0, 1, local)
    assert (why.symbols, why.formula) == ("", None)
    assert [(t.factor, t.weight) for t in why.terms] == [(1.0, 12.0)]
    assert why.agrees is True
    assert why.notes[0].startswith("No formula is written for CubeBackward")


def test_none_and_unknown_are_said_and_never_agree() -> None:
    a, b = gen(3), gen(3)
    call = explorer.record((a * b).sum(), inputs=[a], names={"a": a})
    step = call.steps[1]
    why = explain(call, step, 1, 0)
    assert (why.torch, why.agrees) == (None, None)
    assert why.notes == (
        "torch sent None here: nothing flows along this edge.",
        "The terms are not known here.",
    )
    large = gen(65_537)
    call = explorer.record((large * 2).sum())
    why = explain(call, call.steps[1], 0, 0)
    assert (why.torch, why.agrees) == (None, None)
    assert "The number itself was not kept: over 65,536 elements" in why.notes[0]


def test_numbers_that_are_not_finite_are_explained_too() -> None:
    z = torch.zeros(2, requires_grad=True)
    call = explorer.record(z.sqrt().sum())
    assert [(one.step, one.agrees) for one in explain_call(call)] == [(0, True), (1, True)]
    why = explain(call, call.steps[1], 0, 0)
    assert (why.formula, why.torch, why.agrees) == (math.inf, math.inf, True)


def test_complex_numbers_follow_their_formulas_but_are_not_explained_one_by_one() -> None:
    c = torch.complex(gen(3, seed=1), gen(3, seed=2)).detach().requires_grad_()
    real = gen(3)
    call = explorer.record((c * real / c.conj()).abs().sum() + (c @ c).real, names={"c": c})
    said = [one for one in explain_call(call) if one.symbols]
    assert {one.agrees for one in said} == {True}
    number = next(k for k, step in enumerate(call.steps) if "Mul" in names_of(call)[k])
    why = explain(call, call.steps[number], 0, 0)
    assert (why.torch, why.formula, why.agrees) == (None, None, None)
    assert "Complex numbers are not explained one by one." in why.notes


def names_of(call) -> list[str]:
    return [call.trace.nodes[step.node].name for step in call.steps]


def test_a_hook_that_changes_a_number_on_its_way_is_named() -> None:
    a = gen(2)
    b = a * 2
    b.register_hook(lambda g: g * 3)

    def enlarge(leaf: Tensor) -> None:
        leaf.grad.mul_(5)

    a.register_post_accumulate_grad_hook(enlarge)
    call = explorer.record(b.sum(), names={"a": a})
    arrived = explain_arrival(call, call.steps[1], 0, 0)
    assert (arrived.total, arrived.torch, arrived.agrees) == (1.0, 3.0, False)
    assert arrived.notes == ("That is not what arrived: a hook changed it on the way.",)
    (leaf,) = call.leaves
    assert (explain_leaf(leaf, 0).total, explain_leaf(leaf, 0).torch) == (6.0, 30.0)
    assert explain_leaf(leaf, 0).notes == (
        "That is not what .grad holds: something changed it afterwards.",
    )


def test_a_saved_tensor_that_was_edited_behind_torchs_back_is_suspected() -> None:
    source = """
import torch
x = torch.ones(2, requires_grad=True)
k = torch.tensor([2.0, 3.0])
y = (x * k).sum()
y.backward(retain_graph=True)
k.data.mul_(10)
y.backward()
"""
    run = explorer.run(source, ask=(LocalAsk(0), LocalAsk(1)))
    found = []
    for call, answer in zip(run.calls, run.answers, strict=True):
        step = call.steps[1]
        (local,) = (one for one in answer.locals if one.node == step.node)
        why = explain(call, step, 0, 1, local)
        assert (why.total, why.torch) == (why.torch, 3.0 if call is run.calls[0] else 30.0)
        assert {one.agrees for one in explain_call(call, answer.locals)} >= {why.agrees}
        found.append((why.agrees, why.formula, " ".join(why.notes)))
    assert found[0] == (True, 3.0, "")
    assert found[1][:2] == (False, 3.0)
    assert "may have been edited since" in found[1][2]


@pytest.mark.parametrize("name", ZOO)
def test_rules_and_local_jacobians_agree_with_torch_on_the_whole_zoo(name: str) -> None:
    root, names = ZOO[name]()
    locals_ = local_jacobians(root)
    roots = [root] if isinstance(root, Tensor) else list(root)
    call = explorer.record(roots, [torch.ones_like(r) for r in roots], names=names)
    said = explain_call(call, locals_)
    assert [(one.step, one.slot) for one in said] == [
        (number, edge.slot)
        for number, step in enumerate(call.steps)
        for edge in call.trace.edges
        if edge.source == step.node
    ]
    unknown = [one for one in said if one.agrees is not True]
    assert not unknown or name in PACKED
    assert all("packed" in " ".join(one.notes) for one in unknown)


def test_a_number_of_a_large_node_is_explained_by_the_terms_that_were_asked_for() -> None:
    program = presets.get("convnet").program
    (call,) = explorer.run(program).calls
    number = names_of(call).index("NativeBatchNormBackward0")
    asks = [TermsAsk(0, call.steps[number].node, 0, element) for element in (0, 77, 127)]
    run = explorer.run(program, ask=(LocalAsk(0), *asks))
    (large,) = (one for one in run.answers[0].locals if (one.node, one.slot) == (asks[0].node, 0))
    assert large.values is None
    for answer in run.answers[1:]:
        why = explain(call, call.steps[number], 0, answer.ask.element, answer.terms)
        assert why.agrees is True
        assert len(why.terms) == MAX_TERMS
        assert why.more == 64 - MAX_TERMS
        assert why.total == pytest.approx(sum(t.product for t in why.terms) + why.rest)


def test_a_case_for_which_no_formula_is_written_says_so_and_the_terms_stand() -> None:
    source = """
import torch
k = torch.ones(1, 2, 2, requires_grad=True)
torch.nn.functional.conv_transpose1d(torch.ones(1, 1, 3), k).sum().backward()
"""
    run = explorer.run(source, ask=(LocalAsk(0),))
    (call,), (answer,) = run.calls, run.answers
    number = names_of(call).index("ConvolutionBackward0")
    (local,) = (one for one in answer.locals if one.node == call.steps[number].node)
    why = explain(call, call.steps[number], local.slot, 0, local)
    assert (why.formula, why.total, why.torch, why.agrees) == (None, 3.0, 3.0, True)
    assert why.notes == ("No formula is written for a transposed convolution.",)


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_why_this_number_equals_torch_for_every_element_of_every_preset(preset) -> None:
    calls = min(4, len(ran(preset.program).calls))
    run = explorer.run(preset.program, ask=tuple(LocalAsk(k) for k in range(calls)))
    for call, answer in zip(run.calls, run.answers, strict=False):
        locals_ = {(one.node, one.slot): one for one in answer.locals}
        for step in call.steps:
            for slot, sent in enumerate(step.cotangents_out):
                for element in range(sent.size if sent else 0):
                    why = explain(call, step, slot, element, locals_.get((step.node, slot)))
                    assert why.agrees is True
            for output, arrived in enumerate(step.cotangents_in):
                for element in range(arrived.size if arrived else 0):
                    assert explain_arrival(call, step, output, element).agrees is True
        for leaf in call.leaves:
            for element in range(leaf.after.size if leaf.after else 0):
                assert explain_leaf(leaf, element).agrees is True
        said = explain_call(call, answer.locals)
        assert all(one.agrees is not False for one in said)
        edges = {(edge.source, edge.slot) for edge in call.trace.edges}
        assert {(one.node, one.slot) for one in said} == {
            edge for edge in edges if edge[0] in {step.node for step in call.steps}
        }
