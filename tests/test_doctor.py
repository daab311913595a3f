"""The doctor names place and reason beside torch's own words, and every cure it offers works."""

import ast
from functools import cache
from textwrap import dedent, indent
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer import presets
from explorer.autograd import runner
from explorer.data import Program, Run
from explorer.doctor import MAX_DIAGNOSES, Cure, Diagnosis, diagnose, tried
from explorer.doctor.text import Text


class Sick(NamedTuple):
    """A program, and what the doctor must say of it.

    `line` is where it shows, `node` the name of the node that it concerns (None for none), `cause`
    the line that brought it about. `cures` says how many cures are offered.
    """

    row: int
    program: str
    line: int
    node: str | None
    says: str
    cures: int = 1
    cause: int | None = None


@cache
def run(program: Program | str) -> Run:
    """Runs are equal for equal programs, so each is made once."""
    return runner.run(program)


def run_of(program: str) -> Run:
    return run("import torch\n" + dedent(program).lstrip("\n"))


def only(program: str, row: int | None) -> tuple[Run, Diagnosis]:
    shown = run_of(program)
    (found,) = [d for d in diagnose(shown) if d.row == row]
    return shown, found


def cured(program: str, row: int, number: int = 0) -> Run:
    """The run after the cure of that number was applied."""
    _, found = only(program, row)
    return run(found.cures[number].source)


def same_text_elsewhere(before: str, cure: Cure, lines: int) -> bool:
    """Whether at most so many lines of the program were touched."""
    kept = set(before.splitlines())
    return sum(line not in kept for line in cure.source.splitlines()) <= lines


CUBE = """
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.save_for_backward(x)
        ctx.k = k
        return k * x ** 3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        {returned}

x = torch.tensor([1.0, 2.0], requires_grad=True)
Cube.apply(x, 2.0).sum().backward()
"""

LAYERS = """
import torch.nn as nn
parts = []
for i in range(20):
    parts += [nn.Linear(16, 16), nn.Sigmoid()]
net = nn.Sequential(*parts)
net(torch.randn(8, 16)).sum().backward()
"""

SCALAR = "grad can be implicitly created only for scalar outputs"
MISMATCH = "Mismatch in shape: grad_output[0] has a shape of torch.Size("
TWICE = "Trying to backward through the graph a second time"
NO_GRAD = "element 0 of tensors does not require grad and does not have a grad_fn"
NOT_LEAF = "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed."
IN_PLACE = "one of the variables needed for gradient computation has been modified by an inplace"
LEAF = "a leaf Variable that requires grad is being used in an in-place operation."
VIEW_OF_LEAF = (
    "a view of a leaf Variable that requires grad is being used in an in-place operation."
)
UNUSED = "The differentiated Tensor at index 1 appears to not have been used in the graph."
COUNT = "function CubeBackward returned an incorrect number of gradients"
REENTRANT = "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad()"
HOOK = "cannot register a hook on a tensor that doesn't require gradient"

