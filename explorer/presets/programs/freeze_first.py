"""Freezing the first layer, or the last

With the first layer frozen, and an input that needs no gradient, nothing in front of the second is
recorded: a short graph. With the last one frozen, backward must still go through it.
"""

import torch
import torch.nn as nn

first, last = nn.Linear(3, 4), nn.Linear(4, 1)
x = torch.randn(5, 3)

first.requires_grad_(False)
hidden = torch.tanh(first(x))
print("first frozen:", hidden.grad_fn)
last(hidden).sum().backward()
print(first.weight.grad, last.bias.grad)

first.requires_grad_(True)
last.requires_grad_(False)
last.bias.grad = None
hidden = torch.tanh(first(x))
print("last frozen:", hidden.grad_fn)
last(hidden).sum().backward()
print(first.weight.grad.shape, last.bias.grad)
