"""Three micro-batches of a summed loss

The loss is a sum and not a mean, so three small backward calls add up to exactly the gradient of
the large one: nothing needs to be divided.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

net = nn.Linear(2, 1)
x, target = torch.randn(6, 2), torch.randn(6, 1)

F.mse_loss(net(x), target, reduction="sum").backward()
whole = net.weight.grad.clone()
print("one batch", whole)

net.zero_grad()
print("zero_grad leaves", net.weight.grad)
for i in range(3):
    part = slice(2 * i, 2 * i + 2)
    loss = F.mse_loss(net(x[part]), target[part], reduction="sum")
    loss.backward()
print("three parts", net.weight.grad)
print("same:", torch.allclose(net.weight.grad, whole))
