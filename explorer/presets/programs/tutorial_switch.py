"""Three ways to switch recording off

requires_grad_() turns recording on for what comes after it. Inside no_grad() nothing is recorded,
and detach() gives the same numbers without their history.
"""

import torch

a = torch.randn(2, 2)
a = (a * 3) / (a - 1)
print(a.requires_grad)
a.requires_grad_(True)
print(a.requires_grad)
b = (a * a).sum()
print(b.grad_fn)

with torch.no_grad():
    c = a * a
print(c.requires_grad, c.grad_fn)

d = a.detach()
print(d.requires_grad, d.eq(a).all().item())

b.backward()
print(a.grad)
