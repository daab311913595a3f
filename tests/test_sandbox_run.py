"""A program gives the same Run in the sandbox as in this process: every number, span and letter."""

from collections.abc import Iterator

import pytest
import torch

# Every fact about `run` is collected here once more, and holds in the sandbox too.
from test_run import *  # noqa: F403

import explorer
from explorer import presets, sandbox
from explorer.autograd import runner
from explorer.builder import LAYER_KINDS, LOSSES, Layer, NetworkSpec
from explorer.data import JacobianAsk, LocalAsk, Program, Run, TermsAsk


def both(program: Program | str, **more) -> Run:
    """The Run of the sandbox, after comparing it with that of this process."""
    here = runner.run(program, **more)
    there = sandbox.run(program, **more)
    assert there == here
    return there


@pytest.fixture(autouse=True)
def _same_run_in_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(explorer, "run", both)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in another order end in other digits
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("preset", presets.all(), ids=lambda preset: preset.slug)
def test_every_preset_gives_an_equal_run(preset: presets.Preset) -> None:
    both(preset.program)


def test_asks_are_answered_equally() -> None:
    asks = (JacobianAsk("out", ("x",)), LocalAsk(0), TermsAsk(0, 0, 0, 0))
    run = both(presets.get("tutorial").program, ask=asks)
    assert [answer.error for answer in run.answers] == [None, None, None]
    custom = presets.get("custom_function").program
    assert both(custom, ask=(LocalAsk(0),)).answers[0].locals


@pytest.mark.parametrize("loss", LOSSES)
def test_what_the_builder_writes_runs_unchanged(loss: str) -> None:
    every = tuple(Layer(kind, width=3) for kind in LAYER_KINDS)
    for more in ({}, {"bias": False, "training": False, "input_requires_grad": True}):
        assert both(NetworkSpec(layers=every, loss=loss, **more).program()).error is None


# -------------------------------------------------------------------------- the five sources' code

TUTORIAL = """\
import torch
x = torch.ones(2, 2, requires_grad=True)
y = x + 2
print(y.grad_fn, f"{y.sum()}\\n")
a = torch.randn(2, 2)
a = ((a * 3) / (a - 1))
print(a.requires_grad)
a.requires_grad_(True)
x = torch.randn(3, requires_grad=True)
y = x * 2
while y.data.norm() < 1000:
    y = y * 2
y.backward(torch.tensor([0.1, 1.0, 0.0001], dtype=torch.float))
print(x.grad)
with torch.no_grad():
    print((x ** 2).requires_grad)
"""

NOTEBOOK = """\
import torch
import torch.nn as nn
from torch.autograd.functional import jacobian

class SimpleNN(nn.Module):
    def __init__(self, input_dim: int = 3, *, out: int = 2) -> None:
        super(SimpleNN, self).__init__()
        self.Layer_1 = nn.Linear(input_dim, 16)
        self.Output_Layer = nn.Linear(16, out)
        self.activation_fnc = nn.ReLU()
        self.calls = 0

    def forward(self, x: torch.Tensor):
        self.calls += 1
        x = self.Layer_1(x)
        x = self.activation_fnc(x)
        return self.Output_Layer(x)

torch.manual_seed(42)
model = SimpleNN()
x = torch.tensor([1, 2, 1.5], requires_grad=True)
J = jacobian(lambda t: model(t), x, create_graph=True)
print(f"J =\\n{J}\\n", f"{J.shape=}")
J.sum().backward()
for name, p in model.named_parameters():
    print(name, None if p.grad is None else p.grad.shape, sep=": ")
print(model, model.calls)
"""

QUESTION = """\
import numpy as np
import numpy.random as npr
import torch
from torch.autograd import Variable

rs = npr.RandomState(0)
w = [Variable(torch.from_numpy(rs.randn(6, 4)).float(), requires_grad=True),
     Variable(torch.Tensor(rs.randn(4, 1).tolist()), requires_grad=True)]
X = Variable(torch.from_numpy(np.array(rs.randn(20, 6), dtype=np.float32)))

def net(x, weights):
    for W in weights[:-1]:
        x = torch.tanh(x.mm(W))
    return x @ weights[-1]

output = net(X, w)
jac = torch.zeros(20, 28)
for i, one in enumerate(torch.eye(20)):
    for W in w:
        if W.grad is not None:
            W.grad.data.zero_()
    output.backward(one.view(-1, 1), retain_graph=True)
    jac[i, :] = torch.cat([W.grad.view(-1) for W in w])
print("%d x %d" % tuple(jac.shape), "norm {:.4f}".format(jac.norm().item()))
print("{0.shape} {1[0]:>6.2f}".format(X, jac[0].tolist()))
"""

ARTICLE = """\
import torch
loss_fn = torch.nn.functional.binary_cross_entropy_with_logits
x, y = torch.ones(5), torch.zeros(3)
w = torch.randn(5, 3, requires_grad=True)
b = torch.randn(3, requires_grad=True)
z = torch.matmul(x, w) + b
loss = loss_fn(z, y)
print(f"Gradient function for z = {z.grad_fn}")
loss.backward()
inp = torch.eye(4, 5, requires_grad=True)
out = (inp + 1).pow(2).t()
out.backward(torch.ones_like(out), retain_graph=True)
print(f"First call\\n{inp.grad}")
inp.grad.zero_()
def exp_reducer(x):
    return x.exp().sum(dim=1)
print(torch.autograd.functional.jacobian(exp_reducer, torch.rand(2, 3)))
"""

