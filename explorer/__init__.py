"""See what PyTorch's autograd really does.

>>> import torch, explorer
>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> y = (x * x).sum()

`trace` reads the graph that ends in a tensor:

>>> graph = explorer.trace(y, names={"x": x})
>>> [node.name for node in graph.nodes]
['SumBackward0', 'MulBackward0', 'AccumulateGrad']

`record` runs the real backward and notes every step of the engine:

>>> call = explorer.record(y, names={"x": x})
>>> [leaf.added.array.tolist() for leaf in call.leaves]
[[2.0, 4.0]]

`run` does both for a whole program, in a process of its own, and gives plain data:

>>> shown = explorer.run('''
... import torch
... x = torch.ones(2, 2, requires_grad=True)
... out = ((x + 2) ** 2).mean()
... out.backward()
... print(x.grad[0])
... ''')
>>> shown.printed
'tensor([1.5000, 1.5000])\\n'
>>> [shown.trace.nodes[step.node].name for step in shown.calls[0].steps]
['MeanBackward0', 'PowBackward0', 'AddBackward0', 'AccumulateGrad']
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from explorer import notebook
from explorer.data import (
    BackwardCall,
    Jacobian,
    JacobianAsk,
    LocalAsk,
    LocalJacobian,
    Program,
    Run,
    TermsAsk,
    Trace,
    Values,
)
from explorer.errors import ExplorerError
from explorer.opening import load
from explorer.sandbox import run

if TYPE_CHECKING:
    from explorer.autograd.jacobian import jacobian, weight_jacobian
    from explorer.autograd.local import local_jacobians
    from explorer.autograd.recorder import record
    from explorer.autograd.tape import trace
    from explorer.autograd.watch import watch

notebook.register()

__all__ = [
    "BackwardCall",
    "ExplorerError",
    "Jacobian",
    "JacobianAsk",
    "LocalAsk",
    "LocalJacobian",
    "Program",
    "Run",
    "TermsAsk",
    "Trace",
    "Values",
    "jacobian",
    "load",
    "local_jacobians",
    "record",
    "run",
    "trace",
    "watch",
    "weight_jacobian",
]

_NEED_TORCH = {
    "jacobian": "jacobian",
    "local_jacobians": "local",
    "record": "recorder",
    "trace": "tape",
    "watch": "watch",
    "weight_jacobian": "jacobian",
}
"""Functions that work with live tensors -> their module in `explorer.autograd`.

They come when they are first asked for: the app itself, whose programs run in another process,
so never loads torch.
"""


def __getattr__(name: str) -> Any:
    if name not in _NEED_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"explorer.autograd.{_NEED_TORCH[name]}")
    found = globals()[name] = getattr(module, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_NEED_TORCH})
