"""Make a process ready to run programs: torch imported, on one thread, all its parts in memory.

A confined process can open no file, so whatever torch, numpy and Python load only when it is first
used has to be used before. `PROGRAM` does that.
"""

import numpy as np
import torch

PROGRAM = """
import copy
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from torch.autograd import forward_ad
from torch.autograd.functional import hessian, jacobian, jvp
from torch.utils.checkpoint import checkpoint

net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.LayerNorm(2))
x = torch.randn(3, 2, requires_grad=True)
for reentrant in (False, True):
    y = checkpoint(net, x, use_reentrant=reentrant)
    F.mse_loss(y, torch.zeros(3, 2)).backward()
try:
    y.backward()
except RuntimeError as error:
    print(error)
print(net, x, x.grad, y.grad_fn, x.detach().long(), x.detach() * 1j, "{0.shape}".format(x))
print(np.random.default_rng(0).random(2), np.linalg.inv(np.eye(2)), x.detach().numpy())
print(jacobian(net, x).shape, jvp(net, x, x)[0].shape, hessian(lambda t: (t ** 3).sum(), x[0]))
print(jacobian(net, x, vectorize=True).shape, torch.einsum("ij,kj->ik", x, x).shape)
f = lambda t: t.sin().sum()
print(torch.func.jacrev(net)(x), torch.func.jacfwd(torch.tanh)(x), torch.func.hessian(f)(x).shape)
print(torch.func.vmap(torch.func.grad(f))(x), torch.func.functional_call(net, {}, (x,)).shape)
with forward_ad.dual_level():
    print(forward_ad.unpack_dual(torch.sin(forward_ad.make_dual(x, x))))
torch.autograd.gradcheck(torch.sin, (x.double(),))
torch.autograd.gradgradcheck(torch.sin, (x.double(),))
with torch.autograd.graph.save_on_cpu(), torch.autograd.detect_anomaly():
    net(x).sum().backward()
with torch.autograd.graph.allow_mutation_on_saved_tensors():
    y = x.exp()
for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.LBFGS):
    made = optimizer(net.parameters(), lr=0.1)
    made.step(lambda: net(x).sum())
torch.optim.lr_scheduler.StepLR(made, 1).step()
copy.deepcopy(net).load_state_dict(net.state_dict())
nn.TransformerEncoderLayer(4, 2, 4)(torch.randn(3, 1, 4)).sum().backward()
nn.LSTM(2, 2)(x)[0].sum().backward()
F.interpolate(torch.rand(1, 1, 4, 4), scale_factor=2, mode="bilinear")
nn.utils.clip_grad_norm_(net.parameters(), 1.0)
torch.linalg.svd(torch.eye(3))
"""
"""Touches what is otherwise loaded at its first use."""


def one_thread() -> str:
    """Keep torch to one thread, and give its version.

    A child that is forked after its parent ran an op on two threads hangs, so this comes before
    anything else.
    """
    torch.set_num_threads(1)
    return str(torch.__version__)


def refresh() -> None:
    """Undo what a program may have set for the next one in the same process."""
    torch.set_printoptions(profile="default")  # type: ignore[no-untyped-call]
    np.set_printoptions(precision=8, suppress=False, linewidth=75, threshold=1000, edgeitems=3)
