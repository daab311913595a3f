"""Doubling until the norm passes 1000

y is no scalar, so backward() needs a vector v and computes its product with the Jacobian. Every
doubling is a node: x.grad is v times 2 to the power of their number.
"""

import torch

x = torch.randn(3, requires_grad=True)
y = x * 2
doublings = 1
while y.data.norm() < 1000:
    y = y * 2
    doublings = doublings + 1
print(doublings, "doublings, norm", y.data.norm().item())

v = torch.tensor([0.1, 1.0, 0.0001])
y.backward(v)
print(x.grad)
print(v * 2**doublings)