SICK = {
    # ------------------------------------------------------------------------------------- 1
    "no vector": Sick(1, """
        x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        y = x * x  # three numbers
        y.backward()  # and no v
        """, 4, "MulBackward0", SCALAR, 2),
    "no vector, in brackets": Sick(1, """
        weights = torch.ones(2, 2, requires_grad=True)
        (weights * 2 + 1).backward()
        """, 3, "AddBackward0", SCALAR),
    "no vector, over several lines": Sick(1, """
        x = torch.ones(3, requires_grad=True)
        (
            x.exp()
            .mul(2)
            .backward(  # go
                retain_graph=True,
            )
        )
        """, 6, "MulBackward0", SCALAR),
    "no vector, in a method": Sick(1, """
        import torch.nn as nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.lin = nn.Linear(2, 3)
            def train_once(self, data):
                out = self.lin(data)
                out.backward()
        Net().train_once(torch.ones(1, 2))
        """, 9, "AddmmBackward0", SCALAR, 2),
    "no vector, in a loop": Sick(1, """
        w = torch.ones(3, requires_grad=True)
        for step in range(3):
            loss = (w - 1) ** 2
            loss.backward()
        """, 5, "PowBackward0", SCALAR, 2),
    "no vector, grad": Sick(1, """
        from torch.autograd import grad
        x = torch.ones(3, requires_grad=True)
        (g,) = grad(x ** 2, x)
        """, 4, "PowBackward0", SCALAR),
    "no vector, autograd.backward": Sick(1, """
        x = torch.ones(3, requires_grad=True)
        y, z = x * 2, x.sum()
        torch.autograd.backward([z, y])
        """, 4, "SumBackward0", SCALAR),
    "wrong vector": Sick(1, """
        x = torch.ones(3, requires_grad=True)
        y = x * x
        y.backward(torch.ones(2))
        """, 4, "MulBackward0", MISMATCH),
    "wrong vector of the right size": Sick(1, """
        x = torch.ones(3, 1, requires_grad=True)
        y = x * x
        v = torch.tensor([1.0, 2.0, 3.0])
        y.backward(gradient=v)
        """, 5, "MulBackward0", MISMATCH, 2),
    "wrong vector, grad": Sick(1, """
        x = torch.ones(3, requires_grad=True)
        y = x * x
        torch.autograd.grad(y, x, torch.ones(4))
        """, 4, "MulBackward0", MISMATCH),
    # ------------------------------------------------------------------------------------- 2
    "adds up": Sick(2, """
        x = torch.tensor(2.0, requires_grad=True)
        for i in range(3):
            y = x * x
            y.backward()
            print(x.grad)
        """, 5, "AccumulateGrad", ""),
    "adds up, in line": Sick(2, """
        x = torch.tensor(2.0, requires_grad=True)
        y = x * x
        y.backward()
        print(x.grad)
        z = x * x
        z.backward()
        print(x.grad)
        """, 7, "AccumulateGrad", ""),
    "adds up, optimizer": Sick(2, """
        import torch.nn as nn
        net = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for i in range(3):
            loss = net(torch.ones(4, 2)).pow(2).mean()
            loss.backward()
            optimizer.step()
        """, 7, "AccumulateGrad", ""),
    "adds up, by hand": Sick(2, """
        import torch.nn as nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = nn.Linear(2, 1)
            def forward(self, x):
                return self.inner(x)
        model = Net()
        for i in range(3):
            model(torch.ones(4, 2)).pow(2).mean().backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
        """, 11, "AccumulateGrad", ""),
    # ------------------------------------------------------------------------------------- 3
    "second time": Sick(3, """
        x = torch.tensor(2.0, requires_grad=True)
        y = x * x
        y.backward()
        y.backward()
        """, 5, "MulBackward0", TWICE, 1, 4),
    "second time, a shared part": Sick(3, """
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        h = x.exp()
        first = h.sum()
        second = (h * 2).sum()
        first.backward()
        second.backward()
        """, 7, "ExpBackward0", TWICE, 1, 6),
    "second time, in a loop": Sick(3, """
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        h = x.exp()
        for k in range(2):
            (h * k).sum().backward()
        """, 5, "ExpBackward0", TWICE, 1, 5),
    "second time, carried": Sick(3, """
        W = torch.ones(2, 2, requires_grad=True)
        h = torch.zeros(1, 2)
        for t in range(3):
            h = torch.tanh(h @ W + 1)
            loss = h.sum()
            loss.backward()
            with torch.no_grad():
                W -= 0.1 * W.grad
            W.grad = None
        """, 7, "TanhBackward0", TWICE, 1, 7),
    "second time, grad": Sick(3, """
        from torch.autograd import grad
        x = torch.tensor(2.0, requires_grad=True)
        y = x ** 3
        a = grad(y, x)
        b = grad(y, x)
        """, 6, "PowBackward0", TWICE, 1, 5),
    "second time, a saved tensor": Sick(3, """
        x = torch.tensor(2.0, requires_grad=True)
        y = x.exp()
        y.backward()
        print(y.grad_fn._saved_result)
        """, 5, "ExpBackward0", TWICE, 1, 4),
    "second time, in a function": Sick(3, """
        def press(loss, times):
            for _ in range(times):
                loss.backward()
        x = torch.tensor(2.0, requires_grad=True)
        press(x ** 2, 2)
        """, 4, "PowBackward0", TWICE, 1, 4),
    "second time, caught": Sick(3, """
        x = torch.tensor(2.0, requires_grad=True)
        y = x.sin()
        y.backward()
        try:
            y.backward()
        except RuntimeError:
            print("no")
        print("on")
        """, 6, "SinBackward0", TWICE, 1, 4),
    # ------------------------------------------------------------------------------------- 4
    "nothing requires grad": Sick(4, """
        x = torch.tensor(2.0)
        y = x * x
        y.backward()
        print(x.grad)
        """, 4, None, NO_GRAD),
    "nothing requires grad, two leaves": Sick(4, """
        x = torch.randn(4, 2)
        w, b = torch.randn(2), torch.zeros(())
        loss = ((x @ w + b) ** 2).mean()
        loss.backward()
        print(w.grad)
        """, 5, None, NO_GRAD, 3),
    "no_grad": Sick(4, """
        x = torch.tensor(2.0, requires_grad=True)
        with torch.no_grad():
            y = x * x
        y.backward()
        """, 5, None, NO_GRAD, 1, 4),
    "no_grad, a decorator": Sick(4, """
        import torch.nn as nn
        net = nn.Linear(2, 1)
        @torch.no_grad()
        def predict(batch):
            return net(batch)
        loss = predict(torch.ones(3, 2)).mean()
        loss.backward()
        """, 8, None, NO_GRAD, 1, 6),
    "no_grad, imported": Sick(4, """
        from torch import no_grad
        x = torch.ones(2, requires_grad=True)
        with no_grad():
            y = x * 2
        y.sum().backward()
        """, 6, None, NO_GRAD, 1, 5),
    "inference_mode": Sick(4, """
        x = torch.ones(2, requires_grad=True)
        with torch.inference_mode():
            y = x * 2
        y.sum().backward()
        """, 5, None, NO_GRAD, 1, 4),
    "detach": Sick(4, """
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        hidden = (x * x).detach()
        loss = hidden.sum()
        loss.backward()
        """, 5, "MulBackward0", NO_GRAD, 1, 3),
    "data, then detach": Sick(4, """
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        h = x.data * 2
        loss = h.detach().sum()
        loss.backward()
        """, 5, None, NO_GRAD, 1, 3),
    "tensor of a tensor": Sick(4, """
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        loss = (x * x).sum()
        loss = torch.tensor(loss)
        loss.backward()
        """, 5, "SumBackward0", NO_GRAD, 1, 4),
    "tensor of an item": Sick(4, """
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        loss = torch.tensor((x * x).sum().item())
        loss.backward()
        """, 4, None, NO_GRAD, 1, 3),
    "tensor of a list": Sick(4, """
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        losses = torch.tensor([(x * k).sum() for k in (1, 2)])
        losses.sum().backward()
        """, 4, "SumBackward0", NO_GRAD, 1, 3),
    "argmax": Sick(4, """
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        best = (x * x).argmax()
        best.backward()
        """, 4, "MulBackward0", NO_GRAD, 0, 3),
    "frozen": Sick(4, """
        import torch.nn as nn
        net = nn.Linear(2, 1)
        net.requires_grad_(False)
        net(torch.ones(3, 2)).sum().backward()
        """, 5, None, NO_GRAD, 1, 5),
    "Variable": Sick(4, """
        from torch.autograd import Variable
        x = Variable(torch.ones(3))
        y = (x * x).sum()
        y.backward()
        """, 5, None, NO_GRAD),
    "Variable, silently": Sick(4, """
        from torch.autograd import Variable
        x = Variable(torch.ones(3, requires_grad=True))
        w = torch.ones(3, requires_grad=True)
        (x * w).sum().backward()
        print(x.grad)
        """, 3, None, ""),
    "no grad, in a method": Sick(4, """
        class Model:
            def __init__(self):
                self.w = torch.ones(2, requires_grad=True)
            def loss(self, x):
                guess = self.w.detach() * x
                return (guess ** 2).sum()
        m = Model()
        m.loss(torch.ones(2)).backward()
        """, 9, None, NO_GRAD, 1, 6),
    # ------------------------------------------------------------------------------------- 5
    "not a leaf": Sick(5, """
        x = torch.tensor(2.0, requires_grad=True)
        y = x * x
        z = y + 1
        z.backward()
        print(x.grad, y.grad)
        """, 6, "MulBackward0", NOT_LEAF),
    "not a leaf after all": Sick(5, """
        w = torch.ones(3, requires_grad=True) * 0.1  # small
        (w ** 2).sum().backward()
        print(w.grad)
        """, 4, "MulBackward0", NOT_LEAF, 2),
    "not a leaf, in a loop": Sick(5, """
        x = torch.tensor(2.0, requires_grad=True)
        y = x * x
        y.backward()
        for t in (x, y):
            print(t.grad)
        """, 6, "MulBackward0", NOT_LEAF),
    # ------------------------------------------------------------------------------------- 6
    "in place": Sick(6, """
        x = torch.zeros(3, requires_grad=True)
        y = x.exp()
        y.add_(1)  # after exp
        y.sum().backward()
        """, 5, "ExpBackward0", IN_PLACE, 1, 4),
    "in place, +=": Sick(6, """
        x = torch.zeros(3, requires_grad=True)
        y = torch.sigmoid(x)
        y += x * 2
        y.sum().backward()
        """, 5, "SigmoidBackward0", IN_PLACE, 1, 4),
    "in place, an element": Sick(6, """
        x = torch.zeros(3, requires_grad=True)
        y = x.exp()
        y[0] = 1
        y.sum().backward()
        """, 5, "ExpBackward0", IN_PLACE, 1, 4),
    "in place, zero_": Sick(6, """
        x = torch.zeros(3, requires_grad=True)
        y = x.exp()
        z = y * 2
        y.zero_()
        (z + y).sum().backward()
        """, 6, "ExpBackward0", IN_PLACE, 1, 5),
    "in place, in a loop": Sick(6, """
        x = torch.ones(3, requires_grad=True)
        total = x.exp()
        for k in range(2): total *= 2
        total.sum().backward()
        """, 5, "ExpBackward0", IN_PLACE, 1, 4),
    "in place, in a method": Sick(6, """
        import torch.nn as nn
        class Net(nn.Module):
            def forward(self, x):
                h = torch.tanh(x)
                h.mul_(
                    2,
                )
                return h
        x = torch.ones(3, requires_grad=True)
        Net()(x).sum().backward()
        """, 11, "TanhBackward0", IN_PLACE, 1, 6),
    "in place, a layer": Sick(6, """
        import torch.nn as nn
        net = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.ReLU(inplace=True))
        net(torch.ones(3, 2)).sum().backward()
        """, 4, "SigmoidBackward0", IN_PLACE, 1, 4),
    "in place, a leaf": Sick(6, """
        x = torch.zeros(3, requires_grad=True)
        x += 1
        """, 3, None, LEAF),
    "in place, an update": Sick(6, """
        w = torch.ones(3, requires_grad=True)
        for step in range(2):
            (w ** 2).sum().backward()
            w -= 0.1 * w.grad  # learn
            w.grad = None
        """, 5, "AccumulateGrad", LEAF),
    "in place, updates on a line": Sick(6, """
        import torch.nn as nn
        net = nn.Linear(2, 1)
        net(torch.ones(1, 2)).sum().backward()
        for p in net.parameters(): p.sub_(0.1 * p.grad)
        """, 5, "AccumulateGrad", LEAF),
    "in place, an element of a leaf": Sick(6, """
        x = torch.zeros(3, requires_grad=True)
        if True:
            x[0] = (
                1
            )
        """, 4, None, VIEW_OF_LEAF),
    "through data": Sick(6, """
        x = torch.ones(3, requires_grad=True)
        y = x * x
        x.data.mul_(10)
        y.sum().backward()
        """, 4, "MulBackward0", ""),
    "through data of a result": Sick(6, """
        x = torch.ones(3, requires_grad=True)
        y = x.exp()
        y.data[0] = 7
        y.sum().backward()
        """, 4, "ExpBackward0", ""),
    "through data, +=": Sick(6, """
        x = torch.ones(3, requires_grad=True)
        y = x.exp()
        y.data += 1
        y.sum().backward()
        """, 4, "ExpBackward0", ""),
    # ------------------------------------------------------------------------------------- 7
    "inference tensor": Sick(7, """
        x = torch.ones(3, requires_grad=True)
        with torch.inference_mode():
            c = torch.ones(3) * 2
        y = (x * c).sum()
        y.backward()
        """, 5, None, "Inference tensors cannot be saved for backward.", 1, 3),
    "flag of a result": Sick(7, """
        x = torch.ones(3, requires_grad=True)
        y = x * 2
        y.requires_grad = False
        """, 4, "MulBackward0", "you can only change requires_grad flags of leaf variables."),
    "flag of a result, called": Sick(7, """
        x = torch.ones(3, requires_grad=True)
        y = x * 2
        y.requires_grad_(False)
        """, 4, "MulBackward0", "you can only change requires_grad flags of leaf variables."),
    # ------------------------------------------------------------------------------------- 8
    "create_graph": Sick(8, """
        x = torch.tensor(2.0, requires_grad=True)
        y = x ** 3
        y.backward(create_graph=True)
        x.grad.backward()
        print(x.grad)
        """, 4, "PowBackward0", "Using backward() with create_graph=True will create a reference"),
    "create_graph, for nothing": Sick(8, """
        x = torch.tensor(2.0, requires_grad=True)
        y = x ** 3
        y.backward(create_graph=True)
        print(x.grad.item())
        """, 4, "PowBackward0", "Using backward() with create_graph=True will create", 2),
    # ------------------------------------------------------------------------------------- 9
    "one hook": Sick(9, """
        x = torch.tensor(2.0, requires_grad=True)
        x.register_hook(print)
        y = x * x
        y.backward()
        """, 3, "AccumulateGrad", "", 0),
    # ----------------------------------------------------------------------------- 10, 11, 12
    "a batch": Sick(10, """
        import torch.nn as nn
        from torch.autograd.functional import jacobian
        net = nn.Linear(2, 3)
        x = torch.randn(5, 2)
        J = jacobian(net, x)
        print(J.shape)
        """, 6, None, ""),
    "copies": Sick(11, """
        import torch.nn as nn
        from torch.autograd.functional import jacobian
        net = nn.Linear(2, 3)
        x = torch.randn(5, 2)
        J = jacobian(lambda w: net(x), net.weight)
        """, 6, "SelectBackward0", ""),
    "copies of all": Sick(11, """
        import torch.nn as nn
        from torch.autograd.functional import jacobian
        net = nn.Linear(2, 3)
        x = torch.randn(5, 2)
        J = jacobian(lambda *ps: net(x), tuple(net.parameters()))
        """, 6, "SelectBackward0", ""),
    "copies, strict": Sick(11, """
        import torch.nn as nn
        from torch.autograd.functional import jacobian
        net = nn.Linear(2, 3)
        x = torch.randn(5, 2)
        J = jacobian(lambda w: net(x), net.weight, strict=True)
        """, 6, "SelectBackward0", "Output 0 of the user-provided function is independent"),
    "forward mode": Sick(12, """
        from torch.autograd.functional import jacobian
        x = torch.randn(3)
        J = jacobian(torch.exp, x, strategy="forward-mode")
        """, 4, None, "Computing Jacobian using forward-AD", 2),
    # ------------------------------------------------------------------------------------ 13
    "no path": Sick(13, """
        a = torch.tensor(2.0, requires_grad=True)
        b = torch.tensor(2.0, requires_grad=True)
        y = a * a
        g = torch.autograd.grad(y, (a, b))
        """, 5, "MulBackward0", UNUSED, 2),
    "no path, and then a sum": Sick(13, """
        a = torch.tensor(2.0, requires_grad=True)
        b = torch.tensor(2.0, requires_grad=True)
        da, db = torch.autograd.grad(a * a, [a, b])
        print(da + db)
        """, 4, "MulBackward0", UNUSED),
    # -------------------------------------------------------------------------------- 14, 15
    "infinitely steep": Sick(14, """
        x = torch.tensor([0.0, 4.0], requires_grad=True)
        x.sqrt().sum().backward()
        """, 3, "SqrtBackward0", ""),
    "infinitely steep, a power": Sick(14, """
        x = torch.tensor([0.0, 4.0], requires_grad=True)
        y = (x * 2) ** 0.5
        y.sum().backward()
        """, 3, "PowBackward0", ""),
    "a kink": Sick(14, """
        x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
        x.abs().sum().backward()
        """, 3, "AbsBackward0", "", 0),
    "a tie": Sick(14, """
        x = torch.tensor([2.0, 2.0, 2.0], requires_grad=True)
        x.max().backward()
        """, 3, "MaxBackward1", "", 0),
    "nan behind where": Sick(15, """
        x = torch.tensor([-1.0, 4.0], requires_grad=True)
        y = torch.where(x > 0, x.sqrt(), torch.zeros_like(x))
        y.sum().backward()
        """, 3, "SqrtBackward0", ""),
    "nan behind where, by name": Sick(15, """
        x = torch.tensor([0.0, 4.0], requires_grad=True)
        empty = x == 0
        root = torch.sqrt(x)
        safe = torch.where(empty, torch.zeros(2), root)
        safe.sum().backward()
        """, 4, "SqrtBackward0", ""),
    "nan, found out": Sick(15, """
        x = torch.tensor([-1.0, 4.0], requires_grad=True)
        with torch.autograd.detect_anomaly():
            y = torch.where(x > 0, x.sqrt(), torch.zeros_like(x))
            y.sum().backward()
        """, 5, "SqrtBackward0", "Function 'SqrtBackward0' returned nan values", 1, 4),
    "nan, unmasked": Sick(15, """
        x = torch.tensor([-1.0, 4.0], requires_grad=True)
        x.sqrt().sum().backward()
        """, 3, "SqrtBackward0", "", 0),
    # ------------------------------------------------------------------------------------ 16
    "vanishing": Sick(16, LAYERS, 5, "AccumulateGrad", ""),
    # ------------------------------------------------------------------------------------ 17
    "too few gradients": Sick(
        17, CUBE.format(returned="return 3 * ctx.k * x ** 2 * g  # for x"),
        15, "CubeBackward", COUNT, 1, 12),
    "too few gradients, in brackets": Sick(
        17, CUBE.format(returned="return (3 * ctx.k * x ** 2) * g"),
        15, "CubeBackward", COUNT, 1, 12),
    "too few gradients, over lines": Sick(
        17, CUBE.format(returned="return (3 * ctx.k\n                * x ** 2 * g)"),
        16, "CubeBackward", COUNT, 1, 12),
    "too many gradients": Sick(
        17, CUBE.format(returned="return 3 * ctx.k * x ** 2 * g, None, g"),
        15, "CubeBackward", COUNT, 1, 12),
    "an unknown derivative": Sick(17, """
        class Times(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                return a * b
            @staticmethod
            def backward(ctx, g):
                a, b = ctx.saved_tensors
                return g * b
        a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
        Times.apply(a, b).sum().backward()
        """, 12, "TimesBackward", "function TimesBackward returned an incorrect number", 0, 10),
    "gradcheck in float32": Sick(17, """
        x = torch.ones(3, requires_grad=True)
        print(torch.autograd.gradcheck(torch.exp, (x,)))
        """, 3, "ExpBackward0", "Jacobian mismatch for output 0 with respect to input 0"),
    "gradcheck in float64": Sick(17, """
        class Half(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * x
            @staticmethod
            def backward(ctx, g):
                return g
        x = torch.ones(3, dtype=torch.float64, requires_grad=True)
        torch.autograd.gradcheck(Half.apply, (x,))
        """, 10, "HalfBackward", "Jacobian mismatch for output 0 with respect to input 0", 0),
    # -------------------------------------------------------------------------------- 18, 19
    "a hook on nothing": Sick(18, """
        x = torch.ones(3)
        x.register_hook(print)
        """, 3, None, HOOK),
    "a hook on a result": Sick(18, """
        x = torch.ones(3)
        y = x * 2
        y.register_hook(print)
        """, 4, None, HOOK),
    "a tap on nothing": Sick(18, """
        x = torch.ones(3)
        x.retain_grad()
        """, 3, None, "can't retain_grad on Tensor that has requires_grad=False"),
    "a reentrant checkpoint": Sick(19, """
        from torch.utils.checkpoint import checkpoint
        x = torch.ones(3, requires_grad=True)
        y = checkpoint(torch.exp, x, use_reentrant=True)
        (g,) = torch.autograd.grad(y.sum(), x)
        """, 5, "CheckpointFunctionBackward", REENTRANT, 1, 4),
    "a checkpoint of no kind": Sick(19, """
        from torch.utils.checkpoint import checkpoint
        x = torch.ones(3, requires_grad=True)
        y = checkpoint(torch.exp, x)
        """, 4, None, "torch.utils.checkpoint: the use_reentrant parameter should be passed"),
    # ------------------------------------------------------------------------------------ 20
    "an Addmm": Sick(20, """
        import torch.nn as nn
        y = nn.Linear(2, 3)(torch.ones(4, 2))
        print(y.grad_fn)
        """, 4, "AddmmBackward0", "", 0),
    # ------------------------------------------------------------- the commonest, once more
    "second time, a sum that grows": Sick(3, """
        x = torch.tensor(2.0, requires_grad=True)
        total = 0
        for i in range(3):
            total += (x * i) ** 2
            total.backward()
        """, 6, "PowBackward0", TWICE, 1, 6),
    "adds up, in a function": Sick(2, """
        def learn(w):
            for i in range(3):
                (w ** 2).sum().backward()
                print(w.grad)
        def main():
            learn(torch.ones(2, requires_grad=True))
        main()
        """, 4, "AccumulateGrad", ""),
    "adds up, with a scheduler": Sick(2, """
        import torch.nn as nn
        net = nn.Linear(2, 1)
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        slower = torch.optim.lr_scheduler.StepLR(opt, 1)
        for i in range(3):
            net(torch.ones(4, 2)).pow(2).mean().backward()
            opt.step()
            slower.step()
        """, 7, "AccumulateGrad", ""),
    "second time, carried in a function": Sick(3, """
        import torch.nn as nn
        def main():
            cell = nn.RNNCell(2, 3)
            h = torch.zeros(1, 3)
            for t in range(3):
                h = cell(torch.randn(1, 2), h)
                loss = h.pow(2).sum()
                loss.backward()
        main()
        """, 9, "TanhBackward0", TWICE, 2, 9),
    "second time, a cell": Sick(3, """
        import torch.nn as nn
        cell = nn.RNNCell(2, 3)
        opt = torch.optim.SGD(cell.parameters(), lr=0.1)
        h = torch.zeros(1, 3)
        for t in range(3):
            h = cell(torch.randn(1, 2), h)
            opt.zero_grad()
            h.pow(2).sum().backward()
            opt.step()
        """, 9, "TanhBackward0", TWICE, 1, 9),
    "no grad, out of a function": Sick(4, """
        import torch.nn as nn
        net = nn.Linear(2, 1)
        def evaluate(x):
            with torch.no_grad():
                return net(x)
        out = evaluate(torch.ones(3, 2))
        out.sum().backward()
        """, 8, None, NO_GRAD, 1, 6),
    "no grad, items in a list": Sick(4, """
        x = torch.ones(3, requires_grad=True)
        losses = []
        for k in range(3):
            losses.append((x * k).sum().item())
        loss = torch.tensor(losses).mean()
        loss.backward()
        """, 7, None, NO_GRAD, 1, 6),
    "no grad, through numpy": Sick(4, """
        import numpy as np
        x = torch.ones(3, requires_grad=True)
        y = torch.tensor(np.sin(x.detach().numpy()))
        y.sum().backward()
        """, 5, None, NO_GRAD, 0, 4),
    "no grad, switched off": Sick(4, """
        torch.set_grad_enabled(False)
        x = torch.ones(3, requires_grad=True)
        y = (x * 2).sum()
        y.backward()
        """, 5, None, NO_GRAD, 1, 4),
    "no grad, whole numbers": Sick(4, """
        x = torch.tensor([1, 2, 3])
        y = (x * 2).sum()
        y.backward()
        """, 4, None, NO_GRAD),
    "no grad, an attribute": Sick(4, """
        import torch.nn as nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.w = torch.randn(3)
            def forward(self, x):
                return (self.w * x).sum()
        loss = Net()(torch.ones(3))
        loss.backward()
        """, 10, None, NO_GRAD),
    "no grad, an input": Sick(4, """
        x = torch.tensor([1.0, 2.0])
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        y = (x * w).sum()
        g = torch.autograd.grad(y, x)
        """, 5, None, "One of the differentiated Tensors does not require grad"),
    "not a leaf, an attribute": Sick(5, """
        import torch.nn as nn
        class Net(nn.Module):
            def forward(self, x):
                self.h = x * x
                return self.h.sum()
        net = Net()
        x = torch.ones(3, requires_grad=True)
        loss = net(x)
        loss.backward()
        print(net.h.grad)
        """, 11, None, NOT_LEAF),
    "not a leaf, too early": Sick(5, """
        x = torch.ones(3, requires_grad=True)
        y = x * 2
        print(y.grad)
        y.sum().backward()
        """, 4, "MulBackward0", NOT_LEAF, 0),
    "in place, a view": Sick(6, """
        x = torch.ones(3, requires_grad=True)
        y = x.exp()
        v = y[1:]
        v.mul_(3)
        y.sum().backward()
        """, 6, "ExpBackward0", IN_PLACE, 0, 5),
    "in place, a slice": Sick(6, """
        x = torch.ones(3, requires_grad=True)
        y = x.exp()
        y[1:].mul_(3)
        y.sum().backward()
        """, 5, "ExpBackward0", IN_PLACE, 1, 4),
    "in place, an attribute": Sick(6, """
        import torch.nn as nn
        class Net(nn.Module):
            def forward(self, x):
                self.state = torch.sigmoid(x)
                self.state *= 2
                return self.state.sum()
        Net()(torch.ones(2, requires_grad=True)).backward()
        """, 8, "SigmoidBackward0", IN_PLACE, 1, 6),
    "in place, a function of torch": Sick(6, """
        x = torch.ones(3, requires_grad=True)
        y = torch.sigmoid(x)
        torch.relu_(y); print("hi")
        y.sum().backward()
        """, 5, "SigmoidBackward0", IN_PLACE, 1, 4),
    "in place, an optimizer": Sick(6, """
        import torch.nn as nn
        net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        loss = net(torch.ones(3, 2)).sum()
        loss.backward(retain_graph=True)
        opt.step()
        loss.backward()
        """, 8, "AddmmBackward0", IN_PLACE, 0),
    "in place, a leaf unrecorded": Sick(6, """
        w = torch.ones(3, requires_grad=True)
        y = (w * w).sum()
        with torch.no_grad():
            w.add_(1)
        y.backward()
        """, 6, "MulBackward0", IN_PLACE, 0, 5),
    "create_graph, for every parameter": Sick(8, """
        import torch.nn as nn
        net = nn.Linear(2, 1)
        loss = net(torch.ones(3, 2)).pow(2).mean()
        loss.backward(create_graph=True)
        sum(p.grad.pow(2).sum() for p in net.parameters()).backward()
        """, 5, "MeanBackward0", "Using backward() with create_graph=True will create", 0),
    "nan behind where, a quotient": Sick(15, """
        x = torch.tensor([0.0, 2.0], requires_grad=True)
        y = torch.where(x == 0, torch.zeros(2), torch.sin(x) / x)
        y.sum().backward()
        """, 3, "DivBackward0", ""),
    "nan behind where, a product": Sick(15, """
        p = torch.tensor([0.0, 0.5], requires_grad=True)
        e = torch.where(p > 0, p * p.log(), 0.0)
        e.sum().backward()
        """, 3, "MulBackward0", ""),
    "too few gradients, by name": Sick(17, """
        class Add(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, y, b):
                return x + y + b
            @staticmethod
            def backward(ctx, g):
                grads = (g, g)
                return grads
        x = torch.ones(3, requires_grad=True)
        Add.apply(x, x, 1.0).sum().backward()
        """, 11, "AddBackward", "function AddBackward returned an incorrect number", 1, 9),
}  # fmt: skip

