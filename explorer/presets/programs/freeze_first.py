"""The first layer frozen

With the first layer frozen, and an input that needs no gradient, nothing in front of the second
layer is recorded: the graph is short, and hidden has no node.
"""

import torch
import torch.nn as nn

first, last = nn.Linear(3, 4), nn.Linear(4, 1)
x = torch.randn(5, 3)

first.requires_grad_(False)
hidden = torch.tanh(first(x))
print("hidden:", hidden.grad_fn)
last(hidden).sum().backward()
print("first.weight.grad", first.weight.grad)
print("last.weight.grad", last.weight.grad)
