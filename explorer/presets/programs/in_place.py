"""An edit in place, found at backward

exp() saves its result for backward. Adding to that result changes the saved numbers, torch notices
by its version, and backward refuses. x * 2 saves only the 2, so there the same edit is harmless.
"""

import torch

x = torch.zeros(3, requires_grad=True)
y = x * 2
y.add_(1)
y.sum().backward()
print("after x * 2:", x.grad)

y = x.exp()
y.add_(1)
y.sum().backward()
