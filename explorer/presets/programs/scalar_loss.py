"""A scalar loss needs no vector

Five inputs of one, three outputs, binary cross entropy with logits. Every row of w.grad equals
b.grad, because every input is 1.
"""

import torch
import torch.nn.functional as F

x = torch.ones(5)
y = torch.zeros(3)
w = torch.randn(5, 3, requires_grad=True)
b = torch.randn(3, requires_grad=True)
z = x @ w + b
loss = F.binary_cross_entropy_with_logits(z, y)
print(z.grad_fn)
print(loss.grad_fn)

loss.backward()
print(w.grad)
print(b.grad)
