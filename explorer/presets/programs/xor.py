"""XOR: six steps of learning

Two signs go in, and the target is 1 where they differ. After each backward() the weights move
against their gradients, where nothing is recorded; zero_grad() empties .grad for the next step.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

x = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
target = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
net = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1))

for step in range(6):
    y = net(x)
    loss = F.binary_cross_entropy_with_logits(y, target)
    net.zero_grad()
    loss.backward()
    print("step", step + 1, "loss", round(loss.item(), 4))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.sub_(3 * parameter.grad)