CURABLE = {name: sick for name, sick in SICK.items() if sick.cures}


# --------------------------------------------------------------------------------- what is said


@pytest.mark.parametrize("name", SICK)
def test_a_diagnosis_gives_torchs_words_the_line_the_node_and_the_reason(name: str) -> None:
    sick = SICK[name]
    shown, found = only(sick.program, sick.row)
    assert found.words.startswith(sick.says)
    assert (found.kind == "remark") == (sick.says == "") == (found.words == "")
    assert found.line == sick.line
    assert found.span is None or found.span.line == sick.line
    node = None if found.node is None else shown.trace.nodes[found.node].name
    assert node == sick.node
    assert (found.cause and found.cause.line) == sick.cause
    assert len(found.why) > 40
    assert len(found.cures) == sick.cures


def test_every_row_but_none_is_known() -> None:
    assert {sick.row for sick in SICK.values()} == set(range(1, 21))


def test_a_place_without_a_cure_says_why_there_is_none() -> None:
    for sick in SICK.values():
        if not sick.cures:
            _, found = only(sick.program, sick.row)
            assert "No cure is offered" in found.why or "othing is wrong" in found.why


# ------------------------------------------------------------------------------------ the cures


@pytest.mark.parametrize("name", CURABLE)
def test_every_cure_resolves_it_and_touches_little(name: str) -> None:
    sick = CURABLE[name]
    shown, found = only(sick.program, sick.row)
    assert tried(found, run, shown.program) == found
    for cure in found.cures:
        assert same_text_elsewhere(shown.program.source, cure, 6), cure.source
        after = run(cure.source)
        if found.kind == "error":
            assert after.error is None or after.error.line != found.line
        assert not [d for d in diagnose(after) if d.kind == "error"], cure.source