MANNERS = """\
import math, random, itertools, functools
from collections import OrderedDict, defaultdict
from typing import List, Optional
import torch
from torch import nn, Tensor
from torch.autograd import Function, grad
from torch.autograd.function import once_differentiable
import torch.nn.functional as F, torch.optim as optim

class Scale(Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.save_for_backward(x)
        ctx.k = k
        return x * k

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return (g * ctx.k
                .__class__(ctx.k)), None

class Point:
    made = 0
    def __init__(self, x, y=0.0, *rest, **more):
        self.x, (self.y, self.more) = x, (y, more)
        Point.made += 1
    def __repr__(self):
        return f"{type(self).__name__}({self.x!r}, {self.y:>8.3f})"
    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)
    @property
    def length(self):
        return math.hypot(self.x, self.y)
    @length.setter
    def length(self, new):
        self.x *= new / self.length
    @classmethod
    def origin(cls):
        return cls(0.0)

class Half(Point):
    def __init__(self, *args):
        super().__init__(*args, half=True)

class Stop(Exception):
    pass

@torch.no_grad()
def update(params, lr=0.1):
    for p in params:
        p -= lr * p.grad

def counter():
    n = 0
    def up():
        nonlocal n
        n += 1
        return n
    return up

def numbers():
    yield 1
    yield from (2, 3)

p = Half(3.0, 4.0)
p.length = 10
print(p, p + Point.origin(), p.more, Point.made, isinstance(p, Point), hasattr(p, "z"))
up = counter(); up(); print(up(), list(numbers()), [*map(str, numbers())])
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x
     .mul(3)
     .sin()
     .sum())
z = Scale.apply(
    x,
    2.0,
)
(y +
 z.sum()).backward()
update([x])
x.data[0] += 1
x.data -= 0.5
x.grad = None
a = b = torch.zeros(2)
a += 1
a[1] *= 5
table = defaultdict(list); table["a"].append(b); table["b"] += [1]
first, *rest = {k: v for k, v in sorted({"b": 1, "a": 2}.items()) if v}
print(first, rest, a, b, dict(table), getattr(x, "shape"), "{}{:>4}{x}".format(1, 2, x=3))
try:
    raise Stop("no", 3)
except (Stop, KeyError) as error:
    print(type(error).__name__, error.args, repr(error))
else:
    print("never")
finally:
    print("done", end="!\\n")
if (n := len("four")) > 3 and not n < 0:
    del n
net = nn.Sequential(OrderedDict([("lin", nn.Linear(2, 2)), ("act", nn.ReLU())]))
opt = optim.Adam(net.parameters(), lr=1e-2)
for epoch in range(2):
    opt.zero_grad()
    loss = F.mse_loss(net(x), torch.ones(2))
    loss.backward()
    opt.step()
print(net.lin.weight.grad.shape, opt.param_groups[0]["lr"], len(net), net[0], loss)
net.lin.weight.requires_grad = False
handle = x.register_hook(lambda g: g * 2)
g, = grad((x * x).sum(), x, create_graph=True)
handle.remove()
print(g, g.grad_fn.next_functions[0][0].name(), x._version, y.grad_fn._saved_self_sym_sizes)
print(torch.__version__[:0], random.random(), math.pi, functools.reduce(max, [1, 3, 2]))
v: List[int] = [*itertools.accumulate([1, 2, 3])]
print(v, __name__, Ellipsis, 10 ** 20, 3 // 2, -7 % 3, ~5, 1 if v else 2, "a" "b", b"c", r"\\d")
assert v, "never"
lambda: x.nothing
x.nothing
"""


@pytest.mark.parametrize(
    "source",
    [TUTORIAL, NOTEBOOK, QUESTION, ARTICLE],
    ids=["tutorial", "notebook", "question", "article"],
)
def test_the_sources_own_kind_of_code_runs_unchanged(source: str) -> None:
    assert both(source).error is None


def test_the_language_of_teaching_programs_reads_as_python_reads_it() -> None:
    error = both(MANNERS).error
    assert (error.type, error.message) == (
        "AttributeError",
        "'Tensor' object has no attribute 'nothing'",
    )


@pytest.mark.parametrize("source", ["x = 1 is 1", "assert (1, 'always')"])
def test_what_python_warns_of_is_told_once(source: str) -> None:
    assert len(both(source).warnings) == 1


@pytest.mark.parametrize(
    "source",
    [
        "x = = 2",
        "def f(:",
        "return 1",
        "print('a' + 1)",
        "import torch\ntorch.ones(2) @ torch.ones(3)",
        "import torch\n\nx = [torch.ones(2, requires_grad=True)\n     .exp()\n     .reshape(3)]",
        "{}['k']",
        "def f(n):\n    return f(n + 1)\nf(0)",
        "raise ValueError('own', 'words')",
        "'é' + 1; 'ü'",
        "class A: pass\nA().x",
        "undefined",
        "'{}'.format()",
        "'{x}'.format()",
        "'{0.nothing}'.format(1)",
        "'{'.format(1)",
        "from torch import nn\nnn.Linear(2, 2).weigth",
    ],
)
def test_errors_have_pythons_words_and_place(source: str) -> None:
    assert both(source).error is not None
