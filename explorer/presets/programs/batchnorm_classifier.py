"""A classifier with BatchNorm

Six samples, three classes. BatchNorm shares one mean and one variance among the samples, so every
output depends on every sample: sample by sample, the Jacobian is full. The bias in front of it has
a gradient of zero, up to rounding.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd.functional import jacobian


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 5)
        self.norm = nn.BatchNorm1d(5)
        self.scores = nn.Linear(5, 3)

    def forward(self, x):
        x = torch.tanh(self.norm(self.hidden(x)))
        return self.scores(x)


net = Classifier()
x = torch.randn(6, 4, requires_grad=True)
target = torch.tensor([0, 1, 2, 0, 1, 2])
y = net(x)
loss = F.cross_entropy(y, target)
loss.backward()
print("hidden.bias.grad is rounding:", (net.hidden.bias.grad.abs() < 1e-6).all().item())
print("norm.weight.grad", net.norm.weight.grad)

J = jacobian(net, x)
print(J.norm(dim=(1, 3)))
