"""The tutorial: x, y, z, out

Four lines of arithmetic and one backward(): every element of x.grad is 4.5. y is used twice, so its
node waits for two contributions before it moves.
"""

import torch

x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
out.backward()