def test_comments_and_layout_stay() -> None:
    _, found = only(SICK["no vector"].program, 1)
    assert "y = x * x  # three numbers\ny.sum().backward()  # and no v\n" in found.cures[0].source
    _, found = only(SICK["no vector, over several lines"].program, 1)
    assert "    .sum().backward(  # go\n        retain_graph=True,\n" in found.cures[0].source
    _, found = only(SICK["in place"].program, 6)
    assert "\ny = y.add(1)  # after exp\n" in found.cures[0].source
    _, found = only(SICK["in place, updates on a line"].program, 6)
    assert found.cures[0].source.endswith(
        "for p in net.parameters():\n    with torch.no_grad():\n        p.sub_(0.1 * p.grad)\n"
    )


def last_grad(shown: Run, name: str) -> list[float] | float:
    (leaf,) = [leaf for leaf in shown.leaves if leaf.name == name]
    assert leaf.grad is not None
    return leaf.grad.array.tolist()


def test_a_vector_of_ones_and_the_sum_give_the_same_gradient() -> None:
    for number in (0, 1):
        assert last_grad(cured(SICK["no vector"].program, 1, number), "x") == [2.0, 4.0, 6.0]


def test_a_vector_keeps_its_numbers_when_it_gets_the_right_shape() -> None:
    after = cured(SICK["wrong vector of the right size"].program, 1)
    assert last_grad(after, "x") == [[2.0], [4.0], [6.0]]


