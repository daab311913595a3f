"""The notebook without its ReLU

With nothing between the two layers the Jacobian does not depend on x at all: no path leads from it
back to x or to Layer_1.bias, so their gradients are None where the ReLU left zeros.
"""

import torch
import torch.nn as nn
from torch.autograd.functional import jacobian


class SimpleNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.Layer_1 = nn.Linear(3, 16)
        self.Output_Layer = nn.Linear(16, 2)

    def forward(self, x):
        x = self.Layer_1(x)
        x = self.Output_Layer(x)
        return x


net = SimpleNN()
x = torch.tensor([1, 2, 1.5], requires_grad=True)
J = jacobian(net, x, create_graph=True)
print(J)

y = net(x)
(column_sum,) = torch.autograd.grad(y, x, torch.ones(2))
print(column_sum)

J.sum().backward()
print("x.grad", x.grad)
print("Layer_1.bias.grad", net.Layer_1.bias.grad)
print("Layer_1.weight.grad", net.Layer_1.weight.grad)
print("Output_Layer.bias.grad", net.Output_Layer.bias.grad)
