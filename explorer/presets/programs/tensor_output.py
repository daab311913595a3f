"""A tensor output needs a vector

(x + 1)^2, transposed, sent back with ones: 4 on the diagonal and 2 off it. A second backward adds
to .grad (8 and 4); after zero_() it is 4 and 2 again.
"""

import torch

x = torch.eye(4, 5, requires_grad=True)
out = (x + 1).pow(2).t()
try:
    out.backward(retain_graph=True)
except RuntimeError as error:
    print(error)

out.backward(torch.ones_like(out), retain_graph=True)
print("first call")
print(x.grad)

out.backward(torch.ones_like(out), retain_graph=True)
print("second call")
print(x.grad)

x.grad.zero_()
out.backward(torch.ones_like(out))
print("after zero_()")
print(x.grad)
