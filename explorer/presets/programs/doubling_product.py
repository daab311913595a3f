"""Nine local Jacobians and their product

Each doubling has the local Jacobian 2I. The product of nine of them is 512I, the Jacobian of the
whole chain, and backward(v) gives its transpose times v without ever forming it.
"""

import torch
from torch.autograd.functional import jacobian


def double(t):
    return t * 2


x = torch.tensor([-0.9618, -3.3220, -0.6637], requires_grad=True)
inputs = [x]
y = double(x)
while y.norm() < 1000:
    inputs.append(y)
    y = double(y)
v = torch.tensor([0.1, 1.0, 0.0001])
y.backward(v)
print(len(inputs), "doublings, x.grad", x.grad)

product = torch.eye(3)
for t in inputs:
    product = jacobian(double, t) @ product
print(product)
print(product.T @ v)
