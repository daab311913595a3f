"""x * x: two roads from one leaf

x is both factors, so two edges lead to it and it receives x twice: 3 + 3 = 6. A diamond does the
same one node further on; a node runs once, when everything has arrived.
"""

import torch

x = torch.tensor(3.0, requires_grad=True)
y = x * x
y.backward()
print("x * x:", x.grad.item())

x.grad = None
h = x * 2
left = h + 1
right = h * 5
out = left * right
out.backward()
print("diamond:", x.grad.item(), "=", ((1 * right + 5 * left) * 2).item())