def test_with_empty_buckets_4_8_12_becomes_4_4_4() -> None:
    sick = SICK["adds up"]
    assert run_of(sick.program).printed.split() == ["tensor(4.)", "tensor(8.)", "tensor(12.)"]
    assert cured(sick.program, 2).printed.split() == ["tensor(4.)"] * 3
    _, found = only(sick.program, 2)
    assert "4 + 4 = 8" in found.why


def test_a_leaf_is_named_as_the_function_names_it() -> None:
    _, found = only(SICK["adds up, in a function"].program, 2)
    assert found.why.startswith("w.grad still held the earlier pass when line 4 ran")


def test_a_kept_graph_adds_both_passes() -> None:
    assert last_grad(cured(SICK["second time"].program, 3), "x") == 8.0


def test_a_state_that_is_carried_is_detached_at_the_start_of_a_turn() -> None:
    _, found = only(SICK["second time, carried"].program, 3)
    assert "for t in range(3):\n    h = h.detach()\n    h = torch.tanh" in found.cures[0].source


def test_two_kinds_of_no_grad_come_to_the_same_graph() -> None:
    assert last_grad(cured(SICK["no_grad"].program, 4), "x") == 4.0
    assert last_grad(cured(SICK["tensor of an item"].program, 4), "x") == [4.0, 6.0]
    assert last_grad(cured(SICK["tensor of a list"].program, 4), "x") == [3.0, 3.0]


