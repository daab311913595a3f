"""A classifier with BatchNorm

Six samples, three classes. BatchNorm shares one mean and one variance among the samples, so
sample 0's output depends on every sample; and the bias in front of it has a gradient of zero, up to
rounding.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 5)
        self.norm = nn.BatchNorm1d(5)
        self.scores = nn.Linear(5, 3)

    def forward(self, x):
        x = torch.relu(self.norm(self.hidden(x)))
        return self.scores(x)


net = Classifier()
x = torch.randn(6, 4, requires_grad=True)
target = torch.tensor([0, 1, 2, 0, 1, 2])
y = net(x)
(x_bar,) = torch.autograd.grad(y[0].sum(), x, retain_graph=True)
print("samples that sample 0 depends on:", int((x_bar.abs().sum(dim=1) > 0).sum()))

loss = F.cross_entropy(y, target)
loss.backward()
print("largest hidden.bias.grad is rounding:", net.hidden.bias.grad.abs().max().item() < 1e-6)
print("norm.weight.grad", net.norm.weight.grad)
