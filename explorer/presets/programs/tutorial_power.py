"""The tutorial with y ** 3

One step is another: a power in the place of a product. It uses y once, so its node sends one part,
3 y^2 times what came in, and every element of x.grad is 20.25.
"""

import torch

x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y**3 * 3
out = z.mean()
out.backward()