def test_the_tensor_whose_grad_is_read_is_offered_first() -> None:
    _, found = only(SICK["nothing requires grad, two leaves"].program, 4)
    assert [c.title for c in found.cures] == [
        "Let w require grad", "Let x require grad", "Let b require grad",
    ]  # fmt: skip


def test_a_tap_shows_the_cotangent_of_a_result() -> None:
    assert cured(SICK["not a leaf"].program, 5).printed == "tensor(4.) tensor(1.)\n"


def test_an_edit_on_a_new_tensor_leaves_the_gradient_right() -> None:
    assert last_grad(cured(SICK["in place"].program, 6), "x") == [1.0, 1.0, 1.0]
    assert last_grad(cured(SICK["in place, an element"].program, 6), "x") == [0.0, 1.0, 1.0]
    assert last_grad(cured(SICK["in place, in a loop"].program, 6), "x") == pytest.approx(
        [4 * 2.718281828] * 3
    )


def test_an_edit_through_data_moves_behind_backward_and_the_gradient_is_right() -> None:
    sick = SICK["through data"]
    assert last_grad(run_of(sick.program), "x") == [20.0] * 3
    after = cured(sick.program, 6)
    assert last_grad(after, "x") == [2.0] * 3
    assert after.tensors[0].values.array.tolist() == [10.0] * 3
    assert last_grad(cured(SICK["through data of a result"].program, 6), "x")[0] == 0.0


