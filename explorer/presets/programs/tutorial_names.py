"""The tutorial, with its names printed

The same five lines. Each result carries the node that will send its gradient back: AddBackward0,
MulBackward0, MeanBackward0; a leaf such as x has none.
"""

import torch

x = torch.ones(2, 2, requires_grad=True)
print(x.grad_fn)

y = x + 2
print(y.grad_fn)

z = y * y * 3
out = z.mean()
print(z.grad_fn)
print(out.grad_fn)
print("out is", out.item())

out.backward()
print("x.grad is")
print(x.grad)
