"""A residual network with LayerNorm

Two blocks, each x + something. The plus sends its cotangent on unchanged along the short road, so
the gradient of the first layer is not much smaller than that of the last.
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
        return x + self.down(torch.relu(self.up(self.norm(x))))


net = nn.Sequential(nn.Linear(3, 4), Block(4), Block(4), nn.Linear(4, 1))
x = torch.randn(5, 3)
loss = net(x).pow(2).mean()
loss.backward()
for name, parameter in net.named_parameters():
    if "weight" in name:
        print(name, round(parameter.grad.norm().item(), 4))