def test_a_second_derivative_is_handed_out_rather_than_added() -> None:
    sick = SICK["create_graph"]
    assert run_of(sick.program).printed.startswith("tensor(24.")
    assert cured(sick.program, 8).printed == "tensor(12.)\n"


def test_a_batch_of_jacobians_has_one_block_a_sample() -> None:
    sick = SICK["a batch"]
    assert run_of(sick.program).printed == "torch.Size([5, 3, 5, 2])\n"
    assert cured(sick.program, 10).printed == "torch.Size([5, 3, 2])\n"


def test_with_functional_call_the_jacobian_by_a_weight_is_not_zero() -> None:
    sick = SICK["copies"]
    assert not run_of(sick.program).tensors[-1].values.array.any()
    assert cured(sick.program, 11).tensors[-1].values.array.any()


def test_a_double_where_keeps_the_nan_out() -> None:
    sick = SICK["nan behind where"]
    assert str(last_grad(run_of(sick.program), "x")) == "[nan, 0.25]"
    assert last_grad(cured(sick.program, 15), "x") == [0.0, 0.25]
    assert last_grad(cured(SICK["nan behind where, by name"].program, 15), "x") == [0.0, 0.25]


def test_tanh_lets_more_through_than_sigmoid() -> None:
    def first(shown: Run) -> float:
        (leaf,) = [leaf for leaf in shown.leaves if leaf.name.endswith("0.weight")][:1]
        return leaf.grad.described.norm

    assert first(cured(LAYERS, 16)) > 1e6 * first(run_of(LAYERS))


def test_none_stands_for_what_needs_no_gradient() -> None:
    for name in ("too few gradients", "too few gradients, in brackets", "too many gradients"):
        assert last_grad(cured(SICK[name].program, 17), "x") == [6.0, 24.0]


def test_a_cure_that_does_not_work_is_not_kept() -> None:
    shown, found = only(SICK["no vector"].program, 1)
    false = Cure("Print it", "", shown.program.source + "print(y)\n")
    broken = Cure("Leave", "", "y.sum(\n")
    mixed = Diagnosis(found.row, found.kind, found.words, cures=(false, *found.cures, broken))
    assert tried(mixed, run, shown.program).cures[:2] == found.cures
    assert false not in tried(mixed, run, shown.program).cures


# ------------------------------------------------------------------------------ what is not known


@pytest.mark.parametrize(
    ("program", "words", "line"),
    [
        ("x = torch.ones(2, 3)\nx @ x\n", "mat1 and mat2 shapes cannot be multiplied", 3),
        ("print(nobody)\n", "name 'nobody' is not defined", 2),
        ("x = (1\n", "'(' was never closed", 2),
        ("raise ValueError('mine')\n", "mine", 2),
    ],
)
def test_an_unknown_error_is_shown_as_it_came(program: str, words: str, line: int) -> None:
    (found,) = diagnose(run_of(program))
    assert found.words.startswith(words)
    assert (found.row, found.kind, found.line) == (None, "error", line)
    assert (found.why, found.cures) == ("", ())


def test_whole_numbers_are_no_row_of_the_twenty_but_known() -> None:
    _, found = only("x = torch.tensor([1, 2], requires_grad=True)\n", None)
    assert found.words.startswith("Only Tensors of floating point and complex dtype")
    assert run(found.cures[0].source).error is None


def test_an_unknown_warning_is_shown_once() -> None:
    (found,) = diagnose(
        run_of("""
        import warnings
        for i in range(3):
            warnings.warn("look out")
        """)
    )
    assert (found.row, found.kind, found.words, found.line) == (None, "warning", "look out", 4)


# ------------------------------------------------------------------------------------ no nagging

TOLD = {
    "tensor_output": [1], "backward_twice": [3], "in_place": [6],
    "outputs_by_weights": [1, 4],
}  # fmt: skip
"""Presets that are about a mistake, and the rows of what they show."""


@pytest.mark.parametrize("slug", [preset.slug for preset in presets.all()])
def test_a_preset_is_told_what_it_shows_and_nothing_else(slug: str) -> None:
    shown = run(presets.get(slug).program)
    found = diagnose(shown)
    assert [d.row for d in found] == TOLD.get(slug, [])
    for diagnosis in found:
        assert tried(diagnosis, run, shown.program) == diagnosis


