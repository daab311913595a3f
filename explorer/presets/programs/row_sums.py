"""Jacobians of row sums and of a sum

exp().sum(dim=1) of a 2 x 3 matrix has a 2 x 2 x 3 Jacobian: a row never depends on the other one,
so two of its blocks are zero. a + x has the identity. And ones @ J is what backward(ones) leaves.
"""

import torch
from torch.autograd.functional import jacobian


def row_sums(x):
    return x.exp().sum(dim=1)


x = torch.rand(2, 3, requires_grad=True)
y = row_sums(x)
y.backward(torch.ones(2))
print(x.grad)

J = jacobian(row_sums, x)
print(J.shape)
print(J)
print((torch.ones(2) @ J.reshape(2, 6)).reshape(2, 3))

a = torch.rand(3)
print(jacobian(lambda t: a + t, torch.rand(3)))
