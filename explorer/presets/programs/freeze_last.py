"""The last layer frozen

Freezing the last layer saves little: backward must still go through it to reach the first. Its own
.grad stays None, and everything behind it runs.
"""

import torch
import torch.nn as nn

first, last = nn.Linear(3, 4), nn.Linear(4, 1)
x = torch.randn(5, 3)

last.requires_grad_(False)
hidden = torch.tanh(first(x))
print("hidden:", hidden.grad_fn)
last(hidden).sum().backward()
print("first.weight.grad", first.weight.grad)
print("last.weight.grad", last.weight.grad)