HEALTHY = {
    "zero_grad by the optimizer": """
        import torch.nn as nn
        net = nn.Linear(2, 1)
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for i in range(3):
            opt.zero_grad()
            net(torch.ones(4, 2)).mean().backward()
            opt.step()
        """,
    "micro-batches added up on purpose": """
        w = torch.ones(2, requires_grad=True)
        for part in torch.randn(3, 2):
            ((w * part).sum() / 3).backward()
        print(w.grad)
        """,
    "an old update through data, after backward": """
        w = torch.ones(2, requires_grad=True)
        for i in range(2):
            (w ** 2).sum().backward()
            w.data -= 0.1 * w.grad
            w.grad.zero_()
        """,
    "a tapped result": """
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.retain_grad()
        y.sum().backward()
        print(y.grad)
        """,
    "data that needs no gradient": """
        from torch.autograd import Variable
        x = Variable(torch.randn(3, 2))
        w = torch.randn(2, requires_grad=True)
        (x @ w).sum().backward()
        """,
    "an edit that was not saved": """
        x = torch.zeros(3, requires_grad=True)
        y = x * 2
        y.add_(1)
        y.sum().backward()
        """,
    "a hook on one edge": """
        x = torch.ones(2, requires_grad=True)
        x.register_hook(print)
        x.sum().backward()
        """,
    "a Jacobian that mixes samples": """
        from torch.autograd.functional import jacobian
        J = jacobian(lambda x: x.softmax(0), torch.randn(3, 2))
        """,
    "a relu behind a relu": """
        x = torch.tensor([-1.0, 1.0], requires_grad=True)
        x.relu().relu().sum().backward()
        """,
    "grad beside backward": """
        w = torch.ones(2, requires_grad=True)
        for part in torch.randn(3, 2):
            y = (w * part).sum()
            print(torch.autograd.grad(y, w, retain_graph=True))
            y.backward()
        """,
    "relu away from 0": """
        x = torch.tensor([-1.0, 1.0], requires_grad=True)
        x.relu().sum().backward()
        """,
}


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_where_nothing_is_wrong(name: str) -> None:
    assert diagnose(run_of(HEALTHY[name])) == ()


def test_many_mistakes_are_bounded_and_each_kind_of_remark_comes_once() -> None:
    lines = ["x = torch.ones(3, requires_grad=True)"]
    for i in range(20):
        lines += ["try:", f"    (x * {i}).backward()", "except RuntimeError: pass"]
    assert len(diagnose(run_of("\n".join(lines)))) == MAX_DIAGNOSES
    repeated = SICK["a kink"].program + SICK["a kink"].program
    assert [d.row for d in diagnose(run_of(dedent(repeated)))] == [14]


def test_a_diagnosis_is_plain_data() -> None:
    _, found = only(SICK["in place"].program, 6)
    assert Diagnosis.from_dict(found.to_dict()) == found


# ------------------------------------------------------------------------------- text, in general

NAMES = st.sampled_from(["x", "weights", "größe", "net_out"])
STEPS = st.sampled_from(["{n}.backward()", "({n} * 2).backward()", "{n}.pow(2).backward( )"])
LAYOUTS = st.sampled_from(
    [
        "{s}\n",
        "if True:\n\t{s}  # ü\n",
        "for i in range(1): {s}",
        "print('é'); {s}; print('ß')\n",
        "try:\n    {s}\nexcept RuntimeError: pass\n",
        "def f():\n    '''ö\n    '''\n    {s}\nf()\n",
        "with torch.enable_grad():\n  {s}\n",
    ]
)


def in_a_function(program: str) -> str:
    return "import torch\ndef main():\n" + indent(program, "    ") + "main()\n"


def in_a_block_with_tabs(program: str) -> str:
    return "import torch\nif True:\n" + indent(program, "\t")


def with_windows_lines(program: str) -> str:
    return ("import torch\n" + program).replace("\n", "\r\n")


@pytest.mark.parametrize("layout", [in_a_function, in_a_block_with_tabs, with_windows_lines])
def test_no_cure_fails_in_any_other_layout_of_the_programs(layout) -> None:
    for name, sick in SICK.items():
        shown = run(layout(dedent(sick.program).lstrip("\n")))
        found = diagnose(shown)
        if layout is not in_a_function:
            assert sick.row in [d.row for d in found], name
        for diagnosis in found:
            assert tried(diagnosis, run, shown.program) == diagnosis, name


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(NAMES, STEPS, LAYOUTS)
def test_a_cure_is_python_and_works_however_the_program_is_laid_out(
    name: str, step: str, layout: str
) -> None:
    program = f"{name} = torch.ones(2, requires_grad=True)\n" + layout.format(s=step.format(n=name))
    shown = run_of(program)
    (found,) = diagnose(shown)
    assert found.cures
    for cure in found.cures:
        ast.parse(cure.source)
    assert tried(found, run, shown.program) == found


@pytest.mark.parametrize(
    ("call", "changed"),
    [
        ("f()", "f(k=1)"),
        ("f(a)", "f(a, k=1)"),
        ("f(a,)", "f(a, k=1,)"),
        ("f((a))", "f((a), k=1)"),
        ("f(a, k=0)", "f(a, k=1)"),
        ("f(*a, **b)", "f(*a, **b, k=1)"),
        ("f(\n    a,  # one\n)", "f(\n    a, k=1,  # one\n)"),
    ],
)
def test_a_keyword_is_put_where_python_allows_it(call: str, changed: str) -> None:
    text = Text(call)
    assert text.changed(text.with_keyword(text.calls("f")[0], "k", "1")) == changed


def test_a_program_that_imports_torch_under_another_name_is_cured_in_its_own_words() -> None:
    shown = run("import torch as T\nx = T.ones(2, requires_grad=True)\ny = x * x\ny.backward()\n")
    (found,) = diagnose(shown)
    assert found.cures[1].source.endswith("y.backward(T.ones_like(y))\n")


def test_a_program_that_lacks_the_name_torch_gets_it() -> None:
    shown = run("from torch import ones\nx = ones(2, requires_grad=True)\nx.add_(1)\n")
    (found,) = diagnose(shown)
    assert found.cures[0].source.startswith("import torch\n")
    assert run(found.cures[0].source).error is None
