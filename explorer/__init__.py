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

from explorer import notebook
from explorer.autograd.jacobian import jacobian, weight_jacobian
from explorer.autograd.local import local_jacobians
from explorer.autograd.recorder import record
from explorer.autograd.tape import trace
from explorer.autograd.watch import watch
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
