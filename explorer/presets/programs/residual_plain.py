"""The same network without the plus

Each block gives only what its layers make of x. The cotangent has no short road left, and the
gradient of the first layer is many times smaller than with the plus.
"""

import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x):
        return self.down(torch.relu(self.up(self.norm(x))))


net = nn.Sequential(nn.Linear(3, 4), Block(4), Block(4), nn.Linear(4, 1))
x = torch.randn(5, 3)
loss = net(x).pow(2).mean()
loss.backward()
for name, parameter in net.named_parameters():
    if "weight" in name:
        print(name, round(parameter.grad.norm().item(), 4))
