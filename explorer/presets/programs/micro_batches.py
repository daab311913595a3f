"""Three micro-batches instead of one batch

.grad accumulates, so three small backward calls can stand in for a large one. With a mean loss each
must be divided by three, or the gradient comes out three times too large.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

net = nn.Linear(2, 1)
x, target = torch.randn(6, 2), torch.randn(6, 1)

F.mse_loss(net(x), target).backward()
whole = net.weight.grad.clone()
print("one batch", whole)

net.zero_grad()
print("zero_grad leaves", net.weight.grad)
for i in range(3):
    part = slice(2 * i, 2 * i + 2)
    loss = F.mse_loss(net(x[part]), target[part])
    loss.backward()
print("three parts", net.weight.grad)
print("divided by 3", net.weight.grad / 3)
print("same:", torch.allclose(net.weight.grad / 3, whole))
