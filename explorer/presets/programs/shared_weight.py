"""One weight, used three times

A small recurrent loop: the same W in every turn. W waits until all three uses have reported, and
W.grad is their sum.
"""

import torch
import torch.nn as nn

x = torch.tensor([[0.5, -1.0]])
W = nn.Parameter(torch.randn(2, 2))
h = x
for t in range(3):
    h = torch.tanh(h @ W)
loss = h.pow(2).sum()
loss.backward()
