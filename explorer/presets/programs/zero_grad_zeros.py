"""zero_grad(set_to_none=False) leaves zeros

The same two losses, but spare's .grad is full of zeros. To the optimizer zeros are a gradient: it
applies the weight decay, and spare.weight shrinks.
"""

import torch
import torch.nn as nn

used, spare = nn.Linear(2, 1), nn.Linear(2, 1)
parameters = [*used.parameters(), *spare.parameters()]
optimizer = torch.optim.SGD(parameters, lr=0.1, weight_decay=0.5)
x = torch.ones(1, 2)

(used(x) + spare(x)).sum().backward()
optimizer.zero_grad(set_to_none=False)
used(x).sum().backward()
print("spare.weight.grad", spare.weight.grad)

before = spare.weight.detach().clone()
optimizer.step()
print("spare.weight has moved:", bool((spare.weight != before).any()))
