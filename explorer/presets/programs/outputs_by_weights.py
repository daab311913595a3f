"""Every output by every weight

A 6-4-3-1 tanh net on 20 samples: output.backward() raises, because there are 20 outputs. Twenty
one-hot calls give the 20 x 47 Jacobian row by row; one call to jacobian() gives all of it. And
Variable(t) returns a tensor that does not require grad, without a word.
"""

import torch
import torch.nn as nn
from torch.autograd import Variable
from torch.autograd.functional import jacobian
from torch.func import functional_call

act = nn.Tanh()
net = nn.Sequential(nn.Linear(6, 4), act, nn.Linear(4, 3), act, nn.Linear(3, 1))
samples = Variable(torch.randn(20, 6))
print("samples.requires_grad is", samples.requires_grad)
output = net(samples)
try:
    output.backward()
except RuntimeError as error:
    print(error)

rows = []
for one_hot in torch.eye(20):
    net.zero_grad()
    output.backward(one_hot.unsqueeze(1), retain_graph=True)
    rows.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
by_rows = torch.stack(rows)

names = [name for name, parameter in net.named_parameters()]
parts = jacobian(
    lambda *values: functional_call(net, dict(zip(names, values)), (samples,)),
    tuple(net.parameters()),
)
at_once = torch.cat([part.reshape(20, -1) for part in parts], dim=1)
print(by_rows.shape, at_once.shape, torch.allclose(by_rows, at_once))
