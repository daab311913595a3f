"""Attention with a single head

Three tokens look at each other. Each row of the weights sums to 1; softmax sends back cotangents
whose rows sum to 0, because raising all scores of a row changes nothing.
"""

import torch
import torch.nn as nn

tokens = torch.randn(3, 4)
query = nn.Linear(4, 4, bias=False)
key = nn.Linear(4, 4, bias=False)
value = nn.Linear(4, 4, bias=False)

q, k, v = query(tokens), key(tokens), value(tokens)
scores = q @ k.T / 2
weights = scores.softmax(dim=1)
out = weights @ v
loss = out.pow(2).mean()

scores.retain_grad()
loss.backward()
print(weights)
print(scores.grad)
print("rows sum to 0:", (scores.grad.sum(dim=1).abs() < 1e-6).all().item())
