"""zero_grad() leaves None

spare has no part in the second loss. zero_grad() set its .grad to None, so the optimizer passes it
by: no weight decay, and spare.weight stays as it is.
"""

import torch
import torch.nn as nn

used, spare = nn.Linear(2, 1), nn.Linear(2, 1)
parameters = [*used.parameters(), *spare.parameters()]
optimizer = torch.optim.SGD(parameters, lr=0.1, weight_decay=0.5)
x = torch.ones(1, 2)

(used(x) + spare(x)).sum().backward()
optimizer.zero_grad()
used(x).sum().backward()
print("spare.weight.grad", spare.weight.grad)

before = spare.weight.detach().clone()
optimizer.step()
print("spare.weight has moved:", bool((spare.weight != before).any()))
